// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/reconciler.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "aio/await.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "base/log.h"
#include "runtime/composition.h"
#include "runtime/listen_socket.h"
#include "runtime/wiring.h"

namespace arcella::runtime {
namespace {

using model::InstanceEvent;
using model::InstanceState;

constexpr MonotonicTime kForGood = MonotonicTime::max();

// After an action failed its place is left alone this long, so that a plan that cannot be carried
// out does not spin.
constexpr std::chrono::milliseconds kPauseAfterFailure{100};
constexpr std::chrono::seconds kPauseAfterNoWorker{1};
// Answers that are waited for together: more make nothing faster.
constexpr std::size_t kBindsAtOnce = 64;

bool holds(const std::optional<MonotonicTime>& until, MonotonicTime now) {
  return until && *until > now;
}

// `later`: none of its replicas is to start now.
model::DesiredDeployment desired_of(const DeploymentRecord& record, MonotonicTime now, bool later) {
  model::DesiredDeployment desired{
      .id = record.deployment.spec.id, .place = {}, .needs = {}, .held = {}};
  desired.running = record.desired == model::Desired::Running;
  desired.place = place_of(record.deployment);
  desired.replicas = record.deployment.spec.replicas;
  desired.needs = record.needs;
  desired.revision = record.revision;
  desired.may_load = !holds(record.load_held_until, now);
  for (std::size_t i = 0; i < record.instances.size(); ++i) {
    if (holds(record.instances[i].held_until, now)) desired.held.insert(static_cast<int>(i));
  }
  for (int i = 0; later && i < desired.replicas; ++i) desired.held.insert(i);
  return desired;
}

// Whether it gets a ready replica without anybody's help, as far as one can tell.
bool is_coming(const DeploymentRecord& record, model::WorkerState place, MonotonicTime now) {
  return record.deployment.spec.replicas > 0 && record.failure.empty() &&
         place != model::WorkerState::Failed && place != model::WorkerState::Backoff &&
         !holds(record.load_held_until, now) &&
         std::ranges::none_of(record.instances, [now](const InstanceRecord& instance) {
           return holds(instance.held_until, now) || instance.state == InstanceState::Completed;
         });
}

model::ObservedDeployment observed_of(const DeploymentRecord& record) {
  model::ObservedDeployment observed{.id = record.deployment.spec.id, .place = {}, .instances = {}};
  observed.place = record.loaded ? record.loaded_in : place_of(record.deployment);
  observed.loaded = record.loaded;
  observed.revision = record.loaded_revision;
  for (std::size_t i = 0; i < record.instances.size(); ++i) {
    if (record.instances[i].state == InstanceState::Stopped) continue;
    observed.instances.emplace_hint(observed.instances.end(), static_cast<int>(i),
                                    record.instances[i].state);
  }
  return observed;
}

const model::DeploymentId* deployment_of(const model::Action& action) {
  if (const auto* load = std::get_if<model::Load>(&action)) return &load->deployment;
  if (const auto* bind = std::get_if<model::BindImports>(&action)) return &bind->deployment;
  if (const auto* start = std::get_if<model::StartInstances>(&action)) return &start->deployment;
  if (const auto* stop = std::get_if<model::StopInstances>(&action)) return &stop->deployment;
  if (const auto* unload = std::get_if<model::Unload>(&action)) return &unload->deployment;
  return nullptr;
}

// Who is told whom to call does not depend on what others are told: these are carried out at once.
std::size_t end_of_batch(const std::vector<model::Action>& actions, std::size_t next) {
  std::size_t end = next + 1;
  if (!std::holds_alternative<model::BindImports>(actions[next])) return end;
  while (end < actions.size() && end - next < kBindsAtOnce &&
         std::holds_alternative<model::BindImports>(actions[end]))
    ++end;
  return end;
}

// How the replicas of another revision ended says nothing of the one that was just loaded.
void forget_ends(DeploymentRecord& record) {
  for (InstanceRecord& instance : record.instances) {
    if (!is_alive(instance.state)) instance.state = InstanceState::Stopped;
    instance.reason.clear();
    instance.backtrace.clear();
  }
}

std::string name_of(const model::Place& place) {
  return place ? "worker '" + place->str() + "'" : "main";
}

}  // namespace

Reconciler::Reconciler(boost::asio::io_context& io, const Clock& clock, Registry& registry,
                       Places& places, ArtifactSource& artifacts, EventLog& events,
                       std::string home, OnCompleted on_completed)
    : clock_(clock),
      registry_(registry),
      places_(places),
      artifacts_(artifacts),
      events_(events),
      home_(std::move(home)),
      on_completed_(std::move(on_completed)),
      wake_(io),
      changed_(io.get_executor()),
      scope_(io.get_executor()) {}

void Reconciler::run() {
  scope_.spawn(run_loop());
}

aio::Task<void> Reconciler::run_loop() {
  while (!scope_.closed()) {
    pending_ = false;
    std::optional<MonotonicTime> wake_at = tick();
    // What needed no wait was carried out within the tick and has kicked already: nobody would wake
    // us.
    if (pending_) continue;
    // kick() moves the expiry, which ends the wait; nothing that a plan depends on waits longer
    // than its hold-off.
    wake_.expires_at(wake_at.value_or(kForGood));
    co_await wake_.async_wait(aio::kAsTuple);
    if (aio::is_cancelled(co_await boost::asio::this_coro::cancellation_state)) co_return;
  }
}

aio::Task<void> Reconciler::stop() {
  scope_.cancel();
  co_await scope_.join();
}

void Reconciler::kick() {
  changed_.notify();
  if (!std::exchange(pending_, true)) wake_.cancel();
}

std::optional<MonotonicTime> Reconciler::tick() {
  MonotonicTime now = clock_.monotonic_now();
  std::map<model::Place, Actions> lanes;
  wanted_ = wanted_imports(registry_);
  hold_stops(now);
  for (model::Action& action : model::plan(observe(now, wanted_))) {
    lanes[place_of_action(action)].push_back(std::move(action));
  }
  replace_hung_places(lanes, now);
  for (auto& [place, actions] : lanes) {
    auto paused = paused_.find(place);
    if (busy_.contains(place) || (paused != paused_.end() && paused->second > now)) continue;
    busy_.insert(place);
    if (!scope_.spawn(carry_out(place, std::move(actions)))) busy_.erase(place);
  }
  return next_hold_off(now);
}

// Consumers whose process does not answer are not waited for.
void Reconciler::hold_stops(MonotonicTime now) {
  auto& all = registry_.deployments();
  const bool any_stops = std::ranges::any_of(all, [](const auto& entry) {
    return entry.second.desired != model::Desired::Running && entry.second.loaded;
  });
  std::set<model::DeploymentId> left;
  if (any_stops) left = providers_to_leave(registry_, wanted_);
  for (auto& [id, record] : all) {
    if (record.desired == model::Desired::Running) {
      record.stop_held_until.reset();
      record.consumers_left = false;
    } else if (left.contains(id)) {
      if (!record.stop_held_until) record.stop_held_until = now + limits::kStopHeldMax;
    } else if (record.stop_held_until && !std::exchange(record.consumers_left, true)) {
      record.stop_held_until = std::min(*record.stop_held_until, now + limits::kStopLinger);
    }
  }
}

model::Situation Reconciler::observe(MonotonicTime now) const {
  return observe(now, wanted_imports(registry_));
}

model::Situation Reconciler::observe(MonotonicTime now, const WantedImports& wanted) const {
  model::Situation situation;
  situation.desired.reserve(registry_.deployments().size());
  const auto later = to_start_later(registry_, [&](const DeploymentRecord& record) {
    return is_coming(record, places_.status(place_of(record.deployment)).state, now);
  });
  for (const auto& [id, record] : registry_.deployments()) {
    situation.desired.push_back(desired_of(record, now, later.contains(id)));
    situation.observed.push_back(observed_of(record));
    situation.observed.back().called = holds(record.stop_held_until, now);
    const auto imports = wanted.find(id);
    if (imports == wanted.end()) continue;
    situation.desired.back().binds = true;
    situation.observed.back().bound = untold(record, imports->second).empty();
  }
  situation.workers = places_.workers();
  for (model::ObservedWorker& worker : situation.workers) {
    bool idle =
        worker.state == model::WorkerState::Failed || worker.state == model::WorkerState::Backoff;
    if (idle && retry_.contains(worker.group)) worker.state = model::WorkerState::Down;
  }
  return situation;
}

std::optional<MonotonicTime> Reconciler::next_hold_off(MonotonicTime now) const {
  MonotonicTime next = kForGood;
  auto consider = [&next, now](MonotonicTime time) {
    if (time > now) next = std::min(next, time);
  };
  for (const auto& [id, record] : registry_.deployments()) {
    if (record.load_held_until) consider(*record.load_held_until);
    if (record.stop_held_until) consider(*record.stop_held_until);
    for (const InstanceRecord& instance : record.instances) {
      if (instance.held_until) consider(*instance.held_until);
    }
  }
  for (const auto& [place, until] : paused_) consider(until);
  for (const auto& [id, due] : stop_due_) consider(due);
  return next == kForGood ? std::nullopt : std::optional(next);
}

model::Place Reconciler::place_of_action(const model::Action& action) const {
  if (const auto* ensure = std::get_if<model::EnsureWorker>(&action)) return ensure->group;
  if (const auto* stop = std::get_if<model::StopWorker>(&action)) return stop->group;
  const DeploymentRecord* record = registry_.find(*deployment_of(action));
  // What ends does so where it is; all else is planned where the deployment is wanted, also while
  // it is still loaded in the place that it leaves.
  bool where_it_is = record->loaded && (std::holds_alternative<model::StopInstances>(action) ||
                                        std::holds_alternative<model::Unload>(action));
  return where_it_is ? record->loaded_in : place_of(record->deployment);
}

void Reconciler::replace_hung_places(std::map<model::Place, Actions>& lanes, MonotonicTime now) {
  std::erase_if(stop_due_, [&](const auto& entry) {
    const DeploymentRecord* record = registry_.find(entry.first);
    if (record == nullptr || count_in(*record, InstanceState::Stopping) == 0) return true;
    if (entry.second > now) return false;
    log::error("runtime", "replicas did not end when they were told to",
               {{"deployment", entry.first.str()}, {"place", name_of(record->loaded_in)}});
    // Main cannot be killed for it; its engine interrupts every guest at its deadline.
    if (record->loaded && record->loaded_in)
      lanes[record->loaded_in] = {model::StopWorker{*record->loaded_in}};
    return true;
  });
}

aio::Task<void> Reconciler::carry_out(model::Place place, Actions actions) {
  auto lane = std::make_shared<Lane>(place, wake_.get_executor());
  MonotonicTime begun = clock_.monotonic_now();
  for (std::size_t next = 0; next < actions.size();) {
    std::size_t end = end_of_batch(actions, next);
    lane->under_way = end - next;
    lane->idle.reset();
    for (std::size_t i = next; i + 1 < end; ++i) scope_.spawn(carry_out_one(lane, actions[i]));
    co_await carry_out_one(lane, actions[end - 1]);
    if (lane->under_way > 0) co_await lane->idle.wait();
    if (lane->over || aio::is_cancelled(co_await boost::asio::this_coro::cancellation_state)) break;
    next = end;
  }
  auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock_.monotonic_now() - begun);
  log::debug("runtime", "a plan is carried out",
             {{"place", name_of(place)}, {"actions", actions.size()}, {"took_us", took.count()}});
  busy_.erase(place);
  kick();
}

