// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/event_log.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "aio/await.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/utf8.h"

namespace arcella::runtime {
namespace {

// How long an event waits for its like. Whoever asks with tail() does not.
constexpr std::chrono::milliseconds kGather{10};
constexpr std::string_view kCutMark = " [cut]";

std::string printable(std::string_view text) {
  const bool cut = text.size() > limits::kEventMessageBytesMax;
  std::string result = inert(wire::to_utf8(text.substr(0, limits::kEventMessageBytesMax)));
  if (cut) result += kCutMark;
  return result;
}

}  // namespace

EventLog::EventLog(const boost::asio::any_io_executor& executor, const Clock& clock,
                   aio::WorkerPool& files)
    : clock_(clock), files_(files), recorded_(executor), scope_(executor) {}

Result<void> EventLog::open(const std::string& folder) {
  ARCELLA_TRY(EventFile file, EventFile::open(folder));
  ARCELLA_TRY(auto before, file.read_back(limits::kEventsKept));
  for (model::Event& event : before) keep(std::move(event));
  file_ = std::move(file);
  return {};
}

void EventLog::run() {
  scope_.spawn(write_loop());
}

aio::Task<void> EventLog::stop() {
  scope_.cancel();
  co_await scope_.join();
  co_await write_out();
}

void EventLog::record(model::EventKind kind, std::string subject, std::string message) {
  Fresh fresh;
  fresh.event = {0, kind, printable(subject), printable(message)};
  add(std::move(fresh));
}

void EventLog::record(model::EventKind kind, const model::InstanceId& instance,
                      std::string message) {
  Fresh fresh;
  fresh.event = {0, kind, instance.deployment.str(), printable(message)};
  fresh.index = instance.index;
  add(std::move(fresh));
}

void EventLog::add(Fresh fresh) {
  fresh.event.time_ms = milliseconds_since_epoch(clock_.wall_now());
  if (!fresh_.empty()) {
    Fresh& last = fresh_.back();
    const bool alike = last.event.kind == fresh.event.kind &&
                       last.event.subject == fresh.event.subject &&
                       last.event.message == fresh.event.message;
    if (alike && fresh.index >= 0 && last.times == 1 && fresh.index == last.index + last.count) {
      ++last.count;
      return;
    }
    if (alike && last.count == 1 && fresh.index == last.index) {
      ++last.times;
      return;
    }
  }
  if (fresh_.size() >= limits::kEventsGatheredMax) publish();
  fresh_.push_back(std::move(fresh));
  recorded_.set();
}

void EventLog::publish() {
  for (Fresh& fresh : std::exchange(fresh_, {})) {
    model::Event event = std::move(fresh.event);
    if (fresh.index >= 0) event.subject += "/" + std::to_string(fresh.index);
    if (fresh.count > 1) event.subject += ".." + std::to_string(fresh.index + fresh.count - 1);
    if (fresh.times > 1) event.message += " (" + std::to_string(fresh.times) + " times)";
    for (const auto& entry : followings_) {
      auto following = entry.lock();
      if (following == nullptr) continue;
      if (!following->deployment || model::is_about(event, *following->deployment)) {
        following->follower(event);
      }
    }
    if (file_ && unwritten_.size() < limits::kEventsUnwrittenMax) {
      unwritten_.push_back(event);
    } else if (file_) {
      ++not_written_;
    }
    keep(std::move(event));
  }
}

void EventLog::keep(model::Event event) {
  kept_.push_back(std::move(event));
  if (kept_.size() <= limits::kEventsKept) return;
  kept_.pop_front();
  ++dropped_;
}

model::EventTail EventLog::tail(const EventQuery& query) {
  publish();
  model::EventTail result;
  result.dropped = dropped_;
  for (auto event = kept_.rbegin(); event != kept_.rend(); ++event) {
    if (result.events.size() >= query.count) break;
    if (query.since_ms && event->time_ms < *query.since_ms) continue;
    if (query.deployment && !model::is_about(*event, *query.deployment)) continue;
    result.events.push_back(*event);
  }
  std::reverse(result.events.begin(), result.events.end());
  return result;
}

bool EventLog::knows(const std::string& deployment) {
  publish();
  return std::any_of(kept_.begin(), kept_.end(), [&deployment](const model::Event& event) {
    return model::is_about(event, deployment);
  });
}

std::shared_ptr<void> EventLog::follow(std::optional<std::string> deployment, Follower follower) {
  publish();  // what was before is not told
  std::erase_if(followings_, [](const auto& following) { return following.expired(); });
  auto following =
      std::make_shared<Following>(Following{std::move(deployment), std::move(follower)});
  followings_.push_back(following);
  return following;
}

aio::Task<void> EventLog::write_loop() {
  for (;;) {
    auto woken = co_await recorded_.wait();
    if (!woken.has_value()) co_return;
    auto rested = co_await aio::sleep_for(kGather);
    if (!rested.has_value()) co_return;
    recorded_.reset();
    co_await write_out();
  }
}

aio::Task<void> EventLog::write_out() {
  publish();
  if (!file_ || unwritten_.empty()) co_return;
  std::vector<model::Event> batch = std::exchange(unwritten_, {});
  auto append = [this, &batch] { return file_->append(std::span<const model::Event>(batch)); };
  auto written = co_await files_.run(std::move(append));
  if (!written.has_value()) {
    // Said for the first of a row of failures: the disk may stay full for hours.
    if (not_written_ == 0) log::warn("runtime", written.error().message());
    not_written_ += batch.size();
    co_return;
  }
  if (not_written_ > 0) {
    log::warn("runtime", "events are missing in events.jsonl",
              {{"events", std::exchange(not_written_, 0)}});
  }
}

}  // namespace arcella::runtime
