// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <vector>

#include "base/mutex.h"
#include "host/hosted_deployment.h"

namespace arcella::host::testing {

// Keeps what a host reports. What does not come hangs the test, which ctest ends.
class Recorder final : public HostListener {
 public:
  void on_report(InstanceReport report) override {
    const MutexLock lock(mutex_);
    reports_.push_back(std::move(report));
    changed_.notify_all();
  }
  void on_output(const model::InstanceId&, engine::OutputStream stream,
                 std::string_view bytes) override {
    const MutexLock lock(mutex_);
    (stream == engine::OutputStream::Stdout ? stdout_ : stderr_) += bytes;
    changed_.notify_all();
  }

  // The first `count` reports, in the order they came.
  std::vector<InstanceReport> wait_for(std::size_t count) {
    const MutexLock lock(mutex_);
    while (reports_.size() < count) changed_.wait(mutex_);
    return {reports_.begin(), reports_.begin() + static_cast<std::ptrdiff_t>(count)};
  }
  [[nodiscard]] std::size_t count() const {
    const MutexLock lock(mutex_);
    return reports_.size();
  }
  [[nodiscard]] std::string stdout_text() const {
    const MutexLock lock(mutex_);
    return stdout_;
  }

 private:
  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::vector<InstanceReport> reports_ ARCELLA_GUARDED_BY(mutex_);
  std::string stdout_ ARCELLA_GUARDED_BY(mutex_);
  std::string stderr_ ARCELLA_GUARDED_BY(mutex_);
};

}  // namespace arcella::host::testing
