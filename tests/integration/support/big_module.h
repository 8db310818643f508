// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arcella::integration {

// A core module (WebAssembly 2.0, binary format) that exports one function, which does nothing, and
// has so many others of about 1 KiB: for tests that need a compilation to take its time. A command,
// or under any other name than `_start` a service.
[[nodiscard]] std::string big_module(std::size_t functions, std::string_view exported = "_start");

}  // namespace arcella::integration
