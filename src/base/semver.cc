// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/semver.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace arcella {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_identifier_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
bool is_numeric(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Cuts `text` at the first `separator` and returns what is before it; `text` keeps the rest.
std::string_view cut(std::string_view& text, char separator) {
  std::size_t at = text.find(separator);
  std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return head;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  if (!is_numeric(text) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // Leaves room for "the next one", which the end of a range is.
  if (value == UINT32_MAX) return std::nullopt;
  return value;
}

bool is_prerelease(std::string_view text) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    std::string_view identifier = cut(text, '.');
    if (identifier.empty()) return false;
    if (!std::all_of(identifier.begin(), identifier.end(), is_identifier_char)) return false;
    if (is_numeric(identifier) && identifier.size() > 1 && identifier.front() == '0') return false;
  }
  return true;
}

std::strong_ordering compare_text(std::string_view a, std::string_view b) {
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  bool a_numeric = is_numeric(a);
  bool b_numeric = is_numeric(b);
  if (a_numeric != b_numeric)
    return a_numeric ? std::strong_ordering::less : std::strong_ordering::greater;
  // Without leading zeros the longer number is the larger, of any size.
  if (a_numeric && a.size() != b.size()) return a.size() <=> b.size();
  return compare_text(a, b);
}

std::strong_ordering compare_prereleases(std::string_view a, std::string_view b) {
  if (a.empty() != b.empty()) {
    return a.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  }
  while (!a.empty() && !b.empty()) {
    auto order = compare_identifiers(cut(a, '.'), cut(b, '.'));
    if (order != 0) return order;
  }
  return a.size() <=> b.size();
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// What follows the operator of a comparator: one to three numbers, a pre-release only after three.
struct Partial {
  std::array<std::uint32_t, 3> numbers{};
  int count = 0;
  std::string prerelease;

  [[nodiscard]] Version release() const { return {numbers[0], numbers[1], numbers[2], ""}; }
  [[nodiscard]] Version first() const { return {numbers[0], numbers[1], numbers[2], prerelease}; }
  // The end of everything below: for a release its lowest pre-release, so that `<2` shuts
  // out 2.0.0-rc.1.
  [[nodiscard]] Version before() const {
    Version end = first();
    if (end.prerelease.empty()) end.prerelease = "0";
    return end;
  }
  // The lowest version past all that agree with the leading `fixed` numbers.
  [[nodiscard]] Version release_after(int fixed) const {
    Version end{numbers[0], 0, 0, "0"};
    if (fixed >= 2) end.minor = numbers[1];
    if (fixed >= 3) end.patch = numbers[2];
    ++(fixed == 1 ? end.major : fixed == 2 ? end.minor : end.patch);
    return end;
  }
  // The same for a pre-release, whose successor appends the lowest identifier.
  [[nodiscard]] Version after(int fixed) const {
    if (prerelease.empty()) return release_after(fixed);
    Version end = first();
    end.prerelease += ".0";
    return end;
  }
};

std::optional<Partial> parse_partial(std::string_view text) {
  Partial partial;
  if (std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    partial.prerelease = text.substr(dash + 1);
    text = text.substr(0, dash);
    if (!is_prerelease(partial.prerelease)) return std::nullopt;
  }
  if (text.empty() || text.back() == '.') return std::nullopt;
  while (!text.empty()) {
    auto number = partial.count < 3 ? parse_number(cut(text, '.')) : std::nullopt;
    if (!number) return std::nullopt;
    partial.numbers[static_cast<std::size_t>(partial.count++)] = *number;
  }
  if (!partial.prerelease.empty() && partial.count < 3) return std::nullopt;
  return partial;
}

}  // namespace

Result<Version> Version::parse(std::string_view text) {
  auto partial = parse_partial(text);
  if (!partial || partial->count < 3) {
    return fail(ErrorCode::InvalidParams, "'" + std::string(text) + "' is not a version (x.y.z)");
  }
  return partial->first();
}

std::string Version::to_string() const {
  std::string text =
      std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
  if (!prerelease.empty()) text += '-' + prerelease;
  return text;
}

std::strong_ordering operator<=>(const Version& a, const Version& b) {
  if (auto order = a.major <=> b.major; order != 0) return order;
  if (auto order = a.minor <=> b.minor; order != 0) return order;
  if (auto order = a.patch <=> b.patch; order != 0) return order;
  return compare_prereleases(a.prerelease, b.prerelease);
}

Result<VersionRequirement::Range> VersionRequirement::parse_range(std::string_view text) {
  std::string_view rest = text;
  std::string_view op = "^";
  for (std::string_view known : {">=", "<=", ">", "<", "=", "^", "~"}) {
    if (!rest.starts_with(known)) continue;
    op = known;
    rest = trim(rest.substr(known.size()));
    break;
  }
  auto partial = parse_partial(rest);
  if (!partial) {
    return fail(ErrorCode::InvalidParams,
                "'" + std::string(text) +
                    "' is not a version requirement (^1.2, ~1.2.3, =1.2.3, >=1.2, <2, *)");
  }
  Range range{partial->first(), std::nullopt, std::nullopt};
  if (!partial->prerelease.empty()) range.prerelease_of = partial->release();
  if (op == "<" || op == "<=") {
    range.end = op == "<" ? partial->before() : partial->after(partial->count);
    range.first = Version{0, 0, 0, "0"};
  } else if (op == ">") {
    range.first = partial->after(partial->count);
  } else if (op == "=") {
    range.end = partial->after(partial->count);
  } else if (op == "~") {
    range.end = partial->release_after(std::min(partial->count, 2));
  } else if (op == "^") {
    // The leftmost number that is not zero stays; 0.0.x is compatible with nothing but itself.
    int fixed = 1;
    while (fixed < partial->count && partial->numbers[static_cast<std::size_t>(fixed - 1)] == 0) {
      ++fixed;
    }
    range.end = partial->release_after(fixed);
  }
  return range;
}

Result<VersionRequirement> VersionRequirement::parse(std::string_view text) {
  VersionRequirement requirement;
  requirement.text_ = trim(text);
  if (requirement.text_ == "*") return requirement;
  std::string_view rest = requirement.text_;
  do {
    bool more = rest.find(',') != std::string_view::npos;
    ARCELLA_TRY(Range range, parse_range(trim(cut(rest, ','))));
    requirement.ranges_.push_back(std::move(range));
    if (more && rest.empty())
      return fail(ErrorCode::InvalidParams, "a version requirement ends in ','");
  } while (!rest.empty());
  return requirement;
}

bool VersionRequirement::matches(const Version& version) const {
  bool prerelease_asked_for = version.prerelease.empty();
  for (const Range& range : ranges_) {
    if (version < range.first) return false;
    if (range.end && !(version < *range.end)) return false;
    if (range.prerelease_of && range.prerelease_of->major == version.major &&
        range.prerelease_of->minor == version.minor &&
        range.prerelease_of->patch == version.patch) {
      prerelease_asked_for = true;
    }
  }
  return prerelease_asked_for;
}

}  // namespace arcella
