// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>

namespace arcella::runtime {

// Resident bytes of a process, as /proc knows them; 0 when it is not there. Reads one line that the
// kernel makes: not blocking.
[[nodiscard]] std::uint64_t resident_bytes(std::int64_t pid);

}  // namespace arcella::runtime
