// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "supervisor/process_spawner.h"

#include <utility>

namespace arcella::supervisor {
namespace {

class SystemChild final : public Child {
 public:
  explicit SystemChild(std::unique_ptr<aio::ChildProcess> process) : process_(std::move(process)) {}
  [[nodiscard]] std::int64_t pid() const override { return process_->pid(); }
  void kill(int signal) override { process_->kill(signal); }
  aio::Task<aio::ExitStatus> wait() override { return process_->wait(); }

 private:
  std::unique_ptr<aio::ChildProcess> process_;
};

}  // namespace

SystemSpawner::SystemSpawner(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)) {}

Result<std::unique_ptr<Child>> SystemSpawner::spawn(const aio::ChildSpec& spec) {
  ARCELLA_TRY(auto process, aio::ChildProcess::spawn(executor_, spec));
  return std::make_unique<SystemChild>(std::move(process));
}

}  // namespace arcella::supervisor
