// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Who waits for whom: the replicas whose calls led to a call, so that one which comes back to a
// replica that waits for it is refused instead of waiting for itself (design.md section 4).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"

namespace arcella::host {

// Immutable; made for a call of a replica that has imports. Owners (shared): that call and those
// that it led to.
struct CallChain {
  std::shared_ptr<const model::InstanceId> replica;
  std::shared_ptr<const CallChain> caller;  // null: called from outside
};
using CallChainPtr = std::shared_ptr<const CallChain>;

[[nodiscard]] bool contains(const CallChain* chain, const model::InstanceId& replica) noexcept;
[[nodiscard]] int length(const CallChain* chain) noexcept;
// "a/0 -> b/0", from the first caller on.
[[nodiscard]] std::string to_string(const CallChain* chain);

// As it goes with a call to another process: "a/0 b/0". Empty for null.
[[nodiscard]] std::string encode(const CallChain* chain);
// From anybody. InvalidRequest: no such names, or more than limits::kCallChainMax.
[[nodiscard]] Result<CallChainPtr> decode_chain(std::string_view text);

}  // namespace arcella::host
