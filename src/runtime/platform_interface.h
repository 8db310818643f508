// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aio/task.h"
#include "aio/task_scope.h"
#include "base/result.h"
#include "host/callee.h"
#include "runtime/call_operations.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// The daemon as a provider: trusted deployments that import `arcella:platform/control`
// (wit/platform/control.wit) are bound to it, wherever they run (model/resolver.h decides who).
// Owners (shared): the runtime and whoever is bound to it.  Thread: any.
// Stop: co_await stop() on the control thread while the core is there.
class PlatformInterface final : public host::Callee,
                                public std::enable_shared_from_this<PlatformInterface> {
 public:
  PlatformInterface(RuntimeCore& core, CallOperations& calls);

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

  RuntimeCore& core_;
  CallOperations& calls_;
  std::atomic<int> under_way_ = 0;
  aio::TaskScope scope_;  // control thread
};

}  // namespace arcella::runtime
