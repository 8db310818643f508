// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/data_channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>

#include "aio/await.h"
#include "base/check.h"
#include "base/limits.h"
#include "ipc/untrusted_text.h"
#include "wire/utf8.h"

namespace arcella::ipc {
namespace {

constexpr std::size_t kReadBytes = 64U << 10;
// A long payload is read in pieces of this size: a worker that only claims a length makes us touch
// no memory for it.
constexpr std::size_t kPieceBytes = 1U << 20;

using Socket = boost::asio::local::stream_protocol::socket;

Error unavailable(std::string why) {
  return {ErrorCode::Unavailable, std::move(why)};
}

}  // namespace

FailureText failure_text(std::span<const std::byte> payload) {
  std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
  std::size_t end = std::min(text.find('\0'), text.size());
  std::string_view backtrace = text.substr(std::min(end + 1, text.size()));
  // Cut before the costlier steps, and after: replacing ill-formed bytes makes text longer.
  std::string first = wire::to_utf8(text.substr(0, std::min(end, limits::kFailureMessageBytesMax)));
  std::string rest = wire::to_utf8(backtrace.substr(0, limits::kFailureBacktraceBytesMax));
  return {harmless_line(first, limits::kFailureMessageBytesMax),
          harmless_lines(rest, limits::kFailureBacktraceBytesMax)};
}

struct DataChannel::State {
  // A call under way; free when `done` is empty. The generation tells a late Result from that of
  // the slot's next call.
  struct Slot {
    std::uint32_t generation = 1;
    Done done;
  };
  struct Outgoing {
    std::vector<std::byte> bytes;
    std::size_t sent = 0;
  };

  explicit State(const boost::asio::any_io_executor& executor)
      : socket(executor), buffer(kReadBytes) {}

  std::uint64_t take_slot(Done done);
  Done release(std::uint64_t request);  // empty if there is no such call
  bool send(const DataHeader& header, std::span<const std::byte> payload);
  void queue(std::span<const std::byte> head, std::span<const std::byte> payload, std::size_t sent);
  void flush(const std::shared_ptr<State>& self);
  void complete(const DataHeader& header, std::vector<std::byte> payload);
  std::optional<Error> take_frames(std::optional<DataHeader>& unfinished);
  aio::Task<std::optional<Error>> read_long(DataHeader header);
  void close(const std::string& reason);

  Socket socket;
  std::optional<std::string> closed;  // why

  std::vector<Slot> slots;
  std::vector<std::uint32_t> free;
  int in_flight = 0;

  std::vector<std::byte> buffer;  // bytes [begin, end) are read and not taken
  std::size_t begin = 0;
  std::size_t end = 0;

