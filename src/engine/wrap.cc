// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/wrap.h"

#include <string>

#include "base/limits.h"
#include "engine/door/door.h"

namespace arcella::engine {

Result<std::vector<std::byte>> wrap(std::span<const std::byte> module, std::string_view wit) {
  ARCELLA_TRY(auto bytes, door::guarded([&] {
                return door::to_bytes(
                    door::wrap_module(door::to_slice(module), rust::Str(wit.data(), wit.size())));
              }));
  if (bytes.size() <= limits::kWasmBytesMax) return bytes;
  return fail(ErrorCode::LimitExceeded, "as a component the module has " +
                                            std::to_string(bytes.size()) + " bytes; the bound is " +
                                            std::to_string(limits::kWasmBytesMax));
}

}  // namespace arcella::engine
