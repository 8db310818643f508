// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "aio/task.h"
#include "aio/task_scope.h"
#include "base/result.h"
#include "host/callee.h"
#include "model/event.h"
#include "model/views.h"

namespace arcella::runtime {

// What `arcella:platform/control` (wit/platform/control.wit) asks. Called on the control thread.
class PlatformAnswers {
 public:
  virtual ~PlatformAnswers() = default;
  [[nodiscard]] virtual std::vector<model::DeploymentView> deployments() const = 0;
  [[nodiscard]] virtual std::vector<model::Event> events(std::size_t count) const = 0;
  // `caller`: the replicas that wait for it.
  virtual aio::Task<Result<std::string>> call(std::string deployment, std::string function,
                                              std::string arguments,
                                              std::chrono::milliseconds timeout,
                                              host::CallChainPtr caller) = 0;
};

// The daemon as a provider: trusted deployments that import `arcella:platform/control` are bound to
// it, wherever they run (model/resolver.h decides who).
// Owners (shared): the runtime and whoever is bound to it.  Thread: any.
// Stop: co_await stop() on the control thread while the answers are there.
class PlatformInterface final : public host::Callee,
                                public std::enable_shared_from_this<PlatformInterface> {
 public:
  PlatformInterface(boost::asio::io_context& io, PlatformAnswers& answers);

  Result<std::uint32_t> resolve(std::string_view function) override;
  engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                          engine::Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, host::CallChainPtr caller,
                          engine::CallDone done) override;
  // Calls end Unavailable from now on.
  aio::Task<void> stop();

 private:
  struct Request;
  void begin(std::shared_ptr<Request> request);
  aio::Task<void> serve(std::shared_ptr<Request> request);
  aio::Task<Result<std::vector<std::byte>>> answer(const Request& request);
  [[nodiscard]] Result<std::vector<std::byte>> deployments(const Request& request) const;
  [[nodiscard]] Result<std::vector<std::byte>> events(const Request& request) const;
  aio::Task<Result<std::vector<std::byte>>> call_other(const Request& request);

  boost::asio::io_context& io_;
  PlatformAnswers& answers_;
  std::atomic<int> under_way_ = 0;
  aio::TaskScope scope_;  // control thread
};

}  // namespace arcella::runtime
