// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The one JSON codec: Boost.JSON with our bounds, and field access that reports the path of what is
// wrong. JSON values are not passed inward past the codecs of ipc, alme_proto and cli: those turn
// them into plain types at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"

namespace arcella::wire {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// One whole JSON text (limits::kJsonDepthMax, UTF-8 checked, duplicate keys refused). ParseError
// says at which byte.
[[nodiscard]] Result<Json> parse_json(std::string_view text);
// Compact, one line.
[[nodiscard]] std::string to_text(const Json& value);

// Reads an object's fields; every failure names the path: "params.replicas: expected a whole
// number, found a string". A reader lives no longer than the value it reads.
class FieldReader {
 public:
  // InvalidParams if `value` is not an object.
  static Result<FieldReader> of(const Json& value, std::string path);

  [[nodiscard]] Result<std::string> string(std::string_view key) const;
  [[nodiscard]] Result<std::int64_t> integer(std::string_view key, std::int64_t min,
                                             std::int64_t max) const;
  [[nodiscard]] Result<bool> boolean(std::string_view key) const;
  [[nodiscard]] Result<FieldReader> object(std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::string>> strings(std::string_view key) const;
  [[nodiscard]] Result<std::vector<FieldReader>> objects(
      std::string_view key) const;  // an array of objects

  // The same for fields that may be absent or null.
  [[nodiscard]] Result<std::optional<std::string>> optional_string(std::string_view key) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> optional_integer(std::string_view key,
                                                                     std::int64_t min,
                                                                     std::int64_t max) const;
  [[nodiscard]] Result<bool> boolean_or(std::string_view key, bool absent) const;
  [[nodiscard]] Result<std::vector<std::string>> strings_or_empty(std::string_view key) const;

  [[nodiscard]] bool has(std::string_view key) const;
  // InvalidParams naming the first key that is not in `known`, with the nearest known one.
  [[nodiscard]] Result<void> only(std::initializer_list<std::string_view> known) const;
  [[nodiscard]] const JsonObject& raw() const noexcept { return *object_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  FieldReader(const JsonObject& object, std::string path)
      : object_(&object), path_(std::move(path)) {}
  const JsonObject* object_;
  std::string path_;
};

}  // namespace arcella::wire
