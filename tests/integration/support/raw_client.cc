// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/raw_client.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "support/process.h"

namespace arcella::integration {

RawClient::RawClient(const std::string& socket)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  timeval limit{};
  limit.tv_sec = kDeadline.count();
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(socket_.get(), name, sizeof address) != 0) socket_.reset();
}

ssize_t RawClient::send_some(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count =
        ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0) return -1;
    sent += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(sent);
}

std::size_t RawClient::send_what_fits(std::string_view bytes) {
  const std::string_view rest = bytes.substr(offset_);
  const ssize_t count =
      ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0) {
    if (errno != EAGAIN) socket_.reset();
    return 0;
  }
  offset_ = (offset_ + static_cast<std::size_t>(count)) % bytes.size();
  return static_cast<std::size_t>(count);
}

void RawClient::send_with_fds(std::string_view bytes, std::size_t count) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::vector<int> fds(count, null.get());
  std::vector<char> control(CMSG_SPACE(sizeof(int) * count));
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * count);
  std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * count);
  EXPECT_EQ(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

void RawClient::shut(int how) const {
  ::shutdown(socket_.get(), how);
}

std::string RawClient::read_line() {
  for (;;) {
    const std::size_t end = heard_.find('\n');
    if (end != std::string::npos) {
      std::string line = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return std::exchange(heard_, {});
    heard_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string RawClient::read_to_end() {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return std::exchange(heard_, {});
    heard_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace arcella::integration
