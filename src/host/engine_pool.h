// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "engine/instance.h"

namespace arcella::host {

// The threads that poll guests (design.md section 2): a fixed number, never the control thread. A
// thread without work sleeps on the watched descriptors themselves, so the thread that a request
// wakes is the one that reads and runs it. Owner: the process's main; outlives the InstanceHost.
// Thread: any.
class EnginePool final : public engine::Executor {
 public:
  explicit EnginePool(int threads);  // 0: one per core
  ~EnginePool() override;            // joins; work that was posted and not begun is dropped
  EnginePool(const EnginePool&) = delete;
  EnginePool& operator=(const EnginePool&) = delete;

  // First come, first served: a guest that used up its slice goes to the end.
  void post(std::function<void()> work) override;
  void post_after(std::chrono::milliseconds delay, std::function<void()> work);

  // Something that is cheaper to do once for many pieces of work.
  class Deferred {
   public:
    Deferred() = default;
    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;
    virtual ~Deferred() = default;
    virtual void run_deferred() = 0;
  };
  // On a thread of the pool: runs `what` once, on any of them, at the latest when this one has
  // nothing else to do, limits::kDataGatherMax have passed between two pieces of work, or one
  // takes kDataGatherLook and another thread is free.
  void defer(std::shared_ptr<Deferred> what);
  // Who runs several pieces of work in one says so before each, with the time.
  void before_work(MonotonicTime now);

  // Some work holds its thread for long and cannot yield; false: no more. There is one thread more
  // for each meanwhile, up to limits::kSpareThreadsMax.
  void hold_thread(bool holds);

  // Whether the caller is one of the pool's threads: it must not wait for work of the pool.
  [[nodiscard]] bool is_current() const noexcept;

  enum class Interest { Readable, ReadableAndWritable };
  // `ready` runs on a pool thread each time something arrives at `fd` (edge-triggered: not again
  // for what was left unread), also several times at once; with ReadableAndWritable also when it
  // takes bytes again. It is told whether the peer has hung up: then nothing is reported after it.
  // Until unwatch() or the end of the pool, which destroy `ready`; `fd` is open as long.
  using Ready = std::function<void(bool hung_up)>;
  [[nodiscard]] Result<void> watch(int fd, Ready ready);
  // `ready` may be running, or about to, on other threads; none begins it after them.
  void unwatch(int fd);
  // Of a watched descriptor; else nothing happens. Asks anew: what is ready now is reported again.
  void set_interest(int fd, Interest interest);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::host
