// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>

#include "model/run_spec.h"
#include "runtime/arcella_runtime.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// run: a command once, to its end, in a process of its own with the caller's descriptors. Nothing
// is recorded; when the caller goes away the process is killed. Owner: ArcellaRuntime::Impl.
// Thread: control.
class RunOperations {
 public:
  explicit RunOperations(RuntimeCore& core) : core_(core) {}

  aio::Task<Result<RunOutcome>> run(RunRequest request);

 private:
  struct Target {
    CodeSource code;
    model::WorkerTraits needs;
    model::RunSpec spec;
    model::Deployment deployment;
    model::Component whole;  // with what it is composed with
  };
  [[nodiscard]] Result<Target> find_target(const RunRequest& request) const;
  aio::Task<Result<RunOutcome>> run_with(Target target, supervisor::CommandStdio stdio,
                                         std::chrono::milliseconds timeout);
  aio::Task<Result<RunOutcome>> run_captured(Target target, std::chrono::milliseconds timeout);

  RuntimeCore& core_;
};

}  // namespace arcella::runtime
