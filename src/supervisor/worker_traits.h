// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

namespace arcella::supervisor {

// What changes how a worker's engine is made; see engine::EngineTraits (the supervisor does not
// know the engine).
struct WorkerTraits {
  bool concurrency = false;
  bool fuel = false;
  friend bool operator==(const WorkerTraits&, const WorkerTraits&) = default;
};

}  // namespace arcella::supervisor
