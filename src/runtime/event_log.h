// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The history that `events` shows: the last limits::kEventsKept events in memory, those of daemons
// before this one among them, each also on the disk (event_file.h). What records one does so with
// one line and waits for nothing.
//
// A thousand replicas that become ready in one go are one event (`web/0..999`), and the same
// failure again and again is one that says how often: events of the same kind that follow each
// other within a few milliseconds are joined, so that a burst does not push the history out of
// memory.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "aio/event.h"
#include "aio/task.h"
#include "aio/task_scope.h"
#include "aio/worker_pool.h"
#include "base/clock.h"
#include "model/event.h"
#include "model/ids.h"
#include "runtime/arcella_runtime.h"
#include "runtime/event_file.h"

namespace arcella::runtime {

// Owner: the runtime.  Thread: control; the file is written on `files`.
// Stop: co_await stop() before destruction, if run() was called.
class EventLog {
 public:
  using Follower = std::function<void(const model::Event&)>;

  EventLog(const boost::asio::any_io_executor& executor, const Clock& clock,
           aio::WorkerPool& files);

  // Takes in what daemons before this one have recorded, and writes to the same file from run() on.
  // Without it, or when it fails, the history is in memory only. Blocking: while the process
  // starts.
  Result<void> open(const std::string& folder);
  void run();
  // The rest is written.
  aio::Task<void> stop();

  // What comes from outside is made printable here, and cut.
  void record(model::EventKind kind, std::string subject, std::string message = {});
  void record(model::EventKind kind, const model::InstanceId& instance, std::string message = {});

  [[nodiscard]] model::EventTail tail(const EventQuery& query);
  [[nodiscard]] bool knows(const std::string& deployment);
  // Called for each event from now on, until the handle is dropped.
  [[nodiscard]] std::shared_ptr<void> follow(std::optional<std::string> deployment,
                                             Follower follower);

 private:
  // An event that may still be joined with the next.
  struct Fresh {
    model::Event event;
    int index = -1;  // of a replica, or of the first of several
    int count = 1;   // replicas
    int times = 1;
  };
  struct Following {
    std::optional<std::string> deployment;
    Follower follower;
  };

  void add(Fresh fresh);
  // Fresh ones become history: kept, told, and due to be written.
  void publish();
  void keep(model::Event event);
  aio::Task<void> write_loop();
  aio::Task<void> write_out();

  const Clock& clock_;
  aio::WorkerPool& files_;
  std::vector<Fresh> fresh_;
  std::deque<model::Event> kept_;
  std::uint64_t dropped_ = 0;
  std::list<std::weak_ptr<Following>> followings_;  // each owned by the handle that follow() gave
  std::optional<EventFile> file_;
  std::vector<model::Event> unwritten_;
  std::uint64_t not_written_ = 0;  // since the last that was
  aio::Event recorded_;
  aio::TaskScope scope_;
};

}  // namespace arcella::runtime
