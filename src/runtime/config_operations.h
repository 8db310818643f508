// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <vector>

#include "aio/task.h"
#include "base/result.h"
#include "model/config_view.h"

namespace arcella::runtime {

class RuntimeCore;

// `config` and `reload`.
// Owner: the runtime.  Thread: control.
class ConfigOperations {
 public:
  explicit ConfigOperations(RuntimeCore& core) : core_(core) {}

  [[nodiscard]] std::vector<model::ConfigEntry> values() const;
  // Reads all sources again and applies what a running daemon can change; the log file is opened
  // anew in any case. InvalidManifest, or why the log file cannot be opened: then nothing changes.
  aio::Task<Result<model::ReloadOutcome>> reload();

 private:
  RuntimeCore& core_;
};

}  // namespace arcella::runtime
