// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/testing/artifacts.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <span>

#include "base/check.h"
#include "base/file.h"
#include "base/limits.h"
#include "engine/engine.h"

namespace arcella::host::testing {

Artifacts::Artifacts(const std::vector<std::string>& paths) {
  engine::EngineConfig config;
  config.use = engine::EngineUse::Compile;
  const auto engine = engine::Engine::create(config);
  ARCELLA_CHECK(engine.has_value(), "the test's process has no other engine");
  for (const std::string& path : paths) {
    const auto wasm = read_file(path, limits::kWasmBytesMax);
    ARCELLA_CHECK(wasm.has_value(), "tests run in the source root, with the built guests in it");
    const auto code = (*engine)->compile(std::as_bytes(std::span(*wasm)));
    ARCELLA_CHECK(code.has_value(), "the guest compiles");
    code_.emplace(path, std::string(reinterpret_cast<const char*>(code->data()), code->size()));
  }
}

UniqueFd Artifacts::open(const std::string& path) const {
  const std::string& code = code_.at(path);
  UniqueFd file(::memfd_create("artifact", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ARCELLA_CHECK(::write(file.get(), code.data(), code.size()) == static_cast<ssize_t>(code.size()),
                "memory takes a guest's code");
  ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  return file;
}

}  // namespace arcella::host::testing
