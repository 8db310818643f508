// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/client.h"

namespace arcella::cli {

// The connection that commands share, one after the other. It is made when the first one asks, and
// made anew when the daemon has closed it (it restarted), when a command left something pending on
// it (it was interrupted), or for another socket.
// Owner: the shell, or the one command of a run.  Thread: one.
class Connection {
 public:
  // For each client; -1: nothing interrupts but the end of the process.
  explicit Connection(int interrupt_fd = -1) : interrupt_fd_(interrupt_fd) {}

  // Good until the next call of client() or close(). As Client::connect.
  Result<Client*> client(const std::string& socket, const std::string& home);
  // Cancels what is pending. Idempotent.
  void close() { client_.reset(); }

 private:
  int interrupt_fd_;
  std::string socket_;
  std::optional<Client> client_;
};

}  // namespace arcella::cli
