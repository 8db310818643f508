// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Where worker processes come from: the operating system, or testing/fake_spawner.h.
#pragma once

#include <cstdint>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "aio/child_process.h"
#include "aio/task.h"
#include "base/result.h"

namespace arcella::supervisor {

// One process. As aio::ChildProcess, which see.
class Child {
 public:
  virtual ~Child() = default;
  [[nodiscard]] virtual std::int64_t pid() const = 0;
  virtual void kill(int signal) = 0;
  virtual aio::Task<aio::ExitStatus> wait() = 0;
};

class ProcessSpawner {
 public:
  virtual ~ProcessSpawner() = default;
  // The descriptors in `spec` stay the caller's.
  virtual Result<std::unique_ptr<Child>> spawn(const aio::ChildSpec& spec) = 0;
};

class SystemSpawner final : public ProcessSpawner {
 public:
  explicit SystemSpawner(boost::asio::any_io_executor executor);
  Result<std::unique_ptr<Child>> spawn(const aio::ChildSpec& spec) override;

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace arcella::supervisor
