// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The life of replicas: start, entrypoint, shutdown function, end. Their calls are in
// replica_calls.cc.
#include "host/replica_deployment.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "base/limits.h"

namespace arcella::host {
namespace {

using engine::CallOutcome;
using engine::Outcome;
using model::InstanceEvent;
using std::chrono::milliseconds;

// Replicas that one piece of work starts: enough to make its cost vanish, few enough that all
// threads take part.
constexpr int kStartBatch = 32;

CallOutcome outcome_of(const Error& error) {
  CallOutcome outcome;
  outcome.outcome = Outcome::Trapped;
  outcome.message = error.message();
  outcome.backtrace = error.detail();
  return outcome;
}

CallOutcome with_context(const CallOutcome& outcome, std::string_view context) {
  CallOutcome longer = outcome;
  longer.message.insert(0, context);
  return longer;
}

}  // namespace

ReplicaDeployment::ReplicaDeployment(EnginePool& pool, std::shared_ptr<LiveGuests> guests,
                                     HostListener& listener, model::RunSpec spec,
                                     std::shared_ptr<const engine::InstancePre> pre)
    : pool_(pool),
      guests_(std::move(guests)),
      listener_(listener),
      spec_(std::move(spec)),
      pre_(std::move(pre)),
      direct_(*pre_, spec_.call_timeout) {}

// Whoever is bound to it may hold on to what it offers.
ReplicaDeployment::~ReplicaDeployment() {
  std::map<int, ReplicaPtr> replicas;
  {
    const MutexLock lock(mutex_);
    replicas.swap(replicas_);
  }
  for (const auto& [index, replica] : replicas) take_back(replica);
}

Result<void> ReplicaDeployment::start(int first, int count) {
  std::vector<ReplicaPtr> made;
  made.reserve(static_cast<std::size_t>(count));
  {
    const MutexLock lock(mutex_);
    const auto taken = replicas_.lower_bound(first);
    if (taken != replicas_.end() && taken->first < first + count) {
      return fail(ErrorCode::Conflict,
                  "replica " + taken->second->output.instance().str() + " is alive");
    }
    for (int index = first; index < first + count; ++index) {
      made.push_back(make_replica(pool_, guests_, listener_, {spec_.deployment, index}, pre_));
      replicas_.emplace(index, made.back());
    }
  }
  for (auto batch = made.begin(); batch != made.end();) {
    const auto end = batch + std::min<std::ptrdiff_t>(kStartBatch, made.end() - batch);
    pool_.post([self = shared_from_this(), replicas = std::vector<ReplicaPtr>(batch, end)] {
      for (const ReplicaPtr& replica : replicas) self->begin(replica);
    });
    batch = end;
  }
  return {};
}

void ReplicaDeployment::begin(const ReplicaPtr& replica) {
  if (spec_.kind == model::Kind::Command) {
    begin_command(replica);
    return;
  }
  pre_->instantiate(
      pool_, replica->output,
      [self = shared_from_this(), replica](Result<std::unique_ptr<engine::Instance>> made) {
        self->instantiated(replica, std::move(made));
      });
}

void ReplicaDeployment::begin_command(const ReplicaPtr& replica) {
  if (!announce(replica)) return;
  std::uint64_t call_id = 0;
  {
    const MutexLock lock(mutex_);
    if (replica->state != Replica::State::Ready) return;  // stopped already
    call_id = open_call(*replica);
  }
  const engine::CallHandle handle = pre_->run_command(
      pool_, replica->output, engine::StdioMode::Sink, milliseconds(0),
      [self = shared_from_this(), replica, call_id](const CallOutcome& outcome) {
        {
          const MutexLock lock(self->mutex_);
          self->close_call(*replica, call_id);
        }
        const bool well = outcome.outcome == Outcome::Returned ||
                          (outcome.outcome == Outcome::Exited && outcome.exit_status == 0);
        self->finish(replica, well ? InstanceEvent::EndedWell : InstanceEvent::Crashed, outcome);
      });
  keep_handle(*replica, call_id, handle);
}

void ReplicaDeployment::instantiated(const ReplicaPtr& replica,
                                     Result<std::unique_ptr<engine::Instance>> made) {
  if (!made) {
    finish(replica, InstanceEvent::Crashed, outcome_of(made.error()));
    return;
  }
  replica->instance = std::move(*made);
  bool wanted = true;
  {
    const MutexLock lock(mutex_);
    wanted = replica->state == Replica::State::Starting;
    if (wanted) holders_.emplace(replica->instance->holder(), replica);
  }
  if (!wanted) {
    finish(replica, InstanceEvent::Ended, {});
  } else if (!spec_.entrypoint) {
    static_cast<void>(announce(replica));
  } else {
    // Not here: this may be the inside of the poll that made the instance.
    pool_.post([self = shared_from_this(), replica] {
      self->run_hook(replica, *self->spec_.entrypoint, self->spec_.startup_timeout,
                     [self, replica](const CallOutcome& outcome) {
                       self->entrypoint_ended(replica, outcome);
                     });
    });
  }
}

void ReplicaDeployment::entrypoint_ended(const ReplicaPtr& replica, const CallOutcome& outcome) {
  const bool well = outcome.outcome == Outcome::Returned ||
                    (outcome.outcome == Outcome::Exited && outcome.exit_status == 0);
  if (well && replica->instance->alive()) {
    static_cast<void>(announce(replica));
  } else if (well) {
    finish(replica, InstanceEvent::EndedWell, outcome);
  } else {
    finish(replica, InstanceEvent::Crashed,
           with_context(outcome, "entrypoint '" + *spec_.entrypoint + "': "));
  }
}

// Ready from here on, and reported so. False: it was asked to stop meanwhile, and has ended. Calls
// may come in before the report is out, and one may kill it: that report is then held back until
// this one is out.
bool ReplicaDeployment::announce(const ReplicaPtr& replica) {
  bool wanted = false;
  {
    const MutexLock lock(mutex_);
    wanted = replica->state == Replica::State::Starting;
    if (wanted) {
      replica->state = Replica::State::Ready;
      replica->announcing = true;
      if (spec_.kind == model::Kind::Service) choice_.add(*replica);
    }
  }
  if (!wanted) {
    finish(replica, InstanceEvent::Ended, {});
    return false;
  }
  if (spec_.kind == model::Kind::Service) offer(replica);
  listener_.on_report({.instance = replica->output.instance(), .event = InstanceEvent::Started});
  std::optional<InstanceReport> last_word;
  {
    const MutexLock lock(mutex_);
    replica->announcing = false;
    last_word.swap(replica->last_word);
  }
  if (last_word) listener_.on_report(std::move(*last_word));
  return true;
}

// The one end of every replica; the first caller wins.
void ReplicaDeployment::finish(const ReplicaPtr& replica, InstanceEvent event,
                               const CallOutcome& why) {
  take_back(replica);
  InstanceReport report{.instance = replica->output.instance(),
                        .event = event,
                        .exit_status = why.exit_status,
                        .message = why.message,
                        .backtrace = why.backtrace};
  {
    const MutexLock lock(mutex_);
    if (replica->state == Replica::State::Ended) return;
    if (replica->state == Replica::State::Stopping && event != InstanceEvent::Ended) {
      report = {.instance = report.instance, .event = InstanceEvent::Ended};
    }
    replica->state = Replica::State::Ended;
    replica->output.close();
    choice_.remove(*replica);
    replicas_.erase(report.instance.index);
    if (replica->instance) holders_.erase(replica->instance->holder());
    if (event == InstanceEvent::Crashed && spec_.kind == model::Kind::Command) {
      ++statistics_.failed;
      statistics_.last_failure = why.message;
    }
    if (replica->announcing) {
      replica->last_word = std::move(report);
      return;
    }
  }
  listener_.on_report(std::move(report));
}

Result<void> ReplicaDeployment::stop(int first, int count, milliseconds deadline) {
  std::vector<int> indexes(static_cast<std::size_t>(count));
  std::iota(indexes.begin(), indexes.end(), first);
  stop_these(indexes, deadline);
  return {};
}

void ReplicaDeployment::stop_all(milliseconds deadline) {
  std::vector<int> indexes;
  {
    const MutexLock lock(mutex_);
    for (const auto& [index, replica] : replicas_) indexes.push_back(index);
  }
  stop_these(indexes, deadline);
}

void ReplicaDeployment::stop_these(const std::vector<int>& indexes, milliseconds deadline) {
  std::vector<ReplicaPtr> stopping;
  std::vector<ReplicaPtr> idle;
  std::vector<int> absent;
  {
    const MutexLock lock(mutex_);
    for (const int index : indexes) {
      const auto found = replicas_.find(index);
      if (found == replicas_.end()) {
        absent.push_back(index);
        continue;
      }
      const ReplicaPtr& replica = found->second;
      if (replica->state == Replica::State::Stopping) continue;
      const bool ready = replica->state == Replica::State::Ready;
      replica->state = Replica::State::Stopping;
      replica->stop_by = std::chrono::steady_clock::now() + deadline;
      choice_.remove(*replica);
      stopping.push_back(replica);
      if (ready && replica->idle()) idle.push_back(replica);
    }
  }
  for (const int index : absent) {
    listener_.on_report({.instance = {spec_.deployment, index}, .event = InstanceEvent::Ended});
  }
  if (stopping.empty()) return;
  for (const ReplicaPtr& replica : stopping) take_back(replica);
  if (spec_.kind == model::Kind::Command) {
    pool_.post([self = shared_from_this(), stopping] {
      for (const ReplicaPtr& replica : stopping) self->cut(replica);
    });
    return;
  }
  pool_.post([self = shared_from_this(), idle = std::move(idle)] {
    for (const ReplicaPtr& replica : idle) self->begin_shutdown(replica);
  });
  // Weak: what has ended before must not stay in memory until then.
  const std::vector<std::weak_ptr<Replica>> late(stopping.begin(), stopping.end());
  pool_.post_after(deadline, [weak_self = weak_from_this(), late] {
    const auto self = weak_self.lock();
    if (!self) return;
    for (const auto& weak : late) {
      if (const ReplicaPtr replica = weak.lock()) self->cut(replica);
    }
  });
}

// Its last call has ended.
void ReplicaDeployment::begin_shutdown(const ReplicaPtr& replica) {
  milliseconds left{0};
  {
    const MutexLock lock(mutex_);
    if (replica->state != Replica::State::Stopping || replica->shutdown_begun) return;
    replica->shutdown_begun = true;
    left = std::chrono::duration_cast<milliseconds>(replica->stop_by -
                                                    std::chrono::steady_clock::now());
  }
  if (!spec_.shutdown || !replica->instance->alive() || left.count() <= 0) {
    finish(replica, InstanceEvent::Ended, {});
    return;
  }
  run_hook(replica, *spec_.shutdown, left,
           [self = shared_from_this(), replica](const CallOutcome& outcome) {
             const bool well =
                 outcome.outcome == Outcome::Returned || outcome.outcome == Outcome::Exited;
             self->finish(
                 replica, InstanceEvent::Ended,
                 well ? CallOutcome{}
                      : with_context(outcome, "shutdown '" + *self->spec_.shutdown + "': "));
           });
}

// Ends it whatever it does. It is reported at once; what still runs in it is cancelled and goes in
// its own time.
void ReplicaDeployment::cut(const ReplicaPtr& replica) {
  std::vector<Replica::OpenCall> calls;
  bool direct = false;
  {
    const MutexLock lock(mutex_);
    if (replica->state != Replica::State::Stopping) return;
    calls = replica->open_calls;
    direct = replica->direct;
  }
  finish(replica, InstanceEvent::Ended, {});
  for (const Replica::OpenCall& call : calls) call.handle.cancel();
  if (direct) replica->instance->cut_direct_call();
}

// A call that the platform makes: entrypoint or shutdown.
void ReplicaDeployment::run_hook(const ReplicaPtr& replica, const std::string& function,
                                 milliseconds timeout, HookDone done) {
  const auto target = replica->instance->resolve(function);
  if (!target) {
    done(outcome_of(target.error()));
    return;
  }
  std::uint64_t call_id = 0;
  {
    const MutexLock lock(mutex_);
    call_id = open_call(*replica);
  }
  const engine::CallHandle handle =
      replica->instance->call(pool_, *target, engine::Encoding::Wave, {}, timeout,
                              [self = shared_from_this(), replica, call_id,
                               done = std::move(done)](const CallOutcome& outcome) {
                                {
                                  const MutexLock lock(self->mutex_);
                                  self->close_call(*replica, call_id);
                                }
                                done(outcome);
                              });
  keep_handle(*replica, call_id, handle);
}

int ReplicaDeployment::alive() const {
  const MutexLock lock(mutex_);
  return static_cast<int>(replicas_.size());
}

}  // namespace arcella::host
