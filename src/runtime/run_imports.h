// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aio/task.h"
#include "aio/task_scope.h"
#include "base/result.h"
#include "host/call_port.h"
#include "host/handles.h"
#include "model/deployment.h"
#include "runtime/import_bindings.h"
#include "runtime/runtime_core.h"
#include "supervisor/job.h"

namespace arcella::runtime {

// The imports of one command that runs in a process of its own: the daemon's end of its data
// socket. As long as it lives, the routes lead to whom the resolver names at the moment, as those
// of a deployment do; the process itself is told nothing of it. Owner: the operation that runs the
// command.  Thread: control.  Stop: co_await stop() before destruction.
class RunImports {
 public:
  // The component with all that it is composed with.
  RunImports(RuntimeCore& core, model::Deployment deployment, model::Component component);
  ~RunImports();
  RunImports(const RunImports&) = delete;
  RunImports& operator=(const RunImports&) = delete;

  // Binds every import, and from then on follows what changes. What the process is to have: nothing
  // if it imports only what the host offers. Unresolved: one that it cannot do without has no
  // provider.
  aio::Task<Result<supervisor::CommandImports>> begin();
  aio::Task<void> stop();

 private:
  // A route for each interface that is not the host's.
  Result<supervisor::CommandImports> open();
  aio::Task<void> follow();
  // Those that do not lead where they should yet.
  [[nodiscard]] std::vector<ToldImport> to_bind() const;
  aio::Task<void> bind(ToldImport wanted);

  RuntimeCore& core_;
  const model::Deployment deployment_;
  const model::Component component_;
  std::map<std::string, ToldImport> told_;        // by interface
  std::map<std::string, std::uint32_t> routes_;   // the same
  const std::shared_ptr<host::Handles> handles_;  // that the command holds
  std::shared_ptr<host::CallPort> port_;          // null before open()
  aio::TaskScope scope_;
};

}  // namespace arcella::runtime
