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

struct DeploymentText {
  std::string name;    // `<id>.deployment.toml`
  std::string path;    // for messages
  std::string folder;  // where relative mounts begin
  std::string text;
};
// InvalidManifest carries every diagnostic of every file.
[[nodiscard]] Result<std::vector<DeploymentFile>> parse_deployment_files(
    std::vector<DeploymentText> texts);

// Reads and parses `<id>.deployment.toml` files; blocking.
[[nodiscard]] Result<std::vector<DeploymentFile>> read_deployment_files(
    const std::vector<std::string>& paths);

}  // namespace arcella::runtime
