// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "supervisor/worker_process.h"

#include <signal.h>
#include <unistd.h>

#include <type_traits>
#include <utility>
#include <variant>

#include "aio/await.h"
#include "aio/timeout.h"
#include "aio/unix_socket.h"
#include "base/check.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "base/log.h"
#include "ipc/handshake.h"
#include "supervisor/child_limits.h"

namespace arcella::supervisor {
namespace {

using model::WorkerAction;
using model::WorkerEvent;
using model::WorkerState;

bool is_request(const ipc::ToWorker& message) {
  return !std::holds_alternative<ipc::Shutdown>(message);
}

void set_request(ipc::ToWorker& message, std::uint64_t request) {
  auto set = [request](auto& kind) {
    if constexpr (!std::is_same_v<std::decay_t<decltype(kind)>, ipc::Shutdown>) {
      kind.request = request;
    }
  };
  std::visit(set, message);
}

}  // namespace

struct WorkerProcess::Life {
  Life(const boost::asio::any_io_executor& executor, UniqueFd control_socket, ipc::DataEnd data_end)
      : control(executor, std::move(control_socket)),
        data(std::move(data_end)),
        control_ended(executor),
        readers(executor) {}

  std::unique_ptr<Child> child;
  ipc::DaemonControlChannel control;
  ipc::DataEnd data;  // until it is up
  bool greeted = false;
  aio::Event control_ended;
  aio::TaskScope readers;  // and the timers of this life
};

struct WorkerProcess::PendingReply {
  explicit PendingReply(const boost::asio::any_io_executor& executor) : arrived(executor) {}
  aio::Event arrived;
  std::optional<Result<ipc::Reply>> result;
};

WorkerProcess::WorkerProcess(Surroundings surroundings, model::GroupName group)
    : surroundings_(std::move(surroundings)),
      group_(std::move(group)),
      tracker_(surroundings_.config.restart),
      changed_(surroundings_.executor),
      scope_(surroundings_.executor) {}

WorkerProcess::~WorkerProcess() {
  ARCELLA_CHECK(life_ == nullptr && pending_.empty(), "shut() comes before destruction");
}

// --- the table and its actions ---

void WorkerProcess::apply(WorkerEvent event) {
  model::WorkerStep step = model::step(state_, event);
  state_ = step.next;
  perform(step.action);
  changed_.notify();
}

void WorkerProcess::perform(WorkerAction action) {
  switch (action) {
    case WorkerAction::None:
      break;
    case WorkerAction::Spawn:
      spawn();
      break;
    case WorkerAction::AnnounceUp:
      log::info("supervisor", "worker is up",
                {{"group", group_.str()}, {"pid", life_->child->pid()}});
      surroundings_.listener.on_worker_up(group_, std::move(life_->data));
      break;
    case WorkerAction::SendStop:
      send_stop();
      break;
    case WorkerAction::Kill:
      life_->child->kill(SIGKILL);
      break;
    case WorkerAction::ScheduleRetry:
      schedule_retry();
      break;
    case WorkerAction::AnnounceDown:
      announce_down();
      break;
  }
}

void WorkerProcess::spawn() {
  ++spawns_;
  cause_.clear();
  auto spawned = try_spawn();
  if (spawned.has_value()) return;
  last_error_ = spawned.error().message();
  apply(WorkerEvent::Exited);
}

Result<void> WorkerProcess::try_spawn() {
  ARCELLA_TRY(auto control, aio::socket_pair());
  ARCELLA_TRY(auto data, ipc::make_data_channel());
  aio::ChildSpec spec = child_spec(ChildRole::Serve, surroundings_.config.worker_program, traits_);
  spec.args.insert(spec.args.begin() + 1, {"--group", group_.str()});
  const auto& more = surroundings_.config.serve_arguments;
  spec.args.insert(spec.args.end(), more.begin(), more.end());
  if (!surroundings_.config.home.empty()) spec.working_folder = surroundings_.config.home;
  spec.fds.push_back({ipc::kServeControlFd, control.second.get()});
  spec.fds.push_back({ipc::kServeDataFd, data.second.socket.get()});
  spec.fds.push_back({ipc::kServeMemoryFd, data.second.memory.get()});
  spec.fds.push_back({STDOUT_FILENO, STDERR_FILENO});
  ARCELLA_TRY(auto child, surroundings_.spawner.spawn(spec));
  crash_point("worker.spawned");
  life_ = std::make_unique<Life>(surroundings_.executor, std::move(control.first),
                                 std::move(data.first));
  life_->child = std::move(child);
  life_->readers.spawn(read_control());
  life_->readers.spawn(watch_ready());
  scope_.spawn(live());
  return {};
}

void WorkerProcess::send_stop() {
  // If it cannot be told, the deadline kills it.
  (void)life_->control.send(ipc::Shutdown{stop_deadline_.count()});
  life_->readers.spawn(watch_stop(stop_deadline_));
}

void WorkerProcess::schedule_retry() {
  auto decision = tracker_.on_death(surroundings_.clock.monotonic_now());
  log::warn(
      "supervisor", decision.give_up ? "worker died too often" : "worker died",
      {{"group", group_.str()}, {"reason", last_error_}, {"retry_ms", decision.delay.count()}});
  if (decision.give_up) {
    state_ = WorkerState::Failed;
    surroundings_.listener.on_worker_down(group_, last_error_, true, std::nullopt);
    return;
  }
  scope_.spawn(retry_after(decision.delay, spawns_));
  surroundings_.listener.on_worker_down(group_, last_error_, false, decision.delay);
}

void WorkerProcess::announce_down() {
  log::info("supervisor", "worker is down", {{"group", group_.str()}});
  surroundings_.listener.on_worker_down(group_, "stopped", false, std::nullopt);
}

void WorkerProcess::apply_failure(WorkerEvent event, std::string cause) {
  if (cause_.empty()) cause_ = std::move(cause);
  apply(event);
}

// --- one life ---

aio::Task<> WorkerProcess::live() {
  Life& life = *life_;
  aio::ExitStatus status = co_await life.child->wait();
  // What it said before it died is read to the end: nothing more can come, even if a descriptor of
  // it lives elsewhere.
  life.control.shutdown();
  co_await life.control_ended.wait_uncancelled();
  life.readers.cancel();
  co_await life.readers.join();
  std::string how = status.to_string();
  std::string reason = cause_.empty() ? how : cause_;
  if (state_ != WorkerState::Stopping) last_error_ = reason;
  life_.reset();
  fail_pending(reason);
  apply(WorkerEvent::Exited);
}

aio::Task<> WorkerProcess::read_control() {
  Life& life = *life_;
  Result<void> ended;
  while (ended.has_value()) {
    auto message = co_await life.control.receive();
    ended = message.has_value() ? on_message(std::move(*message))
                                : Result<void>(fail(std::move(message).error()));
  }
  life.control_ended.set();
  Error why = std::move(ended).error();
  co_await lose_channel(std::move(why));
}

// A closed channel is mostly the first sign of an exit, which says more and comes at once: then
// this is cancelled.
aio::Task<> WorkerProcess::lose_channel(Error why) {
  if (why.code() == ErrorCode::Cancelled) co_return;
  std::string cause = "killed, because of what it sent: " + why.message();
  if (why.code() == ErrorCode::Unavailable) {
    auto rested = co_await aio::sleep_for(limits::kWorkerExitGrace);
    if (!rested.has_value()) co_return;
    cause = "killed, because it closed a channel and did not end";
  }
  apply_failure(WorkerEvent::ChannelLost, std::move(cause));
}

Result<void> WorkerProcess::on_message(ipc::FromWorker message) {
  Life& life = *life_;
  if (const auto* hello = std::get_if<ipc::Hello>(&message)) {
    ARCELLA_TRY_VOID(ipc::check_hello(*hello, life.child->pid()));
    if (life.greeted) return fail(ErrorCode::InvalidRequest, "it said hello twice");
    life.greeted = true;
    apply(WorkerEvent::Hello);
    return {};
  }
  if (!life.greeted) return fail(ErrorCode::InvalidRequest, "it spoke before its hello");
  if (auto* reply = std::get_if<ipc::Reply>(&message)) {
    auto waiter = pending_.find(reply->request);
    if (waiter == pending_.end()) return {};  // its asker has gone
    PendingReply& pending = *waiter->second;
    pending_.erase(waiter);
    pending.result = reply->error ? Result<ipc::Reply>(fail(*reply->error))
                                  : Result<ipc::Reply>(std::move(*reply));
    pending.arrived.set();
    return {};
  }
  surroundings_.listener.on_worker_message(group_, std::move(message));
  return {};
}

aio::Task<> WorkerProcess::watch_ready() {
  auto limit = surroundings_.config.ready_timeout;
  auto passed = co_await aio::sleep_for(limit);
  if (!passed.has_value() || state_ != WorkerState::Starting) co_return;
  apply_failure(WorkerEvent::Deadline,
                "killed, because it was not ready within " + std::to_string(limit.count()) + " ms");
}

aio::Task<> WorkerProcess::watch_stop(std::chrono::milliseconds deadline) {
  auto passed = co_await aio::sleep_for(deadline);
  if (!passed.has_value()) co_return;
  log::warn("supervisor", "worker does not stop; killing it", {{"group", group_.str()}});
  apply(WorkerEvent::Deadline);
}

aio::Task<> WorkerProcess::retry_after(std::chrono::milliseconds delay, std::uint64_t spawns) {
  auto passed = co_await aio::sleep_for(delay);
  if (passed.has_value() && spawns == spawns_) apply(WorkerEvent::BackoffOver);
}

void WorkerProcess::fail_pending(const std::string& reason) {
  auto pending = std::exchange(pending_, {});
  for (auto& [request, waiter] : pending) {
    waiter->result = fail(ErrorCode::Unavailable, "worker " + group_.str() + ": " + reason);
    waiter->arrived.set();
  }
}

Error WorkerProcess::unavailable() const {
  std::string text = "worker " + group_.str() + " is " + std::string(model::to_string(state_));
  if (!last_error_.empty()) text += ": " + last_error_;
  return {ErrorCode::Unavailable, std::move(text)};
}

// --- what others ask ---

aio::Task<Result<void>> WorkerProcess::ensure_up(model::WorkerTraits traits) {
  bool asked = false;
  for (;;) {
    if (scope_.closed()) co_return fail(ErrorCode::Unavailable, "the daemon is stopping");
    switch (state_) {
      case WorkerState::Up:
      case WorkerState::Starting:
        if (traits_ != traits) {
          co_return fail(ErrorCode::Conflict,
                         "worker " + group_.str() + " runs with another kind of engine");
        }
        if (state_ == WorkerState::Up) co_return Result<void>();
        asked = true;
        break;
      case WorkerState::Stopping:
      case WorkerState::Killed:
        break;
      case WorkerState::Down:
      case WorkerState::Backoff:
      case WorkerState::Failed:
        if (asked) co_return Unexpected(unavailable());
        asked = true;
        traits_ = traits;
        tracker_.reset();
        last_error_.clear();
        apply(WorkerEvent::StartAsked);
        continue;
    }
    ARCELLA_CO_TRY_VOID(co_await changed_.wait());
  }
}

aio::Task<Result<ipc::Reply>> WorkerProcess::request(ipc::ToWorker message,
                                                     std::vector<UniqueFd> fds,
                                                     std::chrono::milliseconds deadline) {
  ARCELLA_CHECK(is_request(message), "a message without an answer is not for request()");
  if (state_ != WorkerState::Up) co_return Unexpected(unavailable());
  if (pending_.size() >= static_cast<std::size_t>(limits::kControlRequestsMax)) {
    co_return fail(ErrorCode::Unavailable, "worker " + group_.str() + " does not answer");
  }
  std::uint64_t number = ++last_request_;
  set_request(message, number);
  PendingReply pending(surroundings_.executor);
  auto sent = life_->control.send(message, std::move(fds));
  if (!sent.has_value()) {
    if (sent.error().code() == ErrorCode::LimitExceeded) {
      apply_failure(WorkerEvent::ChannelLost, "killed, because it does not read what it is sent");
    }
    co_return Unexpected(std::move(sent).error());
  }
  pending_.emplace(number, &pending);
  auto waited = co_await aio::with_timeout(deadline, pending.arrived.wait());
  pending_.erase(number);
  if (pending.result) co_return std::move(*pending.result);
  co_return Unexpected(std::move(waited).error().with_context("worker " + group_.str()));
}

void WorkerProcess::lost_channel(Error why) {
  if (life_) life_->readers.spawn(lose_channel(std::move(why)));
}

aio::Task<> WorkerProcess::stop(std::chrono::milliseconds deadline) {
  if (state_ == WorkerState::Down) co_return;
  if (state_ != WorkerState::Stopping) stop_deadline_ = deadline;
  last_error_.clear();
  apply(WorkerEvent::StopAsked);
  while (state_ == WorkerState::Stopping) co_await changed_.wait_uncancelled();
}

aio::Task<> WorkerProcess::shut(std::chrono::milliseconds deadline) {
  scope_.close();  // ensure_up() refuses from here on
  co_await stop(deadline);
  scope_.cancel();
  co_await scope_.join();
}

WorkerStatus WorkerProcess::status() const {
  return {group_, state_, traits_, life_ ? life_->child->pid() : 0, tracker_.total(), last_error_};
}

}  // namespace arcella::supervisor
