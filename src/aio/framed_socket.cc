// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/framed_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include "aio/await.h"
#include "aio/event.h"
#include "base/check.h"
#include "wire/frame_codec.h"

namespace arcella::aio {
namespace {

constexpr std::size_t kReadBytes = 64U << 10;
// Frames that one reader may take in a row without letting the rest of the thread run.
constexpr int kFramesBeforeYield = 64;
// What is queued goes out in pieces of about this size, however small the frames are.
constexpr std::size_t kPieceBytes = 64U << 10;
constexpr std::size_t kFdsMax = static_cast<std::size_t>(limits::kControlFdsMax);

using Codec = std::variant<wire::LineCodec, wire::LengthCodec>;
using Wait = boost::asio::posix::descriptor_base;

Codec make_codec(const FramedSocketOptions& options) {
  if (options.framing == Framing::Line) return wire::LineCodec(options.frame_bytes_max);
  return wire::LengthCodec(options.frame_bytes_max);
}

Error peer_closed() {
  return {ErrorCode::Unavailable, "the peer closed the connection"};
}
Error we_closed() {
  return {ErrorCode::Unavailable, "the connection is closed"};
}

Error socket_error(int error, std::string_view what) {
  if (error == EPIPE || error == ECONNRESET) return peer_closed();
  return Error::from_errno(error, what);
}

struct Received {
  std::size_t count = 0;
  int error = 0;
  std::vector<UniqueFd> fds;
};

// One recvmsg; what the kernel cannot fit into the control buffer (more than kFdsMax descriptors)
// it closes.
Received receive(int socket, std::array<char, kReadBytes>& buffer) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFdsMax)> control;
  iovec data{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  Received received;
  ssize_t count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) {
    received.error = errno;
    return received;
  }
  received.count = static_cast<std::size_t>(count);
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::size_t fds = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < fds; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      received.fds.emplace_back(fd);
    }
  }
  return received;
}

// One sendmsg, which carries the descriptors with its first byte. The count, or -1 with errno.
ssize_t transmit(int socket, iovec* parts, std::size_t part_count,
                 const std::vector<UniqueFd>& fds) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFdsMax)> control{};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = part_count;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    for (std::size_t i = 0; i < fds.size(); ++i) {
      int fd = fds[i].get();
      std::memcpy(CMSG_DATA(part) + i * sizeof(int), &fd, sizeof(int));
    }
  }
  for (;;) {
    ssize_t count = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0 || errno != EINTR) return count;
  }
}

iovec part_of(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};  // sendmsg does not write
}

}  // namespace

struct FramedSocket::State {
  struct Outgoing {
    std::string bytes;  // a frame or, where there are no descriptors, several
    std::size_t sent = 0;
    std::vector<UniqueFd> fds;  // until the first byte is sent
  };

  State(const boost::asio::any_io_executor& executor, FramedSocketOptions with)
      : socket(executor), options(with), codec(make_codec(with)), drained(executor) {}

  // --- reading ---
  Result<std::optional<Frame>> next_frame();
  Result<void> take_in(Received received);
  Error end_of_stream() const;

  // --- writing ---
  [[nodiscard]] bool has_unread_input() const;
  [[nodiscard]] bool has_room_for(std::string_view frame) const {
    return outbox.empty() || outbox_bytes + frame.size() <= options.outbox_bytes_max;
  }
  std::size_t send_directly(std::string_view frame, const std::vector<UniqueFd>& fds);
  void queue(std::string_view frame, std::size_t sent, std::vector<UniqueFd> fds);
  void flush_soon(const std::shared_ptr<State>& self);
  void flush(const std::shared_ptr<State>& self);
  void fail_writing(Error error);
  void close() noexcept;

  boost::asio::posix::stream_descriptor socket;
  const FramedSocketOptions options;

  Codec codec;
  std::array<char, kReadBytes> buffer;
  std::deque<Frame> ready;         // cut off early, because descriptors came with the last one
  std::vector<UniqueFd> next_fds;  // of the frame that has begun and is not whole yet
  int frames_in_a_row = 0;
  bool more_is_likely = false;  // the last read filled the buffer

  std::deque<Outgoing> outbox;
  std::size_t outbox_bytes = 0;
  bool waiting_to_write = false;
  bool flush_is_due = false;  // in the next turn of the loop
  std::optional<Error> write_error;
  Event drained;
};

Result<std::optional<Frame>> FramedSocket::State::next_frame() {
  if (!ready.empty()) {
    Frame frame = std::move(ready.front());
    ready.pop_front();
    return frame;
  }
  auto cut = std::visit([](auto& form) { return form.next(); }, codec);
  if (!cut.has_value()) return fail(std::move(cut).error());
  if (!cut->has_value()) return std::nullopt;
  return Frame{std::string(**cut), std::exchange(next_fds, {})};
}

