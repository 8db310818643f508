// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The half of the reconciler that hears what happened: reports of replicas and places, and what the
// restart policy says to a death.
#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "ipc/untrusted_text.h"
#include "runtime/reconciler.h"

namespace arcella::runtime {
namespace {

using model::InstanceEvent;
using model::InstanceState;

constexpr MonotonicTime kForGood = MonotonicTime::max();

std::string reason_of(const host::InstanceReport& report) {
  if (!report.message.empty())
    return ipc::harmless_line(report.message, limits::kFailureMessageBytesMax);
  return report.event == InstanceEvent::Ended
             ? "it ended without being asked to"
             : "it ended with status " + std::to_string(report.exit_status);
}

bool all_are(const DeploymentRecord& record, InstanceState a, InstanceState b) {
  auto replicas = static_cast<std::ptrdiff_t>(record.deployment.spec.replicas);
  auto end = record.instances.begin() +
             std::min(replicas, static_cast<std::ptrdiff_t>(record.instances.size()));
  return std::all_of(record.instances.begin(), end, [a, b](const InstanceRecord& instance) {
    return instance.state == a || instance.state == b;
  });
}

// What was scaled away and has ended need not be remembered.
void drop_surplus(DeploymentRecord& record) {
  auto replicas = static_cast<std::size_t>(std::max(record.deployment.spec.replicas, 0));
  while (record.instances.size() > replicas && !is_alive(record.instances.back().state))
    record.instances.pop_back();
}

}  // namespace

void Reconciler::on_place_up(const model::Place& place) {
  paused_.erase(place);
  kick();
}

void Reconciler::on_place_down(const model::Place& place, const std::string& reason,
                               PlaceLoss loss) {
  bool asked = loss == PlaceLoss::Asked;
  std::string why =
      "its worker is gone: " + ipc::harmless_line(reason, limits::kFailureMessageBytesMax);
  Error error(ErrorCode::Unavailable, why);
  for (auto& [id, record] : registry_.deployments()) {
    bool lived_there = record.loaded && record.loaded_in == place;
    bool wanted_there =
        record.desired == model::Desired::Running && place_of(record.deployment) == place;
    if (lived_there) {
      record.loaded = false;
      for (InstanceRecord& instance : record.instances) {
        if (!is_alive(instance.state)) continue;
        // Stopped with its worker as asked, also when it is wanted: a worker is replaced when it
        // needs another engine.
        bool stopped = asked || instance.state == InstanceState::Stopping;
        instance.state = stopped ? InstanceState::Stopped : InstanceState::Failed;
        // The worker's own backoff is the hold-off: a neighbour's crash is not counted against this
        // deployment.
        if (!stopped) instance.reason = why;
      }
      drop_surplus(record);
    }
    if (!wanted_there || asked) continue;
    // The worker comes back by itself, and what it took along was to go anyway.
    bool only_replaced =
        lived_there && record.loaded_revision != record.revision && loss == PlaceLoss::Retrying;
    if (record.starting_by_hand && !record.start_error && !only_replaced)
      record.start_error = error;
    if (loss == PlaceLoss::Failed) give_up(record, error);
  }
  kick();
}

void Reconciler::on_link_lost(const model::GroupName& one, const model::GroupName& other) {
  for (auto& [id, record] : registry_.deployments()) {
    if (!record.loaded || (record.loaded_in != one && record.loaded_in != other)) continue;
    const model::GroupName& far = record.loaded_in == one ? other : one;
    std::erase_if(record.told, [&](const ToldImport& told) {
      return told.direct && told.provider_place == far;
    });
  }
  kick();
}

bool Reconciler::on_report(const model::Place& place, const host::InstanceReport& report) {
  DeploymentRecord* record = registry_.find(report.instance.deployment);
  if (record == nullptr || !record->loaded || record->loaded_in != place) return false;
  auto index = static_cast<std::size_t>(report.instance.index);
  if (report.instance.index < 0 || index >= record->instances.size()) return false;
  InstanceRecord& instance = record->instances[index];
  auto state = model::next(instance.state, report.event);
  if (!state) return false;
  instance.state = *state;
  if (*state == InstanceState::Failed) {
    instance.reason = reason_of(report);
    instance.backtrace = ipc::harmless_lines(report.backtrace, limits::kFailureBacktraceBytesMax);
    log::warn("runtime", "a replica failed",
              {{"instance", report.instance.str()}, {"reason", instance.reason}});
    events_.record(model::EventKind::InstanceFailed, report.instance, instance.reason);
    Error error = Error(ErrorCode::GuestTrapped, instance.reason).with_detail(instance.backtrace);
    decide_restart(*record, {index}, error);
  } else {
    instance.reason.clear();
    instance.backtrace.clear();
    finish_start_by_hand(*record);
    if (*state == InstanceState::Ready)
      events_.record(model::EventKind::InstanceReady, report.instance);
  }
  if (*state == InstanceState::Completed)
    events_.record(model::EventKind::InstanceCompleted, report.instance);
  if (*state == InstanceState::Completed &&
      all_are(*record, InstanceState::Completed, InstanceState::Completed)) {
    on_completed_(report.instance.deployment);
  }
  drop_surplus(*record);
  // A replica that is ready as it should be changes no plan, and a thousand of them come at once.
  // But the first: from now on others can be bound to the deployment.
  bool as_planned = *state == InstanceState::Ready && record->desired == model::Desired::Running &&
                    count_in(*record, InstanceState::Ready) > 1;
  if (as_planned) {
    changed_.notify();
  } else {
    kick();
  }
  return true;
}

void Reconciler::forgive(DeploymentRecord& record) {
  record.tracker.reset();
  record.failure.clear();
  record.start_error.reset();
  record.load_held_until.reset();
  for (InstanceRecord& instance : record.instances) {
    instance.held_until.reset();
    if (is_alive(instance.state)) continue;
    instance.state = InstanceState::Stopped;
    instance.reason.clear();
    instance.backtrace.clear();
  }
  model::Place place = place_of(record.deployment);
  paused_.erase(place);
  if (place) retry_.insert(place);
}

void Reconciler::decide_restart(DeploymentRecord& record, const std::vector<std::size_t>& failed,
                                const Error& error) {
  // Of an earlier revision, which goes anyway.
  if (record.loaded && !is_current(record)) return;
  if (record.starting_by_hand) {
    if (!record.start_error) record.start_error = error;
    for (std::size_t i : failed) record.instances[i].held_until = kForGood;
    return;
  }
  MonotonicTime now = clock_.monotonic_now();
  model::RestartDecision decision = record.tracker.on_death(now);
  if (decision.give_up) {
    give_up(record, error);
    return;
  }
  for (std::size_t i : failed) record.instances[i].held_until = now + decision.delay;
}

void Reconciler::load_failed(DeploymentRecord& record, const Error& error) {
  if (record.starting_by_hand) {
    if (!record.start_error) record.start_error = error;
    record.load_held_until = kForGood;
    return;
  }
  MonotonicTime now = clock_.monotonic_now();
  model::RestartDecision decision = record.tracker.on_death(now);
  if (decision.give_up) {
    give_up(record, error);
    record.load_held_until = kForGood;
  } else {
    record.load_held_until = now + decision.delay;
  }
}

void Reconciler::give_up(DeploymentRecord& record, const Error& error) {
  record.failure = "given up: " + error.message();
  for (InstanceRecord& instance : record.instances) {
    if (!is_alive(instance.state)) instance.held_until = kForGood;
  }
  events_.record(model::EventKind::DeploymentGivenUp, record.deployment.spec.id.str(),
                 error.message());
  log::error("runtime", "a deployment has failed too often and is given up",
             {{"deployment", record.deployment.spec.id.str()}, {"error", error.message()}});
}

void Reconciler::finish_start_by_hand(DeploymentRecord& record) {
  if (record.starting_by_hand && is_current(record) &&
      all_are(record, InstanceState::Ready, InstanceState::Completed)) {
    record.starting_by_hand = false;
  }
}

}  // namespace arcella::runtime
