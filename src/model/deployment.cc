// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/deployment.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace arcella::model {
namespace {

// The first that is there wins.
template <class T>
std::optional<T> first_of(const std::optional<T>& over, const std::optional<T>& under) {
  return over ? over : under;
}

// A product past 64 bits would wrap to a small, lawful value: it stays at the top, where the rules
// refuse it.
std::uint64_t mebibytes(std::uint64_t count) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() >> 20U;
  return std::min(count, kMost) << 20U;
}

std::chrono::milliseconds milliseconds(std::uint64_t count) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::chrono::milliseconds::max().count());
  return std::chrono::milliseconds(
      static_cast<std::chrono::milliseconds::rep>(std::min(count, kMost)));
}

}  // namespace

std::string_view to_string(Isolation isolation) noexcept {
  return isolation == Isolation::Worker ? "worker" : "main";
}

std::optional<Isolation> isolation_from(std::string_view text) noexcept {
  for (Isolation isolation : {Isolation::Worker, Isolation::Main}) {
    if (to_string(isolation) == text) return isolation;
  }
  return std::nullopt;
}

Policy merge(const PolicyFields& component_template, const PolicyFields& overrides) {
  const PolicyFields& under = component_template;
  const PolicyFields& over = overrides;
  Policy policy;
  policy.isolation = first_of(over.isolation, under.isolation).value_or(policy.isolation);
  policy.trusted = first_of(over.trusted, under.trusted).value_or(policy.trusted);
  policy.async = first_of(over.async, under.async).value_or(policy.async);
  policy.entrypoint = first_of(over.startup.entrypoint, under.startup.entrypoint);
  policy.shutdown = first_of(over.startup.shutdown, under.startup.shutdown);
  policy.startup_timeout =
      first_of(over.startup.timeout, under.startup.timeout).value_or(policy.startup_timeout);
  if (auto memory = first_of(over.resources.memory_mb, under.resources.memory_mb)) {
    policy.memory_bytes = mebibytes(*memory);
  }
  policy.fuel = first_of(over.resources.fuel, under.resources.fuel);
  if (auto timeout = first_of(over.resources.call_timeout_ms, under.resources.call_timeout_ms)) {
    policy.call_timeout = milliseconds(*timeout);
  }
  return policy;
}

Result<HttpListen> HttpListen::parse(std::string_view text) {
  auto refuse = [text](std::string_view why) {
    return fail(ErrorCode::InvalidParams,
                "'" + inert(text) + "' is no listening address: " + std::string(why) +
                    "; expected address:port, for example 127.0.0.1:8080 or [::1]:8080");
  };
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse("the port is missing");
  std::string_view port = text.substr(colon + 1);
  HttpListen listen;
  auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (failure != std::errc() || end != port.data() + port.size()) {
    return refuse("the port is not a number from 0 to 65535");
  }
  std::string_view host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  listen.host = host;
  in6_addr address{};
  int family = bracketed ? AF_INET6 : AF_INET;
  bool numeric = ::inet_pton(family, listen.host.c_str(), &address) == 1;
  if (!numeric && (bracketed || host != "localhost")) {
    return refuse("the host is neither a numeric address nor 'localhost'");
  }
  return listen;
}

std::string HttpListen::str() const {
  bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string_view to_string(UpdateStrategy strategy) noexcept {
  return strategy == UpdateStrategy::Rolling ? "rolling" : "recreate";
}

std::optional<UpdateStrategy> update_strategy_from(std::string_view text) noexcept {
  for (UpdateStrategy strategy : {UpdateStrategy::Rolling, UpdateStrategy::Recreate}) {
    if (to_string(strategy) == text) return strategy;
  }
  return std::nullopt;
}

std::string_view to_string(Desired desired) noexcept {
  switch (desired) {
    case Desired::Stopped:
      return "stopped";
    case Desired::Running:
      return "running";
    case Desired::Completed:
      return "completed";
  }
  return "?";
}

std::optional<Desired> desired_from(std::string_view text) noexcept {
  for (Desired desired : {Desired::Stopped, Desired::Running, Desired::Completed}) {
    if (to_string(desired) == text) return desired;
  }
  return std::nullopt;
}

}  // namespace arcella::model
