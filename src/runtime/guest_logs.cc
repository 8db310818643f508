// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/guest_logs.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace arcella::runtime {
namespace {

InstanceRecord* instance_of(DeploymentRecord* record, const model::InstanceId& id) {
  auto index = static_cast<std::size_t>(id.index);
  if (record == nullptr || id.index < 0 || index >= record->instances.size()) return nullptr;
  return &record->instances[index];
}

RotationLimits rotation_of(const manifest::DaemonConfig& config) {
  return {static_cast<std::size_t>(config.guest_logs_file_bytes),
          static_cast<int>(config.guest_logs_files_kept)};
}

model::LogLine to_log_line(const std::string& instance, const RingLine& line) {
  return {line.time_ms, instance, line.stderr_stream, line.text, line.component};
}

// The rings that a query is about, with the names of their instances.
std::vector<std::pair<std::string, const LogRing*>> rings_of(const DeploymentRecord& record,
                                                             std::optional<int> index) {
  std::vector<std::pair<std::string, const LogRing*>> rings;
  for (std::size_t i = 0; i < record.instances.size(); ++i) {
    const auto& log = record.instances[i].log;
    if (log == nullptr || (index && static_cast<std::size_t>(*index) != i)) continue;
    rings.emplace_back(model::InstanceId{record.deployment.spec.id, static_cast<int>(i)}.str(),
                       log.get());
  }
  return rings;
}

// Takes out of the file's lines those that the rings still have: a line is known again by all that
// it says, and counted, because a guest may say the same twice.
void remove_known(std::vector<model::LogLine>& older, const std::vector<model::LogLine>& known) {
  auto key_of = [](const model::LogLine& line) {
    return std::tuple<std::int64_t, std::string_view, bool, std::string_view>(
        line.time_ms, line.instance, line.stderr_stream, line.text);
  };
  std::map<decltype(key_of(known.front())), int> counts;
  for (const model::LogLine& line : known) ++counts[key_of(line)];
  // From the end: of equal lines the rings have the last.
  std::vector<model::LogLine> kept;
  for (auto line = older.rbegin(); line != older.rend(); ++line) {
    auto found = counts.find(key_of(*line));
    if (found != counts.end() && found->second > 0) {
      --found->second;
    } else {
      kept.push_back(std::move(*line));
    }
  }
  std::reverse(kept.begin(), kept.end());
  older = std::move(kept);
}

}  // namespace

void sort_and_cut(std::vector<model::LogLine>& lines, std::size_t count) {
  // By position within a millisecond: libstdc++ 12's stable_sort warns under clang.
  std::vector<std::size_t> order(lines.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&lines](std::size_t a, std::size_t b) {
    return std::pair(lines[a].time_ms, a) < std::pair(lines[b].time_ms, b);
  });
  std::vector<model::LogLine> sorted;
  for (std::size_t i = order.size() > count ? order.size() - count : 0; i < order.size(); ++i)
    sorted.push_back(std::move(lines[order[i]]));
  lines = std::move(sorted);
}

GuestLogs::GuestLogs(const boost::asio::any_io_executor& executor, const Clock& clock,
                     Registry& registry, const std::string& home,
                     const manifest::DaemonConfig& config)
    : clock_(clock),
      registry_(registry),
      ring_bytes_(static_cast<std::size_t>(config.guest_logs_ring_bytes)),
      writer_(executor, home, rotation_of(config)) {}

void GuestLogs::configure(const manifest::DaemonConfig& config) {
  ring_bytes_ = static_cast<std::size_t>(config.guest_logs_ring_bytes);
  writer_.configure(rotation_of(config));
  for (auto& [id, record] : registry_.deployments()) {
    for (InstanceRecord& instance : record.instances) {
      if (instance.log != nullptr) instance.log->set_bytes_max(ring_bytes_);
    }
  }
}

