// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "aio/await.h"
#include "aio/timeout.h"
#include "base/check.h"

#if defined(__clang__)
// The child shares the parent's memory: instrumentation would record its doings as the parent's.
#define ARCELLA_IN_CHILD __attribute__((disable_sanitizer_instrumentation, noinline))
#else
#define ARCELLA_IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread"), noinline))
#endif
#if defined(__SANITIZE_THREAD__)
#define ARCELLA_CHILD_SHARES_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ARCELLA_CHILD_SHARES_MEMORY 0
#endif
#endif
#ifndef ARCELLA_CHILD_SHARES_MEMORY
#define ARCELLA_CHILD_SHARES_MEMORY 1
#endif

namespace arcella::aio {
namespace {

constexpr std::size_t kChildStackBytes = 64U << 10;
constexpr int kSignalCount = 64;
constexpr std::size_t kKernelSignalSetBytes = 8;

enum class Step { None, Descriptors, Folder, Limits, Privileges, Orphan, Exec };

struct ChildReport {
  Step failed;
  int error;
};

// All that the child needs, made before: it may neither allocate nor take a lock.
struct ChildPlan {
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* folder;
  const ChildFd* fds;
  std::size_t fd_count;
  int* copies;  // one for each of fds
  int fd_end;   // one past the highest target
  const ChildLimit* limits;
  std::size_t limit_count;
  bool die_with_parent;
  bool new_session;
  pid_t parent;
  ChildReport* report;
};

// Through syscall(), not libc's functions: those may be intercepted by sanitizers, or cache and
// lock.
ARCELLA_IN_CHILD bool arrange_descriptors(const ChildPlan& plan) {
  for (std::size_t i = 0; i < plan.fd_count; ++i) {
    // First out of the way of all targets, so that no source is overwritten before its turn.
    long copy = ::syscall(SYS_fcntl, plan.fds[i].source, F_DUPFD_CLOEXEC, plan.fd_end);
    if (copy < 0) return false;
    plan.copies[i] = static_cast<int>(copy);
  }
  for (int fd = 0; fd < plan.fd_end; ++fd) ::syscall(SYS_close, fd);
  for (std::size_t i = 0; i < plan.fd_count; ++i) {
    if (::syscall(SYS_dup3, plan.copies[i], plan.fds[i].target, 0) < 0) return false;
  }
  // Our own descriptors are all close-on-exec; this is for those of libraries. Without it (before
  // Linux 5.9) as well.
  ::syscall(SYS_close_range, plan.fd_end, ~0U, 0);
  return true;
}

ARCELLA_IN_CHILD void default_signals() {
  // struct kernel_sigaction of all zeros: SIG_DFL. What was ignored would otherwise stay ignored
  // across exec.
  unsigned long action[4];
  for (volatile unsigned long& word : action) word = 0;
  for (int signal = 1; signal <= kSignalCount; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, action, nullptr, kKernelSignalSetBytes);
  }
}

ARCELLA_IN_CHILD Step prepare(const ChildPlan& plan) {
  default_signals();
  if (plan.new_session) ::syscall(SYS_setsid);
  if (plan.die_with_parent) {
    if (::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return Step::Privileges;
    // The parent may have died before the line above.
    if (::syscall(SYS_getppid) != plan.parent) return Step::Orphan;
  }
  if (!arrange_descriptors(plan)) return Step::Descriptors;
  if (plan.folder != nullptr && ::syscall(SYS_chdir, plan.folder) != 0) return Step::Folder;
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    std::uint64_t both[2];
    both[0] = plan.limits[i].soft;
    both[1] = plan.limits[i].hard;
    if (::syscall(SYS_prlimit64, 0, plan.limits[i].resource, both, nullptr) != 0)
      return Step::Limits;
  }
  if (::syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Step::Privileges;
  std::uint64_t no_signals = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, kKernelSignalSetBytes);
  ::syscall(SYS_execve, plan.program, plan.argv, plan.environment);
  return Step::Exec;
}

ARCELLA_IN_CHILD int child_main(void* argument) {
  const auto& plan = *static_cast<const ChildPlan*>(argument);
  plan.report->failed = prepare(plan);
  plan.report->error = errno;
  ::syscall(SYS_exit_group, 127);
  return 127;
}

struct Started {
  pid_t pid = -1;
  UniqueFd pidfd;
};

// The calling thread stands still until the child has called exec or ended, so that the plan may
// live on its stack.
Result<Started> start(ChildPlan& plan) {
  constexpr int kFlags = CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  // No handler of ours may run in the child, which shares our memory.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
#if ARCELLA_CHILD_SHARES_MEMORY
  std::vector<std::byte> stack(kChildStackBytes);
  auto top = reinterpret_cast<std::uintptr_t>(stack.data() + stack.size()) & ~std::uintptr_t{63};
  int pid = ::clone(child_main, reinterpret_cast<void*>(top), kFlags | CLONE_VM, &plan, &pidfd);
#else
  // ThreadSanitizer takes every clone() of libc for a fork, and the end of a function for the
  // parent's.
  int pid = static_cast<int>(::syscall(SYS_clone, kFlags, nullptr, &pidfd, nullptr, nullptr));
  if (pid == 0) child_main(&plan);
#endif
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return fail(Error::from_errno(error, "starting a process"));
  return Started{pid, UniqueFd(pidfd)};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

Error failure(const ChildSpec& spec, const ChildReport& report) {
  switch (report.failed) {
    case Step::None:
    case Step::Exec:
      break;
    case Step::Descriptors:
      return Error::from_errno(report.error, "giving descriptors to " + spec.program);
    case Step::Folder:
      return Error::from_errno(report.error, "entering " + spec.working_folder);
    case Step::Limits:
      return Error::from_errno(report.error, "limiting " + spec.program);
    case Step::Privileges:
    case Step::Orphan:
      return Error::from_errno(report.error, "confining " + spec.program);
  }
  return Error::from_errno(report.error, "starting " + spec.program);
}

// Names 0, 1 and 2 too, so that no library of the child takes a file of its own for its output.
std::vector<ChildFd> with_standard_streams(std::vector<ChildFd> fds, int null) {
  for (int target = 0; target <= STDERR_FILENO; ++target) {
    auto named = [target](const ChildFd& fd) { return fd.target == target; };
    if (std::none_of(fds.begin(), fds.end(), named)) fds.push_back({target, null});
  }
  return fds;
}

std::vector<ChildLimit> within_hard_limits(std::vector<ChildLimit> limits) {
  for (auto& limit : limits) {
    rlimit now{};
    if (::prlimit(0, static_cast<__rlimit_resource>(limit.resource), nullptr, &now) == 0) {
      limit.soft = std::min<std::uint64_t>(limit.soft, now.rlim_max);
      limit.hard = std::min<std::uint64_t>(limit.hard, now.rlim_max);
    }
  }
  return limits;
}

ExitStatus decode(const siginfo_t& info) {
  auto how = info.si_code == CLD_EXITED ? ExitStatus::How::Exited : ExitStatus::How::Signalled;
  return {how, info.si_status};
}

// By pid, which is the child's own until this succeeds: Asio makes the pidfd non-blocking, and
// waitid() honours that.
bool reap(pid_t pid, int flags, siginfo_t& info) {
  info = {};
  int result = 0;
  do {
    result = ::waitid(P_PID, static_cast<id_t>(pid), &info, flags);
  } while (result != 0 && errno == EINTR);
  ARCELLA_CHECK(result == 0, "a child is reaped by its owner only");
  return info.si_pid != 0;
}

}  // namespace

std::string ExitStatus::to_string() const {
  if (how == How::Exited) return "exited with status " + std::to_string(number);
  const char* name = ::sigabbrev_np(number);
  std::string text = "killed by signal " + std::to_string(number);
  return name == nullptr ? text : text + " (SIG" + name + ")";
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::spawn(
    const boost::asio::any_io_executor& executor, const ChildSpec& spec) {
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return fail(Error::from_errno(errno, "opening /dev/null"));
  // In shared memory, because under ThreadSanitizer the child has only a copy of ours.
  void* shared = ::mmap(nullptr, sizeof(ChildReport), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return fail(Error::from_errno(errno, "starting " + spec.program));
  auto* report = new (shared) ChildReport{Step::None, 0};

  std::vector<std::string> arguments{spec.program};
  arguments.insert(arguments.end(), spec.args.begin(), spec.args.end());
  std::vector<std::string> environment = spec.environment;
  std::vector<char*> argv = pointers(arguments);
  std::vector<char*> variables = pointers(environment);
  std::vector<ChildFd> fds = with_standard_streams(spec.fds, null.get());
  std::vector<int> copies(fds.size());
  std::vector<ChildLimit> limits = within_hard_limits(spec.limits);
  int fd_end = 0;
  for (const auto& fd : fds) fd_end = std::max(fd_end, fd.target + 1);
  ChildPlan plan{
      spec.program.c_str(), argv.data(),
      variables.data(),     spec.working_folder.empty() ? nullptr : spec.working_folder.c_str(),
      fds.data(),           fds.size(),
      copies.data(),        fd_end,
      limits.data(),        limits.size(),
      spec.die_with_parent, spec.new_session,
      ::getpid(),           report};
  auto started = start(plan);
  ChildReport said = *report;
  ::munmap(shared, sizeof(ChildReport));
  if (!started.has_value()) return fail(std::move(started).error().with_context(spec.program));
  if (said.failed != Step::None) {
    siginfo_t info;
    reap(started->pid, WEXITED, info);
    return fail(failure(spec, said));
  }
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(executor, started->pid, std::move(started->pidfd)));
}

ChildProcess::ChildProcess(const boost::asio::any_io_executor& executor, pid_t pid, UniqueFd pidfd)
    : pid_(pid), pidfd_(executor, pidfd.release()) {}

ChildProcess::~ChildProcess() {
  if (status_) return;
  kill(SIGKILL);
  siginfo_t info;
  reap(pid_, WEXITED, info);
}

void ChildProcess::kill(int signal) noexcept {
  if (!status_) ::syscall(SYS_pidfd_send_signal, pidfd_.native_handle(), signal, nullptr, 0);
}

bool ChildProcess::try_reap() {
  if (status_) return true;
  siginfo_t info;
  if (!reap(pid_, WEXITED | WNOHANG, info)) return false;
  status_ = decode(info);
  return true;
}

Task<ExitStatus> ChildProcess::wait() {
  auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), kAsTuple);
  while (!try_reap()) {
    co_await pidfd_.async_wait(boost::asio::posix::descriptor_base::wait_read, token);
  }
  co_return *status_;
}

Task<Result<ExitStatus>> ChildProcess::wait_or_cancel() {
  auto state = co_await boost::asio::this_coro::cancellation_state;
  while (!try_reap()) {
    if (is_cancelled(state)) co_return Unexpected(cancelled_error());
    co_await pidfd_.async_wait(boost::asio::posix::descriptor_base::wait_read, kAsTuple);
  }
  co_return Result<ExitStatus>(*status_);
}

Task<ExitStatus> ChildProcess::terminate(std::chrono::milliseconds grace) {
  kill(SIGTERM);
  auto ended = co_await with_timeout(grace, wait_or_cancel());
  if (!ended.has_value()) kill(SIGKILL);
  co_return co_await wait();
}

}  // namespace arcella::aio
