// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/starter_manifests.h"

#include "manifest/file_names.h"
#include "model/component.h"
#include "model/ids.h"

namespace arcella::cli {
namespace {

constexpr std::string_view kVersion = "0.1.0";

constexpr std::string_view kComponent = R"(# What the component is, and what it asks for.
[component]
name = "NAME"
version = "VERSION"
description = ""

EXPORTS
# All that it asks for: a deployment that grants anything else is refused.
[component.capabilities]
network = []      # "https://api.example.com"
filesystem = []   # "/data", with all below it
environment = []  # "LOG_LEVEL"
)";

constexpr std::string_view kServiceExports =
    R"(# What it offers and needs. Without these lines the binary decides; with them it must agree.
# exports = ["example:NAME/api@VERSION"]
# imports = []
)";
constexpr std::string_view kCommandExports =
    R"(# What it offers and needs; the binary must agree. WASI's imports need not be stated.
exports = ["wasi:cli/run"]
# imports = []
)";
constexpr std::string_view kHttpExports =
    R"(# What it offers and needs; the binary must agree. WASI's imports need not be stated.
exports = ["wasi:http/incoming-handler"]  # "wasi:http/handler" since WASI 0.3
# imports = []
)";
constexpr std::string_view kCoreCommandExports =
    R"(# A core module says nothing of itself, so this file is required.
exports = ["_start"]
)";
constexpr std::string_view kCoreServiceExports =
    R"(# A core module says nothing of itself, so this file is required. Its functions:
# exports = ["add"]
)";

constexpr std::string_view kTemplate =
    R"(# How the component is best run. A deployment may override each field.
[deployment]
isolation = "worker"  # or "main": in the daemon itself, needs trusted and async
trusted = false
async = true          # its calls never block

[startup]
# entrypoint = "start"  # exported function, called once after instantiation
# shutdown = "stop"     # exported function, called on a graceful stop
timeout_seconds = 10

[resources]
memory_mb = 64
# fuel = 1_000_000_000  # instructions per call
call_timeout_ms = 5000
)";

constexpr std::string_view kDeployment =
    R"(# How it runs here. The name of this file is the deployment's id.
[deployment]
module_id = "NAME@VERSION"
group = "NAME"  # the worker process; deployments of one group share it
REPLICAS
[deployment.overrides]  # fields of the template: isolation, trusted, async
# [deployment.overrides.resources]
# memory_mb = 128

# [deployment.env]
# LOG_LEVEL = "info"

# [deployment.network]
# allowed_hosts = ["https://api.example.com"]

# [[deployment.mounts]]
# host = "./data"  # from the folder of this file
# guest = "/data"
# access = "read"  # or "read-write"

HTTP# [deployment.restart]
# attempts = 5
# interval_seconds = 10
# delay_ms = 100
# mode = "fail"  # or "delay"
)";

constexpr std::string_view kReplicas = "replicas = 1\n\n";
constexpr std::string_view kArguments = "# args = [\"--verbose\"]\n\n";
constexpr std::string_view kListen = R"([deployment.http]
listen = "127.0.0.1:8080"

)";

// Each of the words is in capitals and in no other place.
std::string filled(std::string_view pattern, std::string_view word, std::string_view value) {
  std::string text(pattern);
  for (std::size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + value.size())) {
    text.replace(at, word.size(), value);
  }
  return text;
}

std::string named(std::string_view pattern, std::string_view name) {
  return filled(filled(pattern, "VERSION", kVersion), "NAME", name);
}

std::string_view exports_of(model::Kind kind, bool core) {
  switch (kind) {
    case model::Kind::Service:
      return core ? kCoreServiceExports : kServiceExports;
    case model::Kind::Command:
      return core ? kCoreCommandExports : kCommandExports;
    case model::Kind::Http:
      return kHttpExports;
  }
  return "";
}

}  // namespace

Result<std::vector<StarterFile>> starter_manifests(std::string_view name, std::string_view kind,
                                                   bool core) {
  ARCELLA_TRY(auto id, model::ComponentId::make(name, kVersion));
  auto wanted = model::kind_from(kind);
  if (!wanted) {
    return fail(ErrorCode::InvalidParams,
                "--kind '" + std::string(kind) + "': expected service, command or http");
  }
  if (core && *wanted == model::Kind::Http) {
    return fail(ErrorCode::InvalidParams,
                "a core module cannot serve HTTP: leave out --core, or give --kind service or "
                "command");
  }
  bool command = *wanted == model::Kind::Command;
  std::string deployment = filled(kDeployment, "REPLICAS\n", command ? kArguments : kReplicas);
  deployment = filled(deployment, "HTTP", *wanted == model::Kind::Http ? kListen : "");
  return std::vector<StarterFile>{
      {"component.toml", named(filled(kComponent, "EXPORTS", exports_of(*wanted, core)), name)},
      {"deployment-template.toml", std::string(kTemplate)},
      {manifest::deployment_file_name(name), named(deployment, name)}};
}

}  // namespace arcella::cli
