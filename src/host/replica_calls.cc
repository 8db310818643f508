// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Calls into replicas: admission, choice, and what their end means for the replica. The hot path of
// the platform: no look-up by name, one short lock before the call and one after it.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/limits.h"
#include "host/call_refusal.h"
#include "host/handle_list.h"
#include "host/replica_deployment.h"
#include "host/run_policy.h"

namespace arcella::host {
namespace {

using engine::CallOutcome;
using engine::CallOutcomeView;
using engine::Outcome;
using std::chrono::milliseconds;

// Instead of a function's number: what the handles that were dropped leave to be done.
constexpr std::uint32_t kSettling = std::numeric_limits<std::uint32_t>::max();

// Who made the handles of a call; nullopt: there are none.
Result<std::optional<std::uint32_t>> holder_of_all(std::span<const std::byte> arguments) {
  std::optional<std::uint32_t> all;
  ARCELLA_TRY(const std::vector<std::uint64_t> handles, handles_of(arguments));
  for (const std::uint64_t handle : handles) {
    const std::uint32_t holder = holder_of(handle);
    if (all.value_or(holder) != holder)
      return fail(ErrorCode::InvalidRequest, "handles of several replicas in one call");
    all = holder;
  }
  return all;
}

}  // namespace

Result<std::uint32_t> ReplicaDeployment::resolve(std::string_view function) {
  ReplicaPtr replica;
  {
    const MutexLock lock(mutex_);
    const auto known = std::ranges::find(function_names_, function);
    if (known != function_names_.end())
      return static_cast<std::uint32_t>(known - function_names_.begin());
    if (spec_.kind == model::Kind::Command) {
      return fail(ErrorCode::InvalidParams,
                  "'" + spec_.deployment.str() + "' is a command, which is run and not called");
    }
    Load* any = choice_.choose();
    if (any == nullptr) {
      return fail(ErrorCode::Unavailable,
                  "no replica of '" + spec_.deployment.str() + "' is ready");
    }
    replica = static_cast<Replica*>(any)->shared_from_this();
  }
  ARCELLA_TRY(const FunctionPtr found, replica->instance->resolve(function));
  const MutexLock lock(mutex_);
  const auto known =
      std::ranges::find(function_names_, function);  // another thread may have been faster
  const auto number = static_cast<std::uint32_t>(known - function_names_.begin());
  if (known == function_names_.end()) function_names_.emplace_back(function);
  return number;
}

// The least busy replica that takes calls and does not wait for this one itself; of a call with
// handles the one that made them, until it ends.
Replica* ReplicaDeployment::choose(const Wanted& wanted, const CallChain* caller) {
  if (length(caller) >= limits::kCallChainMax) return nullptr;
  const auto waits = [caller](const Replica& replica) {
    return contains(caller, replica.output.instance());
  };
  const auto takes = [waits](const Replica& replica) {
    return replica.state == Replica::State::Ready && !waits(replica);
  };
  if (wanted.holder) {
    const auto found = holders_.find(*wanted.holder);
    if (found == holders_.end()) return nullptr;
    Replica& holder = *found->second;
    const bool drains = holder.state == Replica::State::Stopping && !holder.shutdown_begun;
    return takes(holder) || (drains && !waits(holder)) ? &holder : nullptr;
  }
  if (wanted.index) {
    const auto found = replicas_.find(*wanted.index);
    return found != replicas_.end() && takes(*found->second) ? found->second.get() : nullptr;
  }
  auto* const least_busy = static_cast<Replica*>(choice_.choose());
  if (least_busy == nullptr || least_busy->calls == 0 || takes(*least_busy)) return least_busy;
  Replica* chosen = nullptr;
  for (const auto& [number, replica] : replicas_) {
    if (takes(*replica) && (chosen == nullptr || replica->calls < chosen->calls))
      chosen = replica.get();
  }
  return chosen;
}

CallOutcome ReplicaDeployment::why_none(const Wanted& wanted, const CallChain* caller) const {
  const std::string name = spec_.deployment.str();
  if (length(caller) >= limits::kCallChainMax) {
    return refuse_call(Outcome::Unavailable, "a chain of more than " +
                                                 std::to_string(limits::kCallChainMax) +
                                                 " calls: " + to_string(caller) + " -> " + name);
  }
  if (wanted.holder && !holders_.contains(*wanted.holder)) {
    return refuse_call(Outcome::Unavailable,
                       "the replica of '" + name + "' that made the handle is gone");
  }
  for (const CallChain* link = caller; link != nullptr; link = link->caller.get()) {
    if (link->replica->deployment != spec_.deployment) continue;
    return refuse_call(Outcome::Unavailable,
                       "the call comes back to a replica that waits for it: " + to_string(caller) +
                           " -> " + name + "; another replica of '" + name + "' could take it");
  }
  std::string who = "no replica of '" + name + "' is";
  if (wanted.index) who = "replica " + name + "/" + std::to_string(*wanted.index) + " is not";
  if (wanted.holder) who = "the replica of '" + name + "' that made the handle is not";
  // It does not come back.
  return refuse_call(wanted.holder ? Outcome::Unavailable : Outcome::NotReady, who + " ready");
}

ReplicaDeployment::Admission ReplicaDeployment::admit(const Wanted& wanted, std::uint32_t function,
                                                      const CallChain* caller) {
  Admission admission;
  const MutexLock lock(mutex_);
  if (function >= function_names_.size()) {
    admission.refusal = refuse_call(Outcome::BadArguments,
                                    "no function has the number " + std::to_string(function));
    return admission;
  }
  Replica* const chosen = choose(wanted, caller);
  if (chosen == nullptr) {
    admission.refusal = why_none(wanted, caller);
    return admission;
  }
  if (chosen->calls > limits::kCallQueuePerInstanceMax) {
    admission.refusal = refuse_call(Outcome::Unavailable,
                                    "'" + spec_.deployment.str() + "' is overloaded: " +
                                        std::to_string(limits::kCallQueuePerInstanceMax) +
                                        " calls wait for each replica that may take this one");
    return admission;
  }
  admission.replica = chosen->shared_from_this();
  if (function < admission.replica->functions.size())
    admission.function = admission.replica->functions[function];
  if (!admission.function) admission.function_name = function_names_[function];
  ++statistics_.calls;
  ++statistics_.in_flight;
  admission.call_id = open_call(*admission.replica);
  return admission;
}

std::uint64_t ReplicaDeployment::open_call(Replica& replica) {
  choice_.begin(replica);
  const std::uint64_t id = next_call_id_++;
  replica.open_calls.push_back({id, {}});
  return id;
}

void ReplicaDeployment::close_call(Replica& replica, std::uint64_t call_id) {
  choice_.end(replica);
  std::erase_if(replica.open_calls, [call_id](const auto& call) { return call.id == call_id; });
}

// So that the call can be cut when the replica has to stop. Most calls have ended by now.
void ReplicaDeployment::keep_handle(Replica& replica, std::uint64_t call_id,
                                    const engine::CallHandle& handle) {
  bool cut_meanwhile = false;
  {
    const MutexLock lock(mutex_);
    const auto open = std::ranges::find(replica.open_calls, call_id, &Replica::OpenCall::id);
    if (open == replica.open_calls.end()) return;
    open->handle = handle;
    cut_meanwhile = replica.state == Replica::State::Ended;
  }
  if (cut_meanwhile) handle.cancel();
}

void ReplicaDeployment::refuse(const CallOutcome& outcome, const engine::CallDone& done) {
  {
    const MutexLock lock(mutex_);
    ++statistics_.calls;
    ++statistics_.failed;
    statistics_.last_failure = outcome.message;
  }
  done(outcome);
}

// Tells the deployment that a call has ended, then the caller.
class ReplicaDeployment::Ending final : public engine::CallEnding {
 public:
  // All of them outlive the call() that this is given to.
  Ending(ReplicaDeployment& deployment, const ReplicaPtr& replica, std::uint64_t call_id,
         std::uint32_t function, engine::CallDone& done)
      : deployment_(deployment),
        replica_(replica),
        call_id_(call_id),
        function_(function),
        done_(done) {}

