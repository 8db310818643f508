// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// `exports` and `imports` of component.toml: an array of interface names, or a table from interface
// to item. An item is the name of a function that the interface has, an array of such names, or
// what the first Arcella wrote there, of which the functions are taken.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "manifest/toml_reader.h"
#include "model/component.h"

namespace arcella::manifest {

struct StatedInterface {
  model::InterfaceItem item;  // `functions`: names only
  Position at;
};

// nullopt when the key is absent: then the binary decides.
[[nodiscard]] std::optional<std::vector<StatedInterface>> read_interfaces(TableReader& component,
                                                                          std::string_view key);

}  // namespace arcella::manifest
