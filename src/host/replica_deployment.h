// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "host/engine_pool.h"
#include "host/hosted_deployment.h"
#include "host/least_busy.h"
#include "host/replica.h"

namespace arcella::host {

// A deployment of kind service or command: every replica is a store.
// Each replica is reported in the order Started, then one of EndedWell, Crashed and Ended, each at
// most once.
class ReplicaDeployment final : public HostedDeployment,
                                public std::enable_shared_from_this<ReplicaDeployment> {
 public:
  ReplicaDeployment(EnginePool& pool, std::shared_ptr<LiveGuests> guests, HostListener& listener,
                    model::RunSpec spec, std::shared_ptr<const engine::InstancePre> pre);
  ~ReplicaDeployment() override;

  Result<void> start(int first, int count) override;
  Result<void> stop(int first, int count, std::chrono::milliseconds deadline) override;
  void stop_all(std::chrono::milliseconds deadline) override;
  [[nodiscard]] int alive() const override;
  Result<std::uint32_t> resolve(std::string_view function) override;
  engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                          engine::Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallChainPtr caller,
                          engine::CallDone done) override;
  void drop(std::span<const std::uint64_t> handles) override;
  [[nodiscard]] const engine::DirectCallees* direct() const noexcept override { return &direct_; }
  [[nodiscard]] DeploymentStatistics statistics() const override;

 private:
  using ReplicaPtr = std::shared_ptr<Replica>;
  using FunctionPtr = std::shared_ptr<const engine::Instance::Function>;
  using HookDone = std::function<void(const engine::CallOutcome&)>;
  struct Admission {
    ReplicaPtr replica;         // null: refused, and why is in `refusal`
    FunctionPtr function;       // null: this replica has not resolved it yet
    std::string function_name;  // only if `function` is null
    std::uint64_t call_id = 0;
    std::optional<engine::CallOutcome> refusal;
  };
  class Ending;
  class DirectCalls;

  // Life of a replica (replica_deployment.cc).
  void begin(const ReplicaPtr& replica);
  void begin_command(const ReplicaPtr& replica);
  void instantiated(const ReplicaPtr& replica, Result<std::unique_ptr<engine::Instance>> made);
  void entrypoint_ended(const ReplicaPtr& replica, const engine::CallOutcome& outcome);
  [[nodiscard]] bool announce(const ReplicaPtr& replica);
  void stop_these(const std::vector<int>& indexes, std::chrono::milliseconds deadline);
  void begin_shutdown(const ReplicaPtr& replica);
  void cut(const ReplicaPtr& replica);
  void finish(const ReplicaPtr& replica, model::InstanceEvent event,
              const engine::CallOutcome& why);
  void run_hook(const ReplicaPtr& replica, const std::string& function,
                std::chrono::milliseconds timeout, HookDone done);

  // Calls (replica_calls.cc).
  // Which replica a call is for; neither: the least busy.
  struct Wanted {
    std::optional<int> index;
    std::optional<std::uint32_t> holder;  // of the call's handles
  };
  [[nodiscard]] Admission admit(const Wanted& wanted, std::uint32_t function,
                                const CallChain* caller);
  [[nodiscard]] Replica* choose(const Wanted& wanted, const CallChain* caller)
      ARCELLA_REQUIRES(mutex_);
  [[nodiscard]] engine::CallOutcome why_none(const Wanted& wanted, const CallChain* caller) const
      ARCELLA_REQUIRES(mutex_);
  void settle(const ReplicaPtr& replica);
  void refuse(const engine::CallOutcome& outcome, const engine::CallDone& done);
  [[nodiscard]] Result<FunctionPtr> resolve_in(Replica& replica, std::uint32_t function,
                                               const std::string& name);
  void call_ended(const ReplicaPtr& replica, std::uint64_t call_id, std::uint32_t function,
                  const engine::CallOutcomeView& outcome);
  [[nodiscard]] std::uint64_t open_call(Replica& replica) ARCELLA_REQUIRES(mutex_);
  void close_call(Replica& replica, std::uint64_t call_id) ARCELLA_REQUIRES(mutex_);
  void keep_handle(Replica& replica, std::uint64_t call_id, const engine::CallHandle& handle);

  // Direct calls (replica_direct_calls.cc).
  void offer(const ReplicaPtr& replica);
  void take_back(const ReplicaPtr& replica);
  void direct_call_failed(const ReplicaPtr& replica, std::string_view function,
                          const engine::CallOutcome& outcome);
  void direct_calls_ended(const ReplicaPtr& replica);

  EnginePool& pool_;
  const std::shared_ptr<LiveGuests> guests_;
  HostListener& listener_;
  const model::RunSpec spec_;
  const std::shared_ptr<const engine::InstancePre>
      pre_;  // shared with the replicas, which may outlive this

  engine::DirectCallees direct_;  // which are offered

  // Never held while a guest runs, the listener is called, or a replica is taken back.
  mutable Mutex mutex_;
  std::map<int, ReplicaPtr> replicas_ ARCELLA_GUARDED_BY(mutex_);  // alive
  // Those that may have lent resources, by the number in their handles.
  std::unordered_map<std::uint32_t, ReplicaPtr> holders_ ARCELLA_GUARDED_BY(mutex_);
  LeastBusy choice_ ARCELLA_GUARDED_BY(mutex_);  // those of them that take calls
  std::vector<std::string> function_names_ ARCELLA_GUARDED_BY(mutex_);  // by number
  std::uint64_t next_call_id_ ARCELLA_GUARDED_BY(mutex_) = 1;
  DeploymentStatistics statistics_
      ARCELLA_GUARDED_BY(mutex_);  // memory_bytes is counted when asked
};

}  // namespace arcella::host