aio::Task<void> Reconciler::carry_out_one(std::shared_ptr<Lane> lane, model::Action action) {
  const model::DeploymentId* deployment = deployment_of(action);
  if (deployment == nullptr || !lane->failed.contains(*deployment)) {
    auto done = co_await act(lane->place, action);
    bool cancelled = aio::is_cancelled(co_await boost::asio::this_coro::cancellation_state);
    if (!done.has_value() && !cancelled) action_failed(*lane, action, done.error());
  }
  if (--lane->under_way == 0) lane->idle.set();
}

void Reconciler::action_failed(Lane& lane, const model::Action& action, const Error& error) {
  log::warn("runtime", "an action failed",
            {{"action", model::to_string(action)},
             {"place", name_of(lane.place)},
             {"error", error.message()}});
  const model::DeploymentId* deployment = deployment_of(action);
  auto pause =
      deployment == nullptr ? std::chrono::milliseconds(kPauseAfterNoWorker) : kPauseAfterFailure;
  paused_[lane.place] = clock_.monotonic_now() + pause;
  if (deployment == nullptr) {
    lane.over = true;
  } else {
    lane.failed.insert(*deployment);
  }
}

aio::Task<Result<void>> Reconciler::act(model::Place place, const model::Action& action) {
  log::debug("runtime", "acting", {{"action", model::to_string(action)}});
  if (const auto* ensure = std::get_if<model::EnsureWorker>(&action))
    co_return co_await ensure_worker(*ensure);
  if (const auto* stop = std::get_if<model::StopWorker>(&action))
    co_return co_await stop_worker(stop->group);
  if (const auto* bind = std::get_if<model::BindImports>(&action))
    co_return co_await bind_imports(place, bind->deployment);
  if (const auto* start = std::get_if<model::StartInstances>(&action))
    co_return co_await start_instances(place, *start);
  if (const auto* stop = std::get_if<model::StopInstances>(&action))
    co_return co_await stop_instances(place, *stop);
  if (const auto* order = std::get_if<model::Load>(&action))
    co_return co_await load(place, order->deployment);
  co_return co_await unload(place, std::get<model::Unload>(action).deployment);
}