Result<void> FramedSocket::State::take_in(Received received) {
  std::string_view bytes(buffer.data(), received.count);
  std::visit([bytes](auto& form) { form.feed(bytes); }, codec);
  if (received.fds.empty()) return {};
  std::deque<Frame> whole;
  for (;;) {
    ARCELLA_TRY(auto frame, next_frame());
    if (!frame) break;
    whole.push_back(std::move(*frame));
  }
  bool begun = std::visit([](const auto& form) { return form.mid_frame(); }, codec);
  std::vector<UniqueFd>& owner = begun || whole.empty() ? next_fds : whole.back().fds;
  for (auto& fd : received.fds) {
    if (owner.size() < kFdsMax) owner.push_back(std::move(fd));
  }
  ready = std::move(whole);
  return {};
}

Error FramedSocket::State::end_of_stream() const {
  bool begun = std::visit([](const auto& form) { return form.mid_frame(); }, codec);
  if (begun) return {ErrorCode::Io, "the peer closed the connection within a message"};
  return peer_closed();
}

// The peer has sent more than it has been answered: more answers will follow at once.
bool FramedSocket::State::has_unread_input() const {
  if (!ready.empty()) return true;
  return std::visit([](const auto& form) { return form.mid_frame(); }, codec);
}

void FramedSocket::State::queue(std::string_view frame, std::size_t sent,
                                std::vector<UniqueFd> fds) {
  const bool line = options.framing == Framing::Line;
  std::string bytes = line ? wire::LineCodec::encode(frame) : wire::LengthCodec::encode(frame);
  outbox_bytes += bytes.size() - sent;
  drained.reset();
  // Descriptors belong to the last frame of a read, so nothing is added behind any.
  if (!outbox.empty() && fds.empty() && outbox.back().fds.empty() &&
      outbox.back().bytes.size() + bytes.size() <= kPieceBytes) {
    outbox.back().bytes += bytes;
    return;
  }
  outbox.push_back({std::move(bytes), sent, std::move(fds)});
}

// Frames that are sent within one turn of the loop go out with one system call.
void FramedSocket::State::flush_soon(const std::shared_ptr<State>& self) {
  if (std::exchange(flush_is_due, true)) return;
  boost::asio::post(socket.get_executor(), [self] {
    self->flush_is_due = false;
    if (!self->waiting_to_write) self->flush(self);
  });
}

// The bytes that the socket took, without a copy; a failure shows at the next write.
std::size_t FramedSocket::State::send_directly(std::string_view frame,
                                               const std::vector<UniqueFd>& fds) {
  std::array<char, wire::LengthCodec::kHeaderBytes> length{};
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<char>(static_cast<std::uint32_t>(frame.size()) >> (8 * i));
  }
  bool line = options.framing == Framing::Line;
  std::array<iovec, 2> parts{
      line ? part_of(frame) : part_of(std::string_view(length.data(), length.size())),
      line ? part_of("\n") : part_of(frame)};
  ssize_t count = transmit(socket.native_handle(), parts.data(), parts.size(), fds);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

void FramedSocket::State::flush(const std::shared_ptr<State>& self) {
  while (!outbox.empty() && socket.is_open()) {
    Outgoing& front = outbox.front();
    iovec part = part_of(std::string_view(front.bytes).substr(front.sent));
    ssize_t count = transmit(socket.native_handle(), &part, 1, front.fds);
    if (count < 0 && errno == EAGAIN) {
      waiting_to_write = true;
      socket.async_wait(Wait::wait_write, [self](const boost::system::error_code&) {
        self->waiting_to_write = false;
        self->flush(self);
      });
      return;
    }
    if (count < 0) return fail_writing(socket_error(errno, "writing to a socket"));
    front.fds.clear();
    front.sent += static_cast<std::size_t>(count);
    outbox_bytes -= static_cast<std::size_t>(count);
    if (front.sent == front.bytes.size()) outbox.pop_front();
  }
  drained.set();
}

void FramedSocket::State::fail_writing(Error error) {
  write_error = std::move(error);
  outbox.clear();
  outbox_bytes = 0;
  drained.set();
}

void FramedSocket::State::close() noexcept {
  if (!socket.is_open()) return;
  if (flush_is_due && !outbox.empty()) {  // what would have gone out at once, but for flush_soon()
    iovec part = part_of(std::string_view(outbox.front().bytes).substr(outbox.front().sent));
    (void)transmit(socket.native_handle(), &part, 1, outbox.front().fds);
  }
  boost::system::error_code ignored;
  socket.close(ignored);
  fail_writing(we_closed());
}

