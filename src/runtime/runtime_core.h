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

#include "aio/event.h"
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
  void on_completed(const model::DeploymentId& id);
  aio::Task<void> record_completion(model::DeploymentId id);
  aio::Task<Result<void>> try_record_completion(model::DeploymentId id);
};

// The work's result; a failure is an event. `operation` and `subject` are what was asked for.
template <class T>
aio::Task<Result<T>> recorded(EventLog& events, std::string operation, std::string subject,
                              aio::Task<Result<T>> work) {
  auto result = co_await std::move(work);
  if (!result.has_value()) {
    events.record(model::EventKind::OperationFailed, std::move(subject),
                  operation + ": " + result.error().message());
  }
  co_return result;
}

// An operation that changes state runs to its end in a scope of the runtime, whether or not the
// client that asked for it is still there: what is half done would have to be undone. Shared by the
// operation and by who waits for it.
template <class T>
struct Shielded {
  explicit Shielded(const boost::asio::any_io_executor& executor) : done(executor) {}
  aio::Event done;
  std::optional<Result<T>> result;
};

template <class T>
aio::Task<void> run_shielded(std::shared_ptr<Shielded<T>> state, aio::Task<Result<T>> work) {
  state->result = co_await std::move(work);
  state->done.set();
}

template <class T>
aio::Task<Result<T>> shield(aio::TaskScope& scope, aio::Task<Result<T>> work) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto state = std::make_shared<Shielded<T>>(executor);
  if (!scope.spawn(run_shielded<T>(state, std::move(work)))) {
    co_return fail(ErrorCode::Unavailable, "the daemon is shutting down");
  }
  auto waited = co_await state->done.wait();
  if (!state->result) co_return fail(waited.has_value() ? aio::cancelled_error() : waited.error());
  co_return std::move(*state->result);
}

// The same for an operation that can be taken back: when the caller is cancelled, so is the work.
// It has ended when this returns, and its own result says whether it still was in time.
template <class T>
aio::Task<Result<T>> cancellable(aio::TaskScope& scope, aio::Task<Result<T>> work) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto state = std::make_shared<Shielded<T>>(executor);
  auto stop = scope.spawn_stoppable(run_shielded<T>(state, std::move(work)));
  if (!stop) co_return fail(ErrorCode::Unavailable, "the daemon is shutting down");
  auto waited = co_await state->done.wait();
  if (!waited.has_value()) stop();
  co_await state->done.wait_uncancelled();
  co_return std::move(*state->result);
}

}  // namespace arcella::runtime
