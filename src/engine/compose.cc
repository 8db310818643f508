// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/compose.h"

#include "base/limits.h"
#include "engine/door/door.h"

namespace arcella::engine {

Result<std::vector<std::byte>> compose(std::span<const std::vector<std::byte>> members,
                                       std::span<const Joint> joints) {
  return door::guarded([&] {
    rust::Box<door::Composer> composer = door::new_composer();
    for (const std::vector<std::byte>& member : members) composer->add(door::to_slice(member));
    for (const Joint& joint : joints)
      composer->join(joint.into, joint.import, joint.from, joint.exported);
    return door::to_bytes(composer->compose(limits::kWasmBytesMax));
  });
}

}  // namespace arcella::engine
