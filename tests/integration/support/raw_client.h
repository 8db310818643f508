// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace arcella::integration {

// One end of a socket, for what a decent client would not do with it. Reading is blocking, under
// kDeadline. Async-signal-safe enough for a child between fork and exit.
class RawClient {
 public:
  explicit RawClient(const std::string& socket);
  [[nodiscard]] bool connected() const noexcept { return socket_.valid(); }

  // All of it: its size; -1 when the peer has closed.
  ssize_t send_some(std::string_view bytes);
  // As much as the socket takes now, again and again from where the last call stopped: how much.
  // Closed when the peer has closed.
  std::size_t send_what_fits(std::string_view bytes);
  // With so many descriptors of /dev/null beside the first byte.
  void send_with_fds(std::string_view bytes, std::size_t count);
  void shut(int how) const;

  // Without the newline; what there is, when the peer closes or the deadline passes.
  std::string read_line();
  std::string read_to_end();

 private:
  UniqueFd socket_;
  std::size_t offset_ = 0;  // of send_what_fits()
  std::string heard_;
};

}  // namespace arcella::integration
