// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/artifact_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/log.h"
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
  UniqueFd file(::memfd_create("arcella-wasm", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return fail(Error::from_errno(errno, "making a memory file"));
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

aio::Task<Result<UniqueFd>> ArtifactStore::artifact(model::ComponentId id,
                                                    model::WorkerTraits traits,
                                                    model::Progress progress) {
  const ComponentRecord* record = registry_.find(id);
  if (record == nullptr)
    co_return fail(ErrorCode::NotFound, "no component '" + id.str() + "' is installed");
  std::string hash = record->component.content_hash;
  ARCELLA_CO_TRY(std::string fingerprint, fingerprint_of(traits));
  auto look_up = [this, &hash, &fingerprint] { return cache_.find(hash, fingerprint); };
  ARCELLA_CO_TRY(auto cached, co_await files_.run(std::move(look_up)));
  if (cached) co_return std::move(*cached);

  log::info("runtime", "compiling again: the cache has no code for this engine",
            {{"component", id.str()}});
  progress.stage("compiling");
  auto open = [this, &id] { return repository_.open_wasm(id); };
  ARCELLA_CO_TRY(UniqueFd wasm, co_await files_.run(std::move(open)));
  ARCELLA_CO_TRY(auto compiled,
                 co_await supervisor::compile(worker_program_, std::move(wasm), traits, false));
  if (compiled.fingerprint != fingerprint) {
    co_return fail(ErrorCode::Internal, "the worker program is of another build than the daemon");
  }
  auto keep = [this, &hash, &fingerprint, &compiled] {
    return cache_.put(hash, fingerprint, compiled.artifact);
  };
  co_return co_await files_.run(std::move(keep));
}

}  // namespace arcella::runtime
