// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Versions by Semantic Versioning 2.0.0 and requirements on them, as Cargo reads them. Component
// ids allow only `x.y.z`; published WIT packages also carry pre-releases
// (`wasi:http@0.3.0-rc-2025-09-16`), so those are read too.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace arcella {

struct Version {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t patch = 0;
  std::string prerelease;  // without its `-`; empty for a release

  // `x.y.z` or `x.y.z-pre`; no leading zeros, no build metadata.
  [[nodiscard]] static Result<Version> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;

  // Precedence of semver section 11: a pre-release comes before its release.
  friend std::strong_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) = default;
};

// A conjunction of comparators: `^1.0`, `1.2` (the same as `^1.2`), `~1.2.3`, `=1.2.3`, `>=1.2,
// <3`, `*`.
class VersionRequirement {
 public:
  // Satisfied by every release.
  VersionRequirement() = default;
  [[nodiscard]] static Result<VersionRequirement> parse(std::string_view text);

  // A pre-release satisfies only a requirement that names a pre-release of the same x.y.z: nobody
  // gets one unasked.
  [[nodiscard]] bool matches(const Version& version) const;
  [[nodiscard]] const std::string& to_string() const noexcept { return text_; }

 private:
  // Each comparator is a half-open range; a missing end is open.
  struct Range {
    Version first;
    std::optional<Version> end;
    std::optional<Version> prerelease_of;  // the x.y.z whose pre-releases the comparator names
  };
  [[nodiscard]] static Result<Range> parse_range(std::string_view text);

  std::vector<Range> ranges_;
  std::string text_ = "*";
};

}  // namespace arcella