aio::Task<Result<void>> Reconciler::ensure_worker(model::EnsureWorker action) {
  model::Place place = action.group;
  retry_.erase(place);
  auto up = co_await places_.at(place).ensure_up(action.traits);
  crash_point("worker.up");
  if (up.has_value()) co_return up;
  for (auto& [id, record] : registry_.deployments()) {
    if (record.starting_by_hand && place_of(record.deployment) == place && !record.start_error) {
      record.start_error = up.error();
    }
  }
  co_return up;
}

aio::Task<Result<void>> Reconciler::load(model::Place place, model::DeploymentId id) {
  DeploymentRecord* record = registry_.find(id);
  std::uint64_t revision = record == nullptr ? 0 : record->revision;
  auto loaded = co_await load_there(place, id);
  record = registry_.find(id);
  // What it was before it changed counts for nothing.
  if (loaded.has_value() || record == nullptr || record->revision != revision) co_return loaded;
  // A worker that died meanwhile has its own hold-off.
  bool place_is_there = !place || places_.status(place).state == model::WorkerState::Up;
  if (place_is_there) load_failed(*record, loaded.error());
  co_return loaded;
}

aio::Task<Result<void>> Reconciler::load_there(model::Place place, model::DeploymentId id) {
  DeploymentRecord* record = registry_.find(id);
  if (record == nullptr || record->desired != model::Desired::Running) co_return Result<void>();
  // It has moved while this place was made ready for it.
  if (place_of(record->deployment) != place) co_return Result<void>();
  InstanceBackend& backend = places_.at(place);
  if (!place) {
    bool is_up = backend.status().state == model::WorkerState::Up;
    ARCELLA_CO_TRY_VOID(co_await backend.ensure_up(is_up ? record->needs : registry_.main_needs()));
  }
  model::WorkerTraits traits = backend.status().traits;
  record = registry_.find(id);
  if (record == nullptr) co_return Result<void>();
  std::uint64_t revision = record->revision;
  ARCELLA_CO_TRY(const Composition wanted, composition_of(registry_, record->deployment));
  CodeSource code = wanted.code();
  ARCELLA_CO_TRY(UniqueFd artifact, co_await artifacts_.artifact(std::move(code), traits));

  record = registry_.find(id);
  // Changed meanwhile: the next plan loads what it is now.
  if (record == nullptr || record->revision != revision) co_return Result<void>();
  ARCELLA_CO_TRY(const Composition made, composition_of(registry_, record->deployment));
  LoadOrder order(record->slot, model::run_spec_of(record->deployment, made.component(), home_));
  order.artifact = std::move(artifact);
  if (record->kind == model::Kind::Http) {
    ARCELLA_CO_TRY_VOID(ensure_listening(registry_, *record));
    ARCELLA_CO_TRY(order.listener, record->listener.duplicate());
  }
  ARCELLA_CO_TRY_VOID(co_await backend.load(std::move(order)));
  crash_point("guest.loaded");
  record = registry_.find(id);
  bool still_up = !place || places_.status(place).state == model::WorkerState::Up;
  if (record == nullptr || !still_up) co_return Result<void>();
  if (record->loaded_revision != revision) forget_ends(*record);
  record->loaded = true;
  record->load_number = ++last_load_number_;
  record->told.clear();
  record->loaded_in = place;
  record->loaded_revision = revision;
  // Coming back after a crash is no new start.
  if (record->load_order == 0) record->load_order = ++last_load_order_;
  record->load_held_until.reset();
  co_return Result<void>();
}

