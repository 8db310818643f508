// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <memory>
#include <utility>

#include "engine/door/door.h"
#include "engine/key_value.h"

namespace arcella::engine::door {

// An engine::KeyValue as the adapter holds it. Private to src/engine.
class KeyValueDoor final : public KeyValueTarget {
 public:
  explicit KeyValueDoor(std::shared_ptr<KeyValue> keys) : keys_(std::move(keys)) {}

  void ask(KeyValueRequest request, rust::Box<KeyValueReply> reply) const noexcept override;

 private:
  const std::shared_ptr<KeyValue> keys_;
};

}  // namespace arcella::engine::door
