// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Short-lived arcella-worker processes: the compile helper (untrusted wasm in, native artifact and
// inspection out) and the runner of one command with the caller's own stdin, stdout and stderr.
// Each is a process of its own with rlimits and a deadline; when the awaiting coroutine is
// cancelled, the process is killed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aio/task.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/job_message.h"
#include "model/component.h"
#include "model/fusion.h"
#include "model/run_spec.h"
#include "model/worker_traits.h"

namespace arcella::supervisor {

struct CompileResult {
  model::Inspection inspection;
  UniqueFd
      artifact;  // an unsealed memfd that the helper wrote; the caller copies, MACs and caches it
  std::uint64_t artifact_bytes = 0;
  std::string fingerprint;  // of the engine it is for
};

// `inspect_only`: no artifact (`artifact` is then an empty memfd). InvalidComponent with the
// helper's one line; LimitExceeded or DeadlineExceeded when it hit its bounds (limits::kCompile*).
aio::Task<Result<CompileResult>> compile(
    std::string worker_program, UniqueFd wasm, model::WorkerTraits traits, bool inspect_only,
    std::chrono::milliseconds wall_max = limits::kCompileWallMax);

// Components that are made into one.
struct Composition {
  Composition(std::vector<UniqueFd> files, std::vector<model::Plug> joints)
      : members(std::move(files)), plugs(std::move(joints)) {}
  std::vector<UniqueFd> members;  // at least one, at most limits::kFusedMax and one
  std::vector<model::Plug> plugs;
};
// The same for several that are composed first; the inspection stays empty.
aio::Task<Result<CompileResult>> compose_and_compile(std::string worker_program,
                                                     Composition composition,
                                                     model::WorkerTraits traits);

// A core module as a component of the world that the WIT text describes: the artifact is its bytes.
// InvalidComponent when the module has not what the world says.
aio::Task<Result<CompileResult>> wrap(std::string worker_program, UniqueFd module, std::string wit);

struct CommandStdio {
  UniqueFd in;
  UniqueFd out;
  UniqueFd err;
};
struct CommandResult {
  int exit_status = 0;
  std::string failure;  // not empty: trap, deadline, limit; then exit_status is 134
  std::string backtrace;
};
// What a command may call of other deployments: the runner's end of a data socket, whose other end
// serves these routes. Not valid: nothing.
struct CommandImports {
  UniqueFd data;
  std::vector<ipc::RunImport> imports;
};
// Runs one command to its end in a process of its own. `deadline` 0: none. Descriptors of `stdio`
// that are not valid are /dev/null; ours are closed as soon as the process has its own, so that a
// pipe ends with the command. Unavailable when the process dies without a result; DeadlineExceeded
// when it does not even keep its own deadline, limits::kWorkerStopTimeout later.
aio::Task<Result<CommandResult>> run_command(std::string worker_program, model::RunSpec spec,
                                             model::WorkerTraits traits, UniqueFd artifact,
                                             CommandStdio stdio, CommandImports imports,
                                             std::chrono::milliseconds deadline);

}  // namespace arcella::supervisor
