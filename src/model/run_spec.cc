// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/run_spec.h"

#include <algorithm>

namespace arcella::model {

namespace {

bool wants_keys(const Component& component) {
  return std::any_of(
      component.imports.begin(), component.imports.end(),
      [](const InterfaceItem& import) { return import.name.starts_with("wasi:keyvalue/"); });
}

}  // namespace

std::string keys_folder_of(const std::string& home) {
  return home + "/state/keys";
}

RunSpec run_spec_of(const Deployment& deployment, const Component& component,
                    const std::string& home) {
  const DeploymentSpec& spec = deployment.spec;
  const Policy& policy = deployment.policy;
  RunSpec made{
      .deployment = spec.id,
      .program = std::string(component.id.name()),
      .kind = component.kind,
      .args = spec.args,
      .env = spec.env,
      .mounts = spec.mounts,
      .allowed_hosts = spec.allowed_hosts,
      .config = spec.config,
      .entrypoint = policy.entrypoint,
      .shutdown = policy.shutdown,
      .startup_timeout = policy.startup_timeout,
      .call_timeout = policy.call_timeout,
      .provider_wait = spec.provider_wait,
      .memory_bytes = policy.memory_bytes,
      .fuel = policy.fuel,
  };
  if (wants_keys(component)) made.keys_folder = keys_folder_of(home) + "/" + spec.id.str();
  return made;
}

}  // namespace arcella::model
