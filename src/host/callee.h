// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/call.h"
#include "engine/direct_calls.h"
#include "host/call_chain.h"

namespace arcella::host {

// Whoever can be called: a deployment of this process, or one of another that is reached through a
// channel. Owners (shared): who loaded or connected it, and the imports that are bound to it.
// Thread: any.
class Callee {
 public:
  virtual ~Callee() = default;

  // A function's number for call(), stable as long as the callee lives. NotFound lists the
  // functions there are; Unavailable: nobody can tell now.
  virtual Result<std::uint32_t> resolve(std::string_view function) = 0;
  // Calls the least busy replica, or `index`, for `caller` (null: from outside). Runs the guest on
  // this thread if it is of this process and idle. `done` runs exactly once, on any thread, also
  // before this returns. The handle does nothing when the call has ended already.
  virtual engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                                  engine::Encoding encoding, std::span<const std::byte> arguments,
                                  std::chrono::milliseconds timeout, CallChainPtr caller,
                                  engine::CallDone done) = 0;
  // Handles that its results had and nobody holds any more; no-op for who has not given them. Must
  // not block, runs no guest here.
  virtual void drop(std::span<const std::uint64_t> /*handles*/) {}
  // What takes calls from guests of this process without coming by call(); null: nothing does.
  [[nodiscard]] virtual const engine::DirectCallees* direct() const noexcept { return nullptr; }
  // Equal if the handles of the one can be given to the other.
  [[nodiscard]] virtual const void* handle_space() const noexcept { return this; }
};

// The numbers of these functions of an export, named without it, at `callee`: resolve()'s errors.
[[nodiscard]] Result<std::vector<std::uint32_t>> numbers_of(
    Callee& callee, std::string_view exported, const std::vector<std::string>& functions);

}  // namespace arcella::host