aio::Task<Result<void>> Reconciler::bind_imports(model::Place place, model::DeploymentId id) {
  DeploymentRecord* record = registry_.find(id);
  if (record == nullptr || !record->loaded) co_return Result<void>();
  std::uint64_t load = record->load_number;
  const auto all = wanted_.find(id);
  if (all == wanted_.end()) co_return Result<void>();
  const std::vector<ToldImport> missing = untold(*record, all->second);
  for (const ToldImport& wanted : missing) {
    record->telling = wanted;
    auto bound = co_await bind_import(place, wanted);
    record = registry_.find(id);
    if (record != nullptr) record->telling.reset();
    // Loaded again meanwhile: the next plan binds what is there now.
    if (record == nullptr || !record->loaded || record->load_number != load)
      co_return Result<void>();
    if (!bound.has_value()) co_return bound;
    std::erase_if(record->told, [&wanted](const ToldImport& told) {
      return told.binding.import == wanted.binding.import;
    });
    record->told.push_back(wanted);
  }
  co_return Result<void>();
}

// What cannot be bound as it should leads to nobody, and says why, until something changes.
aio::Task<Result<void>> Reconciler::bind_import(model::Place place, ToldImport wanted) {
  host::ImportBinding binding = wanted.binding;
  bool remote = wanted.platform || (binding.provider && wanted.provider_place != place);
  auto bound = remote ? co_await bind_remote(place, wanted)
                      : co_await places_.at(place).bind(std::move(binding));
  if (bound.has_value() || (!wanted.binding.provider && !wanted.platform)) co_return bound;
  log::warn("runtime", "an import cannot be bound",
            {{"deployment", wanted.binding.consumer.str()},
             {"import", wanted.binding.import},
             {"provider", wanted.platform ? "the platform" : wanted.binding.provider->str()},
             {"error", bound.error().message()}});
  wanted.binding.provider.reset();
  wanted.binding.why_not = bound.error().message();
  binding = wanted.binding;
  co_return co_await places_.at(place).bind(std::move(binding));
}

