// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a process needs to know to run a deployment's replicas: derived by the daemon from the
// deployment and its component, sent to the worker or given to the host in main. No policy: when to
// restart, what is trusted and where it runs are the daemon's.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/component.h"
#include "model/deployment.h"

namespace arcella::model {

struct RunSpec {
  DeploymentId deployment;
  std::string program = {};  // argv[0]: the component's name
  Kind kind = Kind::Service;
  std::vector<std::string> args = {};
  std::vector<std::pair<std::string, std::string>> env = {};
  std::vector<Mount> mounts = {};
  std::vector<std::string> allowed_hosts = {};
  std::vector<std::pair<std::string, std::string>> config = {};  // what wasi:config tells
  // Where wasi:keyvalue keeps the deployment's keys, absolute; nullopt: there is no bucket.
  std::optional<std::string> keys_folder = {};
  std::optional<std::string> entrypoint = {};
  std::optional<std::string> shutdown = {};
  std::chrono::milliseconds startup_timeout{limits::kStartupTimeoutDefault};
  std::chrono::milliseconds call_timeout{limits::kCallTimeoutDefault};
  std::chrono::milliseconds provider_wait{0};  // of a call of an import; 0: none
  std::uint64_t memory_bytes = limits::kGuestMemoryBytesDefault;
  std::optional<std::uint64_t> fuel = {};
  friend bool operator==(const RunSpec&, const RunSpec&) = default;
};

// Of a deployment whose home is the folder `home`.
[[nodiscard]] RunSpec run_spec_of(const Deployment& deployment, const Component& component,
                                  const std::string& home);

// Of all deployments, below `home`; each has the folder of its id there.
[[nodiscard]] std::string keys_folder_of(const std::string& home);

}  // namespace arcella::model
