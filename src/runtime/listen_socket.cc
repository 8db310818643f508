// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/listen_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/limits.h"
#include "runtime/registry.h"

namespace arcella::runtime {
namespace {

struct AddressListFree {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListFree>;

Result<AddressList> numeric_address(const model::HttpListen& address) {
  std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  std::string port = std::to_string(address.port);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  int status = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
  if (status != 0) {
    return fail(ErrorCode::InvalidParams,
                "http.listen: '" + address.host +
                    "' is no address of this machine: write a numeric address or "
                    "\"localhost\", as in \"127.0.0.1:8080\"");
  }
  return AddressList(list);
}

}  // namespace

std::string to_string(const model::HttpListen& address) {
  bool bare_ipv6 = address.host.find(':') != std::string::npos && address.host.front() != '[';
  std::string host = bare_ipv6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

Result<UniqueFd> listen_on(const model::HttpListen& address) {
  model::HttpListen unbracketed = address;
  if (unbracketed.host.size() > 2 && unbracketed.host.front() == '[' &&
      unbracketed.host.back() == ']') {
    unbracketed.host = unbracketed.host.substr(1, unbracketed.host.size() - 2);
  }
  ARCELLA_TRY(AddressList list, numeric_address(unbracketed));
  std::string name = to_string(address);
  UniqueFd listener(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.valid()) return fail(Error::from_errno(errno, "opening a socket for " + name));
  int on = 1;
  (void)::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener.get(), list->ai_addr, list->ai_addrlen) != 0 ||
      ::listen(listener.get(), limits::kHttpBacklog) != 0) {
    int error_number = errno;
    if (error_number == EADDRINUSE) {
      return fail(ErrorCode::AddressInUse, "the address " + name +
                                               " is in use: free it, or set another `listen` in "
                                               "[deployment.http]");
    }
    return fail(Error::from_errno(error_number, "listening on " + name));
  }
  return listener;
}

Result<void> ensure_listening(const Registry& registry, DeploymentRecord& record) {
  if (record.kind != model::Kind::Http || record.listener.valid()) return {};
  ARCELLA_TRY(record.listener, listen_for(registry, record.deployment.spec));
  return {};
}

Result<UniqueFd> listen_for(const Registry& registry, const model::DeploymentSpec& spec) {
  std::string id = spec.id.str();
  if (!spec.http_listen) {
    return fail(ErrorCode::Conflict,
                "deployment '" + id +
                    "' has no address: add [deployment.http] with "
                    "listen = \"127.0.0.1:8080\" to its file and deploy it again");
  }
  auto listener = listen_on(*spec.http_listen);
  if (listener.has_value()) return listener;
  std::string context = "deployment '" + id + "'";
  for (const auto& [other, held] : registry.deployments()) {
    if (held.listener.valid() && held.deployment.spec.http_listen->port == spec.http_listen->port) {
      context +=
          " (deployment '" + other.str() + "' listens on " + bound_address(held.listener) + ")";
    }
  }
  return fail(std::move(listener).error().with_context(context));
}

std::string bound_address(const UniqueFd& listener) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  // The socket interface takes every family's address behind this one pointer type.
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(listener.get(), generic, &length) != 0) return {};
  if (::getnameinfo(generic, length, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return {};
  }
  std::string name = host.data();
  if (address.ss_family == AF_INET6) name = "[" + name + "]";
  return name + ":" + port.data();
}

}  // namespace arcella::runtime