aio::Task<Result<void>> Reconciler::bind_remote(model::Place place, ToldImport wanted) {
  RemoteBinding remote = remote_binding(registry_, wanted.binding);
  if (wanted.direct)
    remote.direct = DirectProvider{*wanted.provider_place, *wanted.binding.provider};
  ARCELLA_CO_TRY(remote.callee, co_await callee_of(wanted, remote.functions));
  co_return co_await places_.at(place).bind_remote(std::move(remote));
}

aio::Task<Result<std::shared_ptr<host::Callee>>> Reconciler::callee_of(
    const ToldImport& wanted, std::vector<std::string> functions) {
  if (wanted.platform) co_return platform_;
  const host::ImportBinding& binding = wanted.binding;
  if (!binding.provider) co_return fail(ErrorCode::Unavailable, binding.why_not);
  for (std::string& function : functions)
    function = model::full_function_name(binding.exported, function);
  model::DeploymentId provider = *binding.provider;
  co_return co_await places_.at(wanted.provider_place)
      .callee(std::move(provider), std::move(functions));
}

aio::Task<Result<void>> Reconciler::start_instances(model::Place place,
                                                    model::StartInstances action) {
  DeploymentRecord* record = registry_.find(action.deployment);
  if (record == nullptr || !record->loaded) co_return Result<void>();
  auto first = static_cast<std::size_t>(action.first);
  auto last = first + static_cast<std::size_t>(action.count);
  if (record->instances.size() < last) record->instances.resize(last);
  for (std::size_t i = first; i < last; ++i) {
    InstanceRecord& instance = record->instances[i];
    if (instance.state == InstanceState::Failed) {
      ++instance.restarts;
      ++record->restarts;
      events_.record(model::EventKind::InstanceRestarted, {action.deployment, static_cast<int>(i)},
                     instance.reason);
    }
    // Before it is asked for: its report may come before the answer.
    instance.state = InstanceState::Starting;
    instance.held_until.reset();
  }
  auto started = co_await places_.at(place).start(action.deployment, action.first, action.count);
  crash_point("guest.started");
  record = registry_.find(action.deployment);
  if (started.has_value() || record == nullptr) co_return started;
  std::vector<std::size_t> failed;
  for (std::size_t i = first; i < std::min(last, record->instances.size()); ++i) {
    if (record->instances[i].state != InstanceState::Starting) continue;
    record->instances[i].state = InstanceState::Failed;
    record->instances[i].reason = started.error().message();
    failed.push_back(i);
  }
  if (!failed.empty()) decide_restart(*record, failed, started.error());
  co_return started;
}

