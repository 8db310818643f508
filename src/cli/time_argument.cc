// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/time_argument.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>

#include "base/text.h"

namespace arcella::cli {
namespace {

using std::chrono::milliseconds;

// More than this ago is a typing error, and past what a 64-bit number of milliseconds is good for.
constexpr std::int64_t kUnitsMax = 1'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The number at the front, of at most `digits_max` digits, taken off.
std::optional<std::int64_t> take_number(std::string_view& text, std::size_t digits_min,
                                        std::size_t digits_max) {
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  if (digits < digits_min || digits > digits_max) return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<milliseconds> ago(std::string_view text) {
  const auto number = take_number(text, 1, 7);
  if (!number || *number > kUnitsMax || text.size() != 1) return std::nullopt;
  switch (text.front()) {
    case 's':
      return std::chrono::seconds(*number);
    case 'm':
      return std::chrono::minutes(*number);
    case 'h':
      return std::chrono::hours(*number);
    case 'd':
      return std::chrono::hours(24 * *number);
    default:
      return std::nullopt;
  }
}

// `2026-01-31`, which must be a day that there is.
std::optional<milliseconds> take_date(std::string_view& text) {
  const auto year = take_number(text, 4, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch();
}

// `12:00`.
std::optional<milliseconds> take_hours_and_minutes(std::string_view& text) {
  const auto hours = take_number(text, 2, 2);
  if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
}

// `:59` or `:59.123`; 60 is a leap second, which is the next minute's first.
std::optional<milliseconds> take_seconds(std::string_view& text) {
  if (!take(text, ':')) return std::nullopt;
  const auto seconds = take_number(text, 2, 2);
  if (!seconds || *seconds > 60) return std::nullopt;
  milliseconds result = std::chrono::seconds(*seconds);
  if (!take(text, '.')) return result;
  const std::string_view fraction = text;
  if (!take_number(text, 1, 9)) return std::nullopt;
  std::string digits(fraction.substr(0, fraction.size() - text.size()));
  digits.resize(3, '0');
  return result + milliseconds(std::stoi(digits));
}

// `Z` or `+01:00`: what is to be added to have UTC.
std::optional<milliseconds> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return milliseconds(0);
  const bool east = take(text, '+');
  if (!east && !take(text, '-')) return std::nullopt;
  const auto offset = take_hours_and_minutes(text);
  if (!offset) return std::nullopt;
  return east ? -*offset : *offset;
}

// RFC 3339, section 5.6.
std::optional<milliseconds> moment(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
  const auto time = take_hours_and_minutes(text);
  if (!time) return std::nullopt;
  const auto seconds = take_seconds(text);
  if (!seconds) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return *date + *time + *seconds + *offset;
}

}  // namespace

Result<std::int64_t> parse_since(std::string_view text, WallTime now) {
  const auto today = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
  std::optional<milliseconds> since = moment(text);
  if (const auto before = ago(text)) since = today - *before;
  if (!since) {
    return fail(ErrorCode::InvalidParams, "--since '" + inert(text) +
                                              "': expected 90s, 10m, 2h or 3d, or a time like "
                                              "2026-01-31T12:00:00Z");
  }
  return std::max<std::int64_t>(since->count(), 0);
}

}  // namespace arcella::cli
