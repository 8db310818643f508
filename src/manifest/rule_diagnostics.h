// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string_view>
#include <vector>

#include "manifest/diagnostic.h"
#include "model/deployment_rules.h"

namespace arcella::manifest {

// Where in the deployment file the violations of check_rules() are to be mended: the line of the
// field itself or, if the file does not have it, of the innermost table around it. `text` is the
// file that the deployment was read from.
[[nodiscard]] std::vector<Diagnostic> locate(const std::vector<model::RuleViolation>& violations,
                                             std::string_view text, std::string_view file);
// The same as notes, for what could not be checked.
[[nodiscard]] std::vector<Diagnostic> locate_notes(
    const std::vector<model::RuleViolation>& unchecked, std::string_view text,
    std::string_view file);

}  // namespace arcella::manifest
