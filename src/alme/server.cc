// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme/server.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "aio/await.h"
#include "base/limits.h"
#include "base/log.h"

namespace arcella::alme {

Server::Server(const boost::asio::any_io_executor& executor, const MethodTable& table,
               std::unique_ptr<aio::UnixListener> listener)
    : executor_(executor),
      table_(table),
      listener_(std::move(listener)),
      answered_(executor),
      tasks_(executor) {}

Result<std::unique_ptr<Server>> Server::listen(const boost::asio::any_io_executor& executor,
                                               const MethodTable& table, const std::string& path) {
  ARCELLA_TRY(auto listener, aio::UnixListener::listen(executor, path));
  std::unique_ptr<Server> server(new Server(executor, table, std::move(listener)));
  server->tasks_.spawn(server->accept_clients());
  return server;
}

aio::Task<> Server::accept_clients() {
  for (;;) {
    auto socket = co_await listener_->accept();
    if (!socket.has_value()) {
      if (!refusing_) log::error("alme", socket.error().message());
      co_return;
    }
    if (!admit(socket->get())) continue;
    tasks_.spawn(serve(std::move(*socket)));
  }
}

bool Server::admit(int socket) const {
  if (sessions_.size() >= static_cast<std::size_t>(limits::kAlmeClientsMax)) {
    log::warn("alme", "too many clients; one more is closed", {{"clients", sessions_.size()}});
    return false;
  }
  auto peer = aio::peer_credentials(socket);
  if (!peer.has_value()) {
    log::warn("alme", peer.error().message());
    return false;
  }
  if (!may_connect(peer->uid, ::geteuid())) {
    log::warn("alme", "refusing a client of another user",
              {{"uid", peer->uid}, {"pid", peer->pid}});
    return false;
  }
  return true;
}

aio::Task<> Server::serve(UniqueFd socket) {
  auto on_answer = [this] { answered_.set(); };
  auto session =
      sessions_.emplace(sessions_.end(), executor_, table_, std::move(socket), on_answer);
  if (refusing_) session->close();
  co_await session->run();
  const bool was_slow = session->was_slow();
  sessions_.erase(session);
  // Megabytes in small pieces: the allocator would keep them, for want of one that is whole.
  if (was_slow) ::malloc_trim(0);
}

void Server::refuse() {
  refusing_ = true;
  listener_->close();
  for (Session& session : sessions_) session.refuse();
}

aio::Task<> Server::idle() {
  const auto busy = [](const Session& session) { return session.in_progress() > 0; };
  while (std::any_of(sessions_.begin(), sessions_.end(), busy)) {
    answered_.reset();
    co_await answered_.wait_uncancelled();
  }
}

aio::Task<> Server::stop() {
  refuse();
  for (Session& session : sessions_) session.close();
  tasks_.close();
  co_await tasks_.join();
}

}  // namespace arcella::alme
