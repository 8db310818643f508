// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "host/handle_list.h"
#include "ipc/little_endian.h"

namespace arcella::host::testing {

// Values that are nothing but their handles.
inline std::vector<std::byte> values_of(const std::vector<std::uint64_t>& numbers) {
  std::vector<std::byte> values(numbers.size() * 8 + 4);
  ipc::put_little_endian(std::span(values).last(4), static_cast<std::uint32_t>(numbers.size()));
  return with_handles(values, numbers);
}

}  // namespace arcella::host::testing