aio::Task<Result<void>> Reconciler::stop_instances(model::Place place,
                                                   model::StopInstances action) {
  DeploymentRecord* record = registry_.find(action.deployment);
  if (record == nullptr) co_return Result<void>();
  auto first = static_cast<std::size_t>(action.first);
  auto last = std::min(first + static_cast<std::size_t>(action.count), record->instances.size());
  for (std::size_t i = first; i < last; ++i) {
    auto state = model::next(record->instances[i].state, InstanceEvent::StopAsked);
    if (state) record->instances[i].state = *state;
  }
  stop_due_[action.deployment] =
      clock_.monotonic_now() + limits::kWorkerStopTimeout + limits::kStopGrace;
  auto stopped = co_await places_.at(place).stop(action.deployment, action.first, action.count,
                                                 limits::kWorkerStopTimeout);
  crash_point("guest.stopped");
  record = registry_.find(action.deployment);
  if (stopped.has_value() || record == nullptr) co_return stopped;
  // It knows of no such replicas, so there are none.
  if (stopped.error().code() == ErrorCode::NotFound) {
    for (std::size_t i = first; i < std::min(last, record->instances.size()); ++i) {
      if (record->instances[i].state == InstanceState::Stopping)
        record->instances[i].state = InstanceState::Stopped;
    }
  }
  co_return stopped;
}

aio::Task<Result<void>> Reconciler::unload(model::Place place, model::DeploymentId id) {
  auto unloaded = co_await places_.at(place).unload(id);
  crash_point("guest.unloaded");
  DeploymentRecord* record = registry_.find(id);
  if (record == nullptr) co_return Result<void>();
  if (!unloaded.has_value() && unloaded.error().code() != ErrorCode::NotFound) co_return unloaded;
  // The place that it moves to may have been the faster one.
  if (record->loaded_in == place) record->loaded = false;
  co_return Result<void>();
}

aio::Task<Result<void>> Reconciler::stop_worker(model::GroupName group) {
  model::Place place = group;
  // On its way out it reports the end of each of them: as asked, not as a failure.
  for (auto& [id, record] : registry_.deployments()) {
    if (!record.loaded || record.loaded_in != place) continue;
    for (InstanceRecord& instance : record.instances) {
      if (is_alive(instance.state)) instance.state = InstanceState::Stopping;
    }
  }
  co_await places_.at(place).shut_down(limits::kWorkerStopTimeout);
  crash_point("worker.stopped");
  on_place_down(place, "it was stopped", PlaceLoss::Asked);
  co_return Result<void>();
}

}  // namespace arcella::runtime
