// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Brings what is observed to what is wanted: hands both to model::plan, carries the actions out,
// place by place, and plans again when something has changed or a hold-off is over. It also applies
// the restart policy to what died. It changes nothing that is durable; when a command has completed
// it says so to its listener.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "aio/event.h"
#include "aio/task.h"
#include "aio/task_scope.h"
#include "base/clock.h"
#include "model/plan.h"
#include "runtime/change_signal.h"
#include "runtime/event_log.h"
#include "runtime/import_bindings.h"
#include "runtime/instance_backend.h"
#include "runtime/registry.h"

namespace arcella::runtime {

// Owner: the runtime.  Thread: control.  Stop: co_await stop() before destruction; the places must
// still be there.
class Reconciler {
 public:
  // Called when every replica of a command has ended well.
  using OnCompleted = std::function<void(const model::DeploymentId&)>;

  Reconciler(boost::asio::io_context& io, const Clock& clock, Registry& registry, Places& places,
             ArtifactSource& artifacts, EventLog& events, std::string home,
             OnCompleted on_completed);

  // Who serves arcella:platform. Before the first plan.
  void serve_platform(std::shared_ptr<host::Callee> platform) { platform_ = std::move(platform); }

  // Plans from now on whenever something changes. A test calls tick() instead.
  void run();
  // One plan, whose actions begin at once; actions of a place that is still busy wait for the next.
  // The time when the next hold-off is over, if there is one.
  std::optional<MonotonicTime> tick();
  // What a plan is made of at this moment.
  [[nodiscard]] model::Situation observe(MonotonicTime now) const;
  // No more plans. What is under way is cancelled, or waited for where it cannot be.
  aio::Task<void> stop();

  // Something that a plan depends on has changed: plan again in this turn of the loop.
  void kick();
  // What died or was held is tried again at once: a start by hand. `failed_too` replicas lose their
  // failure.
  void forgive(DeploymentRecord& record);
  // Whom an import is to lead to, for callers of another place, who may call these functions (by
  // their names without the interface). Unavailable: nobody, and why; errors of
  // InstanceBackend::callee.
  aio::Task<Result<std::shared_ptr<host::Callee>>> callee_of(const ToldImport& wanted,
                                                             std::vector<std::string> functions);
  // For operations that wait for a state.
  [[nodiscard]] ChangeSignal& changed() { return changed_; }

  // What the places report; untrusted, see PlaceListener.
  void on_place_up(const model::Place& place);
  void on_place_down(const model::Place& place, const std::string& reason, PlaceLoss loss);
  // Direct bindings between the two are told again.
  void on_link_lost(const model::GroupName& one, const model::GroupName& other);
  // False: it means nothing (unknown, of another place, late) and was ignored.
  bool on_report(const model::Place& place, const host::InstanceReport& report);

 private:
  using Actions = std::vector<model::Action>;

  [[nodiscard]] model::Situation observe(MonotonicTime now, const WantedImports& wanted) const;
  void hold_stops(MonotonicTime now);

  aio::Task<void> run_loop();
  [[nodiscard]] std::optional<MonotonicTime> next_hold_off(MonotonicTime now) const;
  [[nodiscard]] model::Place place_of_action(const model::Action& action) const;
  void replace_hung_places(std::map<model::Place, Actions>& lanes, MonotonicTime now);

  // One place's share of a plan, in order, and how far it is.
  struct Lane {
    Lane(model::Place of, const boost::asio::any_io_executor& executor)
        : place(std::move(of)), idle(executor) {}
    const model::Place place;
    std::size_t under_way = 0;  // actions
    aio::Event idle;            // there are none
    std::set<model::DeploymentId> failed;
    bool over = false;  // what is left cannot be done
  };
  aio::Task<void> carry_out(model::Place place, Actions actions);
  aio::Task<void> carry_out_one(std::shared_ptr<Lane> lane, model::Action action);
  void action_failed(Lane& lane, const model::Action& action, const Error& error);
  aio::Task<Result<void>> act(model::Place place, const model::Action& action);
  aio::Task<Result<void>> ensure_worker(model::EnsureWorker action);
  aio::Task<Result<void>> load(model::Place place, model::DeploymentId id);
  aio::Task<Result<void>> load_there(model::Place place, model::DeploymentId id);
  aio::Task<Result<void>> bind_imports(model::Place place, model::DeploymentId id);
  aio::Task<Result<void>> bind_import(model::Place place, ToldImport wanted);
  aio::Task<Result<void>> bind_remote(model::Place place, ToldImport wanted);
  aio::Task<Result<void>> start_instances(model::Place place, model::StartInstances action);
  aio::Task<Result<void>> stop_instances(model::Place place, model::StopInstances action);
  aio::Task<Result<void>> unload(model::Place place, model::DeploymentId id);
  aio::Task<Result<void>> stop_worker(model::GroupName group);

  // The restart policy's word on replicas that have just failed; `error` says why.
  void decide_restart(DeploymentRecord& record, const std::vector<std::size_t>& failed,
                      const Error& error);
  void load_failed(DeploymentRecord& record, const Error& error);
  void give_up(DeploymentRecord& record, const Error& error);
  static void finish_start_by_hand(DeploymentRecord& record);

  const Clock& clock_;
  Registry& registry_;
  Places& places_;
  ArtifactSource& artifacts_;
  EventLog& events_;
  const std::string home_;
  OnCompleted on_completed_;
  std::shared_ptr<host::Callee> platform_;

  std::set<model::Place> busy_;  // places whose actions are under way
  std::map<model::Place, MonotonicTime>
      paused_;                    // an action failed there: not planned again before
  std::set<model::Place> retry_;  // asked by hand: a Failed worker is tried again
  std::map<model::DeploymentId, MonotonicTime>
      stop_due_;          // when its replicas must have reported their end
  WantedImports wanted_;  // of the last plan; working them out for each consumer anew is quadratic
  std::uint64_t last_load_order_ = 0;
  std::uint64_t last_load_number_ = 0;
  bool pending_ = false;
  boost::asio::steady_timer wake_;
  ChangeSignal changed_;
  aio::TaskScope scope_;
};

}  // namespace arcella::runtime
