// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/hot_deploy_watch.h"

#include <algorithm>

#include "aio/await.h"
#include "aio/timeout.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"

namespace arcella::runtime {

using What = aio::FolderEvent::What;

// --- what a hand has touched ---

namespace {

HandTouched touched_deployments(const std::vector<model::DeploymentView>& views) {
  HandTouched touched;
  for (const model::DeploymentView& view : views) {
    auto id = model::DeploymentId::parse(view.id);
    if (id.has_value()) touched.deployments.insert(std::move(*id));
  }
  return touched;
}

}  // namespace

HandTouched touched_by(const model::ComponentView& installed) {
  return touched_component(installed.id);
}

HandTouched touched_by(const DeployOutcome& deployed) {
  return touched_deployments(deployed.deployments);
}

HandTouched touched_by(const UpdateOutcome& updated) {
  HandTouched touched = touched_deployments(updated.deployments);
  touched.components = touched_component(updated.component).components;
  return touched;
}

HandTouched touched_component(const std::string& id) {
  HandTouched touched;
  auto parsed = model::ComponentId::parse(id);
  if (parsed.has_value()) touched.components.insert(std::move(*parsed));
  return touched;
}

HandTouched touched_deployment(const std::string& id) {
  HandTouched touched;
  auto parsed = model::DeploymentId::parse(id);
  if (parsed.has_value()) touched.deployments.insert(std::move(*parsed));
  return touched;
}

aio::Task<void> HotDeployWatch::release(HandTouched touched) {
  auto released =
      co_await hot_deploy_.release(std::move(touched.components), std::move(touched.deployments));
  if (!released.has_value())
    log::warn("hot_deploy", "what was taken over by hand could not be recorded",
              {{"error", released.error().message()}});
  wake_.set();
}

// --- the loop ---

HotDeployWatch::HotDeployWatch(RuntimeCore& core, HotDeployPlatform& platform)
    : core_(core),
      platform_(platform),
      folder_(platform.folder()),
      hot_deploy_(core.clock, platform, folder_),
      burst_until_(core.clock.monotonic_now()),
      wake_(core.io.get_executor()),
      watching_(core.io.get_executor()),
      scope_(core.io.get_executor()) {}

void HotDeployWatch::run() {
  scan_at_ = core_.clock.monotonic_now();
  scope_.spawn(follow());
  scope_.spawn(listen());
}

aio::Task<void> HotDeployWatch::stop() {
  scope_.cancel();
  co_await scope_.join();
}

aio::Task<void> HotDeployWatch::follow() {
  auto records = co_await platform_.load();
  if (records.has_value()) {
    hot_deploy_.adopt(std::move(*records));
  } else {
    // Nothing is undeployed for it: what was the folder's is now as if it came by hand.
    log::error("hot_deploy", "what came from the folder is not known any more",
               {{"error", records.error().message()}});
  }
  while (true) {
    wake_.reset();
    const bool is_scan_due = scan_at_ && *scan_at_ <= core_.clock.monotonic_now();
    if (is_scan_due) co_await scan();
    co_await look_at_due();
    if (has_seen_folder_ && !in_a_burst()) {
      auto done = co_await hot_deploy_.step();
      if (!done.has_value()) co_return;
      if (*done) continue;
    }
    auto waited = co_await wait();
    if (!waited.has_value()) co_return;
  }
}

aio::Task<Result<void>> HotDeployWatch::wait() {
  std::optional<MonotonicTime> next = hot_deploy_.next_retry();
  auto at_latest = [&next](MonotonicTime time) { next = next ? std::min(*next, time) : time; };
  if (scan_at_) at_latest(*scan_at_);
  for (const auto& [name, dirty] : dirty_) at_latest(dirty.due);
  if (!next) co_return co_await wake_.wait();
  const auto left = std::max(*next - core_.clock.monotonic_now(), MonotonicTime::duration::zero());
  auto woken = co_await aio::with_timeout(left, wake_.wait());
  if (!woken.has_value() && woken.error().code() == ErrorCode::Cancelled) co_return woken;
  co_return Result<void>();
}

bool HotDeployWatch::in_a_burst() const {
  if (core_.clock.monotonic_now() >= burst_until_) return false;
  return std::any_of(dirty_.begin(), dirty_.end(),
                     [](const auto& entry) { return !entry.second.is_bundle; });
}

// --- events ---

aio::Task<void> HotDeployWatch::listen() {
  while (true) {
    auto can_listen = co_await watching_.wait();
    if (!can_listen.has_value()) co_return;
    auto events = co_await watch_->next();
    if (!events.has_value()) {
      if (events.error().code() != ErrorCode::Cancelled)
        log::error("hot_deploy", events.error().message());
      co_return;
    }
    for (const aio::FolderEvent& event : *events) note(event);
    wake_.set();
  }
}

void HotDeployWatch::note(const aio::FolderEvent& event) {
  const MonotonicTime now = core_.clock.monotonic_now();
  if (event.what == What::Overflow || dirty_.size() > 2 * limits::kHotDeployEntriesMax) {
    dirty_.clear();
    scan_at_ = now;
    return;
  }
  const bool was_closed = event.what == What::EntryWritten || event.what == What::EntryMoved;
  if (event.folder == root_) {
    if (event.what == What::FolderGone) {
      root_ = -1;
      scan_at_ = now;
    } else if (!is_ignored(event.name)) {
      const auto settle =
          event.what == What::EntryMoved ? std::chrono::milliseconds(0) : limits::kHotDeploySettle;
      mark(event.name, settle, false, was_closed);
    }
    return;
  }
  auto bundle = bundles_.find(event.folder);
  if (bundle == bundles_.end()) return;
  const std::string name = bundle->second;
  if (event.what == What::FolderGone) forget_bundle(name);
  mark(name, limits::kHotDeployBundleSettle, true, was_closed);
}

void HotDeployWatch::mark(const std::string& name, std::chrono::milliseconds settle, bool is_bundle,
                          bool was_closed) {
  const MonotonicTime now = core_.clock.monotonic_now();
  if (dirty_.empty()) burst_until_ = now + limits::kHotDeployBundleSettle;
  Dirty& dirty =
      dirty_.try_emplace(name, Dirty{.first = now, .due = now, .stamp_before = {}}).first->second;
  dirty.due = std::min(now + settle, dirty.first + limits::kHotDeployBundleSettleMax);
  dirty.is_bundle = is_bundle;
  dirty.was_closed = dirty.was_closed || was_closed;
  hot_deploy_.see_unsettled(name);
}

void HotDeployWatch::forget_bundle(const std::string& name) {
  for (auto bundle = bundles_.begin(); bundle != bundles_.end(); ++bundle) {
    if (bundle->second != name) continue;
    watch_->remove(bundle->first);
    bundles_.erase(bundle);
    return;
  }
}

// --- looks ---

bool HotDeployWatch::start_watching() {
  if (!watch_) {
    auto opened = aio::FolderWatch::open(core_.io.get_executor());
    if (!opened.has_value()) {
      problem_ = opened.error().message();
      return false;
    }
    watch_ = std::move(*opened);
    watching_.set();
  }
  if (root_ >= 0) return true;
  auto added = make_dir_0700(folder_).and_then([this] { return watch_->add(folder_); });
  if (!added.has_value()) {
    problem_ = added.error().message();
    return false;
  }
  root_ = *added;
  return true;
}

// Watched first, then listed: nothing can come in between unseen.
aio::Task<void> HotDeployWatch::scan() {
  scan_at_.reset();
  const bool is_watched = start_watching();
  auto list = [this] {
    remove_orphan_reports(folder_);
    return names_in(folder_);
  };
  auto names = co_await core_.files_pool.run(std::move(list));
  if (!names.has_value()) problem_ = names.error().message();
  if (!is_watched || !names.has_value()) {
    log::error("hot_deploy", problem_);
    scan_at_ = core_.clock.monotonic_now() + limits::kHotDeployRetryDelayMax;
  }
  if (!names.has_value()) co_return;  // an unreadable folder is no empty one
  if (is_watched) problem_.clear();
  has_seen_folder_ = true;
  left_out_.clear();
  std::set<std::string> there(names->begin(), names->end());
  for (const std::string& name : hot_deploy_.known_names()) {
    if (!there.contains(name)) mark(name, std::chrono::milliseconds(0), false, true);
  }
  for (const std::string& name : *names) mark(name, std::chrono::milliseconds(0), false, true);
}

bool HotDeployWatch::has_room_for(const std::string& name) const {
  const FolderContent& content = hot_deploy_.content();
  // What is known goes before what is new.
  return content.contains(name) || hot_deploy_.records().files.contains(name) ||
         content.size() < limits::kHotDeployEntriesMax;
}

aio::Task<void> HotDeployWatch::look_at_due() {
  const MonotonicTime now = core_.clock.monotonic_now();
  std::vector<std::string> names;
  for (const auto& [name, dirty] : dirty_) {
    if (dirty.due <= now) names.push_back(name);
  }
  if (names.empty()) co_return;
  std::vector<Dirty> taken;
  for (const std::string& name : names) taken.push_back(dirty_.extract(name).mapped());
  auto look = [this, &names] {
    std::vector<Look> looks;
    for (const std::string& name : names) looks.push_back(look_at(folder_, name));
    return looks;
  };
  std::vector<Look> looks = co_await core_.files_pool.run(std::move(look));
  for (std::size_t i = 0; i < names.size(); ++i) {
    // What changed while it was looked at is looked at again.
    if (!dirty_.contains(names[i]))
      conclude_look(names[i], std::move(taken[i]), std::move(looks[i]));
  }
}

void HotDeployWatch::conclude_look(const std::string& name, Dirty dirty, Look look) {
  const MonotonicTime now = core_.clock.monotonic_now();
  left_out_.erase(name);
  if (look.state == Look::State::Absent) {
    forget_bundle(name);
    hot_deploy_.see_gone(name);
    return;
  }
  if (!has_room_for(name)) {
    left_out_.insert(name);
    return;
  }
  const bool is_watched = std::any_of(bundles_.begin(), bundles_.end(),
                                      [&name](const auto& entry) { return entry.second == name; });
  const bool is_bundle =
      kind_of(name, true) == EntryKind::Bundle && kind_of(name, false) == EntryKind::Other;
  if (is_bundle && !is_watched && watch_) {
    // Not an error when it is a file, or gone again.
    auto added = watch_->add(folder_ + "/" + name);
    if (added.has_value()) {
      bundles_.emplace(*added, name);
      const auto settle =
          dirty.was_closed ? std::chrono::milliseconds(0) : limits::kHotDeployBundleSettle;
      mark(name, settle, true, dirty.was_closed);
      return;
    }
  }
  // Whoever has it open closes it some day, and that is an event.
  if (look.state == Look::State::Busy) return;
  if (look.state == Look::State::Unknown) {
    const bool is_known = hot_deploy_.content().contains(name);
    if (!dirty.was_closed && !is_known) return;
    if (dirty.stamp_before != look.entry.stamp) {
      dirty.stamp_before = look.entry.stamp;
      dirty.due = now + limits::kHotDeployBlindSettle;
      dirty_.emplace(name, std::move(dirty));
      return;
    }
  }
  hot_deploy_.see(name, std::move(look.entry));
}

std::vector<model::HotDeployView> HotDeployWatch::status() const {
  std::vector<model::HotDeployView> views;
  if (!problem_.empty()) views.push_back({".", "failed", problem_});
  std::vector<model::HotDeployView> entries = hot_deploy_.status();
  std::move(entries.begin(), entries.end(), std::back_inserter(views));
  for (const std::string& name : left_out_) {
    views.push_back({name, "ignored",
                     "there are " + std::to_string(limits::kHotDeployEntriesMax) +
                         " entries already: take some out"});
  }
  return views;
}

}  // namespace arcella::runtime
