// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Looks at the hot-deploy folder for HotDeploy: everything at the start and after events were lost,
// and from then on only what the kernel says has changed, once it has settled. A file is looked at
// when its writer has closed it, a bundle when nothing has come into it for a while, and what was
// moved in at once.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "aio/event.h"
#include "aio/folder_watch.h"
#include "aio/task.h"
#include "aio/task_scope.h"
#include "base/clock.h"
#include "model/views.h"
#include "runtime/hot_deploy.h"
#include "runtime/hot_deploy_platform.h"

namespace arcella::runtime {

// What an operation by hand had to do with.
struct HandTouched {
  std::set<model::ComponentId> components = {};
  std::set<model::DeploymentId> deployments = {};
};
[[nodiscard]] HandTouched touched_by(const model::ComponentView& installed);
[[nodiscard]] HandTouched touched_by(const DeployOutcome& deployed);
[[nodiscard]] HandTouched touched_by(const UpdateOutcome& updated);
[[nodiscard]] HandTouched touched_component(const std::string& id);
[[nodiscard]] HandTouched touched_deployment(const std::string& id);

// Owner: ArcellaRuntime::Impl.  Thread: control; files are looked at on the files pool.
// Stop: co_await stop() before destruction.
class HotDeployWatch {
 public:
  HotDeployWatch(RuntimeCore& core, HotDeployPlatform& platform);

  // From now on; once.
  void run();
  aio::Task<void> stop();

  // Runs an operation that was asked for by hand: what it touched is the folder's no longer.
  template <class T>
  aio::Task<Result<T>> by_hand(aio::Task<Result<T>> work) {
    Result<T> done = co_await std::move(work);
    if (done.has_value()) co_await release(touched_by(*done));
    co_return done;
  }
  template <class T>
  aio::Task<Result<T>> by_hand(aio::Task<Result<T>> work, HandTouched touched) {
    Result<T> done = co_await std::move(work);
    if (done.has_value()) co_await release(std::move(touched));
    co_return done;
  }

  [[nodiscard]] std::vector<model::HotDeployView> status() const;

 private:
  // An entry that is to be looked at.
  struct Dirty {
    MonotonicTime first;  // when it became so
    MonotonicTime due;
    bool is_bundle = false;
    bool was_closed = false;   // somebody has written it and closed it, or moved it in
    std::string stamp_before;  // where writers cannot be seen: of the last look
  };

  aio::Task<void> follow();
  aio::Task<void> listen();
  aio::Task<void> scan();
  [[nodiscard]] bool start_watching();
  void note(const aio::FolderEvent& event);
  void mark(const std::string& name, std::chrono::milliseconds settle, bool is_bundle,
            bool was_closed);
  aio::Task<void> look_at_due();
  void conclude_look(const std::string& name, Dirty dirty, Look look);
  void forget_bundle(const std::string& name);
  [[nodiscard]] bool has_room_for(const std::string& name) const;
  // More may be coming with it: manifests beside a .wasm, a deployment with its component.
  [[nodiscard]] bool in_a_burst() const;
  aio::Task<Result<void>> wait();
  aio::Task<void> release(HandTouched touched);

  RuntimeCore& core_;
  HotDeployPlatform& platform_;
  const std::string folder_;
  HotDeploy hot_deploy_;
  std::unique_ptr<aio::FolderWatch> watch_;  // none while the folder cannot be watched
  int root_ = -1;
  std::map<int, std::string> bundles_;  // watch -> name
  std::map<std::string, Dirty> dirty_;
  std::optional<MonotonicTime> scan_at_;
  bool has_seen_folder_ = false;  // before, nothing in it is gone
  MonotonicTime burst_until_;
  std::string problem_;             // with the folder as a whole
  std::set<std::string> left_out_;  // past the bound of entries
  aio::Event wake_;
  aio::Event watching_;
  aio::TaskScope scope_;
};

}  // namespace arcella::runtime
