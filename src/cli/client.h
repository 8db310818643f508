// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One ALME connection, as the command line needs it: one request, wait for its answer, perhaps
// notifications before and after it. Blocking, and by default without a deadline: an install may
// compile for minutes, and whoever waits has Ctrl-C.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "wire/frame_codec.h"
#include "wire/json.h"
#include "wire/json_rpc.h"

namespace arcella::cli {

// What a call may be given beside its params.
struct CallOptions {
  std::span<const int> fds;  // travel beside the request; they stay the caller's
  std::optional<std::chrono::milliseconds> deadline;  // none: as long as it takes
  // For what comes before the answer; without it that is kept for next_notification().
  std::function<void(const wire::RpcRequest&)> on_notification;
};

// Owner: the command that runs, or the Connection of a shell.  Thread: one.  The socket closes with
// it, which cancels what is pending.
class Client {
 public:
  // Unavailable when no daemon answers at `socket`; the message says how to start one for `home`.
  // Where `interrupt_fd` becomes readable, what waits here returns Cancelled.
  static Result<Client> connect(const std::string& socket, const std::string& home,
                                int interrupt_fd = -1);

  // The answer's result, or its error. DeadlineExceeded and Cancelled leave the answer on its way:
  // the connection is then not idle() and must not be used for another call.
  Result<wire::Json> call(std::string_view method, wire::Json params,
                          std::span<const int> fds = {});
  Result<wire::Json> call(std::string_view method, wire::Json params, const CallOptions& options);
  // Waits for the next one. Unavailable when the daemon closes.
  Result<wire::RpcRequest> next_notification();

  // Nothing is pending, nothing unread, and the daemon has not closed: fit for the next command.
  [[nodiscard]] bool idle() const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  Client(UniqueFd socket, int interrupt_fd);
  Result<void> send(std::string_view line, std::span<const int> fds);
  Result<void> wait_readable(std::optional<Time> until);
  Result<wire::Json> receive(std::optional<Time> until);

  UniqueFd socket_;
  int interrupt_fd_;  // not ours
  wire::LineCodec codec_;
  std::vector<wire::RpcRequest> notifications_;  // came before the answer
  std::int64_t last_id_ = 0;
  bool pending_ = false;  // an answer, or notifications, may still come
};

}  // namespace arcella::cli
