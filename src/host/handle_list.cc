// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/handle_list.h"

#include <algorithm>

#include "ipc/little_endian.h"

namespace arcella::host {
namespace {

constexpr std::size_t kCountBytes = 4;
constexpr std::size_t kNumberBytes = 8;

}  // namespace

Result<std::vector<std::uint64_t>> handles_of(std::span<const std::byte> values) {
  const auto wrong = fail(ErrorCode::InvalidRequest, "the list of handles is not whole");
  if (values.size() < kCountBytes) return wrong;
  const auto count = ipc::get_little_endian<std::uint32_t>(values.last(kCountBytes));
  const std::uint64_t length = std::uint64_t{count} * kNumberBytes;
  if (length > values.size() - kCountBytes) return wrong;
  const auto list = values.last(static_cast<std::size_t>(length) + kCountBytes);
  return decode_numbers(list.first(static_cast<std::size_t>(length)));
}

std::vector<std::byte> with_handles(std::span<const std::byte> values,
                                    std::span<const std::uint64_t> numbers) {
  std::vector<std::byte> made(values.begin(), values.end());
  const std::vector<std::byte> list = encode_numbers(numbers);
  const auto at = made.end() - static_cast<std::ptrdiff_t>(list.size() + kCountBytes);
  std::ranges::copy(list, at);
  return made;
}

std::vector<std::byte> encode_numbers(std::span<const std::uint64_t> numbers) {
  std::vector<std::byte> bytes(numbers.size() * kNumberBytes);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    ipc::put_little_endian(std::span(bytes).subspan(i * kNumberBytes), numbers[i]);
  return bytes;
}

std::vector<std::uint64_t> decode_numbers(std::span<const std::byte> bytes) {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(bytes.size() / kNumberBytes);
  for (; bytes.size() >= kNumberBytes; bytes = bytes.subspan(kNumberBytes))
    numbers.push_back(ipc::get_little_endian<std::uint64_t>(bytes));
  return numbers;
}

}  // namespace arcella::host
