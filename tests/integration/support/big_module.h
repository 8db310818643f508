// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <string>

namespace arcella::integration {

// A core module (WebAssembly 2.0, binary format) with an empty `_start` and so many functions of
// about 1 KiB: for tests that need a compilation to take its time.
[[nodiscard]] std::string big_module(std::size_t functions);

}  // namespace arcella::integration
