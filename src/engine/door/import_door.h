// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "engine/door/door.h"

namespace arcella::engine::door {

// An engine::ImportTarget as the adapter holds it. Private to src/engine.
class ImportDoor final : public ImportTarget {
 public:
  explicit ImportDoor(std::shared_ptr<engine::ImportTarget> target) : target_(std::move(target)) {}

  [[nodiscard]] std::shared_ptr<ImportCall> call(std::uint32_t function,
                                                 rust::Slice<const std::uint8_t> arguments,
                                                 std::uint64_t timeout_ms,
                                                 std::size_t reply) const noexcept override;
  void drop_handles(rust::Slice<const std::uint64_t> numbers) const noexcept override {
    target_->drop_handles(std::span(numbers.data(), numbers.size()));
  }

 private:
  const std::shared_ptr<engine::ImportTarget> target_;
};

}  // namespace arcella::engine::door
