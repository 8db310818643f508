// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Makes the platform follow the hot-deploy folder: carries out the steps of
// runtime/hot_deploy_plan.h one after the other, and remembers what each file stands for and what
// went wrong with it. Who looks at the folder tells it what lies there (hot_deploy_watch.h).
//
// What was brought in by hand stays the hand's: it is never changed or undeployed because of the
// folder, and what is touched by hand is the hand's from then on.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "aio/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/views.h"
#include "runtime/hot_deploy_operations.h"
#include "runtime/hot_deploy_plan.h"

namespace arcella::runtime {

// Owner: HotDeployWatch.  Thread: control.
class HotDeploy {
 public:
  // `folder`: absolute.
  HotDeploy(const Clock& clock, HotDeployOperations& operations, std::string folder)
      : clock_(clock), operations_(operations), folder_(std::move(folder)) {}

  // What an earlier daemon has recorded. Once, before the first step.
  void adopt(HotDeployRecords records) { records_ = std::move(records); }
  [[nodiscard]] const HotDeployRecords& records() const noexcept { return records_; }

  // What lies in the folder, entry by entry. What is unsettled is there, or was, and is left alone
  // until one of the other two says more.
  void see(const std::string& file, FolderEntry entry);
  void see_gone(const std::string& file);
  void see_unsettled(const std::string& file) { unsettled_.insert(file); }
  [[nodiscard]] const FolderContent& content() const noexcept { return content_; }
  // Of everything that lies there, did when it was recorded, or is unsettled.
  [[nodiscard]] std::set<std::string> known_names() const;

  // Carries out the next step; false: there is none now. A step that fails is remembered and is no
  // error of this. Not twice at a time. Cancelled.
  aio::Task<Result<bool>> step();
  // When a step that failed is tried again.
  [[nodiscard]] std::optional<MonotonicTime> next_retry() const;

  // Something was done by hand: what of it was the folder's is so no longer (durably, when this
  // returns), and what waited for it is tried again.
  aio::Task<Result<void>> release(std::set<model::ComponentId> components,
                                  std::set<model::DeploymentId> deployments);

  [[nodiscard]] std::vector<model::HotDeployView> status() const;

 private:
  struct Failure {
    std::string stamp;  // of the file as it was; empty: it was gone
    ErrorCode code = ErrorCode::Internal;
    bool waiting = false;  // for a component; nothing is wrong with the file
    std::string message;
    int tries = 0;
    std::optional<MonotonicTime> retry_at;  // none: when the file changes
  };

  aio::Task<Result<void>> carry_out(HotDeployStep step);
  aio::Task<Result<void>> bring_package(std::string file);
  aio::Task<Result<void>> bring_component(std::string file, PackageSource source,
                                          const PackageFacts& facts);
  aio::Task<Result<void>> bring_its_deployments(std::string file, FileRecord before,
                                                const PackageFacts& facts);
  aio::Task<Result<void>> follow(const model::ComponentId& from, const model::ComponentId& to);
  aio::Task<Result<void>> bring_deployment(std::string file);
  aio::Task<Result<void>> drop_default_beside(const DeploymentFile& deployment);
  aio::Task<Result<void>> drop_deployment(std::string file);
  aio::Task<Result<void>> drop_package(std::string file);
  aio::Task<Result<void>> undeploy(std::set<model::DeploymentId> ids);
  // Removes the components that were the folder's and that nothing needs any more.
  aio::Task<void> sweep();
  aio::Task<Result<void>> save();

  [[nodiscard]] std::string note_failure(const HotDeployStep& step, std::string stamp,
                                         const Error& error);
  void retry_what_waited_for(HotDeployStep::Kind done);
  aio::Task<void> forget_stale_failures();
  [[nodiscard]] PackageSource source_of(const std::string& file) const;
  [[nodiscard]] Result<std::vector<DeploymentFile>> deployments_for(
      const std::string& file, const PackageFacts& facts) const;
  [[nodiscard]] Result<void> may_claim(const std::string& file,
                                       const model::DeploymentId& id) const;
  [[nodiscard]] std::set<std::string> held() const;
  [[nodiscard]] model::HotDeployView view_of(const std::string& file,
                                             const FolderEntry& entry) const;
  [[nodiscard]] bool is_moving(const model::ComponentId& component) const;
  [[nodiscard]] model::HotDeployView view_of_record(const std::string& file,
                                                    const FolderEntry& entry) const;

  const Clock& clock_;
  HotDeployOperations& operations_;
  const std::string folder_;
  HotDeployRecords records_;
  FolderContent content_;
  std::set<std::string> unsettled_;
  std::map<std::string, Failure> failures_;
  std::string working_on_;  // the file of the step under way
};

}  // namespace arcella::runtime
