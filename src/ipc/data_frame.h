// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The header of the data channel: 32 bytes, little-endian, then `length` bytes of payload as they
// are. Nothing to parse on the hot path. Specification: docs/ipc-protocol.md.
//
//   0 u32 length    bytes of payload, <= limits::kDataPayloadBytesMax
//   4 u8  kind      DataKind; with kInSharedMemory: see there
//   5 u8  encoding  of a Call: 0 WAVE, 1 values, 2 arena, 3 arena with handles; of a Result its
//                   DataOutcome
//   6 u16 chain     of a Call: bytes at the payload's end that say who waits for it
//   8 u64 request   chosen by the caller, unique among its calls in flight
//  16 u32 slot      whom it is for: LoadDeployment::slot, or to the daemon ImportRoute::route; of a
//                   Result that of its Call
//  20 i32 index     the replica, or -1 for the least busy one; of a Result: the exit status
//  24 u32 function  its number (ResolveFunction), or its place in ImportRoute::functions; of a
//                   Result the encoding of its Call
//  28 u32 timeout   milliseconds, 0: the deployment's own
//
// The payload of a Result is, of Returned, the result in the encoding of the Call; of any other
// outcome the bytes of a FailureText (ipc/failure_text.h). That of a Drop is the numbers of handles
// that nobody holds any more, 8 bytes each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace arcella::ipc {

enum class DataKind : std::uint8_t { Call = 1, Result = 2, Cancel = 3, Drop = 4 };

// In the order of engine::Outcome, which says what each means.
enum class DataOutcome : std::uint8_t {
  Returned,
  BadArguments,
  Trapped,
  TimedOut,
  OutOfFuel,
  MemoryLimit,
  Cancelled,
  Exited,
  Unavailable,
  NotReady,
};

inline constexpr int kDataOutcomeCount = static_cast<int>(DataOutcome::NotReady) + 1;
inline constexpr int kDataEncodingCount = 4;

inline constexpr std::size_t kDataHeaderBytes = 32;
// In the kind: the payload lies in the channel's shared memory (ipc/shared_memory.h); what follows
// the header is its place there, 8 bytes.
inline constexpr std::uint8_t kInSharedMemory = 0x80;
inline constexpr std::size_t kDataPlaceBytes = 8;

struct DataHeader {
  std::uint32_t length = 0;
  DataKind kind = DataKind::Call;
  bool shared = false;  // kInSharedMemory
  std::uint8_t encoding_or_outcome = 0;
  std::uint16_t chain_bytes = 0;
  std::uint64_t request = 0;
  std::uint32_t slot = 0;
  std::int32_t index = -1;
  std::uint32_t function = 0;
  std::uint32_t timeout_ms = 0;
};

[[nodiscard]] std::array<std::byte, kDataHeaderBytes> encode(const DataHeader& header) noexcept;
// InvalidRequest for an unknown kind, encoding or outcome, a length over its bound, a Cancel with a
// payload, shared memory without one, a Drop of part of a number, or a chain that only a Call has,
// or that is longer than the payload.
[[nodiscard]] Result<DataHeader> decode(const std::array<std::byte, kDataHeaderBytes>& bytes);

}  // namespace arcella::ipc
