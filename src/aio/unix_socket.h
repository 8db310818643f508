// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "aio/task.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::aio {

// Two connected stream sockets, close-on-exec.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> socket_pair();

// Who is at the other end of a connected socket, as the kernel knows it.
struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};
[[nodiscard]] Result<PeerCredentials> peer_credentials(int socket);

// Connects to a listening socket in the file system, of any path length. Does not wait: a Unix
// socket connects at once or not at all. NotFound: no such file. Unavailable: nobody listens.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path);

// Owner: a server.  Thread: the executor's.  Stop: accept() must have returned before destruction
// (close() makes it).
class UnixListener {
 public:
  // The socket file has mode 0600 from its first moment. A socket that nobody listens on (left by a
  // crash) is replaced; AddressInUse if somebody does, or if the path is no socket.
  static Result<std::unique_ptr<UnixListener>> listen(const boost::asio::any_io_executor& executor,
                                                      std::string path);
  ~UnixListener();  // close()
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Unavailable after close(), Cancelled. When descriptors or memory run out it waits for better
  // times.
  Task<Result<UniqueFd>> accept();
  // Removes the file too. Idempotent.
  void close() noexcept;

 private:
  UnixListener(const boost::asio::any_io_executor& executor, std::string path);
  boost::asio::posix::stream_descriptor socket_;
  std::string path_;
};

}  // namespace arcella::aio
