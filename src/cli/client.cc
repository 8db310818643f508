// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "aio/unix_socket.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/text.h"

namespace arcella::cli {
namespace {

constexpr std::size_t kReadBytes = 64U << 10;
constexpr std::size_t kFdsMax = 3;  // stdin, stdout, stderr of `run`

Error no_daemon(const std::string& socket, const std::string& home) {
  return {ErrorCode::Unavailable, "no daemon answers at " + inert(socket) +
                                      "; start one with `arcella --home " + inert(home) + "`"};
}

Error lost() {
  return {ErrorCode::Unavailable,
          "the daemon closed the connection before it answered; see its log"};
}

// For who waits for news and not for an answer. A daemon that shuts down closes as one that dies.
Error ended() {
  return {ErrorCode::Unavailable,
          "the connection has ended: the daemon has shut down or died; its log says which"};
}

}  // namespace

Client::Client(UniqueFd socket, int interrupt_fd)
    : socket_(std::move(socket)),
      interrupt_fd_(interrupt_fd),
      codec_(limits::kAlmeReplyLineBytesMax) {}

Result<Client> Client::connect(const std::string& socket, const std::string& home,
                               int interrupt_fd) {
  auto fd = aio::connect_unix(socket);
  if (!fd.has_value()) {
    // Whatever lies at that path, no daemon does.
    if (fd.error().code() == ErrorCode::PermissionDenied) return fail(std::move(fd).error());
    return fail(no_daemon(socket, home));
  }
  const int flags = ::fcntl(fd->get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd->get(), F_SETFL, flags & ~O_NONBLOCK) < 0) {
    return fail(Error::from_errno(errno, inert(socket)));
  }
  return Client(std::move(*fd), interrupt_fd);
}

Result<void> Client::send(std::string_view line, std::span<const int> fds) {
  ARCELLA_CHECK(fds.size() <= kFdsMax, "a request carries stdin, stdout and stderr at most");
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFdsMax)> control{};
  bool first = true;
  while (!line.empty()) {
    iovec piece{const_cast<char*>(line.data()), line.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (first && !fds.empty()) {  // the descriptors go with the first byte
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(fds.size_bytes());
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(fds.size_bytes());
      std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
    }
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE || errno == ECONNRESET) return fail(lost());
      return fail(Error::from_errno(errno, "asking the daemon"));
    }
    first = false;
    line.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> Client::wait_readable(std::optional<Time> until) {
  for (;;) {
    std::array<pollfd, 2> entries{
        {{socket_.get(), POLLIN, 0}, {interrupt_fd_, POLLIN, 0}}};  // -1 is passed over
    int wait_ms = -1;
    if (until) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now());
      wait_ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    const int ready = ::poll(entries.data(), entries.size(), wait_ms);
    if (ready < 0 && errno != EINTR) return fail(Error::from_errno(errno, "hearing the daemon"));
    if (ready == 0) {
      return fail(ErrorCode::DeadlineExceeded, "the daemon does not answer; see its log");
    }
    if (entries[1].revents != 0) return fail(ErrorCode::Cancelled, "interrupted");
    if (entries[0].revents != 0) return {};
  }
}

Result<wire::Json> Client::receive(std::optional<Time> until) {
  for (;;) {
    ARCELLA_TRY(auto line, codec_.next());
    if (line && !line->empty()) return wire::parse_json(*line);
    if (line) continue;
    ARCELLA_TRY_VOID(wait_readable(until));
    std::array<char, kReadBytes> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count == 0 || (count < 0 && errno == ECONNRESET)) return fail(lost());
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(Error::from_errno(errno, "hearing from the daemon"));
    }
    codec_.feed(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  }
}

Result<wire::Json> Client::call(std::string_view method, wire::Json params,
                                std::span<const int> fds) {
  CallOptions options;
  options.fds = fds;
  return call(method, std::move(params), options);
}

Result<wire::Json> Client::call(std::string_view method, wire::Json params,
                                const CallOptions& options) {
  wire::RpcRequest request;
  request.id = ++last_id_;
  request.method = method;
  request.params = std::move(params);
  const std::string line = wire::LineCodec::encode(wire::to_text(wire::to_json(request)));
  if (line.size() > limits::kAlmeFrameBytesMax) {
    return fail(ErrorCode::LimitExceeded, "the request is " + std::to_string(line.size()) +
                                              " bytes long; ALME takes " +
                                              std::to_string(limits::kAlmeFrameBytesMax));
  }
  // What the daemon answered before it closed is worth more than the failure to write.
  pending_ = true;
  std::optional<Time> until;
  if (options.deadline) until = std::chrono::steady_clock::now() + *options.deadline;
  auto sent = send(line, options.fds);
  for (;;) {
    auto message = receive(until);
    if (!message.has_value()) {
      if (!sent.has_value()) return fail(std::move(sent).error());
      return fail(std::move(message).error());
    }
    const wire::JsonObject* object = message->if_object();
    if (object != nullptr && object->contains("method")) {
      ARCELLA_TRY(auto notification, wire::read_request(std::move(*message)));
      if (options.on_notification) {
        options.on_notification(notification);
      } else {
        notifications_.push_back(std::move(notification));
      }
      continue;
    }
    ARCELLA_TRY(auto response, wire::read_response(std::move(*message)));
    pending_ = false;
    return std::move(response.outcome);  // one request at a time: it is ours
  }
}

Result<wire::RpcRequest> Client::next_notification() {
  if (!notifications_.empty()) {
    wire::RpcRequest first = std::move(notifications_.front());
    notifications_.erase(notifications_.begin());
    return first;
  }
  pending_ = true;  // whoever listens now leaves a subscription behind
  auto message = receive(std::nullopt);
  if (!message.has_value()) {
    const bool closed = message.error().code() == ErrorCode::Unavailable;
    return fail(closed ? ended() : std::move(message).error());
  }
  return wire::read_request(std::move(*message));
}

bool Client::idle() const {
  if (pending_ || codec_.mid_frame() || !notifications_.empty()) return false;
  pollfd entry{socket_.get(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 0;  // readable would be its end, or what nobody asked for
}

}  // namespace arcella::cli
