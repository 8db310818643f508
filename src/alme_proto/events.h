// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// `events`: what it takes and gives, and an event as JSON. A line of <home>/logs/events.jsonl is
// the same object, so that what reads the one reads the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/event.h"
#include "wire/json.h"

namespace arcella::alme_proto {

struct EventsParams {
  std::optional<std::string> deployment;  // none: all of the platform
  int lines = 100;
  std::optional<std::int64_t> since_ms;  // since the epoch: none before it
  bool follow = false;
  static Result<EventsParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};
inline constexpr std::string_view kEventNotification = "events.event";

[[nodiscard]] wire::Json to_json(const model::Event& event);
[[nodiscard]] wire::Json to_json(const model::EventTail& tail);
// Members that are not known are ignored: a notification has `request` as well.
[[nodiscard]] Result<model::Event> event_from_json(const wire::Json& value);
[[nodiscard]] Result<model::EventTail> event_tail_from_json(const wire::Json& value);

}  // namespace arcella::alme_proto
