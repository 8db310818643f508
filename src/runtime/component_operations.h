// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "runtime/arcella_runtime.h"
#include "runtime/package.h"
#include "runtime/runtime_core.h"
#include "supervisor/job.h"

namespace arcella::runtime {

// What `install PATH` points at, read.
struct Content {
  Content(Package files, std::string hash, UniqueFd sealed_wasm)
      : package(std::move(files)), content_hash(std::move(hash)), wasm(std::move(sealed_wasm)) {}
  Package package;
  std::string content_hash;
  UniqueFd wasm;  // sealed: what is hashed, inspected, compiled and kept is the same
};

// install and remove. An install writes, in this order, the compiled code, the files, the row: what
// is not in a row is not installed, so a crash at any point leaves the state before or after.
// Errors clean up behind them. An install that is cancelled before its code is compiled is such an
// error; after that it is finished. Owner: ArcellaRuntime::Impl.  Thread: control.
class ComponentOperations {
 public:
  explicit ComponentOperations(RuntimeCore& core) : core_(core) {}

  aio::Task<Result<model::ComponentView>> install(InstallRequest request);
  aio::Task<Result<model::ComponentView>> install(PackageSource source);
  // Other content for an installed id (component_replacement.cc). Its deployments that run are
  // taken over to it, and when all are up it is recorded; when one does not come up, all run the
  // old content as before.
  aio::Task<Result<void>> replace(PackageSource source);
  // The deployments that cannot go back to their previous generation any more: it used this one.
  aio::Task<Result<std::vector<std::string>>> remove(std::string component);

  // An install in steps, for an operation that records the row together with something else.
  // What was read and found good; nothing is locked or kept yet.
  struct Candidate {
    Candidate(Content what, model::Inspection found, model::ComponentId name,
              model::Progress to_tell)
        : content(std::move(what)),
          inspection(std::move(found)),
          id(std::move(name)),
          progress(std::move(to_tell)) {}
    Content content;
    model::Inspection inspection;
    model::ComponentId id;
    model::Progress progress;
  };
  aio::Task<Result<Candidate>> examine(InstallRequest request);
  aio::Task<Result<Candidate>> examine(PackageSource source, std::optional<std::string> id,
                                       model::Progress progress = {});
  // Under the lock of its id. AlreadyExists: it is installed with other content.
  [[nodiscard]] Result<void> check_same(const ComponentRecord& there,
                                        const Candidate& candidate) const;
  // The same, for an id that is not installed: code and files are kept, the row is not.
  aio::Task<Result<ComponentRecord>> keep(Candidate candidate);
  // Takes back what keep() kept. Best effort: the rest is removed when the daemon starts.
  aio::Task<void> drop(model::ComponentId id, std::string content_hash);

 private:
  aio::Task<Result<model::ComponentView>> install_candidate(Candidate candidate);
  aio::Task<Result<Content>> read_content(PackageSource source);
  aio::Task<Result<void>> wrap_module(Content& content);
  aio::Task<Result<model::Inspection>> inspect(const Content& content);
  aio::Task<Result<void>> compile_and_keep(Candidate& candidate);
  aio::Task<Result<supervisor::CompileResult>> compile(const Content& content,
                                                       bool needs_concurrency);
  aio::Task<Result<void>> keep_code(const Content& content, supervisor::CompileResult compiled);
  aio::Task<Result<void>> keep_files(model::ComponentId id, const Content& content);
  aio::Task<Result<void>> keep_row(const ComponentRecord& record);
  [[nodiscard]] ComponentRecord record_of(const Candidate& candidate) const;
  [[nodiscard]] Result<void> check_replaceable(const ComponentRecord& after) const;
  aio::Task<Result<KeyedLock::Guard>> lock_with_deployments(model::ComponentId id);
  aio::Task<Result<void>> switch_to(ComponentRecord record);
  aio::Task<Result<void>> record_replacement(const ComponentRecord& record, const Package& package);
  aio::Task<void> drop_files(model::ComponentId id);
  aio::Task<void> drop_code(std::string content_hash);
  [[nodiscard]] model::ComponentView view_of_component(const ComponentRecord& record) const;

  RuntimeCore& core_;
};

}  // namespace arcella::runtime
