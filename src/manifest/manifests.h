// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The three file formats of design.md section 5, text -> model, all diagnostics at once. Nothing
// here touches a disk.
//
// To add a field: the model (model/component.h, model/deployment.h), its reader here, its bound in
// base/limits.h, store/documents.cc, alme_proto/views_json.cc, a row of docs/manifest-reference.md
// (a test asks for it) and a case in tests/manifests.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "manifest/diagnostic.h"
#include "model/component.h"
#include "model/deployment.h"

namespace arcella::manifest {

// `file` is only named in diagnostics.
[[nodiscard]] Parsed<model::ComponentManifest> read_component_manifest(std::string_view text,
                                                                       std::string_view file);
[[nodiscard]] Parsed<model::PolicyFields> read_deployment_template(std::string_view text,
                                                                   std::string_view file);
// `id`: the stem of `<id>.deployment.toml`; `folder`: where the file lies, for relative mounts.
[[nodiscard]] Parsed<model::DeploymentSpec> read_deployment_spec(std::string_view text,
                                                                 std::string_view file,
                                                                 const model::DeploymentId& id,
                                                                 std::string_view folder);

}  // namespace arcella::manifest
