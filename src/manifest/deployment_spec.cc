// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <algorithm>
#include <filesystem>

#include "base/limits.h"
#include "manifest/manifests.h"
#include "manifest/policy_reader.h"
#include "manifest/toml_reader.h"
#include "model/grants.h"
#include "wit/interface_name.h"

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
               "'" + word->value + "' is neither \"" + std::string(yes) + "\" nor \"" +
                   std::string(no) + "\"");
  return std::nullopt;
}

void read_env(TableReader& deployment, model::DeploymentSpec& spec) {
  for (const auto& [key, value] : deployment.text_map("env", limits::kManifestValueBytesMax)) {
    if (!model::is_variable_name(key.value)) {
      deployment.report(key.at, "env", "'" + key.value + "' cannot be a variable's name");
    }
    spec.env.emplace_back(key.value, value.value);
  }
}

void read_network(TableReader& deployment, model::DeploymentSpec& spec) {
  auto network = deployment.table("network");
  if (!network) return;
  spec.allowed_hosts = values_of(network->distinct_texts("allowed_hosts"));
  network->finish();
}

void read_mounts(TableReader& deployment, const std::filesystem::path& folder,
                 model::DeploymentSpec& spec) {
  for (TableReader& table : deployment.tables("mounts", limits::kMountsMax)) {
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

// Letters of names and addresses, without a port.
bool is_host(std::string_view text) {
  if (text == "*") return true;
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

bool is_url_path(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < '\x7f' && c != '?' && c != '#';
         });
}

void read_route(TableReader& http, model::DeploymentSpec& spec) {
  auto table = http.table("route");
  if (!table) return;
  model::HttpRoute route;
  if (auto host = table->text("host")) {
    if (!is_host(host->value)) {
      table->report(host->at, "host", "'" + host->value + "' is neither a host's name nor \"*\"");
    }
    route.host = host->value;
  }
  if (auto path = table->text("path")) {
    if (!is_url_path(path->value)) {
      table->report(path->at, "path", "'" + path->value + "' is no path of a URL",
                    "write for example path = \"/api\"");
    }
    route.path = path->value;
  }
  table->finish();
  spec.http_route = std::move(route);
  http.note_no_effect("route", "give the deployment an address of its own with listen");
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
  read_route(*http, spec);
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

// Another deployment; nullopt is reported.
std::optional<model::DeploymentId> read_other(TableReader& deployment, std::string_view key,
                                              const Located<std::string>& text,
                                              const model::DeploymentId& self) {
  auto id = model::DeploymentId::parse(text.value);
  if (!id.has_value()) {
    deployment.report(text.at, key, id.error().message());
    return std::nullopt;
  }
  if (*id == self) {
    deployment.report(text.at, key, "'" + text.value + "' is this deployment itself",
                      "name another one");
    return std::nullopt;
  }
  return std::move(id).value();
}

void read_neighbours(TableReader& deployment, model::DeploymentSpec& spec) {
  if (auto direct = deployment.boolean("direct")) spec.direct = direct->value;
  TableReader::ListBounds bounds;
  bounds.entries_max = limits::kFusedMax;
  if (auto fused = deployment.distinct_texts("fuse_with", bounds)) {
    for (const Located<std::string>& one : *fused) {
      if (auto id = read_other(deployment, "fuse_with", one, spec.id)) {
        spec.fuse_with.push_back(std::move(*id));
      }
    }
  }
  if (auto wait = deployment.integer("provider_wait_ms", 0, limits::kProviderWaitMax.count())) {
    spec.provider_wait = std::chrono::milliseconds(wait->value);
  }
  auto wiring = deployment.text_map("wiring");
  for (const auto& [import, provider] : wiring) {
    auto name = wit::InterfaceName::parse(import.value);
    if (!name.has_value()) deployment.report(import.at, "wiring", name.error().message());
    if (auto id = read_other(deployment, "wiring", provider, spec.id)) {
      spec.wiring.emplace_back(import.value, std::move(*id));
    }
  }
}

void read_config(TableReader& deployment, model::DeploymentSpec& spec) {
  for (auto& [key, value] : deployment.text_map("config", limits::kManifestValueBytesMax)) {
    if (key.value.empty()) deployment.report(key.at, "config", "a key is not empty");
    spec.config.emplace_back(key.value, value.value);
  }
}

void read_update(TableReader& deployment, model::UpdateFields& update) {
  auto table = deployment.table("update");
  if (!table) return;
  if (auto rolling = read_choice(*table, "strategy", "rolling", "recreate")) {
    update.strategy = *rolling ? model::UpdateStrategy::Rolling : model::UpdateStrategy::Recreate;
    if (*rolling) table->note_no_effect("strategy", "an update stops, replaces and starts");
  }
  if (auto healthy = table->integer("min_healthy_ms", 0, limits::kMinHealthyMax.count())) {
    update.min_healthy = std::chrono::milliseconds(healthy->value);
    table->note_no_effect("min_healthy_ms");
  }
  if (auto revert = table->boolean("auto_revert")) {
    update.auto_revert = revert->value;
    table->note_no_effect("auto_revert");
  }
  table->finish();
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
  TableReader::ListBounds bounds;
  bounds.bytes_max = limits::kManifestValueBytesMax;
  spec.args = values_of(deployment.texts("args", bounds));
  if (auto overrides = deployment.table("overrides")) {
    read_policy_fields(*overrides, spec.overrides);
    overrides->finish();
  }
  read_env(deployment, spec);
  read_network(deployment, spec);
  read_mounts(deployment, folder, spec);
  read_http(deployment, spec);
  read_restart(deployment, spec.restart);
  read_neighbours(deployment, spec);
  read_config(deployment, spec);
  read_update(deployment, spec.update);
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
  if (!node) return {std::nullopt, report.take(), {}};
  TableReader root(*node, "", report);
  std::optional<model::DeploymentSpec> spec;
  if (auto deployment = root.table("deployment")) {
    // Read on without a component, to report all at once; such a spec is never given out.
    auto component = read_module_id(*deployment);
    if (!component) component = model::ComponentId::make("unknown", "0.0.0").value();
    spec = model::DeploymentSpec{.id = id, .component = std::move(component).value()};
    read_deployment(*deployment, std::filesystem::path(folder), *spec);
  } else if (!root.has("deployment")) {
    report.add({1, 1}, "there is no [deployment] table", "it holds at least module_id");
  }
  root.finish({{"startup", "write [deployment.overrides.startup]"},
               {"resources", "write [deployment.overrides.resources]"}});
  if (!report.empty()) return {std::nullopt, report.take(), report.take_notes()};
  return {std::move(spec), {}, report.take_notes()};
}

}  // namespace arcella::manifest
