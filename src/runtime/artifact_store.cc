// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/artifact_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/memory_file.h"
#include "engine/engine.h"
#include "runtime/worker_backend.h"

namespace arcella::runtime {

Result<std::string> fingerprint_of(model::WorkerTraits traits) {
  engine::EngineTraits engine_traits;
  engine_traits.concurrency = traits.concurrency;
  engine_traits.fuel = traits.fuel;
  return engine::engine_fingerprint(engine_traits);
}

Result<UniqueFd> sealed_copy(std::string_view bytes) {
  ARCELLA_TRY(UniqueFd file, make_memory_file("arcella-wasm"));
  while (!bytes.empty()) {
    ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(Error::from_errno(errno, "writing a memory file"));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
          0 ||
      ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return fail(Error::from_errno(errno, "sealing a memory file"));
  }
  return file;
}

aio::Task<Result<UniqueFd>> ArtifactStore::artifact(CodeSource source, model::WorkerTraits traits,
                                                    model::Progress progress) {
  std::string hash = source.content_hash;
  ARCELLA_CO_TRY(std::string fingerprint, fingerprint_of(traits));
  auto look_up = [this, &hash, &fingerprint] { return cache_.find(hash, fingerprint); };
  ARCELLA_CO_TRY(auto cached, co_await files_.run(std::move(look_up)));
  if (cached) co_return std::move(*cached);

  log::info("runtime", "compiling: the cache has no code for this engine",
            {{"component", source.members.front().str()}, {"parts", source.members.size()}});
  progress.stage("compiling");
  ARCELLA_CO_TRY(auto compiled, co_await compile(std::move(source), traits));
  if (compiled.fingerprint != fingerprint) {
    co_return fail(ErrorCode::Internal, "the worker program is of another build than the daemon");
  }
  auto keep = [this, &hash, &fingerprint, &compiled] {
    return cache_.put(hash, fingerprint, compiled.artifact);
  };
  co_return co_await files_.run(std::move(keep));
}

aio::Task<Result<supervisor::CompileResult>> ArtifactStore::compile(CodeSource source,
                                                                    model::WorkerTraits traits) {
  auto open = [this, &source]() -> Result<std::vector<UniqueFd>> {
    std::vector<UniqueFd> files;
    for (const model::ComponentId& id : source.members) {
      ARCELLA_TRY(UniqueFd wasm, repository_.open_wasm(id));
      files.push_back(std::move(wasm));
    }
    return files;
  };
  ARCELLA_CO_TRY(std::vector<UniqueFd> files, co_await files_.run(std::move(open)));
  if (files.size() == 1) {
    UniqueFd wasm = std::move(files.front());
    co_return co_await supervisor::compile(worker_program_, std::move(wasm), traits, false);
  }
  supervisor::Composition parts(std::move(files), std::move(source.plugs));
  co_return co_await supervisor::compose_and_compile(worker_program_, std::move(parts), traits);
}

}  // namespace arcella::runtime
