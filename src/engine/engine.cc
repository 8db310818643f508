// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/engine.h"

#include "base/limits.h"
#include "engine/component.h"
#include "engine/door/door.h"

namespace arcella::engine {
namespace {

door::Settings settings_from(const EngineConfig& config) {
  door::Settings settings{};
  settings.concurrency = config.traits.concurrency;
  settings.fuel = config.traits.fuel;
  settings.engine_use = static_cast<std::uint8_t>(config.use);
  settings.instances_max = config.instances_max;
  settings.http_threads =
      config.http_threads < 0 ? 0 : static_cast<std::uint32_t>(config.http_threads);
  settings.epoch_tick_ms = static_cast<std::uint64_t>(limits::kEpochTick.count());
  settings.hostcall_fuel = limits::kHostcallFuel;
  settings.resource_table_max = limits::kResourceTableMax;
  settings.random_bytes_max = limits::kRandomBytesMax;
  settings.http_header_timeout_ms =
      static_cast<std::uint64_t>(std::chrono::milliseconds(limits::kHttpHeaderTimeout).count());
  return settings;
}

}  // namespace

Result<std::string> engine_fingerprint(const EngineTraits& traits) {
  return door::guarded(
      [&] { return door::to_string(door::fingerprint(traits.concurrency, traits.fuel)); });
}

bool host_offers(std::string_view import) {
  auto offered =
      door::guarded([&] { return door::host_offers(rust::Str(import.data(), import.size())); });
  return offered.value_or(false);  // no UTF-8: no name
}

Result<std::unique_ptr<Engine>> Engine::create(const EngineConfig& config) {
  ARCELLA_TRY(auto engine, door::guarded([&] { return door::new_engine(settings_from(config)); }));
  auto impl = std::make_unique<Impl>(Impl{config.traits, std::move(engine)});
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

const EngineTraits& Engine::traits() const noexcept {
  return impl_->traits;
}

Result<std::vector<std::byte>> Engine::compile(std::span<const std::byte> wasm) const {
  return door::guarded(
      [&] { return door::to_bytes(impl_->engine->compile(door::to_slice(wasm))); });
}

Result<std::shared_ptr<const Component>> Engine::load(UniqueFd artifact) const {
  if (!artifact.valid()) return fail(ErrorCode::Io, "loading an artifact: no file");
  // The adapter owns the descriptor from here on, whatever happens.
  ARCELLA_TRY(auto code, door::guarded([&] { return impl_->engine->load(artifact.release()); }));
  auto impl = std::make_unique<Component::Impl>(Component::Impl{std::move(code)});
  return std::make_shared<const Component>(std::move(impl));
}

Component::Component(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Component::~Component() = default;

}  // namespace arcella::engine
