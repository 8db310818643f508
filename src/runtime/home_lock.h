// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Makes a home folder belong to one daemon: an flock on <home>/run/daemon.lock, which the kernel
// releases however the daemon ends. The file holds the daemon's pid for people; it is never trusted
// to say whether the daemon lives.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::runtime {

class HomeLock {
 public:
  // Conflict, naming the pid, when another process has the home.
  static Result<HomeLock> acquire(const std::string& home);

 private:
  explicit HomeLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

// The folders of a home (design.md section 2), made 0700 where they are not there.
[[nodiscard]] Result<void> prepare_home(const std::string& home);

}  // namespace arcella::runtime
