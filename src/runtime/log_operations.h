// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include "aio/task.h"
#include "base/result.h"
#include "runtime/arcella_runtime.h"

namespace arcella::runtime {

class RuntimeCore;

// `logs`: what guests printed, from memory and from the disk.
// Owner: the runtime.  Thread: control.
class LogOperations {
 public:
  explicit LogOperations(RuntimeCore& core) : core_(core) {}

  // NotFound. Between the last line of the answer and the first that the follower hears is none
  // missing and none twice.
  aio::Task<Result<LogAnswer>> logs(LogQuery query);

 private:
  RuntimeCore& core_;
};

}  // namespace arcella::runtime