  void ended(const CallOutcomeView& outcome) override {
    deployment_.call_ended(replica_, call_id_, function_, outcome);
    done_(outcome);
  }
  engine::CallDone later() override {
    return [self = deployment_.shared_from_this(), replica = replica_, call_id = call_id_,
            function = function_, done = std::move(done_)](const CallOutcomeView& outcome) {
      self->call_ended(replica, call_id, function, outcome);
      done(outcome);
    };
  }

 private:
  ReplicaDeployment& deployment_;
  const ReplicaPtr& replica_;
  const std::uint64_t call_id_;
  const std::uint32_t function_;
  engine::CallDone& done_;
};

Result<ReplicaDeployment::FunctionPtr> ReplicaDeployment::resolve_in(Replica& replica,
                                                                     std::uint32_t function,
                                                                     const std::string& name) {
  ARCELLA_TRY(FunctionPtr found, replica.instance->resolve(name));
  const MutexLock lock(mutex_);
  if (replica.functions.size() <= function) replica.functions.resize(function + 1);
  replica.functions[function] = found;
  return found;
}

engine::CallHandle ReplicaDeployment::call(std::optional<int> index, std::uint32_t function,
                                           engine::Encoding encoding,
                                           std::span<const std::byte> arguments,
                                           milliseconds timeout, CallChainPtr caller,
                                           engine::CallDone done) {
  Wanted wanted{index, std::nullopt};
  if (encoding == engine::Encoding::Handles) {
    const auto holder = holder_of_all(arguments);
    if (!holder) {
      refuse(refuse_call(Outcome::BadArguments, holder.error().message()), done);
      return {};
    }
    wanted.holder = *holder;
  }
  Admission admission = admit(wanted, function, caller.get());
  if (!admission.replica) {
    refuse(*admission.refusal, done);
    return {};
  }
  // Held until the end of this function: the instance must not go while its call() is on this
  // stack.
  const ReplicaPtr replica = std::move(admission.replica);
  if (!admission.function) {
    auto resolved = resolve_in(*replica, function, admission.function_name);
    if (!resolved) {
      const CallOutcome outcome = refuse_call(Outcome::BadArguments, resolved.error().message());
      call_ended(replica, admission.call_id, function, outcome);
      done(outcome);
      return {};
    }
    admission.function = std::move(*resolved);
  }
  const std::uint64_t call_id = admission.call_id;
  engine::CallContext context;
  if (!pre_->imports().empty()) {
    context = std::make_shared<const CallChain>(
        CallChain{{replica, &replica->output.instance()}, std::move(caller)});
  }
  Ending ending(*this, replica, call_id, function, done);
  engine::CallHandle handle =
      replica->instance->call(pool_, admission.function, encoding, arguments,
                              call_timeout_of(spec_, timeout), ending, std::move(context));
  if (handle.valid()) keep_handle(*replica, call_id, handle);
  return handle;
}

void ReplicaDeployment::call_ended(const ReplicaPtr& replica, std::uint64_t call_id,
                                   std::uint32_t function, const CallOutcomeView& outcome) {
  const bool dead = !replica->instance->alive();
  bool drained = false;
  std::optional<CallOutcome> death;
  {
    const MutexLock lock(mutex_);
    close_call(*replica, call_id);
    --statistics_.in_flight;
    if (outcome.outcome != Outcome::Returned) {
      ++statistics_.failed;
      statistics_.last_failure = outcome.message;
    }
    drained = replica->state == Replica::State::Stopping && replica->idle();
    if (dead) {
      choice_.remove(*replica);
      death = outcome;
      death->payload.clear();
      death->message.insert(0, function == kSettling
                                   ? "dropping handles: "
                                   : "call of '" + function_names_[function] + "': ");
    }
  }
  if (death.has_value()) {
    finish(replica, model::InstanceEvent::Crashed, *death);
  } else if (drained) {
    // Not here: this may be the inside of the poll that ended the call.
    pool_.post([self = shared_from_this(), replica] { self->begin_shutdown(replica); });
  }
}

void ReplicaDeployment::drop(std::span<const std::uint64_t> handles) {
  std::map<std::uint32_t, std::vector<std::uint64_t>> by_holder;
  for (const std::uint64_t handle : handles)
    by_holder[holder_of(handle)].push_back(handle & ~kMovedHandle);
  for (const auto& [holder, numbers] : by_holder) {
    ReplicaPtr replica;
    {
      const MutexLock lock(mutex_);
      const auto found = holders_.find(holder);
      if (found == holders_.end()) continue;
      replica = found->second;
    }
    if (replica->instance->drop_handles(numbers))
      pool_.post([self = shared_from_this(), replica] { self->settle(replica); });
  }
}

// Counts as a call, but not as one that somebody made.
void ReplicaDeployment::settle(const ReplicaPtr& replica) {
  std::uint64_t call_id = 0;
  {
    const MutexLock lock(mutex_);
    if (replica->state == Replica::State::Ended) return;
    ++statistics_.in_flight;
    call_id = open_call(*replica);
  }
  engine::CallContext context =
      std::make_shared<const CallChain>(CallChain{{replica, &replica->output.instance()}, nullptr});
  engine::CallDone nobody = [](const CallOutcomeView&) {};
  Ending ending(*this, replica, call_id, kSettling, nobody);
  const engine::CallHandle handle = replica->instance->settle(pool_, ending, std::move(context));
  if (handle.valid()) keep_handle(*replica, call_id, handle);
}

DeploymentStatistics ReplicaDeployment::statistics() const {
  DeploymentStatistics statistics;
  std::vector<ReplicaPtr> ready;
  {
    const MutexLock lock(mutex_);
    statistics = statistics_;
    ready.reserve(replicas_.size());
    for (const auto& [index, replica] : replicas_) {
      if (replica->state == Replica::State::Ready && replica->instance) ready.push_back(replica);
      if (!replica->direct) continue;
      statistics.calls += replica->instance->direct_calls();
      if (replica->instance->in_direct_call()) ++statistics.in_flight;
    }
  }
  for (const ReplicaPtr& replica : ready) {
    statistics.memory_bytes += replica->instance->memory_bytes();
    statistics.handles += replica->instance->lent_handles();
  }
  return statistics;
}

}  // namespace arcella::host
