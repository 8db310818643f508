// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Structured log lines on standard error and, if asked for, in a file that is rotated: time, level,
// module, message, and fields. The sink is the one process-wide object of the program. Log an error
// once, where it is handled; what a guest writes goes to its own ring, not here. Values may be
// hostile: control characters are written out. A line that cannot be written is lost, and nothing
// else: a full disk stops nobody.
//
//   log::info("supervisor", "worker is ready", {{"group", group}, {"pid", pid}, {"took_ms",
//   elapsed}});
//
// Thread: any. A line is written whole.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/rotating_file.h"

namespace arcella::log {

enum class Level { Debug, Info, Warn, Error, Off };
[[nodiscard]] Result<Level> parse_level(std::string_view name);
[[nodiscard]] std::string_view name_of(Level level) noexcept;

enum class Format {
  Text,  // 2026-01-31T12:00:00.000Z info  supervisor: worker is ready group=web pid=4711
  Json,  // the same as one JSON object per line
};
[[nodiscard]] Result<Format> parse_format(std::string_view name);

struct Options {
  Level level = Level::Info;
  Format format = Format::Text;
  std::map<std::string, Level, std::less<>> modules = {};  // what differs from `level`
  std::string file = {};                                   // besides standard error; empty: none
  RotationLimits rotation = {};                            // of the file
};
// Before it is called, lines go out as Options{} says; at any time again. When the file cannot be
// opened all stays as it was.
Result<void> configure(const Options& options);
// For callers that would have to work for their fields.
[[nodiscard]] bool enabled(Level level, std::string_view module = {});

// A key and its value. It holds no copy of a string: it lives for one call.
class Field {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  Field(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  Field(std::string_view key, const std::string& value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, const char* value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, bool value) : key_(key), value_(value) {}
  Field(std::string_view key, double value) : key_(key), value_(value) {}
  template <std::signed_integral Integer>
  Field(std::string_view key, Integer value) : key_(key), value_(std::int64_t{value}) {}
  template <std::unsigned_integral Integer>
  Field(std::string_view key, Integer value) : key_(key), value_(std::uint64_t{value}) {}

  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] const Value& value() const noexcept { return value_; }

 private:
  std::string_view key_;
  Value value_;
};
using Fields = std::initializer_list<Field>;

void write(Level level, std::string_view module, std::string_view message, Fields fields = {});
inline void debug(std::string_view module, std::string_view message, Fields fields = {}) {
  write(Level::Debug, module, message, fields);
}
inline void info(std::string_view module, std::string_view message, Fields fields = {}) {
  write(Level::Info, module, message, fields);
}
inline void warn(std::string_view module, std::string_view message, Fields fields = {}) {
  write(Level::Warn, module, message, fields);
}
inline void error(std::string_view module, std::string_view message, Fields fields = {}) {
  write(Level::Error, module, message, fields);
}

// What of a line does not depend on the moment: all but time and level. Pure, for tests.
[[nodiscard]] std::string format_payload(Format format, std::string_view module,
                                         std::string_view message, Fields fields);

}  // namespace arcella::log
