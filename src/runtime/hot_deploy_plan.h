// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the hot-deploy folder has brought in, and what is to be done next so that the platform
// follows the folder: a pure function of the records and of what lies there now. One step at a
// time, as each changes what the next one is.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"
#include "runtime/deploy_folder.h"

namespace arcella::runtime {

// What one file of the folder stands for. What is not in a record was brought in by hand, and the
// folder leaves it alone.
struct FileRecord {
  std::string stamp;  // of the content that was carried out whole; empty while it is under way
  std::optional<model::ComponentId> component;  // of a package
  std::set<model::DeploymentId> deployments;
  bool by_default = false;     // the package brought no deployment: it got the default one
  bool named_by_file = false;  // neither binary nor manifest say what it is called
  friend bool operator==(const FileRecord&, const FileRecord&) = default;
};

// Durable, in state/hot-deploy.json: claims are written before what they claim is made, so that a
// crash in between leaves nothing that nobody owns.
struct HotDeployRecords {
  std::map<std::string, FileRecord> files;
  std::set<model::ComponentId> components;  // that the folder installed
  friend bool operator==(const HotDeployRecords&, const HotDeployRecords&) = default;

  // The file that stands for a deployment; nullptr: none does.
  [[nodiscard]] const std::string* owner_of(const model::DeploymentId& id) const;
  // Some package stands for it.
  [[nodiscard]] bool wants(const model::ComponentId& id) const;
};
[[nodiscard]] std::string to_document(const HotDeployRecords& records);
[[nodiscard]] Result<HotDeployRecords> hot_deploy_records_from(std::string_view document);

struct HotDeployStep {
  enum class Kind { DropDeployment, BringPackage, BringDeployment, DropPackage };
  Kind kind = Kind::BringPackage;
  std::string file;
  friend bool operator==(const HotDeployStep&, const HotDeployStep&) = default;
};

// Deployments that are gone first (their addresses become free), then components, then the
// deployments that may need them; packages that are gone last, so that a file that was renamed
// keeps its component. Files in `held` have failed as they are now, and are not tried.
[[nodiscard]] std::optional<HotDeployStep> next_step(const HotDeployRecords& records,
                                                     const FolderContent& content,
                                                     const std::set<std::string>& held);

// The entry's stamp, with those of the manifests beside it that a .wasm is read with. Empty when it
// is not there.
[[nodiscard]] std::string stamp_of(const FolderContent& content, const std::string& file);

// `component.toml` says of which .wasm it speaks only where there is one.
[[nodiscard]] bool shared_manifests_apply(const FolderContent& content);

// A deployment file is there for the component, of whatever version, or has the name that its
// default deployment would have.
[[nodiscard]] bool has_deployment_file(const FolderContent& content,
                                       const model::ComponentId& component);

// What `<name>.wasm` or `<name@x.y.z>.wasm` is called when nothing else says: by the file's name;
// the version by a deployment file that names the component, else 1.0.0. None when the name is no
// component's.
[[nodiscard]] std::optional<model::ComponentId> id_by_file(const FolderContent& content,
                                                           const std::string& file);

}  // namespace arcella::runtime
