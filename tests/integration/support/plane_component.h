// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>

namespace arcella::integration {

struct PlaneTypes {
  std::string name = "point";  // of the record
  bool is_signed = false;      // `y` is an s32 and no u32
};

// A component that exports `test:plane/areas@1.0.0` with
//   record point { x: u32, y: u32 }
//   area: func(of: point) -> u32
// for tests of what changes behind a name.
[[nodiscard]] std::string plane_component(const PlaneTypes& types);

}  // namespace arcella::integration
