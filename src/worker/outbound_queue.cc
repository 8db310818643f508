// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/outbound_queue.h"

#include <utility>

namespace arcella::worker {

void OutboundQueue::on_report(host::InstanceReport report) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    if (report.event != model::InstanceEvent::Started) {
      const auto printed = printed_.find(report.instance);
      if (printed != printed_.end()) {
        const bool had_lines = !printed->second.buffer.empty();
        printed->second.buffer.finish();
        printed->second.ended = true;
        if (printed->second.buffer.empty()) {
          printed_.erase(printed);
        } else if (!had_lines) {
          ready_.push_back(report.instance);
        }
      }
    }
    reports_.push_back({.instance = std::move(report.instance),
                        .event = report.event,
                        .exit_status = report.exit_status,
                        .message = line_text(report.message),
                        .backtrace = std::move(report.backtrace)});
    wake = !std::exchange(awake_, true);
  }
  if (wake) wake_();
}

void OutboundQueue::on_output(const model::InstanceId& instance, engine::OutputStream stream,
                              std::string_view bytes) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    Printed& printed = printed_[instance];
    printed.ended = false;
    const bool had_lines = !printed.buffer.empty();
    printed.buffer.write(stream, bytes);
    if (!had_lines && !printed.buffer.empty()) ready_.push_back(instance);
    wake = !printed.buffer.empty() && !std::exchange(awake_, true);
  }
  if (wake) wake_();
}

void OutboundQueue::begin_look() {
  const MutexLock lock(mutex_);
  awake_ = false;
}

std::optional<ipc::Output> OutboundQueue::take_output() {
  const MutexLock lock(mutex_);
  if (ready_.empty()) return std::nullopt;
  const model::InstanceId instance = std::move(ready_.front());
  ready_.pop_front();
  const auto printed = printed_.find(instance);
  OutputLine line = *printed->second.buffer.take();
  if (!printed->second.buffer.empty()) {
    ready_.push_back(instance);
  } else if (printed->second.ended) {
    printed_.erase(printed);
  }
  return ipc::Output{.instance = instance,
                     .stderr_stream = line.stderr_stream,
                     .text = std::move(line.text),
                     .dropped = line.dropped};
}

std::vector<ipc::InstanceReported> OutboundQueue::take_reports() {
  const MutexLock lock(mutex_);
  return std::exchange(reports_, {});
}

}  // namespace arcella::worker
