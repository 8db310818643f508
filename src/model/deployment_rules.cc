// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/deployment_rules.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace arcella::model {
namespace {

class Checker {
 public:
  Checker(const Deployment& deployment, const Component& component)
      : spec_(deployment.spec), policy_(deployment.policy), component_(component) {}

  std::vector<RuleViolation> run() {
    check_component();
    check_place();
    check_replicas();
    check_args();
    check_startup_and_resources();
    check_env();
    check_network();
    check_mounts();
    check_http();
    check_restart();
    return std::move(violations_);
  }

 private:
  void refuse(std::string field, std::string message) {
    violations_.push_back({"deployment." + std::move(field), std::move(message)});
  }

  // `value` in words with its bounds, if it is outside.
  template <class Number>
  void check_range(std::string field, Number value, Number min, Number max, std::string_view unit) {
    if (value >= min && value <= max) return;
    refuse(std::move(field), std::to_string(value) + " is not in " + std::to_string(min) + ".." +
                                 std::to_string(max) + std::string(unit));
  }

  void check_component() {
    if (component_.kind == Kind::Service && component_.exports.empty() && !policy_.entrypoint) {
      refuse("module_id", component_.id.str() +
                              " exports nothing that could be started or called; name its start "
                              "function in startup.entrypoint, or deploy another component");
    }
  }

  void check_place() {
    if (policy_.isolation == Isolation::Worker) {
      if (!spec_.group) {
        refuse("group",
               "isolation 'worker' needs a group: the name of the worker process, for "
               "example group = \"" +
                   spec_.id.str() + "\"");
      }
      return;
    }
    // Who may run in the daemon is a matter of trust; with what, of never blocking it.
    if (!policy_.trusted) {
      refuse("overrides.trusted",
             "isolation 'main' needs trusted = true: untrusted code runs in a worker; set it if "
             "you trust the component, or isolation = \"worker\" and a group");
    }
    if (!policy_.async) {
      refuse("overrides.async",
             "isolation 'main' needs async = true: a call that blocks would hold the daemon; set "
             "it, or isolation = \"worker\" and a group");
    }
  }

  void check_replicas() {
    if (policy_.isolation == Isolation::Main && spec_.replicas != 1) {
      refuse("replicas", "isolation 'main' runs exactly one replica, not " +
                             std::to_string(spec_.replicas) +
                             "; set replicas = 1, or isolation = \"worker\" and a group");
    } else if (component_.kind == Kind::Command && spec_.replicas > 1) {
      refuse("replicas", "a command runs once to its end, so replicas is at most 1, not " +
                             std::to_string(spec_.replicas) +
                             "; to run it more often make more deployments");
    } else {
      check_range("replicas", spec_.replicas, 0, limits::kReplicasMax, "");
    }
  }

  void check_args() {
    if (!spec_.args.empty() && component_.kind != Kind::Command) {
      refuse("args", component_.id.str() + " is of kind '" +
                         std::string(to_string(component_.kind)) +
                         "', and only commands take arguments; remove args");
    }
    for (const std::string& arg : spec_.args) {
      if (has_nul(arg)) refuse("args", "'" + inert(arg) + "' holds a NUL, which ends a string");
    }
  }

  void check_startup_and_resources() {
    check_range("overrides.startup.timeout_seconds", policy_.startup_timeout.count(),
                std::chrono::seconds::rep{1}, limits::kStartupTimeoutMax.count(), " seconds");
    constexpr std::uint64_t kMebibyte = 1U << 20U;
    check_range("overrides.resources.memory_mb", policy_.memory_bytes / kMebibyte, std::uint64_t{1},
                limits::kGuestMemoryBytesMax / kMebibyte, " MiB");
    if (policy_.fuel == std::uint64_t{0}) {
      refuse("overrides.resources.fuel",
             "0 lets no call run; leave it out for no fuel limit, or give a positive number");
    }
    check_range("overrides.resources.call_timeout_ms", policy_.call_timeout.count(),
                std::chrono::milliseconds::rep{1}, limits::kCallTimeoutMax.count(), " ms");
  }

