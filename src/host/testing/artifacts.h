// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace arcella::host::testing {

// Compiled guests, by path of their .wasm from the source root, in memory. All are compiled by the
// constructor: there is one engine per process at a time, and the one that compiles has to go
// before the one that serves.
class Artifacts {
 public:
  explicit Artifacts(const std::vector<std::string>& paths);
  // A sealed memfd, as the daemon gives it. A path that is not there is a failure of the test.
  [[nodiscard]] UniqueFd open(const std::string& path) const;

 private:
  std::map<std::string, std::string> code_;
};

}  // namespace arcella::host::testing
