// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "manifest/diagnostic.h"
#include "model/deployment.h"

namespace arcella::runtime {

struct DeploymentFile {
  std::string path;
  std::string text;
  model::DeploymentSpec spec;
  std::vector<std::string> notes = {};  // what is read and has no effect, each with its place
};

// Reads and parses `<id>.deployment.toml` files; blocking. InvalidManifest carries every diagnostic
// of every file.
[[nodiscard]] Result<std::vector<DeploymentFile>> read_deployment_files(
    const std::vector<std::string>& paths);

}  // namespace arcella::runtime
