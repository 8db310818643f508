// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the tests of this folder share: the example components, compiled as the compile helper does
// it, an executor, and a way to wait for a callback.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "engine/engine.h"
#include "engine/instance.h"

namespace arcella::engine::testing {

// `examples/<name>/<name>.wasm`; tests run in the source root.
[[nodiscard]] std::vector<std::byte> example(const std::string& name);
[[nodiscard]] std::vector<std::byte> compile_example(const std::string& name,
                                                     const EngineTraits& traits = {});
// A memfd with these bytes.
[[nodiscard]] UniqueFd file_with(std::span<const std::byte> bytes);
[[nodiscard]] StoreLimits limits();

// One thread that runs what is posted, in order.
class TestExecutor final : public Executor {
 public:
  TestExecutor();
  ~TestExecutor() override;
  TestExecutor(const TestExecutor&) = delete;
  TestExecutor& operator=(const TestExecutor&) = delete;
  void post(std::function<void()> work) override;

 private:
  void run();

  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::function<void()>> queue_ ARCELLA_GUARDED_BY(mutex_);
  bool stopping_ ARCELLA_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// A value that another thread sets once.
template <class T>
class Awaited {
 public:
  void set(T value) {
    const MutexLock lock(mutex_);
    value_ = std::move(value);
    changed_.notify_all();
  }
  // Until it is set; a test that hangs is ended by its runner.
  T get() {
    const MutexLock lock(mutex_);
    while (!value_.has_value()) changed_.wait(mutex_);
    return std::move(*value_);
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::optional<T> value_ ARCELLA_GUARDED_BY(mutex_);
};

// Keeps what guests print.
class TestSink final : public OutputSink {
 public:
  void write(OutputStream stream, std::string_view bytes) override;
  [[nodiscard]] std::string text(OutputStream stream) const;

 private:
  mutable Mutex mutex_;
  std::string texts_[2] ARCELLA_GUARDED_BY(mutex_);
};

// A serving engine with one linked example. Members end in the order that their owners need.
struct Served {
  explicit Served(const std::string& name, StoreLimits store_limits = limits(),
                  const WasiPolicy& policy = {});

  [[nodiscard]] std::unique_ptr<Instance> start();
  [[nodiscard]] CallOutcome call(Instance& instance, std::string_view function,
                                 std::string_view wave,
                                 std::chrono::milliseconds timeout = std::chrono::milliseconds(0));

  TestSink sink;
  std::unique_ptr<Engine> engine;
  TestExecutor executor;
  std::unique_ptr<InstancePre> pre;
};

}  // namespace arcella::engine::testing
