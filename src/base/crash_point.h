// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Named moments between the steps of what the daemon does to its disk and its processes. A test
// arms one, and the daemon kills itself there as `kill -9` would: so every order of steps is tried
// against "the state before or the state after" (tests/integration/crash_point_test.cc,
// docs/reliability.md). Not armed, a point is one relaxed load.
//
// To add one: its name goes into kCrashPoints, `crash_point("its.name")` where the step is done. A
// name that is not in the table does not compile; one that no operation of the test passes fails
// the test.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace arcella {

// Each is passed when what it names has just been done.
inline constexpr std::array kCrashPoints{
    // opening a home, in this order
    std::string_view("home.locked"),
    std::string_view("home.state-open"),
    std::string_view("home.cleaned"),
    std::string_view("home.restoring"),
    // a small file that is replaced whole: its temporary file is on the disk
    std::string_view("file.written"),
    // one transaction of the state database: written, and on the disk
    std::string_view("state.written"),
    std::string_view("state.committed"),
    // the files of a component: in their staging folder, under their name; out of sight, deleted
    std::string_view("modules.staged"),
    std::string_view("modules.renamed"),
    std::string_view("modules.hidden"),
    std::string_view("modules.deleted"),
    // an artifact: in its temporary file, under its name; deleted
    std::string_view("cache.written"),
    std::string_view("cache.renamed"),
    std::string_view("cache.deleted"),
    // the operations
    std::string_view("install.inspected"),
    std::string_view("install.compiled"),
    std::string_view("install.code-kept"),
    std::string_view("install.files-kept"),
    std::string_view("install.row-kept"),
    std::string_view("remove.row-gone"),
    std::string_view("remove.files-gone"),
    std::string_view("remove.code-gone"),
    // deployments that change, by deploy, update or rollback; `replaced` for each that runs
    std::string_view("change.checked"),
    std::string_view("change.replaced"),
    std::string_view("change.recorded"),
    std::string_view("change.failed"),
    std::string_view("change.put-back"),
    std::string_view("start.prepared"),
    std::string_view("start.recorded"),
    std::string_view("start.ready"),
    std::string_view("start.failed"),
    std::string_view("start.taken-back"),
    std::string_view("stop.recorded"),
    std::string_view("stop.drained"),
    std::string_view("scale.recorded"),
    std::string_view("scale.ready"),
    std::string_view("undeploy.row-gone"),
    std::string_view("undeploy.drained"),
    std::string_view("undeploy.keys-gone"),
    std::string_view("command.recorded"),
    // processes, and what the reconciler has them do
    std::string_view("helper.spawned"),
    std::string_view("worker.spawned"),
    std::string_view("worker.up"),
    std::string_view("worker.stopped"),
    std::string_view("guest.loaded"),
    std::string_view("guest.started"),
    std::string_view("guest.stopped"),
    std::string_view("guest.unloaded"),
};

// One entry of the table, made of its name while the program is compiled.
class CrashPoint {
 public:
  consteval CrashPoint(const char* name) {  // NOLINT(google-explicit-constructor): a checked name
    while (kCrashPoints.at(index_) != name) ++index_;  // at(): no constant for an unknown name
  }
  [[nodiscard]] std::size_t index() const noexcept { return index_; }

 private:
  std::size_t index_ = 0;
};

// "NAME" kills this process when that point is passed, "NAME:N" when it is passed for the N-th
// time, "log" logs every passage; empty does nothing. InvalidParams for what is none of these.
// Called by `main` before there is a second thread; the one place that knows of the environment.
Result<void> arm_crash_point(std::string_view what);

namespace crash_point_detail {
// The process-wide switch: besides the log, the one thing that is no object of somebody. Nobody
// would hand it down ten constructors for the sake of a test.
inline std::atomic<bool> armed{false};
void pass(CrashPoint point) noexcept;
}  // namespace crash_point_detail

// Thread: any.
inline void crash_point(CrashPoint point) noexcept {
  if (crash_point_detail::armed.load(std::memory_order_relaxed)) [[unlikely]]
    crash_point_detail::pass(point);
}

}  // namespace arcella
