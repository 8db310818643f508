// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

namespace arcella::model {

// How a worker's engine is made; a deployment needs some of it, a running worker has it for life.
struct WorkerTraits {
  bool concurrency = false;  // WASI 0.3 or async functions
  bool fuel = false;
  friend bool operator==(const WorkerTraits&, const WorkerTraits&) = default;
};
[[nodiscard]] WorkerTraits either(WorkerTraits a, WorkerTraits b) noexcept;  // the union
[[nodiscard]] bool covers(WorkerTraits has, WorkerTraits needs) noexcept;

}  // namespace arcella::model
