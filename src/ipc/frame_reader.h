// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "ipc/data_frame.h"
#include "ipc/shared_memory.h"

namespace arcella::ipc {

struct DataFrame {
  DataHeader header;
  std::vector<std::byte> payload;
};

// Cuts frames out of the byte stream of a data channel. A large payload is read straight to where
// it stays, in pieces: a peer that only claims a length makes us touch no memory for it. Thread:
// one at a time.
class FrameReader {
 public:
  // `memory`: where large payloads lie, outlives it; null: the channel has none. They are copied
  // from there as they are read: from then on the peer cannot change them.
  explicit FrameReader(SharedMemory* memory = nullptr) : memory_(memory) {}

  enum class Progress { Drained, MayHaveMore, Closed };

  // Reads without waiting until nothing is left, `frames` has at least `frames_max`, or it has
  // grown by a mebibyte. An error: the peer spoke nonsense. Less than there was room for counts as
  // the last, unless `to_the_end`: the peer has hung up, and that must be seen.
  [[nodiscard]] Result<Progress> read(int socket, std::vector<DataFrame>& frames,
                                      std::size_t frames_max, bool to_the_end = false);

 private:
  // How many bytes came from shared memory.
  [[nodiscard]] Result<std::size_t> cut(std::vector<DataFrame>& frames);
  [[nodiscard]] Result<void> take_shared(DataFrame& frame, std::span<const std::byte> place) const;

  SharedMemory* const memory_;
  std::vector<std::byte> ahead_ = std::vector<std::byte>(64U << 10);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<DataFrame> open_;  // its payload is not complete
  std::size_t open_bytes_ = 0;     // of it that are there
  bool reset_ = false;             // the peer is gone
};

}  // namespace arcella::ipc
