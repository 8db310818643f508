// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// How a component runs: the template that comes with it, the spec that the administrator writes,
// and the policy that results when the spec's overrides are laid over the template (design.md
// section 5).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "model/ids.h"

namespace arcella::model {

enum class Isolation { Worker, Main };
[[nodiscard]] std::string_view to_string(Isolation isolation) noexcept;  // "worker", "main"
[[nodiscard]] std::optional<Isolation> isolation_from(std::string_view text) noexcept;

struct StartupFields {
  std::optional<std::string> entrypoint;
  std::optional<std::string> shutdown;
  std::optional<std::chrono::seconds> timeout;
  friend bool operator==(const StartupFields&, const StartupFields&) = default;
};

struct ResourceFields {
  std::optional<std::uint64_t> memory_mb;
  std::optional<std::uint64_t> fuel;  // per call
  std::optional<std::uint64_t> call_timeout_ms;
  friend bool operator==(const ResourceFields&, const ResourceFields&) = default;
};

// The fields that a template sets and a spec may override; what is absent keeps the value below it.
struct PolicyFields {
  std::optional<Isolation> isolation;
  std::optional<bool> trusted;
  std::optional<bool> async;
  StartupFields startup;
  ResourceFields resources;
  friend bool operator==(const PolicyFields&, const PolicyFields&) = default;
};

// The effective policy: every field decided.
struct Policy {
  Isolation isolation = Isolation::Worker;
  bool trusted = false;
  bool async = false;
  std::optional<std::string> entrypoint;
  std::optional<std::string> shutdown;
  std::chrono::seconds startup_timeout = limits::kStartupTimeoutDefault;
  std::uint64_t memory_bytes = limits::kGuestMemoryBytesDefault;
  std::optional<std::uint64_t> fuel;
  std::chrono::milliseconds call_timeout = limits::kCallTimeoutDefault;
  friend bool operator==(const Policy&, const Policy&) = default;
};
// Defaults, then the component's template, then the spec's overrides.
[[nodiscard]] Policy merge(const PolicyFields& component_template, const PolicyFields& overrides);

struct Mount {
  std::string host;  // absolute: a relative one was resolved against the deployment file's folder
  std::string guest;
  bool writable = false;
  friend bool operator==(const Mount&, const Mount&) = default;
};

struct HttpListen {
  std::string host;        // numeric address, or "localhost"
  std::uint16_t port = 0;  // 0: the system chooses a free one
  // "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; InvalidParams.
  static Result<HttpListen> parse(std::string_view text);
  [[nodiscard]] std::string str() const;
  friend bool operator==(const HttpListen&, const HttpListen&) = default;
};

// A part of the shared listener: requests for `host` whose path is `path` or below it.
struct HttpRoute {
  std::string host = "*";  // any
  std::string path = "/";
  friend bool operator==(const HttpRoute&, const HttpRoute&) = default;
};

struct RestartFields {  // Nomad's names
  int attempts = limits::kRestartAttempts;
  std::chrono::seconds interval = limits::kRestartInterval;
  std::chrono::milliseconds delay = limits::kRestartDelay;
  bool give_up = true;  // mode = "fail"; false is "delay": wait out the interval and go on
  friend bool operator==(const RestartFields&, const RestartFields&) = default;
};

// How a deployment goes from one version to the next.
enum class UpdateStrategy {
  Rolling,   // start the new one, switch, drain the old one
  Recreate,  // stop, replace, start
};
[[nodiscard]] std::string_view to_string(UpdateStrategy strategy) noexcept;  // "rolling", ...
[[nodiscard]] std::optional<UpdateStrategy> update_strategy_from(std::string_view text) noexcept;

struct UpdateFields {
  UpdateStrategy strategy = UpdateStrategy::Rolling;
  std::chrono::milliseconds min_healthy = limits::kMinHealthyDefault;
  bool auto_revert = true;
  friend bool operator==(const UpdateFields&, const UpdateFields&) = default;
};

// <id>.deployment.toml as written.
struct DeploymentSpec {
  DeploymentId id;
  ComponentId component;
  std::optional<GroupName> group = {};
  int replicas = 1;
  std::vector<std::string> args = {};
  PolicyFields overrides = {};
  std::vector<std::pair<std::string, std::string>> env = {};
  std::vector<std::string> allowed_hosts = {};
  std::vector<Mount> mounts = {};
  std::optional<HttpListen> http_listen = {};
  RestartFields restart = {};
  bool direct = false;                       // worker to worker without the daemon
  std::vector<DeploymentId> fuse_with = {};  // into one store with these
  std::vector<std::pair<std::string, std::string>> config = {};  // wasi:config/store
  std::optional<HttpRoute> http_route = {};
  std::vector<std::pair<std::string, DeploymentId>> wiring = {};  // import -> who provides it
  UpdateFields update = {};
  // How long a call of an import waits for a provider that is not there, and a start for one that
  // does not run; 0: neither does.
  std::chrono::milliseconds provider_wait{0};
  friend bool operator==(const DeploymentSpec&, const DeploymentSpec&) = default;
};

// A deployment as the platform holds it: the spec and what follows from it.
struct Deployment {
  DeploymentSpec spec;
  Policy policy;
  // The components of `spec.fuse_with`, in its order, that its own is composed with (fusion.h).
  // None as long as one of those deployments is not there.
  std::vector<ComponentId> fused = {};
};

// What a deployment is, or was before its last change: counted from 1, and never counted back.
struct Generation {
  int number = 1;
  DeploymentSpec spec;
  friend bool operator==(const Generation&, const Generation&) = default;
};

// What the administrator wants of a deployment; durable.
enum class Desired {
  Stopped,
  Running,
  Completed,  // a command that ran to its end: not run again by a restart of the daemon
};
[[nodiscard]] std::string_view to_string(
    Desired desired) noexcept;  // "stopped", "running", "completed"
[[nodiscard]] std::optional<Desired> desired_from(std::string_view text) noexcept;

}  // namespace arcella::model
