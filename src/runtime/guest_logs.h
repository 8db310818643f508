// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "model/views.h"
#include "runtime/instance_backend.h"
#include "runtime/registry.h"

namespace arcella::runtime {

// What the guests print: into the ring of each replica, and to those who follow.
// Owner: the runtime.  Thread: control.
class GuestLogs {
 public:
  using Follower = std::function<void(const model::LogLine&)>;

  GuestLogs(const Clock& clock, Registry& registry) : clock_(clock), registry_(registry) {}

  // Ignored when the place may not speak for the instance.
  void on_output(const model::Place& place, const GuestOutput& output);
  // The instance has ended: a line without an end becomes one.
  void on_end(const model::InstanceId& instance);

  // The last `count` lines of one replica, or of all in the order of time.
  [[nodiscard]] static model::LogTail tail(const DeploymentRecord& record, std::optional<int> index,
                                           std::size_t count);
  // Until the handle is dropped.
  [[nodiscard]] std::shared_ptr<void> follow(const model::DeploymentId& deployment,
                                             std::optional<int> index, Follower follower);

 private:
  struct Following {
    model::DeploymentId deployment;
    std::optional<int> index;
    Follower follower;
  };
  void tell(const model::InstanceId& instance, const RingLine& line);

  const Clock& clock_;
  Registry& registry_;
  std::list<std::weak_ptr<Following>>
      followings_;  // each owned by the handle that follow() gave out
};

}  // namespace arcella::runtime
