// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace arcella::engine {

// A core module as a component. `wit`: the text of a package with one world, which says what the
// module imports and exports under the names of interfaces; its WASI preview 1 becomes WASI 0.2.
// The bytes are untrusted: run this in the compile helper. InvalidComponent: the module has not
// what is stated, or the text is no WIT; LimitExceeded: more than limits::kWasmBytesMax.
[[nodiscard]] Result<std::vector<std::byte>> wrap(std::span<const std::byte> module,
                                                  std::string_view wit);

}  // namespace arcella::engine
