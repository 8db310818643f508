// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <utility>

#include "aio/worker_pool.h"
#include "model/component.h"
#include "model/progress.h"
#include "runtime/instance_backend.h"
#include "runtime/registry.h"
#include "store/code_cache.h"
#include "store/module_repository.h"
#include "supervisor/job.h"

namespace arcella::runtime {

// Compiled code: out of the cache, or made again by the compile helper, once per content and kind
// of engine; what is fused is composed there too. Owner: the runtime.  Thread: control; files are
// touched on the pool's.
class ArtifactStore final : public ArtifactSource {
 public:
  ArtifactStore(std::string worker_program, aio::WorkerPool& files,
                const store::ModuleRepository& repository, const store::CodeCache& cache)
      : worker_program_(std::move(worker_program)),
        files_(files),
        repository_(repository),
        cache_(cache) {}

  // NotFound when a component is gone; else what compiling says.
  aio::Task<Result<UniqueFd>> artifact(CodeSource source, model::WorkerTraits traits) override {
    return artifact(std::move(source), traits, model::Progress());
  }
  // The same, and tells when it has to be compiled.
  aio::Task<Result<UniqueFd>> artifact(CodeSource source, model::WorkerTraits traits,
                                       model::Progress progress);

 private:
  aio::Task<Result<supervisor::CompileResult>> compile(CodeSource source,
                                                       model::WorkerTraits traits);

  const std::string worker_program_;
  aio::WorkerPool& files_;
  const store::ModuleRepository& repository_;
  const store::CodeCache& cache_;
};

// What an engine of these traits calls itself.
[[nodiscard]] Result<std::string> fingerprint_of(model::WorkerTraits traits);

// The bytes in a sealed memfd: what was hashed is what is compiled.
[[nodiscard]] Result<UniqueFd> sealed_copy(std::string_view bytes);

}  // namespace arcella::runtime
