// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wire/json.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

#include "base/limits.h"
#include "base/text.h"
#include "wire/utf8.h"

namespace arcella::wire {
namespace {

namespace json = boost::json;
using json::error_code;

// What boost::json::parser does with what basic_parser finds, and two refusals more: a key that
// comes twice in one object (Boost keeps the last, others the first: two readers would see two
// messages), and a number past a double.
struct Handler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack stack;
  std::vector<std::vector<std::string>> open_keys;  // of each object that is not closed yet
  std::string key_so_far;
  std::string refusal;

  bool refuse(std::string why, error_code& ec) {
    refusal = std::move(why);
    ec = json::error::syntax;
    return false;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    open_keys.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t count, error_code& ec) {
    std::vector<std::string> keys = std::move(open_keys.back());
    open_keys.pop_back();
    std::sort(keys.begin(), keys.end());
    auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) return refuse("the key '" + inert(*twice) + "' is given twice", ec);
    stack.push_object(count);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t count, error_code&) {
    stack.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    key_so_far.append(part.data(), part.size());
    stack.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code&) {
    key_so_far.append(part.data(), part.size());
    open_keys.back().push_back(std::move(key_so_far));
    key_so_far.clear();
    stack.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error_code&) {
    stack.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, error_code&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, error_code&) {
    stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view, error_code& ec) {
    if (!std::isfinite(number)) return refuse("a number is too large", ec);
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool value, error_code&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

Unexpected fail_at(std::size_t byte, const std::string& why) {
  return fail(ErrorCode::ParseError, "not JSON: byte " + std::to_string(byte + 1) + ": " + why);
}

std::string what_is_wrong(const error_code& ec, const Handler& handler) {
  if (!handler.refusal.empty()) return handler.refusal;
  if (ec == json::error::too_deep) {
    return "nested deeper than " + std::to_string(limits::kJsonDepthMax) + " levels";
  }
  if (ec == json::error::incomplete) return "the text ends too early";
  return ec.message();
}

std::string_view kind_name(const Json& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::int64:
    case json::kind::uint64:
      return "a whole number";
    case json::kind::double_:
      return "a fraction";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

std::string path_of(const std::string& path, std::string_view key) {
  std::string name = inert(key);
  return path.empty() ? name : path + "." + name;
}

Unexpected fail_expected(const std::string& path, std::string_view expected, const Json& found) {
  return fail(ErrorCode::InvalidParams, (path.empty() ? "the value" : path) + ": expected " +
                                            std::string(expected) + ", found " +
                                            std::string(kind_name(found)));
}

Result<const Json*> required(const JsonObject& object, std::string_view key,
                             const std::string& path) {
  const Json* value = object.if_contains(key);
  if (value == nullptr) return fail(ErrorCode::InvalidParams, path_of(path, key) + ": missing");
  return value;
}

// nullptr: absent or null.
const Json* optional(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::string> as_string(const Json& value, const std::string& path) {
  if (!value.is_string()) return fail_expected(path, "a string", value);
  return std::string(value.get_string());
}

Result<std::int64_t> as_integer(const Json& value, const std::string& path, std::int64_t min,
                                std::int64_t max) {
  bool above = value.is_uint64() &&
               value.get_uint64() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  if (!value.is_int64() && !value.is_uint64()) return fail_expected(path, "a whole number", value);
  std::int64_t number = 0;
  if (!above) {
    number = value.is_int64() ? value.get_int64() : static_cast<std::int64_t>(value.get_uint64());
  }
  if (above || number < min || number > max) {
    return fail(ErrorCode::InvalidParams, path + ": " + to_text(value) + " is not in " +
                                              std::to_string(min) + ".." + std::to_string(max));
  }
  return number;
}

Result<bool> as_boolean(const Json& value, const std::string& path) {
  if (!value.is_bool()) return fail_expected(path, "true or false", value);
  return value.get_bool();
}

Result<std::vector<std::string>> as_strings(const Json& value, const std::string& path) {
  if (!value.is_array()) return fail_expected(path, "an array of strings", value);
  std::vector<std::string> strings;
  strings.reserve(value.get_array().size());
  for (const Json& element : value.get_array()) {
    std::string element_path = path + "[" + std::to_string(strings.size()) + "]";
    ARCELLA_TRY(std::string text, as_string(element, element_path));
    strings.push_back(std::move(text));
  }
  return strings;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  // Memory is the only thing that the library throws for; the text is bounded by whoever cut the
  // frame.
  try {
    json::parse_options options;
    options.max_depth = static_cast<std::size_t>(limits::kJsonDepthMax);
    json::basic_parser<Handler> parser(options);
    error_code ec;
    std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
    if (ec) return fail_at(read, what_is_wrong(ec, parser.handler()));
    if (read < text.size()) return fail_at(read, "something follows the end of the value");
    return parser.handler().stack.release();
  } catch (const std::exception& error) {
    return fail(ErrorCode::LimitExceeded, std::string("reading JSON: ") + error.what());
  }
}

std::string to_text(const Json& value) {
  // Strings come from files, guests and the operating system: what is not UTF-8 would make a text
  // that no peer can read.
  std::string text = json::serialize(value);
  return is_utf8(text) ? text : to_utf8(text);
}

Result<FieldReader> FieldReader::of(const Json& value, std::string path) {
  if (!value.is_object()) return fail_expected(path, "an object", value);
  return FieldReader(value.get_object(), std::move(path));
}

Result<std::string> FieldReader::string(std::string_view key) const {
  ARCELLA_TRY(const Json* value, required(*object_, key, path_));
  return as_string(*value, path_of(path_, key));
}

Result<std::int64_t> FieldReader::integer(std::string_view key, std::int64_t min,
                                          std::int64_t max) const {
  ARCELLA_TRY(const Json* value, required(*object_, key, path_));
  return as_integer(*value, path_of(path_, key), min, max);
}

Result<bool> FieldReader::boolean(std::string_view key) const {
  ARCELLA_TRY(const Json* value, required(*object_, key, path_));
  return as_boolean(*value, path_of(path_, key));
}

Result<FieldReader> FieldReader::object(std::string_view key) const {
  ARCELLA_TRY(const Json* value, required(*object_, key, path_));
  return of(*value, path_of(path_, key));
}

Result<std::vector<std::string>> FieldReader::strings(std::string_view key) const {
  ARCELLA_TRY(const Json* value, required(*object_, key, path_));
  return as_strings(*value, path_of(path_, key));
}

Result<std::vector<FieldReader>> FieldReader::objects(std::string_view key) const {
  ARCELLA_TRY(const Json* value, required(*object_, key, path_));
  std::string path = path_of(path_, key);
  if (!value->is_array()) return fail_expected(path, "an array of objects", *value);
  std::vector<FieldReader> readers;
  readers.reserve(value->get_array().size());
  for (const Json& element : value->get_array()) {
    ARCELLA_TRY(FieldReader reader, of(element, path + "[" + std::to_string(readers.size()) + "]"));
    readers.push_back(std::move(reader));
  }
  return readers;
}

Result<std::optional<std::string>> FieldReader::optional_string(std::string_view key) const {
  const Json* value = optional(*object_, key);
  if (value == nullptr) return std::nullopt;
  return as_string(*value, path_of(path_, key));
}

Result<std::optional<std::int64_t>> FieldReader::optional_integer(std::string_view key,
                                                                  std::int64_t min,
                                                                  std::int64_t max) const {
  const Json* value = optional(*object_, key);
  if (value == nullptr) return std::nullopt;
  return as_integer(*value, path_of(path_, key), min, max);
}

Result<bool> FieldReader::boolean_or(std::string_view key, bool absent) const {
  const Json* value = optional(*object_, key);
  if (value == nullptr) return absent;
  return as_boolean(*value, path_of(path_, key));
}

Result<std::vector<std::string>> FieldReader::strings_or_empty(std::string_view key) const {
  const Json* value = optional(*object_, key);
  if (value == nullptr) return std::vector<std::string>();
  return as_strings(*value, path_of(path_, key));
}

bool FieldReader::has(std::string_view key) const {
  return object_->contains(key);
}

Result<void> FieldReader::only(std::initializer_list<std::string_view> known) const {
  for (const auto& pair : *object_) {
    std::string_view key = pair.key();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::span<const std::string_view> candidates(known.begin(), known.size());
    return fail(ErrorCode::InvalidParams,
                path_of(path_, key) + ": unknown" +
                    did_you_mean(key, candidates, "known are " + join(candidates, ", ")));
  }
  return {};
}

}  // namespace arcella::wire
