// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/engine_pool.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "base/unique_fd.h"

namespace arcella::host {
namespace {

using Work = std::function<void()>;

// The wake-up's and the timer's numbers in the epoll set; watches have larger ones.
constexpr std::uint64_t kWakeup = 0;
constexpr std::uint64_t kTimer = 1;

struct Watch {
  std::uint64_t number;
  int fd;
  std::shared_ptr<const EnginePool::Ready> ready;  // shared with the threads that run it
};

// What a watch asks epoll for.
epoll_event event_of(std::uint64_t number, EnginePool::Interest interest) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  if (interest == EnginePool::Interest::ReadableAndWritable) event.events |= EPOLLOUT;
  event.data.u64 = number;
  return event;
}

struct Timer {
  MonotonicTime due;
  Work work;
};
// For a heap whose front is due first.
bool later(const Timer& a, const Timer& b) {
  return a.due > b.due;
}

// Whose thread this is.
thread_local const void* current_pool = nullptr;

}  // namespace

// Everything a thread can sleep for is in one epoll set: the wake-up eventfd, the timer and the
// watched descriptors. All are edge-triggered, so one event wakes one thread and neither eventfd
// nor timer is ever read.
struct EnginePool::Impl {
  Impl();
  void run(int number);
  void run_spare(std::size_t number);
  [[nodiscard]] bool wanted(std::size_t spare);
  void work_until_stopped(std::optional<std::size_t> spare);
  [[nodiscard]] Work take();
  void wait(int timeout_ms);
  void wake() const;
  void post_at(MonotonicTime due, Work work);
  void arm(MonotonicTime due) const;
  void run_timers();
  void run_deferred();
  void before_work(MonotonicTime now);

  // Constant after construction.
  UniqueFd epoll;
  UniqueFd wakeup;
  UniqueFd timer;
  std::vector<std::thread> threads;

  Mutex mutex;
  // For threads that are held; those that are not needed wait.
  std::vector<std::thread> spares ARCELLA_GUARDED_BY(mutex);
  std::size_t held ARCELLA_GUARDED_BY(mutex) = 0;
  ConditionVariable spare_wanted;
  std::deque<Work> queue ARCELLA_GUARDED_BY(mutex);
  std::vector<Timer> timers ARCELLA_GUARDED_BY(mutex);  // a heap
  // By number, which epoll holds; a thread may come with that of one that is gone.
  std::vector<Watch> watches ARCELLA_GUARDED_BY(mutex);
  std::uint64_t last_watch ARCELLA_GUARDED_BY(mutex) = kTimer;
  std::vector<std::shared_ptr<Deferred>> deferred ARCELLA_GUARDED_BY(mutex);
  // Whether there are any, and since when: asked before each work. Their own thread never misses
  // them.
  std::atomic<bool> any_deferred = false;
  std::atomic<MonotonicTime> deferred_since;
  std::atomic<bool> deferred_watched = false;  // by a timer
  int sleepers ARCELLA_GUARDED_BY(mutex) = 0;
  bool stopping ARCELLA_GUARDED_BY(mutex) = false;
};

EnginePool::Impl::Impl()
    : epoll(::epoll_create1(EPOLL_CLOEXEC)),
      wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  ARCELLA_CHECK(epoll.valid() && wakeup.valid() && timer.valid(),
                "a process starts with descriptors to spare");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kWakeup;
  ARCELLA_CHECK(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeup.get(), &event) == 0,
                "epoll takes an eventfd");
  event.data.u64 = kTimer;
  ARCELLA_CHECK(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, timer.get(), &event) == 0,
                "epoll takes a timerfd");
}

void EnginePool::Impl::wake() const {
  const std::uint64_t one = 1;
  // It fails only when 2^64 wake-ups were never read.
  [[maybe_unused]] const auto written = ::write(wakeup.get(), &one, sizeof one);
}

// The next work, if any. Two posts may have woken one thread: who takes from a queue that goes on
// wakes the next.
Work EnginePool::Impl::take() {
  Work work;
  bool more = false;
  {
    const MutexLock lock(mutex);
    if (queue.empty()) return work;
    work = std::move(queue.front());
    queue.pop_front();
    more = !queue.empty() && sleepers > 0;
  }
  if (more) wake();
  return work;
}

