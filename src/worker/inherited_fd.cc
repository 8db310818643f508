// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/inherited_fd.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

namespace arcella::worker {

Result<UniqueFd> inherited_fd(int number, std::string_view what) {
  if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
    return fail(ErrorCode::InvalidRequest,
                "descriptor " + std::to_string(number) + ", " + std::string(what) +
                    ", is not open: arcella-worker is started by the arcella daemon");
  }
  return UniqueFd(number);
}

Result<UniqueFd> inherited_socket(int number, std::string_view what) {
  ARCELLA_TRY(UniqueFd fd, inherited_fd(number, what));
  struct stat status{};
  if (::fstat(fd.get(), &status) == 0 && S_ISSOCK(status.st_mode)) return fd;
  return fail(ErrorCode::InvalidRequest, "descriptor " + std::to_string(number) + " is not " +
                                             std::string(what) +
                                             ": arcella-worker is started by the arcella daemon");
}

}  // namespace arcella::worker
