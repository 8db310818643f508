// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/package.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "manifest/diagnostic.h"
#include "manifest/file_names.h"
#include "manifest/interface_check.h"
#include "manifest/manifests.h"
#include "store/archive.h"
#include "wit/interface_name.h"

namespace arcella::runtime {
namespace {

namespace fs = std::filesystem;

// Where the files of a package are: beside each other in a folder, or in an archive.
class Place {
 public:
  virtual ~Place() = default;
  // The names of its .wasm files, and of its deployments' files.
  [[nodiscard]] virtual Result<std::vector<std::string>> names(std::string_view suffix) const = 0;
  // A file that is there and cannot be read is an error, not an absence.
  virtual Result<std::optional<PackageText>> read(const std::string& name,
                                                  std::size_t bytes_max) = 0;
};

class FolderPlace final : public Place {
 public:
  explicit FolderPlace(fs::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] Result<std::vector<std::string>> names(std::string_view suffix) const override {
    auto has_suffix = [suffix](std::string_view name) { return name.ends_with(suffix); };
    return folder_entries(folder_, limits::kFolderEntriesMax, has_suffix,
                          "give the path of the .wasm file");
  }

  Result<std::optional<PackageText>> read(const std::string& name, std::size_t bytes_max) override {
    fs::path path = folder_ / name;
    std::error_code error;
    if (!fs::exists(fs::symlink_status(path, error))) return std::nullopt;
    ARCELLA_TRY(std::string text, read_file(path, bytes_max));
    return PackageText{name, path.string(), std::move(text)};
  }

 private:
  const fs::path folder_;
};

// The package is at the archive's root, or in the one folder that it has there.
class ArchivePlace final : public Place {
 public:
  static Result<ArchivePlace> open(const std::string& archive) {
    ARCELLA_TRY(auto files, store::read_archive(archive, room_for));
    std::set<std::string> folders;
    for (const store::ArchiveFile& file : files) {
      if (file.path.ends_with(".wasm")) folders.insert(folder_of(file.path));
    }
    // What lies deeper than the package's own .wasm is not the package's.
    std::string folder = folders.empty() || folders.contains("") ? "" : *folders.begin();
    if (folders.size() > 1 && !folder.empty()) {
      return fail(ErrorCode::InvalidParams,
                  archive + ": there are .wasm files in several folders (" + *folders.begin() +
                      ", " + *folders.rbegin() + "); an archive holds one component");
    }
    return ArchivePlace(archive, std::move(folder), std::move(files));
  }

