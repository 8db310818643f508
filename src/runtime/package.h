// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What `install PATH` points at: one .wasm, or a folder or an archive with exactly one, and the
// manifests that lie beside it (design.md section 5). Only reads, into memory, under the bounds of
// limits.h; the binary is not looked into.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/component.h"
#include "model/deployment.h"

namespace arcella::runtime {

// Which manifests are the package's: any name of design.md section 5, or only those that begin with
// the name of the .wasm, where several lie in one folder.
enum class ManifestsBeside { Any, NamedAfterFile };

struct PackageSource {
  std::string path;  // absolute
  ManifestsBeside beside = ManifestsBeside::Any;
  // For a binary that says nothing of itself, and has nobody beside it who does.
  std::optional<model::ComponentId> fallback_id = {};
  bool with_deployments = false;  // read the <id>.deployment.toml of a folder or archive too
};

struct PackageText {
  std::string name;  // without folders
  std::string path;  // for messages; in an archive, `<archive>:<entry>`
  std::string text;
};

struct Package {
  std::string wasm_path;
  std::string wasm;
  model::ComponentManifest manifest;
  std::string manifest_path;  // empty: there is no component.toml
  model::PolicyFields template_fields;
  std::vector<std::pair<std::string, std::string>>
      files;                             // the manifests under the names the repository keeps
  std::vector<PackageText> deployments;  // only if they were asked for; in the order of names
};

// Blocking. Errors name the file; those of manifests carry every diagnostic as detail.
[[nodiscard]] Result<Package> read_package(const PackageSource& source);
[[nodiscard]] inline Result<Package> read_package(const std::string& path) {
  return read_package(PackageSource{path});
}

// The id of the component: what the request says, else component.toml, else the binary's own
// metadata, else the WIT package that it exports, else `fallback`.
[[nodiscard]] Result<model::ComponentId> choose_id(
    const std::optional<std::string>& requested, const Package& package,
    const model::Inspection& inspection,
    const std::optional<model::ComponentId>& fallback = std::nullopt);

// InvalidManifest when component.toml states other interfaces than the binary has, with the place
// of each difference (manifest/interface_check.h).
[[nodiscard]] Result<void> check_stated_interfaces(const Package& package,
                                                   const model::Inspection& inspection);

}  // namespace arcella::runtime
