// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/deployment_rules.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "model/grants.h"
#include "wit/interface_name.h"

namespace arcella::model {
namespace {

std::string quoted(std::string_view text) {
  return "'" + inert(text) + "'";
}

class Checker {
 public:
  Checker(const Deployment& deployment, const ComponentFacts& facts)
      : spec_(deployment.spec), policy_(deployment.policy), facts_(facts) {}

  RuleFindings run() {
    check_component();
    check_place();
    check_replicas();
    check_args();
    check_startup_and_resources();
    check_env();
    check_network();
    check_mounts();
    check_http();
    check_wiring();
    check_restart();
    name_what_is_unchecked();
    return std::move(findings_);
  }

 private:
  void refuse(std::string field, std::string message, std::string hint = {}) {
    findings_.violations.push_back(
        {"deployment." + std::move(field), std::move(message), std::move(hint)});
  }
  void leave(std::string field, std::string message, std::string hint) {
    findings_.unchecked.push_back(
        {"deployment." + std::move(field), "not checked: " + std::move(message), std::move(hint)});
  }

  // `value` in words with its bounds, if it is outside.
  template <class Number>
  void check_range(std::string field, Number value, Number min, Number max, std::string_view unit) {
    if (value >= min && value <= max) return;
    refuse(std::move(field), std::to_string(value) + " is not in " + std::to_string(min) + ".." +
                                 std::to_string(max) + std::string(unit));
  }

  // Is the policy's field what it will be, and not only what it is without the template?
  template <class Field>
  bool decided(const Field& override) const {
    return facts_.template_known || override.has_value();
  }
  bool is_kind(Kind kind) const { return facts_.kind == kind; }
  std::string of_its_kind() const {
    return facts_.id + " is of kind " + quoted(to_string(*facts_.kind));
  }

  void check_component() {
    bool has_nothing = is_kind(Kind::Service) && facts_.exports_something == false;
    if (has_nothing && !policy_.entrypoint && decided(spec_.overrides.startup.entrypoint)) {
      refuse("module_id", facts_.id + " exports nothing that could be started or called",
             "name its start function in startup.entrypoint, or deploy another component");
    }
  }

  void check_place() {
    if (!decided(spec_.overrides.isolation)) return;
    if (policy_.isolation == Isolation::Worker) {
      if (!spec_.group) {
        refuse("group", "isolation 'worker' needs a group: the name of the worker process",
               "write for example group = \"" + spec_.id.str() + "\"");
      }
      return;
    }
    // Who may run in the daemon is a matter of trust; with what, of never blocking it.
    if (!policy_.trusted && decided(spec_.overrides.trusted)) {
      refuse("overrides.trusted",
             "isolation 'main' needs trusted = true: untrusted code runs in a worker",
             "set it if you trust the component, or isolation = \"worker\" and a group");
    }
    if (!policy_.async && decided(spec_.overrides.async)) {
      refuse("overrides.async",
             "isolation 'main' needs async = true: a call that blocks would hold the daemon",
             "set it, or isolation = \"worker\" and a group");
    }
  }

  void check_replicas() {
    bool in_main = policy_.isolation == Isolation::Main && decided(spec_.overrides.isolation);
    if (in_main && spec_.replicas != 1) {
      refuse("replicas",
             "isolation 'main' runs exactly one replica, not " + std::to_string(spec_.replicas),
             "set replicas = 1, or isolation = \"worker\" and a group");
    } else if (is_kind(Kind::Command) && spec_.replicas > 1) {
      refuse("replicas",
             "a command runs once to its end, so replicas is at most 1, not " +
                 std::to_string(spec_.replicas),
             "to run it more often make more deployments");
    } else {
      check_range("replicas", spec_.replicas, 0, limits::kReplicasMax, "");
    }
  }

