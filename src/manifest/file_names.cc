// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/file_names.h"

#include <array>
#include <utility>

namespace arcella::manifest {
namespace {

constexpr std::string_view kComponent = "component.toml";
constexpr std::string_view kTemplate = "deployment-template.toml";
constexpr std::string_view kNamedTemplate = "deployment.template.toml";

std::string named(std::string_view stem, std::string_view name) {
  return std::string(stem) + "." + std::string(name);
}

}  // namespace

std::optional<FileName> recognise(std::string_view name) {
  if (name == kComponent) return FileName{FileKind::Component, ""};
  if (name == kTemplate) return FileName{FileKind::Template, ""};
  static constexpr std::array<std::pair<std::string_view, FileKind>, 3> kSuffixes{
      {{kNamedTemplate, FileKind::Template},
       {kComponent, FileKind::Component},
       {kDeploymentSuffix.substr(1), FileKind::Deployment}}};
  for (const auto& [suffix, kind] : kSuffixes) {
    if (name.size() <= suffix.size() + 1 || !name.ends_with(suffix)) continue;
    std::string_view stem = name.substr(0, name.size() - suffix.size());
    if (stem.back() != '.') continue;
    stem.remove_suffix(1);
    return FileName{kind, std::string(stem)};
  }
  return std::nullopt;
}

std::string deployment_file_name(std::string_view id) {
  return std::string(id).append(kDeploymentSuffix);
}

std::vector<std::string> component_file_names(std::string_view stem) {
  return {named(stem, kComponent), std::string(kComponent)};
}

std::vector<std::string> template_file_names(std::string_view stem) {
  return {named(stem, kNamedTemplate), std::string(kTemplate)};
}

}  // namespace arcella::manifest
