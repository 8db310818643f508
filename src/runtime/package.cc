// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/package.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "manifest/diagnostic.h"
#include "manifest/file_names.h"
#include "manifest/interface_check.h"
#include "manifest/manifests.h"
#include "wit/interface_name.h"

namespace arcella::runtime {
namespace {

namespace fs = std::filesystem;

// A folder with more entries than this is no component; also bounds what a mistaken path costs.
constexpr int kFolderEntriesMax = 10'000;

Result<fs::path> only_wasm_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  int entries = 0;
  fs::directory_iterator iterator(folder, error);
  for (; !error && iterator != fs::directory_iterator(); iterator.increment(error)) {
    if (++entries > kFolderEntriesMax) {
      return fail(ErrorCode::LimitExceeded, folder.string() + ": more than " +
                                                std::to_string(kFolderEntriesMax) +
                                                " entries; give the path of the .wasm file");
    }
    if (iterator->path().extension() == ".wasm") found.push_back(iterator->path());
  }
  if (error) return fail(Error::from_errno(error.value(), folder.string()));
  if (found.empty()) {
    return fail(ErrorCode::NotFound, folder.string() + ": there is no .wasm file in this folder");
  }
  if (found.size() == 1) return found.front();
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  names.reserve(found.size());
  for (const fs::path& path : found) names.push_back(path.filename().string());
  names.resize(std::min<std::size_t>(names.size(), 5));
  return fail(ErrorCode::InvalidParams, folder.string() +
                                            ": a component's folder has one .wasm file, this has " +
                                            std::to_string(found.size()) + " (" +
                                            join(names, ", ") + "); give the path of one of them");
}

Result<fs::path> wasm_at(const fs::path& path) {
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (error) return fail(Error::from_errno(error.value(), path.string()));
  if (fs::is_directory(status)) return only_wasm_in(path);
  if (path.extension() != ".wasm") {
    return fail(ErrorCode::InvalidParams,
                path.string() + ": expected a .wasm file or a folder with one");
  }
  return path;
}

struct TextFile {
  std::string path;
  std::string text;
};

// The first of the names that is there; a file that is there and cannot be read is an error, not an
// absence.
Result<std::optional<TextFile>> first_there(const fs::path& folder,
                                            const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    fs::path path = folder / name;
    std::error_code error;
    if (!fs::exists(fs::symlink_status(path, error))) continue;
    ARCELLA_TRY(std::string text, read_file(path, limits::kManifestBytesMax));
    return TextFile{path.string(), std::move(text)};
  }
  return std::optional<TextFile>();
}

// The WIT package of what the component exports, if there is one: WASI is not its own, and of two
// none is more its name than the other.
std::optional<model::ComponentId> id_of_wit_package(const model::Inspection& inspection) {
  std::optional<model::ComponentId> found;
  for (const model::InterfaceItem& item : inspection.exports) {
    const auto name = wit::InterfaceName::parse(item.name);
    if (!name.has_value() || !name->version || name->ns == "wasi") continue;
    auto id = model::ComponentId::make(name->package, name->version->to_string());
    if (!id.has_value() || (found && *found != *id)) return std::nullopt;
    found = std::move(id).value();
  }
  return found;
}

}  // namespace

Result<Package> read_package(const std::string& path) {
  ARCELLA_TRY(fs::path wasm_path, wasm_at(fs::path(path)));
  Package package;
  package.wasm_path = wasm_path.string();
  ARCELLA_TRY(package.wasm, read_file(wasm_path, limits::kWasmBytesMax));
  fs::path folder = wasm_path.parent_path();
  std::string stem = wasm_path.stem().string();

  ARCELLA_TRY(auto manifest, first_there(folder, manifest::component_file_names(stem)));
  if (manifest) {
    auto parsed = manifest::read_component_manifest(manifest->text, manifest->path);
    if (!parsed.value) return fail(manifest::to_error(parsed.diagnostics));
    package.manifest = std::move(*parsed.value);
    package.manifest_path = manifest->path;
    package.files.emplace_back("component.toml", std::move(manifest->text));
  }
  ARCELLA_TRY(auto recommended, first_there(folder, manifest::template_file_names(stem)));
  if (recommended) {
    auto parsed = manifest::read_deployment_template(recommended->text, recommended->path);
    if (!parsed.value) return fail(manifest::to_error(parsed.diagnostics));
    package.template_fields = std::move(*parsed.value);
    package.files.emplace_back("deployment-template.toml", std::move(recommended->text));
  }
  return package;
}

Result<model::ComponentId> choose_id(const std::optional<std::string>& requested,
                                     const Package& package, const model::Inspection& inspection) {
  if (inspection.format == model::Format::CoreModule && package.manifest_path.empty()) {
    return fail(Error(ErrorCode::InvalidManifest,
                      package.wasm_path +
                          ": a core module says nothing of itself, so it needs a component.toml "
                          "beside it")
                    .with_detail("The least it has to say:\n\n[component]\nname = \"" +
                                 fs::path(package.wasm_path).stem().string() +
                                 "\"\nversion = \"0.1.0\"\n"));
  }
  if (requested) return model::ComponentId::parse(*requested);
  if (package.manifest.id) return *package.manifest.id;
  if (!inspection.metadata_name.empty() && !inspection.metadata_version.empty()) {
    auto id = model::ComponentId::make(inspection.metadata_name, inspection.metadata_version);
    if (id.has_value()) return id;
  }
  if (auto id = id_of_wit_package(inspection)) return *id;
  return fail(
      ErrorCode::InvalidManifest,
      package.wasm_path +
          ": neither a component.toml nor the binary's metadata or WIT package says what it "
          "is called: pass `--id NAME@VERSION`");
}

Result<void> check_stated_interfaces(const Package& package, const model::Inspection& inspection) {
  for (const auto& [name, text] : package.files) {
    if (name != "component.toml") continue;
    auto differences = manifest::check_interfaces(text, package.manifest_path, inspection);
    if (!differences.empty()) return fail(manifest::to_error(differences));
  }
  return {};
}

}  // namespace arcella::runtime