void GuestLogs::on_output(const model::Place& place, const GuestOutput& output) {
  DeploymentRecord* record = registry_.find(output.instance.deployment);
  InstanceRecord* instance = instance_of(record, output.instance);
  if (instance == nullptr || !record->loaded || record->loaded_in != place) return;
  if (instance->log == nullptr) instance->log = std::make_unique<LogRing>(ring_bytes_);
  instance->log->set_component(record->deployment.spec.component.str());
  std::int64_t now = milliseconds_since_epoch(clock_.wall_now());
  // Followers may not change the registry, so the record stays where it is.
  auto sink = [this, &output](const RingLine& line) { on_line(output.instance, line); };
  if (output.dropped > 0) instance->log->note_lost(output.dropped, now, sink);
  instance->log->write(output.stderr_stream, output.text, now, sink);
}

void GuestLogs::on_end(const model::InstanceId& id) {
  InstanceRecord* instance = instance_of(registry_.find(id.deployment), id);
  if (instance == nullptr || instance->log == nullptr) return;
  instance->log->end([this, &id](const RingLine& line) { on_line(id, line); });
}

aio::Task<void> GuestLogs::forget(model::DeploymentId deployment) {
  co_await writer_.remove(std::move(deployment));
}

bool GuestLogs::needs_file(const DeploymentRecord& record, const Query& query) const {
  if (!writer_.enabled()) return false;
  const auto rings = rings_of(record, query.index);
  std::size_t there = 0;
  for (const auto& [instance, ring] : rings) {
    there += ring->size();
    if (ring->size() >= query.lines) continue;
    const RingLine* oldest = ring->oldest();
    const bool reaches_back =
        query.since_ms && oldest != nullptr && oldest->time_ms < *query.since_ms;
    if (ring->dropped() > ring->lost() && !reaches_back) return true;
  }
  return there < query.lines;
}

aio::Task<std::vector<model::LogLine>> GuestLogs::read_file(model::DeploymentId deployment,
                                                            Query query, std::size_t& bytes_left) {
  GuestLogFilter filter;
  if (query.index) filter.instance = model::InstanceId{deployment, *query.index}.str();
  filter.since_ms = query.since_ms;
  filter.lines = query.lines;
  co_return co_await writer_.read(std::move(deployment), std::move(filter), bytes_left);
}

model::LogTail GuestLogs::tail(const DeploymentRecord& record, const Query& query,
                               std::vector<model::LogLine> older) const {
  model::LogTail result;
  std::vector<model::LogLine> fresh;
  for (const auto& [instance, ring] : rings_of(record, query.index)) {
    for (const RingLine& line : ring->tail(query.lines)) {
      if (query.since_ms && line.time_ms < *query.since_ms) continue;
      fresh.push_back(to_log_line(instance, line));
    }
    // What a ring no longer has, the file has.
    result.dropped += writer_.enabled() ? ring->lost() : ring->dropped();
  }
  result.dropped += writer_.lost(record.deployment.spec.id);
  remove_known(older, fresh);
  result.lines = std::move(older);
  std::move(fresh.begin(), fresh.end(), std::back_inserter(result.lines));
  sort_and_cut(result.lines, query.lines);
  return result;
}

std::shared_ptr<void> GuestLogs::follow(std::optional<model::DeploymentId> deployment,
                                        std::optional<int> index, Follower follower) {
  std::erase_if(followings_, [](const auto& following) { return following.expired(); });
  auto following =
      std::make_shared<Following>(Following{std::move(deployment), index, std::move(follower)});
  followings_.push_back(following);
  return following;
}

void GuestLogs::on_line(const model::InstanceId& instance, const RingLine& line) {
  const model::LogLine shown = to_log_line(instance.str(), line);
  writer_.write(instance.deployment, shown);
  for (const auto& entry : followings_) {
    auto following = entry.lock();
    if (following == nullptr) continue;
    if (following->deployment && *following->deployment != instance.deployment) continue;
    if (!following->index || *following->index == instance.index) following->follower(shown);
  }
}

}  // namespace arcella::runtime