  std::deque<Outgoing> outbox;
  std::size_t outbox_bytes = 0;
  bool waiting_to_write = false;
};

std::uint64_t DataChannel::State::take_slot(Done done) {
  if (free.empty()) {
    free.push_back(static_cast<std::uint32_t>(slots.size()));
    slots.emplace_back();
  }
  std::uint32_t index = free.back();
  free.pop_back();
  Slot& slot = slots[index];
  slot.done = std::move(done);
  ++in_flight;
  return std::uint64_t{slot.generation} << 32U | index;
}

DataChannel::Done DataChannel::State::release(std::uint64_t request) {
  auto index = static_cast<std::uint32_t>(request);
  if (index >= slots.size()) return {};
  Slot& slot = slots[index];
  if (slot.generation != request >> 32U || !slot.done) return {};
  Done done = std::exchange(slot.done, {});
  if (++slot.generation == 0) slot.generation = 1;  // a request is never 0
  free.push_back(index);
  --in_flight;
  return done;
}

// False when the peer is gone. The payload is copied only as far as the socket does not take it
// now.
bool DataChannel::State::send(const DataHeader& header, std::span<const std::byte> payload) {
  auto head = encode(header);
  std::size_t sent = 0;
  if (outbox.empty()) {
    std::array<iovec, 2> parts{
        {{head.data(), head.size()}, {const_cast<std::byte*>(payload.data()), payload.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    ssize_t count = ::sendmsg(socket.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
    sent = count < 0 ? 0 : static_cast<std::size_t>(count);
    if (sent == head.size() + payload.size()) return true;
  }
  queue(head, payload, sent);
  return true;
}

void DataChannel::State::queue(std::span<const std::byte> head, std::span<const std::byte> payload,
                               std::size_t sent) {
  Outgoing frame;
  frame.bytes.reserve(head.size() + payload.size() - sent);
  std::size_t of_head = std::min(sent, head.size());
  frame.bytes.insert(frame.bytes.end(), head.begin() + static_cast<std::ptrdiff_t>(of_head),
                     head.end());
  auto of_payload = static_cast<std::ptrdiff_t>(sent - of_head);
  frame.bytes.insert(frame.bytes.end(), payload.begin() + of_payload, payload.end());
  outbox_bytes += frame.bytes.size();
  outbox.push_back(std::move(frame));
}

void DataChannel::State::flush(const std::shared_ptr<State>& self) {
  if (waiting_to_write) return;
  while (!outbox.empty() && !closed) {
    Outgoing& front = outbox.front();
    ssize_t count = ::send(socket.native_handle(), front.bytes.data() + front.sent,
                           front.bytes.size() - front.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      waiting_to_write = true;
      socket.async_wait(Socket::wait_write, [self](const boost::system::error_code&) {
        self->waiting_to_write = false;
        self->flush(self);
      });
      return;
    }
    if (count < 0) {  // run() reads the end of the stream and closes
      outbox.clear();
      outbox_bytes = 0;
      return;
    }
    front.sent += static_cast<std::size_t>(count);
    outbox_bytes -= static_cast<std::size_t>(count);
    if (front.sent == front.bytes.size()) outbox.pop_front();
  }
}

void DataChannel::State::complete(const DataHeader& header, std::vector<std::byte> payload) {
  // Unknown: the Result of a call that was cancelled meanwhile.
  Done done = release(header.request);
  if (done) done(DataReply{header, std::move(payload)});
}

// Completes the calls whose frames are whole in the buffer. `unfinished`: the header of a frame
// that does not fit it.
std::optional<Error> DataChannel::State::take_frames(std::optional<DataHeader>& unfinished) {
  while (!closed && end - begin >= kDataHeaderBytes) {
    std::array<std::byte, kDataHeaderBytes> head;
    std::memcpy(head.data(), buffer.data() + begin, head.size());
    auto header = decode(head);
    if (!header.has_value()) return header.error();
    if (header->kind != DataKind::Result) {
      return Error(ErrorCode::InvalidRequest, "data channel: a worker may send only results");
    }
    std::size_t whole = kDataHeaderBytes + header->length;
    if (whole > buffer.size()) {
      unfinished = *header;
      return std::nullopt;
    }
    if (end - begin < whole) break;
    const std::byte* payload = buffer.data() + begin + kDataHeaderBytes;
    begin += whole;
    complete(*header, std::vector<std::byte>(payload, payload + header->length));
  }
  return std::nullopt;
}

// The rest of a frame that is longer than the buffer, straight to where it stays.
aio::Task<std::optional<Error>> DataChannel::State::read_long(DataHeader header) {
  begin += kDataHeaderBytes;
  std::vector<std::byte> payload;
  payload.reserve(header.length);
  payload.assign(buffer.data() + begin, buffer.data() + end);
  begin = end = 0;
  while (payload.size() < header.length) {
    std::size_t have = payload.size();
    payload.resize(std::min<std::size_t>(header.length, have + kPieceBytes));
    auto piece = boost::asio::buffer(payload.data() + have, payload.size() - have);
    auto [error, count] = co_await boost::asio::async_read(socket, piece, aio::kAsTuple);
    if (error) co_return Error(ErrorCode::Io, "data channel: the worker closed it within a frame");
  }
  complete(header, std::move(payload));
  co_return std::nullopt;
}

void DataChannel::State::close(const std::string& reason) {
  if (closed) return;
  closed = reason;
  boost::system::error_code ignored;
  socket.close(ignored);
  outbox.clear();
  outbox_bytes = 0;
  // By index: a `done` may call call(), which refuses from now on.
  for (std::size_t i = 0; i < slots.size(); ++i) {
    Done done = release(std::uint64_t{slots[i].generation} << 32U | i);
    if (done) done(fail(unavailable(reason)));
  }
}

DataChannel::DataChannel(const boost::asio::any_io_executor& executor, UniqueFd socket)
    : state_(std::make_shared<State>(executor)) {
  boost::system::error_code code;
  state_->socket.assign(boost::asio::local::stream_protocol(), socket.get(), code);
  if (code) {
    state_->closed = "watching the data channel: " + code.message();
  } else {
    (void)socket.release();
  }
}

DataChannel::~DataChannel() {
  ARCELLA_CHECK(state_->in_flight == 0, "close() comes before destruction: every call is answered");
  state_->close("the channel is gone");
}

std::uint64_t DataChannel::call(DataHeader header, std::span<const std::byte> payload, Done done) {
  State& state = *state_;
  std::optional<Error> refusal;
  if (state.closed) {
    refusal = unavailable(*state.closed);
  } else if (payload.size() > limits::kDataPayloadBytesMax) {
    refusal = Error(ErrorCode::LimitExceeded,
                    "the arguments take " + std::to_string(payload.size()) +
                        " bytes; the bound is " + std::to_string(limits::kDataPayloadBytesMax));
  } else if (state.in_flight >= limits::kDataInFlightMax ||
             state.outbox_bytes + payload.size() > limits::kDataQueuedBytesMax) {
    refusal = unavailable("the worker has too many calls under way");
  }
  if (refusal) {
    done(fail(std::move(*refusal)));
    return 0;
  }
  header.kind = DataKind::Call;
  header.length = static_cast<std::uint32_t>(payload.size());
  header.request = state.take_slot(std::move(done));
  if (!state.send(header, payload)) {
    state.release(header.request)(fail(unavailable("the worker is gone")));
    return 0;
  }
  if (!state.outbox.empty()) state.flush(state_);
  return header.request;
}

void DataChannel::cancel(std::uint64_t request) {
  State& state = *state_;
  Done done = state.release(request);
  if (!done) return;
  DataHeader header;
  header.kind = DataKind::Cancel;
  header.request = request;
  if (!state.closed) state.send(header, {});
  if (!state.outbox.empty()) state.flush(state_);
  done(fail(ErrorCode::Cancelled, "the call was cancelled"));
}

aio::Task<Error> DataChannel::run() {
  State& state = *state_;
  Error why = unavailable("the worker ended");
  while (!state.closed) {
    std::memmove(state.buffer.data(), state.buffer.data() + state.begin, state.end - state.begin);
    state.end -= std::exchange(state.begin, 0);
    auto space =
        boost::asio::buffer(state.buffer.data() + state.end, state.buffer.size() - state.end);
    auto [error, count] = co_await state.socket.async_read_some(space, aio::kAsTuple);
    if (error) break;
    state.end += count;
    std::optional<DataHeader> unfinished;
    std::optional<Error> broken = state.take_frames(unfinished);
    if (!broken && unfinished) broken = co_await state.read_long(*unfinished);
    if (broken) {
      why = std::move(*broken);
      break;
    }
  }
  if (state.closed) why = unavailable(*state.closed);
  state.close(why.message());
  co_return why;
}

void DataChannel::shutdown() noexcept {
  if (!state_->closed) ::shutdown(state_->socket.native_handle(), SHUT_RDWR);
}

void DataChannel::close(std::string reason) {
  state_->close(reason);
}

int DataChannel::in_flight() const noexcept {
  return state_->in_flight;
}

}  // namespace arcella::ipc