  void check_args() {
    if (!spec_.args.empty() && facts_.kind && !is_kind(Kind::Command)) {
      refuse("args", of_its_kind() + ", and only commands take arguments", "remove args");
    }
    for (std::size_t i = 0; i < spec_.args.size(); ++i) {
      if (!has_nul(spec_.args[i])) continue;
      refuse(entry("args", i), quoted(spec_.args[i]) + " holds a NUL, which ends a string");
    }
  }

  void check_startup_and_resources() {
    check_range("overrides.startup.timeout_seconds", policy_.startup_timeout.count(),
                std::chrono::seconds::rep{1}, limits::kStartupTimeoutMax.count(), " seconds");
    constexpr std::uint64_t kMebibyte = 1U << 20U;
    check_range("overrides.resources.memory_mb", policy_.memory_bytes / kMebibyte, std::uint64_t{1},
                limits::kGuestMemoryBytesMax / kMebibyte, " MiB");
    if (policy_.fuel == std::uint64_t{0}) {
      refuse("overrides.resources.fuel", "0 lets no call run",
             "leave it out for no fuel limit, or give a positive number");
    }
    check_range("overrides.resources.call_timeout_ms", policy_.call_timeout.count(),
                std::chrono::milliseconds::rep{1}, limits::kCallTimeoutMax.count(), " ms");
  }

  // What the component asks for, if it says so and it is known.
  const Capabilities* asked() const {
    bool there = facts_.capabilities && facts_.capabilities->stated;
    return there ? &*facts_.capabilities : nullptr;
  }
  void refuse_grant(std::string field, std::string_view what, std::string_view list,
                    const std::vector<std::string>& asked) {
    std::string asks = asked.empty() ? "none of the kind" : inert(join(asked, ", "));
    refuse(std::move(field),
           facts_.id + " does not ask for " + quoted(what) + "; it asks for " + asks,
           "remove it, or add it to " + std::string(list) +
               " in [component.capabilities] of the component's component.toml");
  }

  void check_env() {
    std::set<std::string_view> seen;
    for (const auto& [key, value] : spec_.env) {
      std::string field = "env." + inert(key);
      if (!is_variable_name(key) || has_nul(value)) {
        refuse(std::move(field),
               "a variable's name is not empty and holds no '='; neither name nor value holds a "
               "NUL");
      } else if (!seen.insert(key).second) {
        refuse(std::move(field), "given twice", "keep one");
      } else if (asked() != nullptr && !asks_for(asked()->environment, key)) {
        refuse_grant(std::move(field), key, "environment", asked()->environment);
      }
    }
  }

  void check_network() {
    for (std::size_t i = 0; i < spec_.allowed_hosts.size(); ++i) {
      const std::string& host = spec_.allowed_hosts[i];
      std::string field = entry("network.allowed_hosts", i);
      if (!is_origin(host)) {
        refuse(std::move(field),
               quoted(host) + " is not of the form scheme://host[:port] with scheme http or https",
               "write for example https://api.example.com");
      } else if (asked() != nullptr && !asks_for(asked()->network, host)) {
        refuse_grant(std::move(field), host, "network", asked()->network);
      }
    }
  }

  void check_mounts() {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < spec_.mounts.size(); ++i) {
      const Mount& mount = spec_.mounts[i];
      std::string field = entry("mounts", i);
      if (mount.host.empty() || mount.host.front() != '/' || has_nul(mount.host)) {
        refuse(field + ".host", quoted(mount.host) + " is not an absolute path");
      }
      std::string guest = field + ".guest";
      if (!is_guest_path(mount.guest)) {
        refuse(std::move(guest),
               quoted(mount.guest) + " is neither an absolute path without '..' nor '.'",
               "write for example guest = \"/data\"");
      } else if (!seen.insert(mount.guest).second) {
        refuse(std::move(guest), quoted(mount.guest) + " is mounted twice", "keep one");
      } else if (asked() != nullptr && !asks_for_path(asked()->filesystem, mount.guest)) {
        refuse_grant(std::move(guest), mount.guest, "filesystem", asked()->filesystem);
      }
    }
  }