  [[nodiscard]] Result<std::vector<std::string>> names(std::string_view suffix) const override {
    std::vector<std::string> found;
    for (const store::ArchiveFile& file : files_) {
      if (folder_of(file.path) == folder_ && file.path.ends_with(suffix))
        found.push_back(file.path.substr(file.path.rfind('/') + 1));
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  // Each at most once: the bytes are given away.
  Result<std::optional<PackageText>> read(const std::string& name,
                                          std::size_t /*room_for has seen to it*/) override {
    const std::string path = folder_.empty() ? name : folder_ + "/" + name;
    auto found = std::find_if(files_.begin(), files_.end(),
                              [&path](const auto& file) { return file.path == path; });
    if (found == files_.end()) return std::nullopt;
    return PackageText{name, archive_ + ":" + path, std::move(found->bytes)};
  }

 private:
  ArchivePlace(std::string archive, std::string folder, std::vector<store::ArchiveFile> files)
      : archive_(std::move(archive)), folder_(std::move(folder)), files_(std::move(files)) {}

  static std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
  }
  static std::size_t room_for(std::string_view path) {
    if (std::count(path.begin(), path.end(), '/') > 1) return 0;
    if (path.ends_with(".wasm")) return limits::kWasmBytesMax;
    return path.ends_with(".toml") ? limits::kManifestBytesMax : 0;
  }

  std::string archive_;
  std::string folder_;
  std::vector<store::ArchiveFile> files_;
};

Result<std::string> only_wasm_of(const Place& place, const std::string& path) {
  ARCELLA_TRY(std::vector<std::string> names, place.names(".wasm"));
  if (names.empty()) return fail(ErrorCode::NotFound, path + ": there is no .wasm file in it");
  if (names.size() == 1) return names.front();
  const std::size_t count = names.size();
  names.resize(std::min<std::size_t>(count, 5));
  for (std::string& name : names) name = inert(name);
  return fail(ErrorCode::InvalidParams, path +
                                            ": a component's folder has one .wasm file, this has " +
                                            std::to_string(count) + " (" + join(names, ", ") +
                                            "); give the path of one of them, or pack one of them");
}

Result<std::optional<PackageText>> first_there(Place& place,
                                               const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    ARCELLA_TRY(auto text, place.read(name, limits::kManifestBytesMax));
    if (text) return text;
  }
  return std::nullopt;
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

Result<Package> package_in(Place& place, const std::string& wasm_name,
                           const PackageSource& source) {
  Package package;
  ARCELLA_TRY(auto wasm, place.read(wasm_name, limits::kWasmBytesMax));
  if (!wasm) return fail(Error::from_errno(ENOENT, source.path));
  package.wasm_path = std::move(wasm->path);
  package.wasm = std::move(wasm->text);

  const std::string stem = fs::path(wasm_name).stem().string();
  std::vector<std::string> manifest_names = manifest::component_file_names(stem);
  std::vector<std::string> template_names = manifest::template_file_names(stem);
  if (source.beside != ManifestsBeside::Any) {  // the first of each has the stem in it
    manifest_names.resize(1);
    template_names.resize(1);
  }
  ARCELLA_TRY(auto manifest, first_there(place, manifest_names));
  if (manifest) {
    auto parsed = manifest::read_component_manifest(manifest->text, manifest->path);
    if (!parsed.value) return fail(manifest::to_error(parsed.diagnostics));
    package.manifest = std::move(*parsed.value);
    package.manifest_path = manifest->path;
    package.files.emplace_back("component.toml", std::move(manifest->text));
  }
  ARCELLA_TRY(auto recommended, first_there(place, template_names));
  if (recommended) {
    auto parsed = manifest::read_deployment_template(recommended->text, recommended->path);
    if (!parsed.value) return fail(manifest::to_error(parsed.diagnostics));
    package.template_fields = std::move(*parsed.value);
    package.files.emplace_back("deployment-template.toml", std::move(recommended->text));
  }
  return package;
}

// Of a package that is a folder or an archive: what lies beside a single .wasm is not its own.
Result<Package> whole_package_in(Place& place, const PackageSource& source) {
  ARCELLA_TRY(std::string wasm_name, only_wasm_of(place, source.path));
  ARCELLA_TRY(Package package, package_in(place, wasm_name, source));
  if (!source.with_deployments) return package;
  ARCELLA_TRY(std::vector<std::string> names, place.names(manifest::kDeploymentSuffix));
  for (const std::string& name : names) {
    ARCELLA_TRY(auto text, place.read(name, limits::kManifestBytesMax));
    if (text) package.deployments.push_back(std::move(*text));
  }
  return package;
}

}  // namespace

Result<Package> read_package(const PackageSource& source) {
  const fs::path path(source.path);
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (error) return fail(Error::from_errno(error.value(), source.path));
  if (fs::is_directory(status)) {
    FolderPlace folder(path);
    return whole_package_in(folder, source);
  }
  if (store::is_archive_name(source.path)) {
    ARCELLA_TRY(ArchivePlace archive, ArchivePlace::open(source.path));
    return whole_package_in(archive, source);
  }
  if (path.extension() != ".wasm") {
    return fail(ErrorCode::InvalidParams,
                source.path + ": expected a .wasm file, or a folder or .tar.gz with one");
  }
  FolderPlace folder(path.parent_path());
  return package_in(folder, path.filename().string(), source);
}

Result<model::ComponentId> choose_id(const std::optional<std::string>& requested,
                                     const Package& package, const model::Inspection& inspection,
                                     const std::optional<model::ComponentId>& fallback) {
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
  if (fallback) return *fallback;
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
