// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/data_port.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "base/log.h"

namespace arcella::worker {
namespace {

using engine::CallOutcome;
using engine::CallOutcomeView;
using engine::Outcome;

// Calls that one thread takes off the socket before it runs one of them.
constexpr std::size_t kBatchMax = 64;

static_assert(static_cast<int>(Outcome::Unavailable) ==
                      static_cast<int>(ipc::DataOutcome::Unavailable) &&
                  static_cast<int>(Outcome::Exited) == static_cast<int>(ipc::DataOutcome::Exited),
              "the data channel numbers outcomes as the engine does");

CallOutcome failure(Outcome outcome, std::string message) {
  CallOutcome made;
  made.outcome = outcome;
  made.message = std::move(message);
  return made;
}

// message, '\0', backtrace: ipc/data_channel.h.
std::string failure_payload(const CallOutcomeView& outcome) {
  std::string text(outcome.message.substr(0, limits::kFailureMessageBytesMax));
  std::erase(text, '\0');
  text += '\0';
  text += outcome.backtrace.substr(0, limits::kFailureBacktraceBytesMax);
  return text;
}

}  // namespace

Result<void> DataFrameReader::cut(std::vector<Frame>& frames) {
  while (end_ - begin_ >= ipc::kDataHeaderBytes) {
    std::array<std::byte, ipc::kDataHeaderBytes> bytes;
    std::memcpy(bytes.data(), ahead_.data() + begin_, bytes.size());
    ARCELLA_TRY(const ipc::DataHeader header, ipc::decode(bytes));
    begin_ += bytes.size();
    Frame frame{header, {}};
    const std::size_t here = std::min<std::size_t>(header.length, end_ - begin_);
    const auto from = ahead_.begin() + static_cast<std::ptrdiff_t>(begin_);
    frame.payload.assign(from, from + static_cast<std::ptrdiff_t>(here));
    begin_ += here;
    if (here < header.length) {
      frame.payload.resize(header.length);
      open_ = std::move(frame);
      open_bytes_ = here;
      break;
    }
    frames.push_back(std::move(frame));
  }
  // The rest is less than a header: to the front, so that there is always room for one.
  std::memmove(ahead_.data(), ahead_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  return {};
}

Result<DataFrameReader::Progress> DataFrameReader::read(int socket, std::vector<Frame>& frames,
                                                        std::size_t frames_max) {
  while (frames.size() < frames_max) {
    std::byte* const to = open_ ? open_->payload.data() + open_bytes_ : ahead_.data() + end_;
    const std::size_t room = open_ ? open_->payload.size() - open_bytes_ : ahead_.size() - end_;
    const ssize_t got = ::recv(socket, to, room, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Progress::Drained;
    if (got <= 0) return Progress::Closed;
    const auto count = static_cast<std::size_t>(got);
    if (open_) {
      open_bytes_ += count;
      if (open_bytes_ == open_->payload.size()) {
        frames.push_back(std::move(*open_));
        open_.reset();
      }
    } else {
      end_ += count;
      ARCELLA_TRY_VOID(cut(frames));
    }
    // A stream socket gives what it has: less than there was room for means nothing is left
    // (epoll(7)).
    if (count < room && !open_) return Progress::Drained;
  }
  return Progress::MayHaveMore;
}

Result<void> DataPort::open() {
  return pool_.watch(socket_.get(), [this] { on_ready(); });
}

void DataPort::set_slot(std::uint32_t slot, std::shared_ptr<host::HostedDeployment> deployment) {
  const MutexLock lock(mutex_);
  if (deployment) {
    slots_[slot] = std::move(deployment);
  } else {
    slots_.erase(slot);
  }
}

bool DataPort::paused() {
  const MutexLock lock(write_mutex_);
  return paused_;
}

void DataPort::on_ready() {
  {
    const MutexLock lock(write_mutex_);
    if (!outbox_.empty()) flush();
    if (paused_) return;
  }
  read_calls();
}

void DataPort::read_calls() {
  std::uint64_t seen = 0;
  {
    const MutexLock lock(mutex_);
    ++arrivals_;
    if (reading_ || closed_) return;  // who reads looks at arrivals_ before it stops
    reading_ = true;
    seen = arrivals_;
  }
  std::vector<Frame> frames;
  for (bool go_on = true; go_on;) {
    const auto progress = reader_.read(socket_.get(), frames, kBatchMax);
    if (!progress) {
      log::error("worker", progress.error().message());
      ::shutdown(socket_.get(), SHUT_RDWR);  // so that the daemon does not wait for answers
    }
    admit(frames);
    const bool wait = paused();
    {
      const MutexLock lock(mutex_);
      closed_ = !progress || *progress == DataFrameReader::Progress::Closed;
      go_on = !closed_ && !wait &&
              (*progress == DataFrameReader::Progress::MayHaveMore || arrivals_ != seen);
      seen = arrivals_;
      reading_ = go_on;
    }
    // More may come: somebody else has to run these.
    const std::size_t keep = go_on || frames.empty() ? 0 : 1;
    while (frames.size() > keep) {
      post_call(std::move(frames.back()));
      frames.pop_back();
    }
  }
  if (!frames.empty()) run_call(frames.front());
}

void DataPort::admit(std::vector<Frame>& frames) {
  std::vector<std::uint64_t> refused;
  std::vector<std::uint64_t> cancelled;
  {
    const MutexLock lock(mutex_);
    std::erase_if(frames, [&](const Frame& frame) ARCELLA_REQUIRES(mutex_) {
      const std::uint64_t request = frame.header.request;
      if (frame.header.kind == ipc::DataKind::Cancel) {
        cancelled.push_back(request);
        return true;
      }
      if (frame.header.kind == ipc::DataKind::Call &&
          in_flight_.size() < limits::kDataInFlightMax) {
        return !in_flight_.try_emplace(request)
                    .second;  // a number in use is answered by the first call's result
      }
      refused.push_back(request);
      return true;
    });
  }
  for (const std::uint64_t request : cancelled) cancel(request);
  for (const std::uint64_t request : refused) {
    reply(request, failure(Outcome::Unavailable,
                           "the worker is overloaded: " + std::to_string(limits::kDataInFlightMax) +
                               " calls are under way"));
  }
}

void DataPort::post_call(Frame frame) {
  // A std::function copies: the frame is shared with nobody.
  pool_.post(
      [this, shared = std::make_shared<const Frame>(std::move(frame))] { run_call(*shared); });
}

void DataPort::run_call(const Frame& frame) {
  const ipc::DataHeader& header = frame.header;
  std::shared_ptr<host::HostedDeployment> deployment;
  bool cancelled = false;
  {
    const MutexLock lock(mutex_);
    const auto slot = slots_.find(header.slot);
    if (slot != slots_.end()) deployment = slot->second;
    cancelled = in_flight_[header.request].cancelled;
  }
  if (cancelled)
    return reply(header.request, failure(Outcome::Cancelled, "cancelled before it began"));
  if (!deployment)
    return reply(header.request, failure(Outcome::Unavailable, "the deployment is not loaded"));
  if (header.encoding_or_outcome > static_cast<std::uint8_t>(engine::Encoding::Values)) {
    return reply(header.request, failure(Outcome::BadArguments, "no such encoding"));
  }
  const std::optional<int> index =
      header.index < 0 ? std::nullopt : std::optional<int>(header.index);
  const engine::CallHandle handle = deployment->call(
      index, header.function, static_cast<engine::Encoding>(header.encoding_or_outcome),
      frame.payload, std::chrono::milliseconds(header.timeout_ms), nullptr,
      [this, request = header.request](const CallOutcomeView& outcome) {
        reply(request, outcome);
      });
  bool cancelled_meanwhile = false;
  {
    const MutexLock lock(mutex_);
    const auto call = in_flight_.find(header.request);
    if (call == in_flight_.end()) return;  // most calls have ended by now
    call->second.handle = handle;
    cancelled_meanwhile = call->second.cancelled;
  }
  if (cancelled_meanwhile) handle.cancel();
}

void DataPort::cancel(std::uint64_t request) {
  engine::CallHandle handle;
  {
    const MutexLock lock(mutex_);
    const auto call = in_flight_.find(request);
    if (call == in_flight_.end()) return;
    call->second.cancelled = true;
    handle = call->second.handle;
  }
  handle.cancel();
}

void DataPort::reply(std::uint64_t request, const CallOutcomeView& outcome) {
  {
    const MutexLock lock(mutex_);
    in_flight_.erase(request);
  }
  ipc::DataHeader header;
  header.kind = ipc::DataKind::Result;
  header.request = request;
  header.index = outcome.exit_status;
  header.encoding_or_outcome = static_cast<std::uint8_t>(outcome.outcome);
  if (outcome.outcome != Outcome::Returned) {
    const std::string text = failure_payload(outcome);
    write(header, std::as_bytes(std::span(text)));
  } else if (outcome.payload.size() > limits::kDataPayloadBytesMax) {
    header.encoding_or_outcome = static_cast<std::uint8_t>(ipc::DataOutcome::BadArguments);
    const std::string text = failure_payload(failure(
        Outcome::BadArguments,
        "the result is larger than " + std::to_string(limits::kDataPayloadBytesMax) + " bytes"));
    write(header, std::as_bytes(std::span(text)));
  } else {
    write(header, outcome.payload);
  }
}

void DataPort::write(ipc::DataHeader header, std::span<const std::byte> payload) {
  header.length = static_cast<std::uint32_t>(payload.size());
  std::array<std::byte, ipc::kDataHeaderBytes> head = ipc::encode(header);
  const MutexLock lock(write_mutex_);
  std::size_t sent = 0;
  if (outbox_.empty()) {
    std::array<iovec, 2> parts{
        {{head.data(), head.size()}, {const_cast<std::byte*>(payload.data()), payload.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t count = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
      return;  // the daemon is gone
    sent = count < 0 ? 0 : static_cast<std::size_t>(count);
    if (sent == head.size() + payload.size()) return;
    pool_.set_interest(socket_.get(), host::EnginePool::Interest::ReadableAndWritable);
  }
  const std::span<const std::byte> rest_of_head =
      std::span(head).subspan(std::min(sent, head.size()));
  const std::span<const std::byte> rest = payload.subspan(sent - std::min(sent, head.size()));
  outbox_.append(reinterpret_cast<const char*>(rest_of_head.data()), rest_of_head.size());
  outbox_.append(reinterpret_cast<const char*>(rest.data()), rest.size());
  if (outbox_.size() - outbox_sent_ > limits::kDataOutboxBytesMax) paused_ = true;
}

void DataPort::flush() {
  while (outbox_sent_ < outbox_.size()) {
    const ssize_t count = ::send(socket_.get(), outbox_.data() + outbox_sent_,
                                 outbox_.size() - outbox_sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      // What is sent must not stay in memory while there is always something to send.
      if (outbox_sent_ > outbox_.size() / 2) outbox_.erase(0, std::exchange(outbox_sent_, 0));
      return;
    }
    if (count < 0) break;  // the daemon is gone
    outbox_sent_ += static_cast<std::size_t>(count);
  }
  outbox_.clear();
  outbox_.shrink_to_fit();
  outbox_sent_ = 0;
  paused_ = false;
  // Asks anew, so that calls which came while reading was paused are seen.
  pool_.set_interest(socket_.get(), host::EnginePool::Interest::Readable);
}

}  // namespace arcella::worker
