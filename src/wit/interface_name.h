// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// `ns:pkg/iface@1.2.3`, the name under which a component imports or exports an interface. People
// also write less of it in manifests: `ns:pkg@1.0` (all of a package), `ns:pkg/iface` (any
// version).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/semver.h"

namespace arcella::wit {

// A value; made by parse(), which holds the grammar of WIT's labels.
struct InterfaceName {
  std::string ns;
  std::string package;
  std::string interface;  // empty: every interface of the package
  std::optional<Version> version;

  // InvalidParams with an example. A version of one or two numbers is filled up with zeros.
  static Result<InterfaceName> parse(std::string_view text);
  [[nodiscard]] std::string str() const;
  [[nodiscard]] std::string without_version() const;

  friend auto operator<=>(const InterfaceName&, const InterfaceName&) = default;
};

// May versions `a` and `b` stand for each other as semver sees it? Equal in the first number that
// is not zero, and in all before it; a pre-release is compatible only with itself.
[[nodiscard]] bool same_track(const Version& a, const Version& b) noexcept;

// May `exported` serve an import of `imported`? The same interface, and the same track at the
// version of the import or later; an import without version takes any. Types are not looked at.
[[nodiscard]] bool serves(const InterfaceName& exported, const InterfaceName& imported) noexcept;

// Does `stated`, as a person wrote it in a manifest, mean `actual`, as it stands in the binary?
// What is left out of `stated` means any; versions need only be of one track.
[[nodiscard]] bool means(const InterfaceName& stated, const InterfaceName& actual) noexcept;

}  // namespace arcella::wit
