// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include "engine/engine.h"

namespace arcella::worker {

struct RunOptions {
  engine::EngineTraits traits;
};

// The process `arcella-worker run`: one command on the descriptors 0, 1 and 2 of whoever asked for
// it. What to run comes in one frame, how it ended goes back in one. Descriptors: ipc/handshake.h.
// The exit status: 0 if that frame was sent.
[[nodiscard]] int run_command(const RunOptions& options);

}  // namespace arcella::worker
