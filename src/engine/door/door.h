// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The C++ side of the cxx bridge: the only place that sees its types and catches its exceptions.
// Private to src/engine.
#pragma once

#include <exception>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "arcella-engine/src/bridge.rs.h"
#include "base/mutex.h"
#include "base/result.h"
#include "engine/component.h"
#include "engine/engine.h"
#include "engine/instance.h"

namespace arcella::engine::door {

// From the text that the adapter throws (`Thrown` in bridge.rs).
[[nodiscard]] Error error_from(const rust::Error& thrown);
// Any other exception of the bridge: text that is not UTF-8, no memory.
[[nodiscard]] Error error_from(const std::exception& thrown);

// Runs `body`, whose exceptions become errors.
template <class Body>
[[nodiscard]] auto guarded(Body&& body) -> Result<std::invoke_result_t<Body>> {
  try {
    return std::forward<Body>(body)();
  } catch (const rust::Error& thrown) {
    return fail(error_from(thrown));
  } catch (const std::exception& thrown) {
    return fail(error_from(thrown));
  }
}

[[nodiscard]] inline std::string to_string(const rust::String& text) {
  return {text.data(), text.size()};
}
[[nodiscard]] inline rust::Slice<const std::uint8_t> to_slice(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline std::vector<std::byte> to_bytes(const rust::Vec<std::uint8_t>& bytes) {
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  return {first, first + bytes.size()};
}
// How a call ended that did not return; `outcome` as engine::Outcome.
[[nodiscard]] CallOutcome outcome_from(std::uint8_t outcome, std::int32_t exit_status,
                                       rust::Str message, rust::Str backtrace);
// How a finished call or command ended.
void tell(const CallDone& done, const Task& task);

// A deployment's sink as the adapter holds it: guests may outlive (by a dropped call, a connection
// that is being cut) what the platform gave the sink for, so it can be taken away.
class SinkTarget final : public OutputTarget {
 public:
  explicit SinkTarget(OutputSink& sink) : sink_(&sink) {}

  void write(std::uint8_t stream, rust::Slice<const std::uint8_t> bytes) const noexcept override;
  // After this returns nothing is written any more.
  void detach();

 private:
  mutable Mutex mutex_;
  OutputSink* sink_ ARCELLA_GUARDED_BY(mutex_);  // null once detached
};

}  // namespace arcella::engine::door

namespace arcella::engine {

struct Engine::Impl {
  EngineTraits traits;
  rust::Box<door::Engine> engine;
};

struct Component::Impl {
  rust::Box<door::LoadedCode> code;
};

struct Instance::Function {
  rust::Box<door::Function> function;
};

}  // namespace arcella::engine
