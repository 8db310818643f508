// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The process's one Wasmtime engine (more than one per process is refused: advisory qw58, type
// confusion between engines). Everything else in this folder is made from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::engine {

// What changes compiled code. An artifact made with other traits cannot be loaded, so they are part
// of its cache key.
struct EngineTraits {
  bool concurrency = false;  // WASI 0.3 (component-model async); makes every call 3-4 times dearer,
                             // so off without need
  bool fuel =
      false;  // counts instructions; about half the speed of epochs alone, so off without need
  friend bool operator==(const EngineTraits&, const EngineTraits&) = default;
};

enum class EngineUse {
  Serve,    // pooling allocator, no compiler
  RunOnce,  // on-demand allocator, no compiler: one command, started fast
  Compile,  // compiler only; loads nothing
};

struct EngineConfig {
  EngineTraits traits;
  EngineUse use = EngineUse::Serve;
  std::uint32_t instances_max = 2000;  // slots of the pool (stores alive at once)
  int http_threads = 0;                // tokio threads; 0: one per core
};

// Identifies Wasmtime's version, the CPU features and the traits; equal fingerprints can load each
// other's artifacts. Cheap, needs no Engine: the daemon computes cache keys with it.
[[nodiscard]] Result<std::string> engine_fingerprint(const EngineTraits& traits);

// Does the host serve an import of this name: an interface of WASI with its version
// ("wasi:io/poll@0.2.6"), or what a core module imports of preview 1
// ("wasi_snapshot_preview1.fd_write")? Whether its types fit is seen when it is linked. Cheap,
// needs no Engine.
[[nodiscard]] bool host_offers(std::string_view import);

class Component;

// Owner: the process's main; outlives everything made from it.  Thread: any; the class is
// internally synchronised. Holds a thread that ticks the epoch (limits::kEpochTick) and the tokio
// threads of WASI and HTTP.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> create(const EngineConfig& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const EngineTraits& traits() const noexcept;

  // Only with EngineUse::Compile. `wasm` is untrusted: run this in the compile helper.
  [[nodiscard]] Result<std::vector<std::byte>> compile(std::span<const std::byte> wasm) const;

  // Maps an artifact that compile() made. Loading altered native code is arbitrary code execution:
  // the caller has checked the keyed MAC on this very descriptor, and the file behind it cannot
  // change (a sealed memfd).
  [[nodiscard]] Result<std::shared_ptr<const Component>> load(UniqueFd artifact) const;

  struct Impl;
  [[nodiscard]] Impl& impl() const noexcept { return *impl_; }

 private:
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::engine
