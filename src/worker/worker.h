// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The process `arcella-worker serve`: the daemon's messages on one side, the instances on the
// other. It decides nothing: what is loaded, started and stopped the daemon says, what happened it
// is told.
#pragma once

#include <string>

#include "engine/engine.h"

namespace arcella::worker {

struct ServeOptions {
  std::string group;  // for log lines only
  engine::EngineTraits traits;
};

// Runs until the daemon says Shutdown (0) or is gone. Descriptors: ipc/handshake.h. The exit status
// of the process: 2 if it was not started by a daemon, 1 if it could not start or lost its daemon.
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace arcella::worker
