// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/worker_traits.h"

namespace arcella::model {

WorkerTraits either(WorkerTraits a, WorkerTraits b) noexcept {
  return {a.concurrency || b.concurrency, a.fuel || b.fuel};
}

bool covers(WorkerTraits has, WorkerTraits needs) noexcept {
  return either(has, needs) == has;
}

}  // namespace arcella::model
