// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/manifest_check.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "cli/arguments.h"
#include "manifest/file_names.h"
#include "manifest/manifests.h"
#include "manifest/rule_diagnostics.h"
#include "model/deployment_rules.h"

namespace arcella::cli {
namespace {

namespace fs = std::filesystem;
using manifest::Diagnostic;
using manifest::FileKind;
using manifest::FileName;

// The component of a deployment, as far as files tell.
struct KnownComponent {
  model::ComponentId id;
  model::ComponentFacts facts;
  model::PolicyFields recommended;
};

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string name_of(const std::string& path) {
  return fs::path(path).filename().string();
}

Result<std::vector<std::string>> names_in(const fs::path& folder,
                                          const std::function<bool(std::string_view)>& wanted) {
  return folder_entries(folder, limits::kFolderEntriesMax, wanted, "name the files");
}

Result<std::vector<std::string>> manifests_in(const std::string& folder, const fs::path& absolute) {
  ARCELLA_TRY(auto names, names_in(absolute, [](std::string_view name) {
                return manifest::recognise(name).has_value();
              }));
  if (names.empty()) {
    return fail(ErrorCode::NotFound, folder + ": there is no manifest in this folder; accepted " +
                                         "names are " + std::string(manifest::kAcceptedNames));
  }
  std::vector<std::string> paths;
  paths.reserve(names.size());
  for (const std::string& name : names) {
    paths.push_back((fs::path(folder) / name).lexically_normal().string());
  }
  return paths;
}

// The X of X.wasm, if the folder has one.
std::optional<std::string> stem_of_binary(const fs::path& folder) {
  auto names = names_in(folder, [](std::string_view name) { return name.ends_with(".wasm"); });
  if (!names.has_value() || names->size() != 1) return std::nullopt;
  return fs::path(names->front()).stem().string();
}

// Where a component may be described: the names that `install` looks for come first.
std::vector<std::string> component_files_in(const fs::path& folder, std::string_view component) {
  std::vector<std::string> files = manifest::component_file_names(component);
  auto others = names_in(folder, [&files](std::string_view name) {
    auto recognised = manifest::recognise(name);
    return recognised && recognised->kind == FileKind::Component &&
           std::find(files.begin(), files.end(), name) == files.end();
  });
  if (others.has_value()) std::move(others->begin(), others->end(), std::back_inserter(files));
  return files;
}

class Check {
 public:
  explicit Check(const CheckRequest& request) : request_(request) {}

  Result<std::vector<CheckedFile>> run() {
    if (request_.component) {
      ARCELLA_TRY_VOID(read_given_component(*request_.component));
    }
    for (const std::string& path : request_.paths) {
      std::error_code error;
      const fs::path absolute = absolute_path(path, request_.folder);
      std::vector<std::string> files{path};
      if (fs::is_directory(absolute, error)) {
        ARCELLA_TRY(files, manifests_in(path, absolute));
      }
      for (const std::string& file : files) {
        ARCELLA_TRY(auto findings, check_file(file));
        checked_.push_back({file, std::move(findings)});
      }
    }
    return std::move(checked_);
  }

 private:
  Result<std::string> read(const std::string& path) const {
    return read_file(absolute_path(path, request_.folder), limits::kManifestBytesMax);
  }

  // What cannot be used as a component is a finding of its own.
  Result<void> read_given_component(const std::string& path) {
    auto name = manifest::recognise(name_of(path));
    if (!name || name->kind != FileKind::Component) {
      return fail(ErrorCode::InvalidParams, "--component " + path +
                                                ": expected a component's file, component.toml or "
                                                "X.component.toml");
    }
    ARCELLA_TRY(std::string text, read(path));
    auto parsed = manifest::read_component_manifest(text, path);
    if (!parsed.value) {
      checked_.push_back({path, std::move(parsed.diagnostics)});
      return {};
    }
    given_ = with_template(*parsed.value, *name, absolute_path(path, request_.folder));
    return {};
  }

  // The component with the template that lies beside its file; one that does not read is not known.
  static KnownComponent with_template(const model::ComponentManifest& component,
                                      const FileName& name, const fs::path& path) {
    KnownComponent known{*component.id, model::facts_of(component), {}};
    const fs::path folder = path.parent_path();
    std::string stem = name.stem;
    if (stem.empty()) stem = stem_of_binary(folder).value_or(std::string(component.id->name()));
    for (const std::string& beside : manifest::template_file_names(stem)) {
      const fs::path there = folder / beside;
      if (!is_there(there)) continue;
      known.facts.template_known = false;
      auto text = read_file(there, limits::kManifestBytesMax);
      if (!text.has_value()) break;
      auto parsed = manifest::read_deployment_template(*text, beside);
      if (!parsed.value) break;
      known.facts.template_known = true;
      known.recommended = *parsed.value;
      break;
    }
    return known;
  }

