// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The process `arcella-worker serve`: the daemon's messages on one side, the instances on the
// other. It decides nothing: what is loaded, started and stopped the daemon says, what happened it
// is told.
#pragma once

#include <cstdint>
#include <string>

#include "base/limits.h"
#include "engine/engine.h"

namespace arcella::worker {

struct ServeOptions {
  std::string group;  // for log lines only
  engine::EngineTraits traits;
  std::uint32_t instances_max = limits::kEngineInstancesDefault;
  int http_threads = 0;  // 0: one per core
  std::string log_level = "info";
  std::string log_format = "text";
};

// Runs until the daemon says Shutdown (0) or is gone. Descriptors: ipc/handshake.h. The exit status
// of the process: 2 if it was not started by a daemon, 1 if it could not start or lost its daemon.
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace arcella::worker
