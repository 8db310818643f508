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

Result<model::DeploymentId> id_of(const fs::path& path) {
  auto name = manifest::recognise(path.filename().string());
  if (!name || name->kind != manifest::FileKind::Deployment) {
    return fail(ErrorCode::InvalidParams,
                path.string() + ": a deployment's file is named `<id>.deployment.toml`");
  }
  auto id = model::DeploymentId::parse(name->stem);
  if (!id.has_value()) return fail(std::move(id).error().with_context(path.string()));
  return id;
}

std::vector<std::string> texts_of(const std::vector<manifest::Diagnostic>& notes) {
  std::vector<std::string> texts;
  for (const manifest::Diagnostic& note : notes) texts.push_back(note.str());
  return texts;
}

}  // namespace

Result<std::vector<DeploymentFile>> read_deployment_files(const std::vector<std::string>& paths) {
  std::vector<DeploymentFile> files;
  std::vector<manifest::Diagnostic> diagnostics;
  std::map<model::DeploymentId, std::string> seen;
  for (const std::string& name : paths) {
    fs::path path(name);
    ARCELLA_TRY(model::DeploymentId id, id_of(path));
    auto [earlier, is_new] = seen.emplace(id, name);
    if (!is_new) {
      diagnostics.push_back(
          {name, 0, 0, "deployment '" + id.str() + "' is also in " + earlier->second});
    }
    ARCELLA_TRY(std::string text, read_file(path, limits::kManifestBytesMax));
    std::error_code error;
    fs::path folder = fs::absolute(path, error).parent_path();
    if (error) return fail(Error::from_errno(error.value(), name));
    auto parsed = manifest::read_deployment_spec(text, name, id, folder.string());
    if (parsed.value) {
      files.push_back({name, std::move(text), std::move(*parsed.value), texts_of(parsed.notes)});
    } else {
      std::move(parsed.diagnostics.begin(), parsed.diagnostics.end(),
                std::back_inserter(diagnostics));
    }
  }
  if (!diagnostics.empty()) return fail(manifest::to_error(diagnostics));
  return files;
}

}  // namespace arcella::runtime