  void check_env() {
    std::set<std::string_view> seen;
    for (const auto& [key, value] : spec_.env) {
      std::string field = "env." + inert(key);
      if (key.empty() || key.find('=') != std::string::npos || has_nul(key) || has_nul(value)) {
        refuse(std::move(field),
               "a variable's name is not empty and holds no '='; neither name "
               "nor value holds a NUL");
      } else if (!seen.insert(key).second) {
        refuse(std::move(field), "given twice; keep one");
      }
    }
  }

  void check_network() {
    const std::vector<std::string>& asked = component_.capabilities.network;
    for (const std::string& host : spec_.allowed_hosts) {
      if (!is_origin(host)) {
        refuse("network.allowed_hosts",
               "'" + inert(host) +
                   "' is not of the form scheme://host[:port] with scheme http or "
                   "https, for example https://api.example.com");
        continue;
      }
      // A component without the list (a bare binary) does not say what it needs: the administrator
      // alone decides.
      if (asked.empty() || std::find(asked.begin(), asked.end(), host) != asked.end()) continue;
      refuse("network.allowed_hosts",
             component_.id.str() + " does not ask for " + host + "; it asks for " +
                 join(asked, ", ") +
                 ": remove the host, or add it to network in the component's "
                 "component.toml");
    }
  }

  static bool is_origin(std::string_view text) {
    std::string_view rest;
    for (std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
      if (text.substr(0, scheme.size()) == scheme) rest = text.substr(scheme.size());
    }
    return !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-._:[]").find(c) != std::string_view::npos;
    });
  }

  void check_mounts() {
    std::set<std::string_view> seen;
    for (const Mount& mount : spec_.mounts) {
      std::string shown = "'" + inert(mount.guest) + "'";
      if (mount.host.empty() || mount.host.front() != '/' || has_nul(mount.host)) {
        refuse("mounts", "host '" + inert(mount.host) + "' is not an absolute path");
      }
      if (mount.guest != "." && (mount.guest.empty() || mount.guest.front() != '/')) {
        refuse("mounts", "guest " + shown +
                             " is neither an absolute path nor '.'; write for example "
                             "guest = \"/data\"");
      } else if (climbs(mount.guest) || has_nul(mount.guest)) {
        refuse("mounts", "guest " + shown + " must not hold '..'");
      } else if (!seen.insert(mount.guest).second) {
        refuse("mounts", "guest " + shown + " is mounted twice; keep one");
      }
    }
  }

  static bool climbs(std::string_view path) {
    while (!path.empty()) {
      std::size_t slash = path.find('/');
      if (path.substr(0, slash) == "..") return true;
      if (slash == std::string_view::npos) return false;
      path.remove_prefix(slash + 1);
    }
    return false;
  }

  void check_http() {
    bool serves = component_.kind == Kind::Http;
    if (serves && !spec_.http_listen) {
      refuse("http.listen", component_.id.str() +
                                " serves HTTP and cannot be reached without an address; add for "
                                "example [deployment.http] listen = \"127.0.0.1:8080\"");
    } else if (!serves && spec_.http_listen) {
      refuse("http.listen", component_.id.str() + " is of kind '" +
                                std::string(to_string(component_.kind)) +
                                "' and does not serve HTTP; remove it");
    }
    if (spec_.http_listen && !HttpListen::parse(spec_.http_listen->str()).has_value()) {
      refuse("http.listen", "'" + inert(spec_.http_listen->host) +
                                "' is neither a numeric address nor 'localhost'");
    }
  }

  void check_restart() {
    const RestartFields& restart = spec_.restart;
    check_range("restart.attempts", restart.attempts, 0, limits::kRestartAttemptsMax, "");
    check_range("restart.interval_seconds", restart.interval.count(), std::chrono::seconds::rep{1},
                limits::kRestartIntervalMax.count(), " seconds");
    check_range("restart.delay_ms", restart.delay.count(), std::chrono::milliseconds::rep{0},
                limits::kRestartDelayMax.count(), " ms");
  }

  static bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

  const DeploymentSpec& spec_;
  const Policy& policy_;
  const Component& component_;
  std::vector<RuleViolation> violations_;
};

}  // namespace

std::vector<RuleViolation> check_rules(const Deployment& deployment, const Component& component) {
  return Checker(deployment, component).run();
}

}  // namespace arcella::model