  // The component `id`, if its file is in this folder.
  static std::optional<KnownComponent> find_beside(const fs::path& folder,
                                                   const model::ComponentId& id) {
    for (const std::string& beside : component_files_in(folder, id.name())) {
      auto text = read_file(folder / beside, limits::kManifestBytesMax);
      if (!text.has_value()) continue;
      auto parsed = manifest::read_component_manifest(*text, beside);
      if (!parsed.value || *parsed.value->id != id) continue;
      return with_template(*parsed.value, *manifest::recognise(beside), folder / beside);
    }
    return std::nullopt;
  }

  Result<std::vector<Diagnostic>> check_file(const std::string& path) const {
    auto name = manifest::recognise(name_of(path));
    if (!name) {
      if (auto text = read(path); !text.has_value()) return fail(std::move(text).error());
      return std::vector<Diagnostic>{{path, 0, 0, "this is no manifest's name",
                                      "accepted are " + std::string(manifest::kAcceptedNames)}};
    }
    auto text = read(path);
    if (!text.has_value()) {
      if (text.error().code() != ErrorCode::LimitExceeded) return fail(std::move(text).error());
      return std::vector<Diagnostic>{
          {path, 0, 0,
           "larger than the limit of " + std::to_string(limits::kManifestBytesMax) + " bytes"}};
    }
    switch (name->kind) {
      case FileKind::Component:
        return findings_of(manifest::read_component_manifest(*text, path));
      case FileKind::Template:
        return findings_of(manifest::read_deployment_template(*text, path));
      case FileKind::Deployment:
        break;
    }
    return check_deployment(path, *text, name->stem);
  }

  template <class T>
  static std::vector<Diagnostic> findings_of(manifest::Parsed<T> parsed) {
    std::vector<Diagnostic> findings = std::move(parsed.diagnostics);
    append(findings, std::move(parsed.notes));
    return findings;
  }

  static void append(std::vector<Diagnostic>& findings, std::vector<Diagnostic> more) {
    std::move(more.begin(), more.end(), std::back_inserter(findings));
    std::sort(findings.begin(), findings.end(), [](const auto& a, const auto& b) {
      return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
    });
  }

  std::vector<Diagnostic> check_deployment(const std::string& path, const std::string& text,
                                           const std::string& stem) const {
    auto id = model::DeploymentId::parse(stem);
    if (!id.has_value()) return {{path, 0, 0, id.error().message()}};
    const fs::path folder = fs::path(absolute_path(path, request_.folder)).parent_path();
    auto parsed = manifest::read_deployment_spec(text, path, *id, folder.string());
    std::optional<model::DeploymentSpec> spec = std::move(parsed.value);
    std::vector<Diagnostic> findings = findings_of(std::move(parsed));
    if (!spec) return findings;
    std::optional<KnownComponent> component =
        given_ ? given_ : find_beside(folder, spec->component);
    model::RuleFindings rules = check_against(std::move(*spec), component);
    append(findings, manifest::locate(rules.violations, text, path));
    append(findings, manifest::locate_notes(rules.unchecked, text, path));
    return findings;
  }

  static model::RuleFindings check_against(model::DeploymentSpec spec,
                                           const std::optional<KnownComponent>& component) {
    model::ComponentFacts facts;
    facts.id = spec.component.str();
    facts.template_known = false;
    model::PolicyFields recommended;
    if (component) {
      if (component->id != spec.component) return {{not_that(spec.component, *component)}, {}};
      facts = component->facts;
      recommended = component->recommended;
    }
    model::Policy policy = model::merge(recommended, spec.overrides);
    return model::check_rules({std::move(spec), std::move(policy)}, facts);
  }

  static model::RuleViolation not_that(const model::ComponentId& wanted,
                                       const KnownComponent& given) {
    return {"deployment.module_id",
            "'" + wanted.str() + "' is not the component of --component, '" + given.id.str() + "'",
            "name its file, or mend module_id"};
  }

  const CheckRequest& request_;
  std::optional<KnownComponent> given_;
  std::vector<CheckedFile> checked_;
};

}  // namespace

Result<std::vector<CheckedFile>> check_manifests(const CheckRequest& request) {
  return Check(request).run();
}

}  // namespace arcella::cli
