// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/guest_log_writer.h"

#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

namespace arcella::runtime {

GuestLogWriter::GuestLogWriter(const boost::asio::any_io_executor& executor, std::string home,
                               RotationLimits limits)
    : home_(std::move(home)),
      limits_(limits),
      something_to_write_(executor),
      scope_(executor),
      pool_("arcella-logs", 1) {}

void GuestLogWriter::write(const model::DeploymentId& deployment, const model::LogLine& line) {
  if (!enabled()) return;
  if (scope_.size() == 0) scope_.spawn(write_loop());
  std::string text = to_file_line(line);
  Pending& pending = queue_[deployment];
  if (queued_bytes_ + writing_bytes_ + text.size() > limits::kGuestLogQueueBytesMax) {
    ++pending.skipped;
  } else {
    queued_bytes_ += text.size();
    pending.lines.push_back(std::move(text));
  }
  something_to_write_.set();
}

aio::Task<void> GuestLogWriter::write_loop() {
  while ((co_await something_to_write_.wait()).has_value()) co_await write_batch();
}

aio::Task<void> GuestLogWriter::write_batch() {
  something_to_write_.reset();
  const Batch batch = std::exchange(queue_, {});
  const std::size_t bytes = std::exchange(queued_bytes_, 0);
  writing_bytes_ += bytes;
  auto work = [this, &batch, limits = limits_] { return put(batch, limits); };
  const Lost lost = co_await pool_.run(std::move(work));
  writing_bytes_ -= bytes;
  account(lost);
}

GuestLogWriter::Lost GuestLogWriter::put(const Batch& batch, RotationLimits limits) {
  Lost lost;
  (void)make_dir_0700(guest_log_folder(home_));  // what cannot be made cannot be written either
  for (const auto& [id, pending] : batch) {
    RotatingFile& file = files_.try_emplace(id, guest_log_path(home_, id), limits).first->second;
    file.set_limits(limits);
    file.note_lost(pending.skipped);
    std::uint64_t missing = pending.skipped;
    for (const std::string& line : pending.lines) {
      if (!file.append(line)) ++missing;
    }
    // There may be as many deployments as a process has descriptors.
    file.close();
    if (missing > 0) lost.emplace(id, missing);
  }
  return lost;
}

void GuestLogWriter::account(const Lost& lost) {
  for (const auto& [id, lines] : lost) lost_[id] += lines;
  if (lost.empty() == !failing_) return;
  failing_ = !lost.empty();
  if (failing_) {
    log::warn("runtime", "output of guests does not get into its files: the disk is full or slow",
              {{"deployment", lost.begin()->first.str()}, {"lines", lost.begin()->second}});
  } else {
    log::info("runtime", "output of guests gets into its files again");
  }
}

aio::Task<std::vector<model::LogLine>> GuestLogWriter::read(model::DeploymentId deployment,
                                                            GuestLogFilter filter,
                                                            std::size_t& bytes_left) {
  if (!queue_.empty()) co_await write_batch();
  auto work = [path = guest_log_path(home_, deployment), &filter, &bytes_left] {
    return read_guest_log(path, filter, bytes_left);
  };
  co_return co_await pool_.run(std::move(work));
}

aio::Task<void> GuestLogWriter::remove(model::DeploymentId deployment) {
  if (auto queued = queue_.extract(deployment)) {
    for (const std::string& line : queued.mapped().lines) queued_bytes_ -= line.size();
  }
  lost_.erase(deployment);
  auto work = [this, &deployment] {
    files_.erase(deployment);
    remove_rotated(guest_log_path(home_, deployment));
    return 0;
  };
  co_await pool_.run(std::move(work));
}

aio::Task<void> GuestLogWriter::stop() {
  scope_.cancel();
  co_await scope_.join();
  if (!queue_.empty()) co_await write_batch();
}

std::uint64_t GuestLogWriter::lost(const model::DeploymentId& deployment) const {
  const auto found = lost_.find(deployment);
  return found == lost_.end() ? 0 : found->second;
}

}  // namespace arcella::runtime
