// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A Unix stream socket that carries frames (wire/frame_codec.h) and, beside them, file descriptors
// (SCM_RIGHTS): the control channel of a worker, and the lines of ALME on both sides.
//
// Which frame a descriptor belongs to: the kernel delivers descriptors together with the bytes they
// were sent with, and ends a read there; they belong to the last frame that began in that read. So
// a sender gives a frame its descriptors with its first byte, and does not write two frames at once
// when the first carries some. send() does just that.
//
// What a peer can cost is bounded: a frame by `frame_bytes_max`, descriptors by
// limits::kControlFdsMax per frame (surplus ones are closed), what it does not read by
// `outbox_bytes_max`. Received descriptors are close-on-exec.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "aio/task.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::aio {

struct Frame {
  std::string bytes;  // a line without its '\n', or a length-prefixed frame without its length
  std::vector<UniqueFd> fds;
};

enum class Framing {
  Line,    // wire::LineCodec
  Length,  // wire::LengthCodec
};

struct FramedSocketOptions {
  Framing framing = Framing::Line;
  std::size_t frame_bytes_max = limits::kAlmeFrameBytesMax;
  std::size_t outbox_bytes_max = limits::kAlmeOutboxBytesMax;
};

// Owner: one session or channel.  Thread: the executor's.
// Stop: read() and drain() must have returned before destruction (close() makes them). What is
// queued then is lost.
class FramedSocket {
 public:
  FramedSocket(const boost::asio::any_io_executor& executor, UniqueFd socket,
               FramedSocketOptions options);
  ~FramedSocket();
  FramedSocket(const FramedSocket&) = delete;
  FramedSocket& operator=(const FramedSocket&) = delete;

  // The next frame; one reader at a time. Unavailable: the peer closed, or close() was called,
  // between two frames. Io: it closed within a frame, or the socket failed. LimitExceeded: a frame
  // over its bound. Cancelled loses nothing: the next read goes on. Yields to others when a peer
  // floods.
  Task<Result<Frame>> read();

  // Writes what the socket takes at once and queues the rest; never suspends, frames keep their
  // order. LimitExceeded, with nothing queued, when the queue would grow past its bound (it takes
  // one frame of any size when it is empty); Unavailable when the peer is gone. `fds` are closed
  // after they are sent.
  Result<void> send(std::string_view frame, std::vector<UniqueFd> fds = {});
  // Until everything queued is written; the error of the socket, Cancelled.
  Task<Result<void>> drain();
  [[nodiscard]] std::size_t queued_bytes() const noexcept;
  // Until the peer is gone for good: nobody will read what is sent. (The end of read() says only
  // that it sends no more.) Unavailable after close(), Cancelled. One at a time.
  Task<Result<void>> hung_up();

  // Nothing more goes out or comes in, but what has arrived can still be read: for a peer that is
  // known to be dead.
  void shutdown() noexcept;
  // Both directions end at once. Idempotent.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept;
  // For getsockopt; -1 after close().
  [[nodiscard]] int native_handle() const noexcept;

 private:
  struct State;
  // Shared with the handler of a write that waits for the socket: it may run after the destructor.
  std::shared_ptr<State> state_;
};

}  // namespace arcella::aio
