// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/hot_deploy_plan.h"

#include <algorithm>

#include "base/semver.h"
#include "manifest/file_names.h"

namespace arcella::runtime {
namespace {

using Kind = HotDeployStep::Kind;

constexpr std::string_view kFirstVersion = "1.0.0";

bool is_there(const FolderContent& content, const std::string& file) {
  auto found = content.find(file);
  return found != content.end() && found->second.kind != EntryKind::Other;
}

// The kind of a record's file, which may be gone: a deployment's file says so in its name.
bool is_deployment_file(const std::string& file) {
  return kind_of(file, false) == EntryKind::Deployment;
}

// A .wasm that says nothing of itself goes by another id once a deployment file names one.
bool has_new_name(const FolderContent& content, const std::string& file, const FileRecord& record) {
  return record.named_by_file && id_by_file(content, file) != record.component;
}

std::optional<HotDeployStep> first_to_drop(const HotDeployRecords& records,
                                           const FolderContent& content,
                                           const std::set<std::string>& held, Kind kind) {
  for (const auto& [file, record] : records.files) {
    if (is_deployment_file(file) != (kind == Kind::DropDeployment)) continue;
    if (!is_there(content, file) && !held.contains(file)) return HotDeployStep{kind, file};
  }
  return std::nullopt;
}

std::optional<HotDeployStep> first_to_bring(const HotDeployRecords& records,
                                            const FolderContent& content,
                                            const std::set<std::string>& held, Kind kind) {
  for (const auto& [file, entry] : content) {
    const bool is_of_kind =
        kind == Kind::BringPackage ? is_package(entry.kind) : entry.kind == EntryKind::Deployment;
    if (!is_of_kind || held.contains(file)) continue;
    auto known = records.files.find(file);
    if (known == records.files.end() || known->second.stamp != stamp_of(content, file) ||
        has_new_name(content, file, known->second)) {
      return HotDeployStep{kind, file};
    }
  }
  return std::nullopt;
}

}  // namespace

const std::string* HotDeployRecords::owner_of(const model::DeploymentId& id) const {
  for (const auto& [file, record] : files) {
    if (record.deployments.contains(id)) return &file;
  }
  return nullptr;
}

bool HotDeployRecords::wants(const model::ComponentId& id) const {
  return std::any_of(files.begin(), files.end(),
                     [&id](const auto& file) { return file.second.component == id; });
}

std::optional<HotDeployStep> next_step(const HotDeployRecords& records,
                                       const FolderContent& content,
                                       const std::set<std::string>& held) {
  auto step = first_to_drop(records, content, held, Kind::DropDeployment);
  if (!step) step = first_to_bring(records, content, held, Kind::BringPackage);
  if (!step) step = first_to_bring(records, content, held, Kind::BringDeployment);
  if (!step) step = first_to_drop(records, content, held, Kind::DropPackage);
  return step;
}

std::string stamp_of(const FolderContent& content, const std::string& file) {
  auto found = content.find(file);
  if (found == content.end()) return {};
  std::string stamp = found->second.stamp;
  if (found->second.kind != EntryKind::Wasm) return stamp;
  const std::string stem = file.substr(0, file.rfind('.'));
  const auto manifests = manifest::component_file_names(stem);
  const auto templates = manifest::template_file_names(stem);
  // Recorded stamps have them in this order.
  for (const std::string& name : {manifests[0], templates[0], manifests[1], templates[1]}) {
    auto companion = content.find(name);
    if (companion == content.end()) continue;
    const bool applies = !wasm_of_companion(name).empty() || shared_manifests_apply(content);
    if (applies) stamp += "+" + name + "=" + companion->second.stamp;
  }
  return stamp;
}

bool shared_manifests_apply(const FolderContent& content) {
  return std::count_if(content.begin(), content.end(),
                       [](const auto& entry) { return entry.second.kind == EntryKind::Wasm; }) == 1;
}

bool has_deployment_file(const FolderContent& content, const model::ComponentId& component) {
  const std::string by_name = manifest::deployment_file_name(component.name());
  return std::any_of(content.begin(), content.end(), [&](const auto& entry) {
    return entry.second.kind == EntryKind::Deployment &&
           (entry.first == by_name ||
            (entry.second.component && entry.second.component->name() == component.name()));
  });
}

std::optional<model::ComponentId> id_by_file(const FolderContent& content,
                                             const std::string& file) {
  const std::string stem = file.substr(0, file.rfind('.'));
  auto whole = model::ComponentId::parse(stem);
  if (whole.has_value()) return *whole;
  auto id = model::ComponentId::make(stem, kFirstVersion);
  if (!id.has_value()) return std::nullopt;
  for (const auto& [name, entry] : content) {
    if (entry.component && entry.component->name() == stem) return entry.component;
  }
  return *id;
}

}  // namespace arcella::runtime
