// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wit/interface_name.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"

namespace arcella::wit {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Letters of one case and digits.
bool is_fragment(std::string_view text) {
  auto all = [text](bool (*is_letter)(char)) {
    return std::all_of(text.begin(), text.end(),
                       [is_letter](char c) { return is_digit(c) || is_letter(c); });
  };
  return !text.empty() && (all(is_lower) || all(is_upper));
}

// Fragments joined by single hyphens, the first beginning with a letter (Component Model, `label`).
bool is_label(std::string_view text) {
  if (text.empty() || is_digit(text.front())) return false;
  for (;;) {
    std::size_t hyphen = text.find('-');
    if (!is_fragment(text.substr(0, hyphen))) return false;
    if (hyphen == std::string_view::npos) return true;
    text.remove_prefix(hyphen + 1);
  }
}

Result<Version> parse_filled_up(std::string_view text) {
  std::string full(text);
  if (full.find_first_of("-+") == std::string::npos) {
    for (auto dots = std::count(full.begin(), full.end(), '.'); dots < 2; ++dots) full += ".0";
  }
  return Version::parse(full);
}

bool same_interface(const InterfaceName& a, const InterfaceName& b) noexcept {
  return a.ns == b.ns && a.package == b.package && a.interface == b.interface;
}

}  // namespace

Result<InterfaceName> InterfaceName::parse(std::string_view text) {
  auto refuse = [text](std::string_view why) {
    return fail(ErrorCode::InvalidParams,
                "'" + inert(text.substr(0, limits::kInterfaceNameBytesMax)) +
                    "' is no interface name: " + std::string(why) +
                    "; expected for example wasi:http/incoming-handler@0.2.0");
  };
  if (text.size() > limits::kInterfaceNameBytesMax) return refuse("it is too long");
  std::string_view rest = text;
  InterfaceName name;
  if (std::size_t at = rest.find('@'); at != std::string_view::npos) {
    Result<Version> version = parse_filled_up(rest.substr(at + 1));
    if (!version.has_value()) return refuse("what follows '@' is no version");
    name.version = std::move(version).value();
    rest = rest.substr(0, at);
  }
  std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return refuse("there is no ':' after the namespace");
  name.ns = rest.substr(0, colon);
  rest.remove_prefix(colon + 1);
  std::size_t slash = rest.find('/');
  name.package = rest.substr(0, slash);
  if (!is_label(name.ns) || !is_label(name.package)) {
    return refuse("namespace and package are words of letters and digits joined by '-'");
  }
  if (slash != std::string_view::npos) {
    name.interface = rest.substr(slash + 1);
    if (!is_label(name.interface)) {
      return refuse("the interface is words of letters and digits joined by '-'");
    }
  }
  return name;
}

std::string InterfaceName::without_version() const {
  std::string text = ns + ":" + package;
  if (!interface.empty()) text += "/" + interface;
  return text;
}

std::string InterfaceName::str() const {
  std::string text = without_version();
  if (version) text += "@" + version->to_string();
  return text;
}

bool same_track(const Version& a, const Version& b) noexcept {
  if (!a.prerelease.empty() || !b.prerelease.empty()) return a == b;
  if (a.major != b.major) return false;
  if (a.major != 0) return true;
  if (a.minor != b.minor) return false;
  return a.minor != 0 || a.patch == b.patch;
}

bool serves(const InterfaceName& exported, const InterfaceName& imported) noexcept {
  if (!same_interface(exported, imported)) return false;
  if (!imported.version) return true;
  return exported.version && same_track(*exported.version, *imported.version) &&
         *exported.version >= *imported.version;
}

bool means(const InterfaceName& stated, const InterfaceName& actual) noexcept {
  if (stated.ns != actual.ns || stated.package != actual.package) return false;
  if (!stated.interface.empty() && stated.interface != actual.interface) return false;
  return !stated.version || !actual.version || same_track(*stated.version, *actual.version);
}

}  // namespace arcella::wit
