// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/call.h"

namespace arcella::engine {

// A function that a component imports and the host does not offer itself.
struct ImportedFunction {
  std::string interface;  // `ns:pkg/iface@1.0.0`
  std::string name;
  bool handles = false;  // it takes or gives some: its values are of Encoding::Handles
};

// Whom a deployment's imports lead to. Owners (shared): the InstancePre and its instances.
// Thread: any, also several at once; called inside a guest, whose thread it must not block.
class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  // `function`: its place in InstancePre::imports(), which says how the values are encoded
  // (Encoding::Arena or Handles). The arguments live until this returns. `done` runs exactly once,
  // on any thread, also before this returns; anything but Returned becomes an error of the imported
  // function if its result has a place for it (`result<_, string>` or without payload), else a trap
  // of the caller. `timeout` 0: none.
  // `context`: that of the call which the guest is in; null for a command or an HTTP request.
  virtual CallHandle call(const CallContext& context, std::uint32_t function,
                          std::span<const std::byte> arguments, std::chrono::milliseconds timeout,
                          CallDone done) = 0;
  // Handles that results had, and that no guest holds any more. Also outside of guests.
  virtual void drop_handles(std::span<const std::uint64_t> numbers) = 0;
};

}  // namespace arcella::engine
