// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace arcella::worker {

struct CompileOptions {
  engine::EngineTraits traits;
  bool inspect_only = false;  // no artifact
  // So many other files, whose descriptors follow, are composed with the first; `joints` says what
  // is joined (ipc::decode_plug).
  int compose_with = 0;
  std::vector<std::string> joints = {};
  // The text of a world: instead of code, the core module as a component of it is the artifact.
  std::string wrap = {};
};

// The process `arcella-worker compile`: reads untrusted wasm, writes what it is and its native
// code. A hostile module may crash or stall it: the daemon gave it limits (rlimits, a deadline) and
// believes nothing of the report without a check. Descriptors: ipc/handshake.h. The exit status: 0
// if a report was written, also one that says no.
[[nodiscard]] int compile(const CompileOptions& options);

}  // namespace arcella::worker
