// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/module_repository.h"

#include <algorithm>
#include <string_view>

#include "base/crash_point.h"
#include "base/text.h"
#include "store/folder.h"
#include "store/hash.h"

namespace arcella::store {
namespace {

constexpr std::string_view kStaging = ".staging-";
constexpr const char* kWasmName = "component.wasm";

std::string staging_name(const model::ComponentId& id) {
  return std::string(kStaging) + id.str();
}

// Manifest names come from a folder that somebody else wrote.
Result<void> check_file_name(const std::string& name) {
  bool fits = !name.empty() && name.size() <= 255 && name.front() != '.' && name != kWasmName &&
              name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
  if (!fits)
    return fail(ErrorCode::InvalidParams, "'" + inert(name) + "' cannot be a manifest's name");
  return {};
}

Result<void> fill(const Folder& staging, std::span<const std::byte> wasm,
                  const std::vector<std::pair<std::string, std::string>>& files) {
  std::string_view bytes(reinterpret_cast<const char*>(wasm.data()), wasm.size());
  ARCELLA_TRY_VOID(staging.write_file(kWasmName, bytes));
  for (const auto& [name, text] : files) {
    ARCELLA_TRY_VOID(staging.write_file(name, text));
  }
  ARCELLA_TRY_VOID(staging.sync());
  crash_point("modules.staged");
  return {};
}

Result<void> stage(const Folder& modules, const model::ComponentId& id,
                   std::span<const std::byte> wasm,
                   const std::vector<std::pair<std::string, std::string>>& files) {
  for (const auto& file : files) {
    ARCELLA_TRY_VOID(check_file_name(file.first));
  }
  ARCELLA_TRY_VOID(modules.remove(staging_name(id)));
  return modules.make_subfolder(staging_name(id)).and_then([&](const Folder& staging) {
    return fill(staging, wasm, files);
  });
}

// Out of sight by one rename, then deleted: no half of a module is ever seen under its name.
Result<void> remove_module(const Folder& modules, const std::string& name) {
  std::string doomed = std::string(kStaging) + name;
  ARCELLA_TRY_VOID(modules.remove(doomed));
  ARCELLA_TRY_VOID(modules.rename_new(name, doomed));
  crash_point("modules.hidden");
  ARCELLA_TRY_VOID(modules.sync());
  ARCELLA_TRY_VOID(modules.remove(doomed));
  crash_point("modules.deleted");
  return {};
}

}  // namespace

Result<ModuleRepository> ModuleRepository::open(const std::string& home) {
  std::string path = home + "/modules";
  ARCELLA_TRY(Folder modules, Folder::open(path));
  ARCELLA_TRY(std::vector<std::string> names, modules.names());
  for (const std::string& name : names) {
    if (name.compare(0, kStaging.size(), kStaging) != 0) continue;
    ARCELLA_TRY_VOID(modules.remove(name));
  }
  return ModuleRepository(std::move(path));
}

Result<void> ModuleRepository::install(
    const model::ComponentId& id, std::span<const std::byte> wasm,
    const std::vector<std::pair<std::string, std::string>>& files) const {
  ARCELLA_TRY(Folder modules, Folder::open(folder_));
  if (modules.has(id.str())) {
    return fail(ErrorCode::AlreadyExists, "'" + modules.path_of(id.str()) + "' is there already");
  }
  std::string staging_folder = staging_name(id);
  auto moved = stage(modules, id, wasm, files).and_then([&] {
    return modules.rename_new(staging_folder, id.str());
  });
  if (!moved.has_value()) {
    // The first error is what the caller needs; a staging folder that resists goes at the next
    // start.
    (void)modules.remove(staging_folder);
    return moved;
  }
  crash_point("modules.renamed");
  auto durable = modules.sync();
  if (!durable.has_value()) (void)remove_module(modules, id.str());
  return durable;
}

Result<void> ModuleRepository::replace(
    const model::ComponentId& id, std::span<const std::byte> wasm,
    const std::vector<std::pair<std::string, std::string>>& files) const {
  ARCELLA_TRY(Folder modules, Folder::open(folder_));
  auto exchanged = stage(modules, id, wasm, files)
                       .and_then([&] { return modules.exchange(staging_name(id), id.str()); })
                       .and_then([&] { return modules.sync(); });
  if (!exchanged.has_value()) (void)modules.remove(staging_name(id));
  return exchanged;
}

Result<void> ModuleRepository::take_back_replacement(const model::ComponentId& id) const {
  ARCELLA_TRY(Folder modules, Folder::open(folder_));
  ARCELLA_TRY_VOID(modules.exchange(staging_name(id), id.str()));
  ARCELLA_TRY_VOID(modules.sync());
  return modules.remove(staging_name(id));
}

Result<void> ModuleRepository::finish_replacement(const model::ComponentId& id) const {
  ARCELLA_TRY(Folder modules, Folder::open(folder_));
  return modules.remove(staging_name(id));
}

Result<UniqueFd> ModuleRepository::open_wasm(const model::ComponentId& id) const {
  ARCELLA_TRY(Folder modules, Folder::open(folder_));
  ARCELLA_TRY(Folder module, modules.subfolder(id.str()));
  return module.open_file(kWasmName);
}

std::string ModuleRepository::content_hash(std::span<const std::byte> bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return to_hex(hasher.finish());
}

Result<void> ModuleRepository::remove(const model::ComponentId& id) const {
  ARCELLA_TRY(Folder modules, Folder::open(folder_));
  return remove_module(modules, id.str());
}

Result<void> ModuleRepository::remove_unknown(const std::vector<model::ComponentId>& known) const {
  ARCELLA_TRY(Folder modules, Folder::open(folder_));
  ARCELLA_TRY(std::vector<std::string> names, modules.names());
  for (const std::string& name : names) {
    // What is not named as we name things was put there by somebody else, and stays.
    auto id = model::ComponentId::parse(name);
    if (!id.has_value()) continue;
    if (std::find(known.begin(), known.end(), id.value()) != known.end()) continue;
    ARCELLA_TRY_VOID(remove_module(modules, name));
  }
  return {};
}

}  // namespace arcella::store
