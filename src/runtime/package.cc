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

// A plain function at the root of the world has no interface's name: then the words decide.
bool states(std::string_view stated, std::string_view actual) {
  const auto a = wit::InterfaceName::parse(stated);
  const auto b = wit::InterfaceName::parse(actual);
  return a.has_value() && b.has_value() ? wit::means(*a, *b) : stated == actual;
}

// One line that lists both sides, or nothing when they agree.
std::string contradiction(std::string_view what, const std::vector<std::string>& stated,
                          const std::vector<model::InterfaceItem>& actual) {
  bool all_there = std::all_of(stated.begin(), stated.end(), [&](const std::string& name) {
    return std::any_of(actual.begin(), actual.end(),
                       [&](const auto& item) { return states(name, item.name); });
  });
  bool all_stated = std::all_of(actual.begin(), actual.end(), [&](const auto& item) {
    return item.name.rfind("wasi:", 0) == 0 ||
           std::any_of(stated.begin(), stated.end(),
                       [&](const std::string& name) { return states(name, item.name); });
  });
  if (all_there && all_stated) return {};
  std::vector<std::string> names;
  names.reserve(actual.size());
  for (const auto& item : actual) names.push_back(item.name);
  return std::string(what) + ": the file says [" + join(stated, ", ") + "], the binary has [" +
         inert(join(names, ", ")) + "]";
}

}  // namespace

Result<Package> read_package(const std::string& path, ManifestsBeside beside) {
  ARCELLA_TRY(fs::path wasm_path, wasm_at(fs::path(path)));
  Package package;
  package.wasm_path = wasm_path.string();
  ARCELLA_TRY(package.wasm, read_file(wasm_path, limits::kWasmBytesMax));
  fs::path folder = wasm_path.parent_path();
  std::string stem = wasm_path.stem().string();

  std::vector<std::string> manifest_names{stem + ".component.toml"};
  std::vector<std::string> template_names{stem + ".deployment.template.toml"};
  if (beside == ManifestsBeside::Any) {
    manifest_names.emplace_back("component.toml");
    template_names.emplace_back("deployment-template.toml");
  }
  ARCELLA_TRY(auto manifest, first_there(folder, manifest_names));
  if (manifest) {
    auto parsed = manifest::read_component_manifest(manifest->text, manifest->path);
    if (!parsed.value) return fail(manifest::to_error(parsed.diagnostics));
    package.manifest = std::move(*parsed.value);
    package.manifest_path = manifest->path;
    package.files.emplace_back("component.toml", std::move(manifest->text));
  }
  ARCELLA_TRY(auto recommended, first_there(folder, template_names));
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
  return fail(ErrorCode::InvalidManifest,
              package.wasm_path +
                  ": neither a component.toml nor the binary says what it is called: "
                  "pass `--id NAME@VERSION`");
}

Result<void> check_stated_interfaces(const Package& package, const model::Inspection& inspection) {
  const model::ComponentManifest& manifest = package.manifest;
  std::vector<std::string> lines;
  if (manifest.exports)
    lines.push_back(contradiction("exports", *manifest.exports, inspection.exports));
  if (manifest.imports)
    lines.push_back(contradiction("imports", *manifest.imports, inspection.imports));
  // A core module's own names (`memory`, `_start`, `wasi_snapshot_preview1.fd_write`) are no
  // interfaces.
  if (inspection.format == model::Format::CoreModule) lines.clear();
  std::erase(lines, std::string());
  if (lines.empty()) return {};
  return fail(ErrorCode::InvalidManifest,
              package.manifest_path + ": contradicts the binary: " + join(lines, "; "));
}

}  // namespace arcella::runtime
