// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>

#include "runtime/arcella_runtime.h"
#include "runtime/package.h"
#include "runtime/runtime_core.h"
#include "supervisor/job.h"

namespace arcella::runtime {

// install and remove. An install writes, in this order, the compiled code, the files, the row: what
// is not in a row is not installed, so a crash at any point leaves the state before or after.
// Errors clean up behind them. An install that is cancelled before its code is compiled is such an
// error; after that it is finished. Owner: ArcellaRuntime::Impl.  Thread: control.
class ComponentOperations {
 public:
  explicit ComponentOperations(RuntimeCore& core) : core_(core) {}

  aio::Task<Result<model::ComponentView>> install(InstallRequest request);
  aio::Task<Result<void>> remove(std::string component);

 private:
  struct Content;

  aio::Task<Result<Content>> read_content(std::string path);
  aio::Task<Result<model::Inspection>> inspect(const Content& content);
  // The id is taken: the same content again is no error.
  [[nodiscard]] Result<model::ComponentView> installed_already(const ComponentRecord& there,
                                                               const Content& content) const;
  aio::Task<Result<supervisor::CompileResult>> compile(const Content& content,
                                                       bool needs_concurrency);
  aio::Task<Result<void>> keep_code(const Content& content, supervisor::CompileResult compiled);
  aio::Task<Result<void>> keep_files(model::ComponentId id, const Content& content);
  aio::Task<Result<void>> keep_row(const ComponentRecord& record);
  // Best effort; what stays behind is removed when the daemon starts.
  aio::Task<void> drop_files(model::ComponentId id);
  aio::Task<void> drop_code(std::string content_hash);
  [[nodiscard]] model::ComponentView view_of_component(const ComponentRecord& record) const;

  RuntimeCore& core_;
};

}  // namespace arcella::runtime
