// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "manifest/daemon_config.h"
#include "model/views.h"
#include "runtime/guest_log_writer.h"
#include "runtime/instance_backend.h"
#include "runtime/registry.h"

namespace arcella::runtime {

// What the guests print: into the ring of each replica, into the file of its deployment, and to
// those who follow.
// Owner: the runtime.  Thread: control.  Stop: co_await stop() before destruction.
class GuestLogs {
 public:
  using Follower = std::function<void(const model::LogLine&)>;

  GuestLogs(const boost::asio::any_io_executor& executor, const Clock& clock, Registry& registry,
            const std::string& home, const manifest::DaemonConfig& config);

  // From now on, and for the rings that are there.
  void configure(const manifest::DaemonConfig& config);

  // Ignored when the place may not speak for the instance.
  void on_output(const model::Place& place, const GuestOutput& output);
  // The instance has ended: a line without an end becomes one.
  void on_end(const model::InstanceId& instance);
  // The deployment is gone, and what it printed with it.
  aio::Task<void> forget(model::DeploymentId deployment);
  // Writes to the files what is not there yet.
  aio::Task<void> stop() { return writer_.stop(); }

  // Of one deployment.
  struct Query {
    std::optional<int> index = {};
    std::size_t lines = 0;  // the last so many
    std::optional<std::int64_t> since_ms = {};
  };
  // Do the rings have all that the query is about? If not, the file may have what is older.
  [[nodiscard]] bool needs_file(const DeploymentRecord& record, const Query& query) const;
  aio::Task<std::vector<model::LogLine>> read_file(model::DeploymentId deployment, Query query,
                                                   std::size_t& bytes_left);
  // What the rings have, and of `older`, which is what the file had before, what they no longer
  // have; by time.
  [[nodiscard]] model::LogTail tail(const DeploymentRecord& record, const Query& query,
                                    std::vector<model::LogLine> older) const;
  // Of one deployment or of all, until the handle is dropped.
  [[nodiscard]] std::shared_ptr<void> follow(std::optional<model::DeploymentId> deployment,
                                             std::optional<int> index, Follower follower);

 private:
  struct Following {
    std::optional<model::DeploymentId> deployment;
    std::optional<int> index;
    Follower follower;
  };
  void on_line(const model::InstanceId& instance, const RingLine& line);

  const Clock& clock_;
  Registry& registry_;
  std::size_t ring_bytes_;
  GuestLogWriter writer_;
  std::list<std::weak_ptr<Following>>
      followings_;  // each owned by the handle that follow() gave out
};

// By time, and the last `count` of them; what stands first of one moment stays first.
void sort_and_cut(std::vector<model::LogLine>& lines, std::size_t count);

}  // namespace arcella::runtime
