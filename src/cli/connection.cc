// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/connection.h"

#include <utility>

namespace arcella::cli {

Result<Client*> Connection::client(const std::string& socket, const std::string& home) {
  if (client_ && (socket_ != socket || !client_->idle())) client_.reset();
  if (!client_) {
    ARCELLA_TRY(auto fresh, Client::connect(socket, home, interrupt_fd_));
    client_.emplace(std::move(fresh));
    socket_ = socket;
  }
  return &*client_;
}

}  // namespace arcella::cli
