// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/timestamp.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace arcella {
namespace {

constexpr std::int64_t kMillisecondsPerMinute = 60'000;

// Takes `text` apart from the front; once something is not as expected, all that follows fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') {
        good_ = false;
        return 0;
      }
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }
  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { good_ = take(any_of) && good_; }
  // ".123456" as milliseconds; further digits are read over.
  int fraction() {
    if (!take(".")) return 0;
    int milliseconds = digits(1) * 100;
    for (int unit = 10; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
         unit /= 10) {
      milliseconds += digits(1) * unit;
    }
    return milliseconds;
  }
  // Minutes east of UTC.
  int zone() {
    if (take("Zz")) return 0;
    const bool west = !rest_.empty() && rest_.front() == '-';
    expect("+-");
    const int hours = digits(2);
    expect(":");
    const int minutes = hours * 60 + digits(2);
    return west ? -minutes : minutes;
  }

  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string to_timestamp(std::int64_t milliseconds) {
  const auto fraction = static_cast<int>(((milliseconds % 1000) + 1000) % 1000);
  const auto seconds = static_cast<std::time_t>((milliseconds - fraction) / 1000);
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "?";
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> end{};
  std::snprintf(end.data(), end.size(), ".%03dZ", fraction);
  return std::string(text.data(), length) + end.data();
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  Scanner scan(text);
  const int year_number = scan.digits(4);
  scan.expect("-");
  const auto month_number = static_cast<unsigned>(scan.digits(2));
  scan.expect("-");
  const auto day_number = static_cast<unsigned>(scan.digits(2));
  const year_month_day date{year(year_number), month(month_number), day(day_number)};
  if (!scan.good() || !date.ok()) return std::nullopt;
  const std::int64_t midnight =
      duration_cast<std::chrono::milliseconds>(sys_days(date).time_since_epoch()).count();
  if (scan.at_end()) return midnight;
  scan.expect("Tt ");
  const int hour = scan.digits(2);
  scan.expect(":");
  const int minute = scan.digits(2);
  scan.expect(":");
  const int second = scan.digits(2);
  const int fraction = scan.fraction();
  const int zone = scan.zone();
  if (!scan.good() || !scan.at_end() || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  const std::int64_t minutes = std::int64_t{hour} * 60 + minute - zone;
  return midnight + minutes * kMillisecondsPerMinute + std::int64_t{second} * 1000 + fraction;
}

}  // namespace arcella
