// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <signal.h>
#include <sys/resource.h>

namespace arcella::store::testing {

// Stands for a full disk: while it lives no file of this process grows past `bytes` (EFBIG). Not
// for parallel tests.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    signal_before_ = ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, signal_before_);
  }

 private:
  rlimit before_{};
  sighandler_t signal_before_ = SIG_DFL;
};

}  // namespace arcella::store::testing
