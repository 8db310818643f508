// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Guests in this process, as host::InstanceHost holds them in the daemon and in a worker: one
// replica of each deployment, and one thread that runs them.
#pragma once

#include <fcntl.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/engine.h"
#include "host/engine_pool.h"
#include "host/instance_host.h"

namespace arcella::bench {

// Of any call: a round of the slowest takes seconds.
inline constexpr std::chrono::minutes kRoundMax{10};

class HostedGuests {
 public:
  explicit HostedGuests(const engine::Engine& engine) : host_(engine, pool_, listener_) {}
  ~HostedGuests() { host_.stop_all(std::chrono::seconds(1)); }
  HostedGuests(const HostedGuests&) = delete;
  HostedGuests& operator=(const HostedGuests&) = delete;

  // Returns when its replica is ready. `artifact`: the path of what engine_bench compiled.
  Result<std::shared_ptr<host::HostedDeployment>> deploy(const std::string& name,
                                                         const char* artifact) {
    UniqueFd file(::open(artifact, O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return fail(ErrorCode::Io, std::string("opening ") + artifact);
    model::RunSpec spec{.deployment = id(name)};
    spec.call_timeout = kRoundMax;
    ARCELLA_TRY_VOID(host_.load(spec, std::move(file), UniqueFd()));
    ARCELLA_TRY_VOID(host_.start(spec.deployment, 0, 1));
    const host::InstanceReport report = listener_.wait();
    if (report.event != model::InstanceEvent::Started)
      return fail(ErrorCode::Internal, name + " did not start: " + report.message);
    return host_.find(spec.deployment);
  }
  // Both import and export it by this name.
  Result<void> bind(const std::string& consumer, const std::string& provider,
                    const std::string& interface) {
    return host_.bind({id(consumer), interface, id(provider), interface, {}});
  }

  host::EnginePool& pool() { return pool_; }

 private:
  class Listener final : public host::HostListener {
   public:
    void on_report(host::InstanceReport report) override {
      const std::lock_guard lock(mutex_);
      report_ = std::move(report);
      reported_.notify_all();
    }
    void on_output(const model::InstanceId&, engine::OutputStream, std::string_view) override {}

    // The next report.
    host::InstanceReport wait() {
      std::unique_lock lock(mutex_);
      reported_.wait(lock, [this] { return report_.has_value(); });
      return *std::exchange(report_, std::nullopt);
    }

   private:
    std::mutex mutex_;
    std::condition_variable reported_;
    std::optional<host::InstanceReport> report_;
  };

  static model::DeploymentId id(const std::string& name) {
    return model::DeploymentId::parse(name).value();
  }

  Listener listener_;
  host::EnginePool pool_{1};
  host::InstanceHost host_;
};

}  // namespace arcella::bench