void EnginePool::Impl::arm(MonotonicTime due) const {
  const auto since_boot = std::max(due.time_since_epoch(), MonotonicTime::duration(1));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = std::chrono::nanoseconds(since_boot - seconds).count();
  ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void EnginePool::Impl::post_at(MonotonicTime due, Work work) {
  const MutexLock lock(mutex);
  timers.push_back({due, std::move(work)});
  std::ranges::push_heap(timers, later);
  if (timers.front().due == due) arm(due);
}

void EnginePool::Impl::run_timers() {
  const MonotonicTime now = std::chrono::steady_clock::now();
  const MutexLock lock(mutex);
  while (!timers.empty() && timers.front().due <= now) {
    std::ranges::pop_heap(timers, later);
    queue.push_back(std::move(timers.back().work));
    timers.pop_back();
  }
  if (!timers.empty()) arm(timers.front().due);
}

void EnginePool::Impl::run_deferred() {
  if (!any_deferred.load(std::memory_order_relaxed)) return;
  std::vector<std::shared_ptr<Deferred>> all;
  {
    const MutexLock lock(mutex);
    all.swap(deferred);
    any_deferred.store(false, std::memory_order_relaxed);
  }
  for (const auto& each : all) each->run_deferred();
}

void EnginePool::Impl::before_work(MonotonicTime now) {
  if (!any_deferred.load(std::memory_order_relaxed)) return;
  const MonotonicTime since = deferred_since.load(std::memory_order_relaxed);
  if (now - since > limits::kDataGatherMax) return run_deferred();
  if (deferred_watched.exchange(true)) return;
  post_at(now + limits::kDataGatherLook, [this] {
    deferred_watched = false;
    run_deferred();
  });
}

void EnginePool::Impl::wait(int timeout_ms) {
  // One event per thread: a second one in its hands would wait behind the first one's guest.
  epoll_event event{};
  if (::epoll_wait(epoll.get(), &event, 1, timeout_ms) != 1) return;
  // A copy: the kernel's struct is packed, and nothing may refer into it.
  const std::uint64_t number = event.data.u64;
  if (number == kWakeup) return;
  if (number == kTimer) {
    run_timers();
    return;
  }
  std::shared_ptr<const Ready> ready;
  {
    const MutexLock lock(mutex);
    const auto found = std::ranges::lower_bound(watches, number, {}, &Watch::number);
    if (found != watches.end() && found->number == number) ready = found->ready;
  }
  if (ready) (*ready)((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

void EnginePool::Impl::run(int number) {
  ::pthread_setname_np(::pthread_self(), ("engine-" + std::to_string(number)).c_str());
  work_until_stopped(std::nullopt);
}

void EnginePool::Impl::run_spare(std::size_t number) {
  ::pthread_setname_np(::pthread_self(), ("spare-" + std::to_string(number)).c_str());
  work_until_stopped(number);
}

// Waits while it is not. False: the pool stops.
bool EnginePool::Impl::wanted(std::size_t spare) {
  const MutexLock lock(mutex);
  if (spare < held) return true;
  // It may have been woken for this, and another thread sleeps.
  if (!queue.empty()) wake();
  while (!stopping && spare >= held) spare_wanted.wait(mutex);
  return !stopping;
}

void EnginePool::Impl::work_until_stopped(std::optional<std::size_t> spare) {
  current_pool = this;
  MonotonicTime looked;  // at the descriptors: work that never ends must not keep requests out
  while (true) {
    if (spare && !wanted(*spare)) break;
    if (const Work work = take()) {
      if (any_deferred.load(std::memory_order_relaxed))
        before_work(std::chrono::steady_clock::now());
      work();
    }
    bool more = false;
    {
      const MutexLock lock(mutex);
      if (stopping) break;
      more = !queue.empty();
    }
    if (more) {
      const MonotonicTime now = std::chrono::steady_clock::now();
      if (now - looked > limits::kPoolLook) {
        looked = now;
        wait(0);
      }
      continue;
    }
    run_deferred();
    {
      const MutexLock lock(mutex);
      if (stopping) break;
      if (!queue.empty()) continue;
      ++sleepers;
    }
    wait(-1);
    const MutexLock lock(mutex);
    --sleepers;
  }
  run_deferred();
  wake();  // the next thread stops too
}

EnginePool::EnginePool(int threads) : impl_(std::make_unique<Impl>()) {
  const int count =
      threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  for (int number = 0; number < count; ++number) {
    impl_->threads.emplace_back([impl = impl_.get(), number] { impl->run(number); });
  }
}

EnginePool::~EnginePool() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake();
  impl_->spare_wanted.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
  std::vector<std::thread> spares;
  {
    const MutexLock lock(impl_->mutex);
    spares.swap(impl_->spares);
  }
  for (std::thread& spare : spares) spare.join();
  // Dropped work may post again when it is destroyed (a replica's end does): until nothing is left.
  while (true) {
    std::deque<Work> dropped;
    std::vector<Timer> dropped_timers;
    std::vector<Watch> dropped_watches;
    std::vector<std::shared_ptr<Deferred>> dropped_deferred;
    {
      const MutexLock lock(impl_->mutex);
      dropped.swap(impl_->queue);
      dropped_timers.swap(impl_->timers);
      dropped_watches.swap(impl_->watches);
      dropped_deferred.swap(impl_->deferred);
    }
    if (dropped.empty() && dropped_timers.empty() && dropped_watches.empty()) break;
  }
}

void EnginePool::hold_thread(bool holds) {
  {
    const MutexLock lock(impl_->mutex);
    if (holds) {
      ++impl_->held;
    } else {
      --impl_->held;
    }
    const std::size_t spares = impl_->spares.size();
    const bool more = spares < impl_->held && spares < limits::kSpareThreadsMax;
    if (more && !impl_->stopping)
      impl_->spares.emplace_back([impl = impl_.get(), spares] { impl->run_spare(spares); });
  }
  if (holds) impl_->spare_wanted.notify_all();
}

bool EnginePool::is_current() const noexcept {
  return current_pool == impl_.get();
}

void EnginePool::post(std::function<void()> work) {
  bool asleep = false;
  {
    const MutexLock lock(impl_->mutex);
    impl_->queue.push_back(std::move(work));
    asleep = impl_->sleepers > 0;
  }
  if (asleep) impl_->wake();
}

void EnginePool::post_after(std::chrono::milliseconds delay, std::function<void()> work) {
  impl_->post_at(std::chrono::steady_clock::now() + delay, std::move(work));
}

void EnginePool::defer(std::shared_ptr<Deferred> what) {
  const MutexLock lock(impl_->mutex);
  if (impl_->deferred.empty())
    impl_->deferred_since.store(std::chrono::steady_clock::now(), std::memory_order_relaxed);
  impl_->deferred.push_back(std::move(what));
  impl_->any_deferred.store(true, std::memory_order_relaxed);
}

void EnginePool::before_work(MonotonicTime now) {
  impl_->before_work(now);
}

Result<void> EnginePool::watch(int fd, Ready ready) {
  auto shared = std::make_shared<const Ready>(std::move(ready));
  const MutexLock lock(impl_->mutex);
  const std::uint64_t number = ++impl_->last_watch;
  impl_->watches.push_back({number, fd, std::move(shared)});
  epoll_event event = event_of(number, Interest::Readable);
  if (::epoll_ctl(impl_->epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
  impl_->watches.pop_back();
  return fail(Error::from_errno(errno, "watching a descriptor"));
}

void EnginePool::unwatch(int fd) {
  std::shared_ptr<const Ready> last;  // destroyed without the lock
  const MutexLock lock(impl_->mutex);
  const auto found = std::ranges::find(impl_->watches, fd, &Watch::fd);
  if (found == impl_->watches.end()) return;
  last = std::move(found->ready);
  ::epoll_ctl(impl_->epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
  impl_->watches.erase(found);
}

void EnginePool::set_interest(int fd, Interest interest) {
  const MutexLock lock(impl_->mutex);
  const auto found = std::ranges::find(impl_->watches, fd, &Watch::fd);
  if (found == impl_->watches.end()) return;
  epoll_event event = event_of(found->number, interest);
  ARCELLA_CHECK(::epoll_ctl(impl_->epoll.get(), EPOLL_CTL_MOD, fd, &event) == 0,
                "it is in the set");
}

}  // namespace arcella::host
