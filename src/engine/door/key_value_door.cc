// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/door/key_value_door.h"

#include <string_view>

namespace arcella::engine::door {
namespace {

// The two lists name the same operations in the same order.
static_assert(static_cast<int>(KeyValueOperation::Open) ==
                  static_cast<int>(engine::KeyValueOperation::Open) &&
              static_cast<int>(KeyValueOperation::Increment) ==
                  static_cast<int>(engine::KeyValueOperation::Increment));

engine::KeyValueRequest from_rust(const KeyValueRequest& request) {
  engine::KeyValueRequest made;
  made.operation = static_cast<engine::KeyValueOperation>(request.operation);
  made.number = request.number;
  made.entries.reserve(request.entries.size());
  for (const KeyValueEntry& entry : request.entries) {
    std::string value(reinterpret_cast<const char*>(entry.value.data()), entry.value.size());
    made.entries.push_back({to_string(entry.key), std::move(value), entry.present});
  }
  return made;
}

rust::Slice<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Slices: an element of a rust::Vec costs a call, and values have a million.
void end(KeyValueReply& reply, const Result<engine::KeyValueAnswer>& result) {
  if (!result.has_value()) return reply.refused(bytes_of(result.error().message()));
  for (const engine::KeyValueEntry& entry : result->entries) {
    reply.add(bytes_of(entry.key), bytes_of(entry.value), entry.present);
  }
  reply.answered(result->number);
}

}  // namespace

void KeyValueDoor::ask(KeyValueRequest request, rust::Box<KeyValueReply> reply) const noexcept {
  // A std::function copies what it holds, the reply is one.
  const auto shared = std::make_shared<rust::Box<KeyValueReply>>(std::move(reply));
  keys_->ask(from_rust(request),
             [shared](const Result<engine::KeyValueAnswer>& result) { end(**shared, result); });
}

}  // namespace arcella::engine::door
