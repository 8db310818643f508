// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "supervisor/child_limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/limits.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ARCELLA_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ARCELLA_SHADOW_MEMORY 1
#endif
#endif
#ifndef ARCELLA_SHADOW_MEMORY
#define ARCELLA_SHADOW_MEMORY 0
#endif

namespace arcella::supervisor {
namespace {

std::vector<std::string> environment() {
  std::vector<std::string> variables{"LANG=C"};
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS",
                           "ASAN_SYMBOLIZER_PATH", "TSAN_SYMBOLIZER_PATH", "LLVM_PROFILE_FILE"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
    if (value != nullptr) variables.push_back(std::string(name) + "=" + value);
  }
  return variables;
}

std::vector<aio::ChildLimit> rlimits(ChildRole role) {
  // A core of a worker holds the memories of all its guests.
  std::vector<aio::ChildLimit> result{{RLIMIT_CORE, 0, 0}};
  auto set = [&result](int resource, std::uint64_t value) {
    result.push_back({resource, value, value});
  };
  if (role != ChildRole::Compile) {
    set(RLIMIT_NOFILE, limits::kServeDescriptorsMax);
    return result;
  }
  set(RLIMIT_NOFILE, limits::kCompileDescriptorsMax);
  set(RLIMIT_FSIZE, limits::kArtifactBytesMax);
  const auto soft = limits::kCompileCpuMax;
  const auto hard = soft + limits::kCompileCpuGrace;
  result.push_back({RLIMIT_CPU, static_cast<std::uint64_t>(soft.count()),
                    static_cast<std::uint64_t>(hard.count())});
  // Sanitizers reserve terabytes of addresses.
  if (ARCELLA_SHADOW_MEMORY == 0) set(RLIMIT_AS, limits::kCompileMemoryBytesMax);
  return result;
}

const char* name_of(ChildRole role) {
  switch (role) {
    case ChildRole::Serve:
      return "serve";
    case ChildRole::Compile:
      return "compile";
    case ChildRole::Run:
      return "run";
  }
  return "";
}

}  // namespace

aio::ChildSpec child_spec(ChildRole role, const std::string& worker_program,
                          model::WorkerTraits traits) {
  aio::ChildSpec spec;
  spec.program = worker_program;
  spec.args.emplace_back(name_of(role));
  if (traits.concurrency) spec.args.emplace_back("--concurrency");
  if (traits.fuel) spec.args.emplace_back("--fuel");
  spec.environment = environment();
  spec.working_folder = "/";
  spec.fds.push_back({STDERR_FILENO, STDERR_FILENO});
  spec.limits = rlimits(role);
  return spec;
}

}  // namespace arcella::supervisor
