// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/door/import_door.h"

#include <chrono>
#include <string_view>

#include "engine/door/guest_task.h"

namespace arcella::engine::door {
namespace {

class Handle final : public ImportCall {
 public:
  explicit Handle(CallHandle handle) : handle_(std::move(handle)) {}
  void cancel() const noexcept override { handle_.cancel(); }

 private:
  const CallHandle handle_;
};

rust::Slice<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void end(std::size_t reply, const CallOutcomeView& outcome) {
  if (outcome.outcome == Outcome::Returned) {
    import_returned(reply, to_slice(outcome.payload));
  } else {
    import_failed(reply, bytes_of(outcome.message));
  }
}

}  // namespace

std::shared_ptr<ImportCall> ImportDoor::call(std::uint32_t function,
                                             rust::Slice<const std::uint8_t> arguments,
                                             std::uint64_t timeout_ms,
                                             std::size_t reply) const noexcept {
  auto handle = target_->call(current_context(), function,
                              std::as_bytes(std::span(arguments.data(), arguments.size())),
                              std::chrono::milliseconds(timeout_ms),
                              [reply](const CallOutcomeView& outcome) { end(reply, outcome); });
  if (!handle.valid()) return nullptr;
  return std::make_shared<Handle>(std::move(handle));
}

}  // namespace arcella::engine::door
