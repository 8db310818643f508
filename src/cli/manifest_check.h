// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Manifests checked without a daemon: what install and deploy would say of the files alone, and
// which rules of a deployment could not be checked because its component is not here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "manifest/diagnostic.h"

namespace arcella::cli {

struct CheckedFile {
  std::string path;                            // as it was given
  std::vector<manifest::Diagnostic> findings;  // in the order of the file
};

struct CheckRequest {
  std::vector<std::string> paths;        // files, or folders whose manifests are meant
  std::optional<std::string> component;  // the component.toml that deployments are checked against
  std::string folder;                    // where relative paths start
};

// Blocking. A file or folder that is not there or cannot be read is an Error; what is wrong in a
// file, its name included, is a finding.
[[nodiscard]] Result<std::vector<CheckedFile>> check_manifests(const CheckRequest& request);

}  // namespace arcella::cli
