// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <system_error>

namespace arcella::worker {
namespace {

SandboxMeasure measure(std::string name, int result) {
  const int error = result == 0 ? 0 : errno;
  return {std::move(name), error == 0,
          error == 0 ? std::string() : std::generic_category().message(error)};
}

}  // namespace

std::vector<SandboxMeasure> enter_sandbox() {
  std::vector<SandboxMeasure> measures;
  measures.push_back(measure("no-new-privs", ::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL)));
  // A core would hold the guests' data, and gigabytes of reserved memory.
  const rlimit no_core{0, 0};
  measures.push_back(measure("no-core", ::setrlimit(RLIMIT_CORE, &no_core)));
  // Other processes of this user can then neither trace this one nor read its memory.
  measures.push_back(measure("undumpable", ::prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL)));
  return measures;
}

}  // namespace arcella::worker