FramedSocket::FramedSocket(const boost::asio::any_io_executor& executor, UniqueFd socket,
                           FramedSocketOptions options)
    : state_(std::make_shared<State>(executor, options)) {
  boost::system::error_code code;
  state_->socket.assign(socket.get(), code);
  if (code) {
    state_->write_error = error_from(code, "watching a socket");
  } else {
    (void)socket.release();
  }
  state_->drained.set();
}

FramedSocket::~FramedSocket() {
  close();
}

Task<Result<Frame>> FramedSocket::read() {
  auto cancellation = co_await boost::asio::this_coro::cancellation_state;
  State& state = *state_;
  for (;;) {
    if (is_cancelled(cancellation)) co_return Unexpected(cancelled_error());
    if (!state.socket.is_open()) co_return Unexpected(we_closed());
    if (state.frames_in_a_row >= kFramesBeforeYield) {
      state.frames_in_a_row = 0;
      co_await yield();
      continue;
    }
    auto frame = state.next_frame();
    if (!frame.has_value()) co_return Unexpected(std::move(frame).error());
    if (frame->has_value()) {
      ++state.frames_in_a_row;
      co_return Result<Frame>(std::move(**frame));
    }
    // A read that did not fill the buffer has most likely taken all there was: waiting then is one
    // system call less than trying again.
    if (!std::exchange(state.more_is_likely, true)) {
      state.frames_in_a_row = 0;
      co_await state.socket.async_wait(Wait::wait_read, kAsTuple);
      continue;
    }
    Received received = receive(state.socket.native_handle(), state.buffer);
    state.more_is_likely = received.error == EINTR || received.count == kReadBytes;
    if (received.error == EAGAIN) continue;
    if (received.error != 0 && received.error != EINTR) {
      co_return Unexpected(socket_error(received.error, "reading from a socket"));
    } else if (received.error == 0) {
      if (received.count == 0) co_return Unexpected(state.end_of_stream());
      ARCELLA_CO_TRY_VOID(state.take_in(std::move(received)));
    }
  }
}

Result<void> FramedSocket::send(std::string_view frame, std::vector<UniqueFd> fds) {
  State& state = *state_;
  ARCELLA_CHECK(fds.size() <= kFdsMax, "a frame carries a bounded number of descriptors");
  ARCELLA_CHECK(
      state.options.framing != Framing::Line || frame.find('\n') == std::string_view::npos,
      "a line has no line feed within");
  if (state.write_error) return fail(*state.write_error);
  if (!state.has_room_for(frame) && !state.waiting_to_write) state.flush(state_);
  if (!state.has_room_for(frame)) {
    return fail(ErrorCode::LimitExceeded, "the peer does not read what it is sent");
  }
  const bool soon = state.has_unread_input() && state.outbox_bytes < kPieceBytes;
  std::size_t sent = state.outbox.empty() && !soon ? state.send_directly(frame, fds) : 0;
  bool line = state.options.framing == Framing::Line;
  std::size_t whole = frame.size() + (line ? 1 : wire::LengthCodec::kHeaderBytes);
  if (sent == whole) return {};
  if (sent > 0) fds.clear();
  state.queue(frame, sent, std::move(fds));
  if (soon) {
    state.flush_soon(state_);
  } else if (!state.waiting_to_write) {
    state.flush(state_);
  }
  if (state.write_error) return fail(*state.write_error);
  return {};
}

Task<Result<void>> FramedSocket::drain() {
  State& state = *state_;
  ARCELLA_CO_TRY_VOID(co_await state.drained.wait());
  if (state.write_error) co_return Unexpected(*state.write_error);
  co_return Result<void>();
}

Task<Result<void>> FramedSocket::hung_up() {
  auto [error] = co_await state_->socket.async_wait(Wait::wait_error, kAsTuple);
  if (!state_->socket.is_open()) co_return Unexpected(we_closed());
  if (error) co_return Unexpected(error_from(error, "watching a socket"));
  co_return Result<void>();
}

std::size_t FramedSocket::queued_bytes() const noexcept {
  return state_->outbox_bytes;
}

void FramedSocket::shutdown() noexcept {
  if (state_->socket.is_open()) ::shutdown(state_->socket.native_handle(), SHUT_RDWR);
}

void FramedSocket::close() noexcept {
  state_->close();
}

bool FramedSocket::closed() const noexcept {
  return !state_->socket.is_open();
}

int FramedSocket::native_handle() const noexcept {
  return state_->socket.is_open() ? const_cast<State&>(*state_).socket.native_handle() : -1;
}

}  // namespace arcella::aio
