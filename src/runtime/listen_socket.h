// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The listening sockets of http deployments. The daemon binds them and keeps a descriptor of each
// while its deployment is to run; the worker that serves gets a duplicate. So connections wait in
// the backlog while a worker is replaced.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "model/deployment.h"

namespace arcella::runtime {

class Registry;
struct DeploymentRecord;

// Listening, non-blocking, close-on-exec, with SO_REUSEADDR. AddressInUse names the address and
// says what to do.
[[nodiscard]] Result<UniqueFd> listen_on(const model::HttpListen& address);
// For a deployment of http. Conflict: it names no address. AddressInUse names the deployment too,
// and the one of ours that has the address.
[[nodiscard]] Result<UniqueFd> listen_for(const Registry& registry,
                                          const model::DeploymentSpec& spec);
// Gives an http deployment the socket it listens on, if it has none yet.
[[nodiscard]] Result<void> ensure_listening(const Registry& registry, DeploymentRecord& record);
// "127.0.0.1:8080", "[::1]:8080": what the socket is bound to (the port that 0 became).
[[nodiscard]] std::string bound_address(const UniqueFd& listener);
[[nodiscard]] std::string to_string(const model::HttpListen& address);

}  // namespace arcella::runtime
