// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/run_spec.h"

namespace arcella::model {

RunSpec run_spec_of(const Deployment& deployment, const Component& component) {
  const DeploymentSpec& spec = deployment.spec;
  const Policy& policy = deployment.policy;
  return RunSpec{
      .deployment = spec.id,
      .program = std::string(component.id.name()),
      .kind = component.kind,
      .args = spec.args,
      .env = spec.env,
      .mounts = spec.mounts,
      .allowed_hosts = spec.allowed_hosts,
      .entrypoint = policy.entrypoint,
      .shutdown = policy.shutdown,
      .startup_timeout = policy.startup_timeout,
      .call_timeout = policy.call_timeout,
      .memory_bytes = policy.memory_bytes,
      .fuel = policy.fuel,
  };
}

}  // namespace arcella::model
