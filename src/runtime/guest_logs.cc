// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/guest_logs.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace arcella::runtime {
namespace {

InstanceRecord* instance_of(DeploymentRecord* record, const model::InstanceId& id) {
  auto index = static_cast<std::size_t>(id.index);
  if (record == nullptr || id.index < 0 || index >= record->instances.size()) return nullptr;
  return &record->instances[index];
}

std::int64_t milliseconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

void GuestLogs::on_output(const model::Place& place, const GuestOutput& output) {
  DeploymentRecord* record = registry_.find(output.instance.deployment);
  InstanceRecord* instance = instance_of(record, output.instance);
  if (instance == nullptr || !record->loaded || record->loaded_in != place) return;
  if (instance->log == nullptr) instance->log = std::make_unique<LogRing>();
  std::int64_t now = milliseconds_of(clock_.wall_now());
  // Followers may not change the registry, so the record stays where it is.
  auto sink = [this, &output](const RingLine& line) { tell(output.instance, line); };
  if (output.dropped > 0) instance->log->note_lost(output.dropped, now, sink);
  instance->log->write(output.stderr_stream, output.text, now, sink);
}

void GuestLogs::on_end(const model::InstanceId& id) {
  InstanceRecord* instance = instance_of(registry_.find(id.deployment), id);
  if (instance == nullptr || instance->log == nullptr) return;
  instance->log->end([this, &id](const RingLine& line) { tell(id, line); });
}

model::LogTail GuestLogs::tail(const DeploymentRecord& record, std::optional<int> index,
                               std::size_t count) {
  model::LogTail result;
  for (std::size_t i = 0; i < record.instances.size(); ++i) {
    const auto& log = record.instances[i].log;
    if (log == nullptr || (index && static_cast<std::size_t>(*index) != i)) continue;
    std::string name = model::InstanceId{record.deployment.spec.id, static_cast<int>(i)}.str();
    for (RingLine& line : log->tail(count)) {
      result.lines.push_back({line.time_ms, name, line.stderr_stream, std::move(line.text)});
    }
    result.dropped += log->dropped();
  }
  // By time, and within a millisecond as they stand: libstdc++ 12's stable_sort warns under clang.
  std::vector<std::size_t> order(result.lines.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&lines = result.lines](std::size_t a, std::size_t b) {
    return std::pair(lines[a].time_ms, a) < std::pair(lines[b].time_ms, b);
  });
  std::size_t first = order.size() > count ? order.size() - count : 0;
  std::vector<model::LogLine> sorted;
  for (std::size_t i = first; i < order.size(); ++i)
    sorted.push_back(std::move(result.lines[order[i]]));
  result.lines = std::move(sorted);
  return result;
}

std::shared_ptr<void> GuestLogs::follow(const model::DeploymentId& deployment,
                                        std::optional<int> index, Follower follower) {
  std::erase_if(followings_, [](const auto& following) { return following.expired(); });
  auto following = std::make_shared<Following>(Following{deployment, index, std::move(follower)});
  followings_.push_back(following);
  return following;
}

void GuestLogs::tell(const model::InstanceId& instance, const RingLine& line) {
  if (followings_.empty()) return;
  model::LogLine shown{line.time_ms, instance.str(), line.stderr_stream, line.text};
  for (const auto& entry : followings_) {
    auto following = entry.lock();
    if (following == nullptr || following->deployment != instance.deployment) continue;
    if (!following->index || *following->index == instance.index) following->follower(shown);
  }
}

}  // namespace arcella::runtime
