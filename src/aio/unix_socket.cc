// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "aio/await.h"
#include "base/log.h"

namespace arcella::aio {
namespace {

// How long accept() rests when the process is out of descriptors: a connection in the backlog is
// not lost meanwhile.
constexpr std::chrono::milliseconds kAcceptRest{100};

// sun_path holds 107 bytes. A longer path is reached through a descriptor of its folder, which must
// stay open meanwhile.
struct Address {
  sockaddr_un name{};
  UniqueFd folder;
};

Result<Address> address_of(const std::string& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string text = path;
  if (text.size() >= sizeof(address.name.sun_path)) {
    std::filesystem::path whole(path);
    std::filesystem::path parent = whole.has_parent_path() ? whole.parent_path() : ".";
    address.folder.reset(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder.valid())
      return fail(Error::from_errno(errno, "opening " + parent.string()));
    text =
        "/proc/self/fd/" + std::to_string(address.folder.get()) + "/" + whole.filename().string();
  }
  if (path.empty() || text.size() >= sizeof(address.name.sun_path)) {
    return fail(ErrorCode::InvalidParams, "not a usable socket path: '" + path + "'");
  }
  std::memcpy(address.name.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Result<UniqueFd> make_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return fail(Error::from_errno(errno, "making a socket"));
  return socket;
}

int bind_socket(const UniqueFd& socket, const Address& address) {
  const auto* name = reinterpret_cast<const sockaddr*>(&address.name);
  return ::bind(socket.get(), name, sizeof(address.name)) == 0 ? 0 : errno;
}

// Only a socket that refuses connections is dead; anything else in its place stays.
Result<void> remove_dead_socket(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode))
    return fail(ErrorCode::AddressInUse, path + " exists and is no socket");
  Result<UniqueFd> other = connect_unix(path);
  if (other.has_value() || other.error().code() != ErrorCode::Unavailable) {
    return fail(ErrorCode::AddressInUse, path + " is in use by another process");
  }
  if (::unlink(path.c_str()) != 0) return fail(Error::from_errno(errno, "removing " + path));
  return {};
}

bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> socket_pair() {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return fail(Error::from_errno(errno, "making a socket pair"));
  }
  return std::pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

Result<PeerCredentials> peer_credentials(int socket) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return fail(Error::from_errno(errno, "asking who is connected"));
  }
  return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

Result<UniqueFd> connect_unix(const std::string& path) {
  ARCELLA_TRY(auto address, address_of(path));
  ARCELLA_TRY(auto socket, make_socket());
  const auto* name = reinterpret_cast<const sockaddr*>(&address.name);
  if (::connect(socket.get(), name, sizeof(address.name)) != 0) {
    int error = errno;
    // EAGAIN: the backlog is full; somebody is there, but does not accept.
    if (error == ECONNREFUSED) return fail(ErrorCode::Unavailable, "nobody listens on " + path);
    return fail(Error::from_errno(error, "connecting to " + path));
  }
  return socket;
}

UnixListener::UnixListener(const boost::asio::any_io_executor& executor, std::string path)
    : socket_(executor), path_(std::move(path)) {}

UnixListener::~UnixListener() {
  close();
}

Result<std::unique_ptr<UnixListener>> UnixListener::listen(
    const boost::asio::any_io_executor& executor, std::string path) {
  ARCELLA_TRY(auto address, address_of(path));
  ARCELLA_TRY(auto socket, make_socket());
  // Linux gives the file the mode of the socket, so that it is never open to others, not even for a
  // moment.
  if (::fchmod(socket.get(), 0600) != 0) return fail(Error::from_errno(errno, "making a socket"));
  int error = bind_socket(socket, address);
  if (error == EADDRINUSE) {
    ARCELLA_TRY_VOID(remove_dead_socket(path));
    error = bind_socket(socket, address);
  }
  if (error != 0) return fail(Error::from_errno(error, "listening on " + path));
  if (::listen(socket.get(), SOMAXCONN) != 0) {
    return fail(Error::from_errno(errno, "listening on " + path));
  }
  auto listener = std::unique_ptr<UnixListener>(new UnixListener(executor, std::move(path)));
  boost::system::error_code code;
  listener->socket_.assign(socket.get(), code);
  if (code) return fail(error_from(code, "listening on " + listener->path_));
  (void)socket.release();
  return listener;
}

Task<Result<UniqueFd>> UnixListener::accept() {
  auto state = co_await boost::asio::this_coro::cancellation_state;
  for (;;) {
    if (!socket_.is_open()) co_return fail(ErrorCode::Unavailable, "the listener is closed");
    if (is_cancelled(state)) co_return Unexpected(cancelled_error());
    UniqueFd client(
        ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.valid()) co_return Result<UniqueFd>(std::move(client));
    int error = errno;
    if (error == EAGAIN) {
      co_await socket_.async_wait(boost::asio::posix::descriptor_base::wait_read, kAsTuple);
    } else if (out_of_resources(error)) {
      const std::string why = Error::from_errno(error, "accepting").message();
      log::warn("aio", "cannot accept a connection now", {{"error", why}});
      ARCELLA_CO_TRY_VOID(co_await sleep_for(kAcceptRest));
    } else if (error != ECONNABORTED && error != EINTR) {
      co_return Unexpected(Error::from_errno(error, "accepting a connection"));
    }
  }
}

void UnixListener::close() noexcept {
  if (!socket_.is_open()) return;
  ::unlink(path_.c_str());
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace arcella::aio
