// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deployment_files.h"

#include <filesystem>
#include <iterator>
#include <map>
#include <system_error>

#include "base/file.h"
#include "base/limits.h"
#include "manifest/file_names.h"
#include "manifest/manifests.h"

namespace arcella::runtime {
namespace {

namespace fs = std::filesystem;

Result<model::DeploymentId> id_of(const DeploymentText& file) {
  auto name = manifest::recognise(file.name);
  if (!name || name->kind != manifest::FileKind::Deployment) {
    return fail(ErrorCode::InvalidParams,
                file.path + ": a deployment's file is named `<id>.deployment.toml`");
  }
  auto id = model::DeploymentId::parse(name->stem);
  if (!id.has_value()) return fail(std::move(id).error().with_context(file.path));
  return id;
}

std::vector<std::string> texts_of(const std::vector<manifest::Diagnostic>& notes) {
  std::vector<std::string> texts;
  for (const manifest::Diagnostic& note : notes) texts.push_back(note.str());
  return texts;
}

}  // namespace

Result<std::vector<DeploymentFile>> parse_deployment_files(std::vector<DeploymentText> texts) {
  std::vector<DeploymentFile> files;
  std::vector<manifest::Diagnostic> diagnostics;
  std::map<model::DeploymentId, std::string> seen;
  for (DeploymentText& file : texts) {
    ARCELLA_TRY(model::DeploymentId id, id_of(file));
    auto [earlier, is_new] = seen.emplace(id, file.path);
    if (!is_new) {
      diagnostics.push_back(
          {file.path, 0, 0, "deployment '" + id.str() + "' is also in " + earlier->second});
    }
    auto parsed = manifest::read_deployment_spec(file.text, file.path, id, file.folder);
    if (parsed.value) {
      files.push_back({std::move(file.path), std::move(file.text), std::move(*parsed.value),
                       texts_of(parsed.notes)});
    } else {
      std::move(parsed.diagnostics.begin(), parsed.diagnostics.end(),
                std::back_inserter(diagnostics));
    }
  }
  if (!diagnostics.empty()) return fail(manifest::to_error(diagnostics));
  return files;
}

Result<std::vector<DeploymentFile>> read_deployment_files(const std::vector<std::string>& paths) {
  std::vector<DeploymentText> texts;
  for (const std::string& name : paths) {
    const fs::path path(name);
    std::error_code error;
    const fs::path folder = fs::absolute(path, error).parent_path();
    if (error) return fail(Error::from_errno(error.value(), name));
    DeploymentText file{path.filename().string(), name, folder.string(), {}};
    ARCELLA_TRY([[maybe_unused]] model::DeploymentId id, id_of(file));
    ARCELLA_TRY(file.text, read_file(path, limits::kManifestBytesMax));
    texts.push_back(std::move(file));
  }
  return parse_deployment_files(std::move(texts));
}

}  // namespace arcella::runtime
