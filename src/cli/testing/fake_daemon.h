// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A socket that answers each line with the next of the lines it was given: the other side of the
// command line's client.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/testing/temporary_folder.h"
#include "base/unique_fd.h"

namespace arcella::cli::testing {

// Owner: the test.  Thread: serves one connection on its own; what it heard may be read after
// join().
class FakeDaemon {
 public:
  // After the last answer it closes.
  explicit FakeDaemon(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    ARCELLA_CHECK(::bind(listener_.get(), name, sizeof address) == 0, "a socket");
    ARCELLA_CHECK(::listen(listener_.get(), 1) == 0, "a listening socket");
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDaemon() { join(); }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  [[nodiscard]] const std::string& home() const noexcept { return home_; }
  [[nodiscard]] std::string socket() const { return home_ + "/alme"; }
  // From now on it hears and says nothing more, but keeps the connection open until the client
  // goes.
  void stay_silent() { silent_ = true; }
  void join() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // an accept() that nobody came for returns
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] const std::vector<std::string>& heard() const noexcept { return heard_; }
  [[nodiscard]] int fds() const noexcept { return fds_; }

 private:
  void serve() {
    const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.valid()) return;
    std::string bytes;
    while (silent_) {
      if (!receive(client.get(), bytes)) return;
    }
    for (const std::string& answer : answers_) {
      while (bytes.find('\n') == std::string::npos) {
        if (!receive(client.get(), bytes)) return;
      }
      heard_.push_back(bytes.substr(0, bytes.find('\n')));
      bytes.erase(0, bytes.find('\n') + 1);
      if (::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
    }
  }
  bool receive(int client, std::string& bytes) {
    std::array<char, 4096> buffer;
    alignas(cmsghdr) std::array<char, 256> control;
    iovec piece{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(client, &message, MSG_CMSG_CLOEXEC);
    if (count <= 0) return false;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
      const std::size_t number = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < number; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
        ::close(fd);
        ++fds_;
      }
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

  std::vector<std::string> answers_;
  TemporaryFolder temporary_;
  std::string home_ = temporary_.path();
  UniqueFd listener_;
  std::vector<std::string> heard_;
  int fds_ = 0;
  std::atomic<bool> silent_ = false;
  std::thread thread_;
};

}  // namespace arcella::cli::testing
