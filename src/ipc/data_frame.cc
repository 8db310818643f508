// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/data_frame.h"

#include <span>
#include <string>

#include "base/limits.h"
#include "ipc/little_endian.h"

namespace arcella::ipc {
namespace {

using Bytes = std::array<std::byte, kDataHeaderBytes>;

template <class Number>
void put(Bytes& bytes, std::size_t at, Number number) noexcept {
  put_little_endian(std::span(bytes).subspan(at), number);
}

template <class Number>
Number get(const Bytes& bytes, std::size_t at) noexcept {
  return get_little_endian<Number>(std::span(bytes).subspan(at));
}

Unexpected refuse(const std::string& what) {
  return fail(ErrorCode::InvalidRequest, "data channel: " + what);
}

}  // namespace

std::array<std::byte, kDataHeaderBytes> encode(const DataHeader& header) noexcept {
  Bytes bytes{};
  put(bytes, 0, header.length);
  const auto kind = static_cast<std::uint8_t>(header.kind);
  put(bytes, 4, static_cast<std::uint8_t>(kind | (header.shared ? kInSharedMemory : 0)));
  put(bytes, 5, header.encoding_or_outcome);
  put(bytes, 6, header.chain_bytes);
  put(bytes, 8, header.request);
  put(bytes, 16, header.slot);
  put(bytes, 20, header.index);
  put(bytes, 24, header.function);
  put(bytes, 28, header.timeout_ms);
  return bytes;
}

Result<DataHeader> decode(const std::array<std::byte, kDataHeaderBytes>& bytes) {
  DataHeader header;
  header.length = get<std::uint32_t>(bytes, 0);
  const auto kind = get<std::uint8_t>(bytes, 4);
  header.shared = (kind & kInSharedMemory) != 0;
  header.kind = static_cast<DataKind>(kind & ~kInSharedMemory);
  header.encoding_or_outcome = get<std::uint8_t>(bytes, 5);
  header.chain_bytes = get<std::uint16_t>(bytes, 6);
  header.request = get<std::uint64_t>(bytes, 8);
  header.slot = get<std::uint32_t>(bytes, 16);
  header.index = get<std::int32_t>(bytes, 20);
  header.function = get<std::uint32_t>(bytes, 24);
  header.timeout_ms = get<std::uint32_t>(bytes, 28);

  if (header.shared && header.length == 0)
    return refuse("a frame without a payload, which lies in shared memory");
  int choices = 1;
  switch (header.kind) {
    case DataKind::Call:
      choices = kDataEncodingCount;
      break;
    case DataKind::Result:
      choices = kDataOutcomeCount;
      break;
    case DataKind::Cancel:
      if (header.length != 0) return refuse("a cancel frame with a payload");
      break;
    case DataKind::Drop:
      if (header.length % 8 != 0) return refuse("a drop frame with part of a number");
      break;
    default:
      return refuse("frame of unknown kind " + std::to_string(kind));
  }
  if (header.encoding_or_outcome >= choices) {
    return refuse("unknown encoding or outcome " + std::to_string(header.encoding_or_outcome));
  }
  if (header.chain_bytes > (header.kind == DataKind::Call ? header.length : 0))
    return refuse("a chain where there is none");
  if (header.length > limits::kDataPayloadBytesMax) {
    return refuse("a payload of " + std::to_string(header.length) + " bytes is over the bound of " +
                  std::to_string(limits::kDataPayloadBytesMax));
  }
  return header;
}

}  // namespace arcella::ipc
