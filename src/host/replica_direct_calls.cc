// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Direct calls into replicas (engine/direct_calls.h): they are begun without us, so a replica is
// offered while it is ready, and what is told of them is put into the books here.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "host/replica_deployment.h"

namespace arcella::host {

using engine::CallOutcome;

class ReplicaDeployment::DirectCalls final : public engine::DirectListener {
 public:
  DirectCalls(EnginePool& pool, std::weak_ptr<ReplicaDeployment> deployment, ReplicaPtr replica)
      : pool_(pool), deployment_(std::move(deployment)), replica_(std::move(replica)) {}

  void failed(std::string_view function, const CallOutcome& outcome) override {
    if (const auto deployment = deployment_.lock())
      deployment->direct_call_failed(replica_, function, outcome);
  }
  void holds_thread(bool holds) override { pool_.hold_thread(holds); }
  void left() override {
    if (const auto deployment = deployment_.lock()) deployment->direct_calls_ended(replica_);
  }

 private:
  EnginePool& pool_;
  const std::weak_ptr<ReplicaDeployment> deployment_;  // which offers the replica
  const ReplicaPtr replica_;
};

void ReplicaDeployment::offer(const ReplicaPtr& replica) {
  if (!direct_.possible()) return;
  {
    const MutexLock lock(mutex_);
    if (replica->state != Replica::State::Ready) return;
    replica->direct = true;
  }
  direct_.offer(*replica->instance,
                std::make_shared<DirectCalls>(pool_, weak_from_this(), replica));
  {
    const MutexLock lock(mutex_);
    if (replica->state == Replica::State::Ready) return;
  }
  take_back(replica);  // it was asked to stop before it was offered
}

void ReplicaDeployment::take_back(const ReplicaPtr& replica) {
  {
    const MutexLock lock(mutex_);
    if (!replica->direct) return;
  }
  direct_.take_back(*replica->instance);
}

void ReplicaDeployment::direct_call_failed(const ReplicaPtr& replica, std::string_view function,
                                           const CallOutcome& outcome) {
  const bool dead = !replica->instance->alive();
  {
    const MutexLock lock(mutex_);
    ++statistics_.failed;
    statistics_.last_failure = outcome.message;
    if (dead) choice_.remove(*replica);
  }
  if (!dead) return;
  CallOutcome death = outcome;
  death.message.insert(0, "call of '" + std::string(function) + "': ");
  finish(replica, model::InstanceEvent::Crashed, death);
}

// After the last one, once the replica was taken back.
void ReplicaDeployment::direct_calls_ended(const ReplicaPtr& replica) {
  bool drained = false;
  {
    const MutexLock lock(mutex_);
    replica->direct = false;
    statistics_.calls += replica->instance->direct_calls();
    drained = replica->state == Replica::State::Stopping && replica->idle();
  }
  // Not here: this may be the inside of the poll that ended the call.
  if (drained) pool_.post([self = shared_from_this(), replica] { self->begin_shutdown(replica); });
}

}  // namespace arcella::host
