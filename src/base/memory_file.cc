// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/memory_file.h"

#include <sys/mman.h>

#include <cerrno>

namespace arcella {
namespace {

// Linux 6.3; older C libraries do not name it.
constexpr unsigned kNoExecSeal = 0x0008U;

}  // namespace

Result<UniqueFd> make_memory_file(const char* name) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // Systems with vm.memfd_noexec = 2 make no other kind, kernels before 6.3 do not know the flag.
  UniqueFd fd(::memfd_create(name, kFlags | kNoExecSeal));
  if (!fd.valid() && errno == EINVAL) fd.reset(::memfd_create(name, kFlags));
  if (!fd.valid()) return fail(Error::from_errno(errno, "making a memory file"));
  return fd;
}

}  // namespace arcella
