// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The parts of the runtime that every operation uses, constructed in the order in which they need
// each other. Private to this folder; ArcellaRuntime is the face.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "aio/task_scope.h"
#include "aio/worker_pool.h"
#include "base/clock.h"
#include "runtime/arcella_runtime.h"
#include "runtime/artifact_store.h"
#include "runtime/event_log.h"
#include "runtime/guest_logs.h"
#include "runtime/home_lock.h"
#include "runtime/keyed_lock.h"
#include "runtime/places.h"
#include "runtime/reconciler.h"
#include "runtime/registry.h"
#include "store/code_cache.h"
#include "store/module_repository.h"
#include "store/state_store.h"

namespace arcella::runtime {

// What is on the disk, open.
struct HomeState {
  HomeLock lock;
  std::unique_ptr<store::StateStore> store;
  store::ModuleRepository repository;
  store::CodeCache cache;
};

// Owner: ArcellaRuntime::Impl.  Thread: control.
class RuntimeCore final : private PlaceListener {
 public:
  RuntimeCore(boost::asio::io_context& io, const Clock& clock, RuntimeConfig config,
              HomeState home);
  ~RuntimeCore() override = default;
  RuntimeCore(const RuntimeCore&) = delete;
  RuntimeCore& operator=(const RuntimeCore&) = delete;

  // Reads the registry out of the store. Blocking: while the process starts.
  Result<void> load_registry();
  // The history that is on the disk; without it events are kept in memory only, and the log says
  // so.
  void open_events();

  // Records what is wanted of a deployment; on the disk when it returns.
  aio::Task<Result<void>> record_desired(model::DeploymentId id, model::Desired desired);

  boost::asio::io_context& io;
  const Clock& clock;
  const RuntimeConfig config;
  manifest::LoadedConfig settings;  // in effect; `reload` changes it
  HomeState home;
  aio::WorkerPool state_pool;  // the store: one thread, one transaction after the other
  aio::WorkerPool files_pool;  // big files, hashing, mapping; never waited for by the store
  Registry registry;
  GuestLogs logs;
  EventLog events;
  PlaceTable places;
  ArtifactStore artifacts;
  Reconciler reconciler;
  KeyedLock lock;
  aio::TaskScope operations;  // runs the operations that may not be cut by a client that goes away

 private:
  void on_place_up(const model::Place& place) override;
  void on_place_down(const model::Place& place, const std::string& reason, PlaceLoss loss) override;
  void on_report(const model::Place& place, host::InstanceReport report) override;
  void on_output(const model::Place& place, GuestOutput output) override;
  void on_link_lost(const model::GroupName& one, const model::GroupName& other) override;
  void on_completed(const model::DeploymentId& id);
  aio::Task<void> record_completion(model::DeploymentId id);
  aio::Task<Result<void>> try_record_completion(model::DeploymentId id);
};

}  // namespace arcella::runtime
