// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One loaded deployment: what InstanceHost's table holds, and what a caller of the hot path keeps
// so that a call needs no look-up by name. Two kinds: replicas that are stores of their own
// (replica_deployment.h, services and commands), and an HTTP server whose replicas are shares of
// concurrency (http_deployment.h).
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "engine/instance.h"
#include "host/callee.h"
#include "model/instance_lifecycle.h"
#include "model/run_spec.h"

namespace arcella::host {

// What happened to a replica. `Started`: it is ready. `EndedWell`: a command ended with 0.
// `Crashed`: it ended on its own otherwise; `message` is one line, `backtrace` may be empty.
// `Ended`: gone as asked.
struct InstanceReport {
  model::InstanceId instance;
  model::InstanceEvent event = model::InstanceEvent::Started;
  int exit_status = 0;
  std::string message{};
  std::string backtrace{};
};

// Called from any thread, must not block; the receiver posts to its own thread. Outlives the host,
// the pool and the engine: their threads end later than the last guest that prints.
class HostListener {
 public:
  virtual ~HostListener() = default;
  virtual void on_report(InstanceReport report) = 0;
  virtual void on_output(const model::InstanceId& instance, engine::OutputStream stream,
                         std::string_view bytes) = 0;
};

struct DeploymentStatistics {
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  std::uint64_t memory_bytes = 0;  // linear memories of all replicas
  std::uint64_t in_flight = 0;
  std::uint64_t handles = 0;  // of its resources, that others hold
  std::string last_failure;
};

// Owners (shared): InstanceHost's table, whoever calls it, and the guests that still run for it.
// Thread: any.
class HostedDeployment : public Callee {
 public:
  virtual Result<void> start(int first, int count) = 0;
  virtual Result<void> stop(int first, int count, std::chrono::milliseconds deadline) = 0;
  virtual void stop_all(std::chrono::milliseconds deadline) = 0;
  [[nodiscard]] virtual int alive() const = 0;

  [[nodiscard]] virtual DeploymentStatistics statistics() const = 0;
};

// Hands one replica's output to the listener; nothing once it is closed.
class InstanceOutput final : public engine::OutputSink {
 public:
  InstanceOutput(HostListener& listener, model::InstanceId instance)
      : listener_(listener), instance_(std::move(instance)) {}
  void write(engine::OutputStream stream, std::string_view bytes) override {
    if (!closed_.load(std::memory_order_relaxed)) listener_.on_output(instance_, stream, bytes);
  }
  void close() noexcept { closed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] const model::InstanceId& instance() const noexcept { return instance_; }

 private:
  HostListener& listener_;
  const model::InstanceId instance_;
  std::atomic<bool> closed_ = false;
};

}  // namespace arcella::host
