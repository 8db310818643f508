// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/unique_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace arcella {

void UniqueFd::reset(int fd) noexcept {
  // Linux closes the descriptor even when close() answers EINTR, so there is nothing to repeat.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<UniqueFd> UniqueFd::duplicate() const {
  int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail(Error::from_errno(errno, "duplicating a descriptor"));
  return UniqueFd(copy);
}

}  // namespace arcella
