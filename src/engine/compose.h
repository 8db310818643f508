// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Several components made into one, without running any of them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace arcella::engine {

// An import of one member that an export of another serves; members are numbered in their order.
struct Joint {
  std::size_t into = 0;
  std::string import;
  std::size_t from = 0;
  std::string exported;
};

// The whole has the exports of the first member, and imports what no joint serves. The members are
// untrusted: run this in the compile helper. InvalidComponent says which member or joint does not
// fit; LimitExceeded: it has more than limits::kWasmBytesMax.
[[nodiscard]] Result<std::vector<std::byte>> compose(
    std::span<const std::vector<std::byte>> members, std::span<const Joint> joints);

}  // namespace arcella::engine
