// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Listens on `<home>/alme` and gives each client a Session. Who may connect: the user that the
// daemon runs as, and root (SO_PEERCRED); the file's mode 0600 and the home's 0700 say the same. At
// most limits::kAlmeClientsMax at a time.
#pragma once

#include <sys/types.h>

#include <list>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "aio/event.h"
#include "aio/task.h"
#include "aio/task_scope.h"
#include "aio/unix_socket.h"
#include "alme/method_table.h"
#include "alme/session.h"
#include "base/result.h"

namespace arcella::alme {

// Owner: the daemon's main.  Thread: control.  Stop: co_await stop() before destruction.
class Server {
 public:
  // Clients may connect from here on. A socket file that a dead daemon left is replaced: the home's
  // lock, which the runtime holds already, says that it is dead. `table` outlives the server.
  static Result<std::unique_ptr<Server>> listen(const boost::asio::any_io_executor& executor,
                                                const MethodTable& table, const std::string& path);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // First half of the end: no more clients and requests, what can be cancelled is. The connections
  // stay, so that whoever asked for the shutdown sees when it is done.
  void refuse();
  // Until no request is in progress. After refuse().
  aio::Task<> idle();
  aio::Task<> stop();

  // Whether a peer with this uid may use a daemon that runs as `own`.
  [[nodiscard]] static bool may_connect(uid_t peer, uid_t own) noexcept {
    return peer == own || peer == 0;
  }

 private:
  Server(const boost::asio::any_io_executor& executor, const MethodTable& table,
         std::unique_ptr<aio::UnixListener> listener);
  aio::Task<> accept_clients();
  aio::Task<> serve(UniqueFd socket);
  [[nodiscard]] bool admit(int socket) const;

  // Constant after construction.
  boost::asio::any_io_executor executor_;
  const MethodTable& table_;
  // Control thread only.
  std::unique_ptr<aio::UnixListener> listener_;
  std::list<Session> sessions_;
  bool refusing_ = false;
  aio::Event answered_;  // for idle()
  aio::TaskScope tasks_;
};

}  // namespace arcella::alme
