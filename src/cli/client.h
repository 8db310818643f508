// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One ALME connection, as the command line needs it: one request, wait for its answer, perhaps
// notifications after it. Blocking, without a deadline: an install may compile for minutes, and
// whoever waits has Ctrl-C.
#pragma once

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

// Owner: the command that runs.  Thread: one.  The connection closes with it, which cancels what is
// pending.
class Client {
 public:
  // Unavailable when no daemon answers at `socket`; the message says how to start one for `home`.
  static Result<Client> connect(const std::string& socket, const std::string& home);

  // The answer's result, or its error. `fds` travel beside the request; they stay the caller's.
  Result<wire::Json> call(std::string_view method, wire::Json params,
                          std::span<const int> fds = {});
  // Waits for the next one. Unavailable when the daemon closes.
  Result<wire::RpcRequest> next_notification();

 private:
  explicit Client(UniqueFd socket);
  Result<void> send(std::string_view line, std::span<const int> fds);
  Result<wire::Json> receive();

  UniqueFd socket_;
  wire::LineCodec codec_;
  std::vector<wire::RpcRequest> notifications_;  // came before the answer
  std::int64_t last_id_ = 0;
};

}  // namespace arcella::cli
