// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <signal.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "aio/event.h"
#include "supervisor/process_spawner.h"

namespace arcella::supervisor::testing {

// A process that is none: the test holds the other ends of its descriptors and says when it ends.
// The test and the code under test share it: either may be the last to look at it.
struct FakeProcess {
  explicit FakeProcess(const boost::asio::any_io_executor& executor) : ended(executor) {}

  // Its descriptor with this number, as the child has it.
  UniqueFd take_fd(int target) {
    for (auto& [number, fd] : fds) {
      if (number == target) return std::move(fd);
    }
    return {};
  }
  void exit(aio::ExitStatus with) {
    fds.clear();
    status = with;
    ended.set();
  }

  aio::ChildSpec spec;
  std::int64_t pid = 0;
  std::vector<std::pair<int, UniqueFd>> fds;
  std::vector<int> signals;      // that it got
  bool dies_when_killed = true;  // of SIGKILL
  std::optional<aio::ExitStatus> status;
  aio::Event ended;
};

class FakeSpawner final : public ProcessSpawner {
 public:
  explicit FakeSpawner(boost::asio::any_io_executor executor)
      : on_spawn(executor), executor_(std::move(executor)) {}

  Result<std::unique_ptr<Child>> spawn(const aio::ChildSpec& spec) override {
    if (failure) return fail(*failure);
    auto process = std::make_shared<FakeProcess>(executor_);
    process->spec = spec;
    process->pid = ++last_pid_;
    for (const auto& fd : spec.fds) {
      UniqueFd borrowed(fd.source);
      auto copy = borrowed.duplicate();
      (void)borrowed.release();
      if (copy.has_value()) process->fds.emplace_back(fd.target, std::move(*copy));
    }
    processes.push_back(process);
    on_spawn.notify();
    return std::make_unique<FakeChild>(std::move(process));
  }

  std::vector<std::shared_ptr<FakeProcess>> processes;  // in the order of their start
  std::optional<Error> failure;                         // of the next spawns
  aio::Event on_spawn;                                  // notified at each

 private:
  class FakeChild final : public Child {
   public:
    explicit FakeChild(std::shared_ptr<FakeProcess> process) : process_(std::move(process)) {}
    [[nodiscard]] std::int64_t pid() const override { return process_->pid; }
    void kill(int signal) override {
      process_->signals.push_back(signal);
      if (signal == SIGKILL && process_->dies_when_killed && !process_->status) {
        process_->exit({aio::ExitStatus::How::Signalled, SIGKILL});
      }
    }
    aio::Task<aio::ExitStatus> wait() override {
      co_await process_->ended.wait_uncancelled();
      co_return *process_->status;
    }

   private:
    std::shared_ptr<FakeProcess> process_;
  };

  boost::asio::any_io_executor executor_;
  std::int64_t last_pid_ = 1000;
};

}  // namespace arcella::supervisor::testing
