// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"

namespace arcella::aio {
namespace {

using How = ExitStatus::How;

ChildSpec shell(std::string script) {
  ChildSpec spec;
  spec.program = "/bin/sh";
  spec.args = {"-c", std::move(script)};
  return spec;
}

struct Outcome {
  ExitStatus status;
  std::string output;
};

// Runs it to its end with standard output into a file.
Task<Outcome> run_child(Loop& loop, ChildSpec spec) {
  UniqueFd file(::memfd_create("output", MFD_CLOEXEC));
  spec.fds.push_back({STDOUT_FILENO, file.get()});
  auto child = ChildProcess::spawn(loop.executor(), spec);
  EXPECT_TRUE(child.has_value()) << child.error().message();
  Outcome outcome;
  outcome.status = co_await (*child)->wait();
  std::array<char, 4096> text;
  ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
  outcome.output.assign(text.data(), static_cast<std::size_t>(count));
  co_return outcome;
}

Outcome run_child_here(ChildSpec spec) {
  Loop loop;
  return loop.run(run_child(loop, std::move(spec)));
}

TEST(ExitStatus, ReadsLikeASentence) {
  EXPECT_EQ((ExitStatus{How::Exited, 1}).to_string(), "exited with status 1");
  EXPECT_EQ((ExitStatus{How::Signalled, SIGKILL}).to_string(), "killed by signal 9 (SIGKILL)");
  EXPECT_EQ((ExitStatus{How::Signalled, 64}).to_string(), "killed by signal 64");
}

TEST(ChildProcess, SaysHowItEnded) {
  EXPECT_EQ(run_child_here(shell("exit 0")).status, (ExitStatus{How::Exited, 0}));
  EXPECT_EQ(run_child_here(shell("exit 7")).status, (ExitStatus{How::Exited, 7}));
  EXPECT_EQ(run_child_here(shell("kill -9 $$")).status, (ExitStatus{How::Signalled, SIGKILL}));
}

TEST(ChildProcess, GetsItsEnvironmentArgumentsAndFolderAndNothingElse) {
  ChildSpec spec = shell("echo \"$0 $1 $COLOUR $HOME $(pwd)\"");
  spec.args.insert(spec.args.end(), {"zero", "one"});
  spec.environment = {"COLOUR=red"};
  spec.working_folder = "/usr";
  EXPECT_EQ(run_child_here(std::move(spec)).output, "zero one red  /usr\n");
}

TEST(ChildProcess, GetsItsDescriptorsAndNoOthers) {
  UniqueFd three(::memfd_create("three", 0));  // inheritable on purpose
  UniqueFd five(::memfd_create("five", 0));
  ASSERT_EQ(::write(three.get(), "3", 1), 1);
  ASSERT_EQ(::write(five.get(), "5", 1), 1);
  ::lseek(three.get(), 0, SEEK_SET);
  ::lseek(five.get(), 0, SEEK_SET);
  ChildSpec spec = shell(
      "cat <&3; cat <&5; for fd in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do"
      "  if [ -e /proc/$$/fd/$fd ]; then echo -n \" $fd\"; fi; "
      "done");
  spec.fds = {{3, three.get()}, {5, five.get()}};
  EXPECT_EQ(run_child_here(std::move(spec)).output, "35 0 1 2 3 5");
}

TEST(ChildProcess, CrossesDescriptorsOver) {
  // The source of one is the target of the other.
  UniqueFd a(::memfd_create("a", MFD_CLOEXEC));
  UniqueFd b(::memfd_create("b", MFD_CLOEXEC));
  ASSERT_EQ(::write(a.get(), "a", 1), 1);
  ASSERT_EQ(::write(b.get(), "b", 1), 1);
  std::string first = std::to_string(a.get());
  std::string second = std::to_string(b.get());
  ChildSpec spec = shell("cat /proc/$$/fd/" + first + " /proc/$$/fd/" + second);
  spec.fds = {{a.get(), b.get()}, {b.get(), a.get()}};
  EXPECT_EQ(run_child_here(std::move(spec)).output, "ba");
}

TEST(ChildProcess, HasStandardStreamsOfItsOwn) {
  EXPECT_EQ(run_child_here(shell("cat; readlink /proc/$$/fd/0 /proc/$$/fd/2")).output,
            "/dev/null\n/dev/null\n");
}

TEST(ChildProcess, IsLimitedAndConfined) {
  ChildSpec spec =
      shell("ulimit -n; ulimit -Hc; grep -E 'NoNewPrivs|SigIgn|SigBlk' /proc/self/status");
  spec.limits = {{RLIMIT_NOFILE, 50, 50}, {RLIMIT_CORE, 0, 0}};
  void (*before)(int) = std::signal(SIGPIPE, SIG_IGN);
  Outcome outcome = run_child_here(std::move(spec));
  std::signal(SIGPIPE, before);
  EXPECT_EQ(outcome.output,
            "50\n0\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\n");
}

TEST(ChildProcess, SaysWhyItCouldNotStart) {
  Loop loop;
  ChildSpec missing;
  missing.program = "/nowhere/arcella-worker";
  auto error = ChildProcess::spawn(loop.executor(), missing);
  ASSERT_FALSE(error.has_value());
  EXPECT_EQ(error.error().code(), ErrorCode::NotFound);
  EXPECT_NE(error.error().message().find("/nowhere/arcella-worker"), std::string::npos);

  ChildSpec folder = shell("true");
  folder.working_folder = "/nowhere";
  EXPECT_EQ(ChildProcess::spawn(loop.executor(), folder).error().code(), ErrorCode::NotFound);

  ChildSpec not_executable;
  not_executable.program = "/etc/passwd";
  EXPECT_EQ(ChildProcess::spawn(loop.executor(), not_executable).error().code(),
            ErrorCode::PermissionDenied);

  ChildSpec no_such_fd = shell("true");
  no_such_fd.fds = {{3, 1000}};
  EXPECT_EQ(ChildProcess::spawn(loop.executor(), no_such_fd).error().code(), ErrorCode::Io);
}

Task<> kill_and_wait_twice(Loop& loop) {
  auto child = ChildProcess::spawn(loop.executor(), shell("exec sleep 1000"));
  EXPECT_TRUE(child.has_value());
  (*child)->kill(SIGKILL);
  auto first = co_await (*child)->wait();
  auto second = co_await (*child)->wait();
  EXPECT_EQ(first, (ExitStatus{How::Signalled, SIGKILL}));
  EXPECT_EQ(second, first);
  (*child)->kill(SIGKILL);  // reaches nobody
  auto terminated = co_await (*child)->terminate(std::chrono::milliseconds(1));
  EXPECT_EQ(terminated, first);
}
TEST(ChildProcess, IsKilledAndWaitedForAnyNumberOfTimes) {
  Loop loop;
  testing::run(loop, kill_and_wait_twice(loop));
}

Task<> escalate(Loop& loop, std::string script, std::chrono::milliseconds grace, int signal) {
  int ready[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  UniqueFd read_end(ready[0]);
  UniqueFd write_end(ready[1]);
  ChildSpec spec = shell(std::move(script));
  spec.fds = {{STDOUT_FILENO, write_end.get()}};
  auto child = ChildProcess::spawn(loop.executor(), spec);
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 1);  // its handlers are set
  auto status = co_await (*child)->terminate(grace);
  EXPECT_EQ(status, (ExitStatus{How::Signalled, signal}));
}
TEST(ChildProcess, TerminateKillsWhatDoesNotListen) {
  Loop loop;
  testing::run(loop, escalate(loop, "echo; exec sleep 1000", std::chrono::hours(1), SIGTERM));
  testing::run(loop, escalate(loop, "trap '' TERM; echo; exec sleep 1000",
                              std::chrono::milliseconds(1), SIGKILL));
}

TEST(ChildProcess, LeavesNothingBehindWhenItIsDropped) {
  Loop loop;
  auto child = ChildProcess::spawn(loop.executor(), shell("exec sleep 1000"));
  ASSERT_TRUE(child.has_value());
  pid_t pid = (*child)->pid();
  child->reset();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

Task<> wait_or_note(ChildProcess& child, bool& cancelled) {
  auto status = co_await child.wait_or_cancel();
  cancelled = !status.has_value();
}
Task<> cancelled_wait(Loop& loop) {
  auto child = ChildProcess::spawn(loop.executor(), shell("exec sleep 1000"));
  bool cancelled = false;
  TaskScope scope(loop.executor());
  scope.spawn(wait_or_note(**child, cancelled));
  for (int i = 0; i < 3; ++i) co_await yield();
  scope.cancel();
  co_await scope.join();
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(::kill((*child)->pid(), 0), 0) << "it still runs";
}
TEST(ChildProcess, ACancelledWaitLeavesItRunning) {
  Loop loop;
  testing::run(loop, cancelled_wait(loop));
}

}  // namespace
}  // namespace arcella::aio
