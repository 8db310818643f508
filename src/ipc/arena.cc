// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/arena.h"

#include <string>

#include "ipc/little_endian.h"
#include "wire/utf8.h"

namespace arcella::ipc {
namespace {

Unexpected no_arena(const std::string& why) {
  return fail(ErrorCode::InvalidParams, "no arena of these values: " + why);
}

}  // namespace

void ArenaWriter::put_u32(std::size_t at, std::uint32_t value) {
  put_little_endian(std::span(bytes_).subspan(at), value);
}

void ArenaWriter::put_u64(std::size_t at, std::uint64_t value) {
  put_little_endian(std::span(bytes_).subspan(at), value);
}

void ArenaWriter::put_text(std::size_t at, std::string_view text) {
  put_pointer(at, bytes_.size(), text.size());
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  bytes_.insert(bytes_.end(), first, first + text.size());
}

std::size_t ArenaWriter::put_list(std::size_t at, std::size_t count, std::size_t element_bytes,
                                  std::size_t alignment) {
  const std::size_t first =
      count == 0 ? bytes_.size() : (bytes_.size() + alignment - 1) / alignment * alignment;
  put_pointer(at, first, count);
  bytes_.resize(first + count * element_bytes);
  return first;
}

// What is empty points to nothing.
void ArenaWriter::put_pointer(std::size_t at, std::size_t to, std::size_t length) {
  put_u32(at, length == 0 ? 0 : static_cast<std::uint32_t>(to));
  put_u32(at + 4, static_cast<std::uint32_t>(length));
}

Result<ArenaReader> ArenaReader::of(std::span<const std::byte> bytes, std::size_t root_bytes) {
  if (bytes.size() < root_bytes) {
    return no_arena(std::to_string(bytes.size()) + " bytes of at least " +
                    std::to_string(root_bytes));
  }
  return ArenaReader(bytes, root_bytes);
}

std::uint32_t ArenaReader::u32(std::size_t at) const {
  return get_little_endian<std::uint32_t>(bytes_.subspan(at));
}

Result<std::string_view> ArenaReader::text(std::size_t at) {
  const std::size_t from = u32(at);
  const std::size_t length = u32(at + 4);
  if (from != (length == 0 ? 0 : next_) || length > bytes_.size() - next_)
    return no_arena("a string does not lie where the next part begins");
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + next_, length);
  if (!wire::is_utf8(text)) return no_arena("a string is no UTF-8");
  next_ += length;
  return text;
}

Result<void> ArenaReader::finish() const {
  if (next_ == bytes_.size()) return {};
  return no_arena(std::to_string(bytes_.size() - next_) + " bytes too many");
}

}  // namespace arcella::ipc
