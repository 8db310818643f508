// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deployment_keys.h"

#include <set>

#include "model/run_spec.h"
#include "store/folder.h"

namespace arcella::runtime {

Result<void> remove_keys(const std::string& home, const model::DeploymentId& deployment) {
  ARCELLA_TRY(const auto folder, store::Folder::open(model::keys_folder_of(home)));
  if (!folder.has(deployment.str())) return {};
  ARCELLA_TRY_VOID(folder.remove(deployment.str()));
  return folder.sync();
}

Result<void> remove_unknown_keys(const std::string& home,
                                 const std::vector<model::DeploymentId>& known) {
  std::set<std::string> names;
  for (const model::DeploymentId& id : known) names.insert(id.str());
  ARCELLA_TRY(const auto folder, store::Folder::open(model::keys_folder_of(home)));
  ARCELLA_TRY(const auto there, folder.names());
  for (const std::string& name : there) {
    if (names.contains(name)) continue;
    ARCELLA_TRY_VOID(folder.remove(name));
  }
  return {};
}

}  // namespace arcella::runtime
