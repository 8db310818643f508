// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/ids.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "base/text.h"

namespace arcella::model {
namespace {

constexpr std::string_view kNameGrammar = "1 to 128 letters, digits, '_' or '-'";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-';
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= limits::kNameLengthMax &&
         std::all_of(text.begin(), text.end(), is_name_char);
}

// A decimal number of 32 bits without leading zeros.
bool is_number(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  if (text.size() > 1 && text.front() == '0') return false;
  std::uint32_t number = 0;
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
}

bool is_version(std::string_view text) {
  std::size_t first = text.find('.');
  std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  return second != std::string_view::npos && is_number(text.substr(0, first)) &&
         is_number(text.substr(first + 1, second - first - 1)) &&
         is_number(text.substr(second + 1));
}

// A text that is shown because it is wrong may be of any length and content.
std::string shown(std::string_view text) {
  constexpr std::size_t kShownMax = 64;
  std::string quoted = "'" + inert(text.substr(0, kShownMax));
  return quoted + (text.size() > kShownMax ? "...'" : "'");
}

Unexpected fail_name(std::string_view what, std::string_view text) {
  return fail(ErrorCode::InvalidParams, shown(text) + " is no " + std::string(what) +
                                            ": expected " + std::string(kNameGrammar));
}

}  // namespace

template <>
Result<DeploymentId> DeploymentId::parse(std::string_view text) {
  if (!is_name(text)) return fail_name("deployment id", text);
  return DeploymentId(std::string(text));
}

template <>
Result<GroupName> GroupName::parse(std::string_view text) {
  if (!is_name(text)) return fail_name("group name", text);
  return GroupName(std::string(text));
}

Result<ComponentId> ComponentId::parse(std::string_view text) {
  std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return fail(ErrorCode::InvalidParams, shown(text) +
                                              " is no component id: expected name@version, for "
                                              "example http-logger@0.1.0");
  }
  return make(text.substr(0, at), text.substr(at + 1));
}

Result<ComponentId> ComponentId::make(std::string_view name, std::string_view version) {
  if (!is_name(name)) return fail_name("component name", name);
  if (!is_version(version)) {
    return fail(ErrorCode::InvalidParams,
                shown(version) +
                    " is no component version: expected three numbers without leading zeros, "
                    "for example 0.1.0");
  }
  return ComponentId(std::string(name) + "@" + std::string(version), name.size());
}

Result<InstanceId> InstanceId::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  std::string_view number = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  int index = 0;
  if (!is_number(number) ||
      std::from_chars(number.data(), number.data() + number.size(), index).ec != std::errc() ||
      index >= limits::kReplicasMax) {
    return fail(ErrorCode::InvalidParams,
                shown(text) + " is no instance id: expected deployment/index, for example web/0");
  }
  ARCELLA_TRY(DeploymentId deployment, DeploymentId::parse(text.substr(0, slash)));
  return InstanceId{std::move(deployment), index};
}

}  // namespace arcella::model
