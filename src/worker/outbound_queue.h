// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "host/hosted_deployment.h"
#include "ipc/control_message.h"
#include "worker/output_buffer.h"

namespace arcella::worker {

// What guests and the host have to tell the daemon, on its way from their threads to the control
// thread. Owner: Worker.  Thread: any; take_*() only the control thread.
class OutboundQueue final : public host::HostListener {
 public:
  // `wake` is called from any thread when something came into the empty queue; once until the
  // control thread looks.
  explicit OutboundQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  void on_report(host::InstanceReport report) override;
  void on_output(const model::InstanceId& instance, engine::OutputStream stream,
                 std::string_view bytes) override;

  // The control thread is looking: from here on wake() is called again.
  void begin_look();
  [[nodiscard]] std::optional<ipc::Output> take_output();
  // All reports there are. What their instances printed before is taken first, unless the daemon is
  // slow.
  [[nodiscard]] std::vector<ipc::InstanceReported> take_reports();

 private:
  const std::function<void()> wake_;
  Mutex mutex_;
  bool awake_ ARCELLA_GUARDED_BY(mutex_) = false;
  std::vector<ipc::InstanceReported> reports_ ARCELLA_GUARDED_BY(mutex_);
  struct Printed {
    OutputBuffer buffer;
    bool ended = false;  // goes when it is empty
  };
  std::map<model::InstanceId, Printed> printed_ ARCELLA_GUARDED_BY(mutex_);
  std::deque<model::InstanceId> ready_
      ARCELLA_GUARDED_BY(mutex_);  // whose buffer has lines; they take turns
};

}  // namespace arcella::worker