  void check_http() {
    if (is_kind(Kind::Http) && !spec_.http_listen) {
      refuse("http.listen", facts_.id + " serves HTTP and cannot be reached without an address",
             "add for example [deployment.http] listen = \"127.0.0.1:8080\"");
    } else if (facts_.kind && !is_kind(Kind::Http) && (spec_.http_listen || spec_.http_route)) {
      refuse(spec_.http_listen ? "http.listen" : "http.route",
             of_its_kind() + " and does not serve HTTP", "remove it");
    }
    if (spec_.http_listen && !HttpListen::parse(spec_.http_listen->str()).has_value()) {
      refuse("http.listen",
             quoted(spec_.http_listen->host) + " is neither a numeric address nor 'localhost'");
    }
  }

  void check_wiring() {
    if (!facts_.imports) return;
    for (const auto& [text, provider] : spec_.wiring) {
      auto stated = wit::InterfaceName::parse(text);
      if (!stated.has_value() || imports(*stated)) continue;
      std::string hint;
      for (const std::string& name : *facts_.imports) {
        if (!name.starts_with("wasi:")) hint += (hint.empty() ? "" : ", ") + inert(name);
      }
      refuse("wiring." + inert(text), facts_.id + " does not import it",
             "it imports " + (hint.empty() ? "nothing but WASI" : hint));
    }
  }
  bool imports(const wit::InterfaceName& stated) const {
    return std::any_of(facts_.imports->begin(), facts_.imports->end(),
                       [&stated](const std::string& text) {
                         auto name = wit::InterfaceName::parse(text);
                         return name.has_value() && wit::means(stated, *name);
                       });
  }

  void check_restart() {
    const RestartFields& restart = spec_.restart;
    check_range("restart.attempts", restart.attempts, 0, limits::kRestartAttemptsMax, "");
    check_range("restart.interval_seconds", restart.interval.count(), std::chrono::seconds::rep{1},
                limits::kRestartIntervalMax.count(), " seconds");
    check_range("restart.delay_ms", restart.delay.count(), std::chrono::milliseconds::rep{0},
                limits::kRestartDelayMax.count(), " ms");
  }

  void name_what_is_unchecked() {
    constexpr std::string_view kBeside =
        "put its component.toml beside this file, or name it with --component";
    const PolicyFields& own = spec_.overrides;
    bool placed = own.isolation == Isolation::Worker || (own.isolation && own.trusted && own.async);
    if (!facts_.template_known && !placed) {
      leave("overrides.isolation",
            "whether isolation, trusted, async, group and replicas agree: the template of " +
                facts_.id + " is not here",
            std::string(kBeside));
    }
    if (!facts_.kind) {
      leave("module_id",
            "whether args, replicas and http fit " + facts_.id + ": its kind is not known",
            facts_.capabilities ? "state its exports in component.toml" : std::string(kBeside));
    }
    if (!facts_.imports && !spec_.wiring.empty()) {
      leave("wiring", "whether " + facts_.id + " imports what is wired: its binary decides",
            "`deploy` compares them");
    }
    bool grants = !spec_.env.empty() || !spec_.allowed_hosts.empty() || !spec_.mounts.empty();
    if (!facts_.capabilities && grants) {
      leave("module_id", "whether " + facts_.id + " asks for the network, folders and environment",
            std::string(kBeside));
    }
  }

  static std::string entry(std::string_view field, std::size_t index) {
    return std::string(field) + "[" + std::to_string(index) + "]";
  }
  static bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

  const DeploymentSpec& spec_;
  const Policy& policy_;
  const ComponentFacts& facts_;
  RuleFindings findings_;
};

}  // namespace

RuleFindings check_rules(const Deployment& deployment, const ComponentFacts& facts) {
  return Checker(deployment, facts).run();
}

std::vector<RuleViolation> check_rules(const Deployment& deployment, const Component& component) {
  return check_rules(deployment, facts_of(component)).violations;
}

}  // namespace arcella::model
