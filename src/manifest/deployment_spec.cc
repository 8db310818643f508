// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <filesystem>
#include <limits>

#include "base/limits.h"
#include "base/text.h"
#include "manifest/manifests.h"
#include "manifest/policy_reader.h"
#include "manifest/toml_reader.h"

namespace arcella::manifest {
namespace {

constexpr std::string_view kOverridesHint = "write it below [deployment.overrides]";

// One of two words; nullopt is reported.
std::optional<bool> read_choice(TableReader& table, std::string_view key, std::string_view yes,
                                std::string_view no) {
  auto word = table.text(key);
  if (!word) return std::nullopt;
  if (word->value == yes) return true;
  if (word->value == no) return false;
  table.report(word->at, key,
               "'" + inert(word->value) + "' is neither \"" + std::string(yes) + "\" nor \"" +
                   std::string(no) + "\"");
  return std::nullopt;
}

void read_env(TableReader& deployment, model::DeploymentSpec& spec) {
  for (const auto& [key, value] : deployment.text_map("env")) {
    if (key.value.empty() || key.value.find('=') != std::string::npos) {
      deployment.report(key.at, "env", "'" + inert(key.value) + "' cannot be a variable's name");
    }
    spec.env.emplace_back(key.value, value.value);
  }
}

void read_network(TableReader& deployment, model::DeploymentSpec& spec) {
  auto network = deployment.table("network");
  if (!network) return;
  spec.allowed_hosts = network->texts("allowed_hosts").value_or(std::vector<std::string>());
  network->finish();
}

void read_mounts(TableReader& deployment, const std::filesystem::path& folder,
                 model::DeploymentSpec& spec) {
  for (TableReader& table : deployment.tables("mounts")) {
    model::Mount mount;
    auto host = table.text("host");
    auto guest = table.text("guest");
    if (!host && !table.has("host")) table.report_missing("host", "host = \"./data\"");
    if (!guest && !table.has("guest")) table.report_missing("guest", "guest = \"/data\"");
    if (host && host->value.empty()) table.report(host->at, "host", "a path is not empty");
    if (host) mount.host = (folder / host->value).lexically_normal().string();
    if (guest) mount.guest = guest->value;
    mount.writable = read_choice(table, "access", "read-write", "read").value_or(false);
    table.finish();
    spec.mounts.push_back(std::move(mount));
  }
}

void read_http(TableReader& deployment, model::DeploymentSpec& spec) {
  auto http = deployment.table("http");
  if (!http) return;
  if (auto listen = http->text("listen")) {
    auto address = model::HttpListen::parse(listen->value);
    if (address.has_value()) {
      spec.http_listen = std::move(address).value();
    } else {
      http->report(listen->at, "listen", address.error().message());
    }
  }
  // Routes on the shared listener: checked, so that files keep; not served yet.
  if (auto route = http->table("route")) {
    (void)route->text("host");
    (void)route->text("path");
    route->finish();
  }
  http->finish();
}

void read_restart(TableReader& deployment, model::RestartFields& restart) {
  auto table = deployment.table("restart");
  if (!table) return;
  if (auto attempts = table->integer("attempts", 0, limits::kRestartAttemptsMax)) {
    restart.attempts = static_cast<int>(attempts->value);
  }
  if (auto interval = table->integer("interval_seconds", 1, limits::kRestartIntervalMax.count())) {
    restart.interval = std::chrono::seconds(interval->value);
  }
  if (auto delay = table->integer("delay_ms", 0, limits::kRestartDelayMax.count())) {
    restart.delay = std::chrono::milliseconds(delay->value);
  }
  restart.give_up = read_choice(*table, "mode", "fail", "delay").value_or(restart.give_up);
  table->finish();
}

// What later stages use: the types are checked, so that a file that is accepted today is accepted
// then.
void read_reserved(TableReader& deployment) {
  (void)deployment.boolean("direct");
  if (auto fused = deployment.texts("fuse_with")) {
    for (const std::string& id : *fused) {
      auto parsed = model::DeploymentId::parse(id);
      if (!parsed.has_value()) {
        deployment.report(deployment.any("fuse_with")->value.at, "fuse_with",
                          parsed.error().message());
      }
    }
  }
  (void)deployment.text_map("config");
  for (const auto& [import, provider] : deployment.text_map("wiring")) {
    auto parsed = model::DeploymentId::parse(provider.value);
    if (!parsed.has_value()) deployment.report(provider.at, "wiring", parsed.error().message());
  }
  if (auto update = deployment.table("update")) {
    (void)read_choice(*update, "strategy", "rolling", "recreate");
    (void)update->integer("min_healthy_ms", 0, std::numeric_limits<std::int32_t>::max());
    (void)update->boolean("auto_revert");
    update->finish();
  }
}

std::optional<model::ComponentId> read_module_id(TableReader& deployment) {
  auto text = deployment.text("module_id");
  if (!text) {
    if (!deployment.has("module_id")) {
      deployment.report_missing("module_id", "module_id = \"http-logger@0.1.0\"");
    }
    return std::nullopt;
  }
  auto id = model::ComponentId::parse(text->value);
  if (id.has_value()) return std::move(id).value();
  deployment.report(text->at, "module_id", id.error().message());
  return std::nullopt;
}

void read_deployment(TableReader& deployment, const std::filesystem::path& folder,
                     model::DeploymentSpec& spec) {
  if (auto group = deployment.text("group")) {
    auto name = model::GroupName::parse(group->value);
    if (name.has_value()) {
      spec.group = std::move(name).value();
    } else {
      deployment.report(group->at, "group", name.error().message());
    }
  }
  if (auto replicas = deployment.integer("replicas", 0, limits::kReplicasMax)) {
    spec.replicas = static_cast<int>(replicas->value);
  }
  spec.args = deployment.texts("args").value_or(std::vector<std::string>());
  if (auto overrides = deployment.table("overrides")) {
    read_policy_fields(*overrides, spec.overrides);
    overrides->finish();
  }
  read_env(deployment, spec);
  read_network(deployment, spec);
  read_mounts(deployment, folder, spec);
  read_http(deployment, spec);
  read_restart(deployment, spec.restart);
  read_reserved(deployment);
  deployment.finish({{"isolation", kOverridesHint},
                     {"trusted", kOverridesHint},
                     {"async", kOverridesHint},
                     {"startup", "write [deployment.overrides.startup]"},
                     {"resources", "write [deployment.overrides.resources]"}});
}

}  // namespace

Parsed<model::DeploymentSpec> read_deployment_spec(std::string_view text, std::string_view file,
                                                   const model::DeploymentId& id,
                                                   std::string_view folder) {
  Report report(file);
  auto node = parse_toml(text, report);
  if (!node) return {std::nullopt, report.take()};
  TableReader root(*node, "", report);
  std::optional<model::DeploymentSpec> spec;
  if (auto deployment = root.table("deployment")) {
    // Read on without a component, to report all at once; such a spec is never given out.
    auto component = read_module_id(*deployment);
    if (!component) component = model::ComponentId::make("unknown", "0.0.0").value();
    spec = model::DeploymentSpec{.id = id, .component = std::move(component).value()};
    read_deployment(*deployment, std::filesystem::path(folder), *spec);
  } else if (!root.has("deployment")) {
    report.add({}, "there is no [deployment] table; it holds at least module_id");
  }
  root.finish({{"startup", "write [deployment.overrides.startup]"},
               {"resources", "write [deployment.overrides.resources]"}});
  if (!report.empty()) return {std::nullopt, report.take()};
  return {std::move(spec), {}};
}

}  // namespace arcella::manifest
