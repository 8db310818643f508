// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/run_policy.h"

#include <algorithm>

namespace arcella::host {

using std::chrono::milliseconds;

engine::WasiPolicy wasi_policy_of(const model::RunSpec& spec) {
  engine::WasiPolicy policy;
  policy.args = spec.args;
  policy.program = spec.program;
  policy.env = spec.env;
  policy.allowed_hosts = spec.allowed_hosts;
  policy.config = spec.config;
  policy.mounts.reserve(spec.mounts.size());
  for (const model::Mount& mount : spec.mounts) {
    policy.mounts.push_back({.host = mount.host, .guest = mount.guest, .writable = mount.writable});
  }
  return policy;
}

engine::StoreLimits store_limits_of(const model::RunSpec& spec) {
  milliseconds longest = spec.call_timeout;
  if (spec.kind == model::Kind::Command) {
    longest = milliseconds(0);  // a command is not a call: it runs until it ends or is stopped
  } else if (spec.kind == model::Kind::Service && spec.entrypoint && longest.count() > 0) {
    longest = std::max(longest, spec.startup_timeout);
  }
  return {.memory_bytes = spec.memory_bytes, .fuel = spec.fuel, .call_timeout = longest};
}

milliseconds call_timeout_of(const model::RunSpec& spec, milliseconds asked) {
  if (asked.count() <= 0) return spec.call_timeout;
  if (spec.call_timeout.count() <= 0) return asked;
  return std::min(asked, spec.call_timeout);
}

}  // namespace arcella::host
