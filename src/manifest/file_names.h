// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The names under which manifests are found and recognised (design.md section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace arcella::manifest {

enum class FileKind { Component, Template, Deployment };

struct FileName {
  FileKind kind = FileKind::Component;
  std::string stem;  // X of X.component.toml, the id of a deployment; empty for component.toml
};
// `name` without folders; nullopt for any other name.
[[nodiscard]] std::optional<FileName> recognise(std::string_view name);
// All of them, for a person.
inline constexpr std::string_view kAcceptedNames =
    "component.toml, X.component.toml, deployment-template.toml, X.deployment.template.toml and "
    "ID.deployment.toml";

// A deployment's file is its id and this.
inline constexpr std::string_view kDeploymentSuffix = ".deployment.toml";
[[nodiscard]] std::string deployment_file_name(std::string_view id);

// What lies beside X.wasm, with stem X: the first that is there counts.
[[nodiscard]] std::vector<std::string> component_file_names(std::string_view stem);
[[nodiscard]] std::vector<std::string> template_file_names(std::string_view stem);

}  // namespace arcella::manifest
