// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Calls from one guest to another of this process with nobody in between: the adapter finds an idle
// replica of those that are offered here and polls it inside of the caller's own poll. What finds
// none, or has handles, goes by the ImportTarget as everything else does.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/call.h"
#include "engine/instance.h"

namespace arcella::engine {

// Whoever offers a replica. Owner (shared): the adapter, while it is offered and a direct call is
// in it. Thread: any, inside of a guest's poll, which must not be blocked.
class DirectListener {
 public:
  virtual ~DirectListener() = default;
  // A call did not return; the instance may be dead now.
  virtual void failed(std::string_view function, const CallOutcome& outcome) = 0;
  // A call has held this thread for longer than a tick (EngineConfig::epoch_tick) and cannot yield;
  // false: it has ended.
  virtual void holds_thread(bool holds) = 0;
  // It was taken back, and no direct call is in it any more. The last that is told.
  virtual void left() = 0;
};

// The replicas of one deployment that take direct calls. Owners (shared): the deployment, and who
// binds imports to it. Thread: any.
class DirectCallees {
 public:
  // `call_timeout` 0: as InstancePre has it; the smaller of both holds.
  DirectCallees(const InstancePre& pre, std::chrono::milliseconds call_timeout);
  ~DirectCallees();
  DirectCallees(const DirectCallees&) = delete;
  DirectCallees& operator=(const DirectCallees&) = delete;

  // False: it imports from other deployments, which have to be told who calls, or is of an engine
  // with concurrency, where a guest must not run inside of another's poll. Nothing is offered then.
  [[nodiscard]] bool possible() const noexcept;
  void offer(const Instance& instance, std::shared_ptr<DirectListener> listener);
  // No call looks for it from here on; its listener is told when the last that had found it has
  // ended. No-op for what is not offered.
  void take_back(const Instance& instance);

 private:
  friend class DirectImports;
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

// Where the imported functions of one deployment lead to directly, by InstancePre::imports().
// Owner: the deployment's imports.  Thread: any.
class DirectImports {
 public:
  explicit DirectImports(const InstancePre& pre);
  ~DirectImports();
  DirectImports(const DirectImports&) = delete;
  DirectImports& operator=(const DirectImports&) = delete;

  // `exported`: a function's full name. One whose values cannot go directly is unbound.
  void bind(std::uint32_t function, const DirectCallees& callees, std::string_view exported);
  void unbind(std::uint32_t function);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::engine
