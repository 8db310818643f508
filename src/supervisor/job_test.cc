// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// With real processes: shell scripts in the place of arcella-worker.
#include "supervisor/job.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"
#include "base/testing/temporary_folder.h"
#include "ipc/job_message.h"
#include "wire/frame_codec.h"

namespace arcella::supervisor {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class JobTest : public ::testing::Test {
 protected:
  // A program that does this.
  std::string program(const std::string& script) {
    std::string path = folder_ / "worker";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    ::chmod(path.c_str(), 0700);
    return path;
  }
  // A file of this content, as a shell word for `cat`.
  std::string file(const std::string& content) {
    std::string path = folder_ / "content";
    std::ofstream(path) << content;
    return path;
  }
  Result<CompileResult> run_compile(const std::string& script, bool inspect_only = false,
                                    milliseconds wall_max = hours(1)) {
    UniqueFd wasm(::memfd_create("wasm", MFD_CLOEXEC));
    EXPECT_EQ(::write(wasm.get(), "\0asm", 4), 4);
    ::lseek(wasm.get(), 0, SEEK_SET);
    model::WorkerTraits traits{.concurrency = true, .fuel = false};
    return loop_.run(compile(program(script), std::move(wasm), traits, inspect_only, wall_max));
  }
  static std::string report(std::uint64_t artifact_bytes) {
    model::Inspection inspection;
    inspection.wit = "world x {}";
    return ipc::encode(ipc::CompileReport{inspection, "print", artifact_bytes});
  }
  static model::RunSpec spec() {
    return {.deployment = model::DeploymentId::parse("job").value(),
            .program = "job",
            .args = {},
            .env = {},
            .mounts = {},
            .allowed_hosts = {},
            .entrypoint = {},
            .shutdown = {}};
  }
  Result<CommandResult> run_job(const std::string& script, CommandStdio stdio = {},
                                milliseconds deadline = milliseconds(0)) {
    UniqueFd artifact(::memfd_create("artifact", MFD_CLOEXEC));
    EXPECT_EQ(::write(artifact.get(), "code", 4), 4);
    ::lseek(artifact.get(), 0, SEEK_SET);
    // As the real one it reads its command before anything else: what nobody reads would reset the
    // connection.
    auto bytes = wire::LengthCodec::encode(ipc::encode(ipc::RunCommand{spec(), deadline.count()}));
    std::string take = "head -c " + std::to_string(bytes.size()) + " <&4 >" + command_copy() + "; ";
    return loop_.run(run_command(program(take + script), spec(), {}, std::move(artifact),
                                 std::move(stdio), {}, deadline));
  }

  std::string command_copy() { return folder_ / "command"; }

  aio::Loop loop_;
  TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
};

TEST_F(JobTest, CompileGivesArtifactAndInspection) {
  auto result = run_compile("[ \"$*\" = 'compile --concurrency' ] || exit 9; cat <&3 >&4; cat " +
                            file(report(4)) + " >&5");
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->inspection.wit, "world x {}");
  EXPECT_EQ(result->fingerprint, "print");
  EXPECT_EQ(result->artifact_bytes, 4U);
  char bytes[4] = {};
  EXPECT_EQ(::pread(result->artifact.get(), bytes, 4, 0), 4);
  EXPECT_EQ(std::string(bytes, 4), std::string("\0asm", 4));
}

TEST_F(JobTest, InspectOnlyGivesNoArtifact) {
  auto result = run_compile("[ \"$*\" = 'compile --concurrency --inspect-only' ] || exit 9; cat " +
                                file(report(0)) + " >&5",
                            true);
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->artifact_bytes, 0U);
}

TEST_F(JobTest, CompilePassesTheHelpersErrorOn) {
  Error error(ErrorCode::InvalidComponent, "byte 0: no magic number");
  auto result = run_compile("cat " + file(ipc::encode_compile_error(error)) + " >&5");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::InvalidComponent);
  EXPECT_EQ(result.error().message(), "byte 0: no magic number");
}

TEST_F(JobTest, CompileSaysHowTheHelperDied) {
  EXPECT_EQ(run_compile("kill -SEGV $$").error().code(), ErrorCode::InvalidComponent);
  EXPECT_EQ(run_compile("kill -XCPU $$").error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(run_compile("kill -ABRT $$").error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(run_compile("kill -XFSZ $$").error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(run_compile("exit 3").error().code(), ErrorCode::Internal);
  EXPECT_EQ(run_compile("exit 0").error().code(), ErrorCode::Internal);
}

TEST_F(JobTest, CompileDoesNotBelieveWhatItCanCheck) {
  EXPECT_EQ(run_compile("cat " + file(report(5)) + " >&5; cat <&3 >&4").error().code(),
            ErrorCode::Internal);
  EXPECT_EQ(run_compile("cat " + file(report(0)) + " >&5").error().code(), ErrorCode::Internal);
  EXPECT_EQ(run_compile("echo nonsense >&5").error().code(), ErrorCode::InvalidRequest);
  EXPECT_EQ(run_compile("cat /dev/zero >&5").error().code(), ErrorCode::LimitExceeded);
}

TEST_F(JobTest, CompileIsKilledAtItsDeadline) {
  EXPECT_EQ(run_compile("exec sleep 1000", false, milliseconds(5)).error().code(),
            ErrorCode::DeadlineExceeded);
  // It has reported, and does not go.
  EXPECT_EQ(run_compile("cat " + file(report(0)) + " >&5; exec 5>&-; exec sleep 1000", true,
                        milliseconds(50))
                .error()
                .code(),
            ErrorCode::DeadlineExceeded);
}

aio::Task<> compile_into(std::string worker, UniqueFd wasm, ErrorCode& code) {
  const model::WorkerTraits traits;
  auto result = co_await compile(std::move(worker), std::move(wasm), traits, false);
  code = result.has_value() ? ErrorCode::Internal : result.error().code();
}
aio::Task<> cancelled(aio::Loop& loop, std::string worker) {
  aio::TaskScope scope(loop.executor());
  ErrorCode code = ErrorCode::Internal;
  scope.spawn(compile_into(std::move(worker), UniqueFd(::open("/dev/null", O_RDONLY)), code));
  for (int i = 0; i < 10; ++i) co_await aio::yield();
  scope.cancel();
  co_await scope.join();
  EXPECT_EQ(code, ErrorCode::Cancelled);
}
TEST_F(JobTest, CompileIsKilledWhenItsCallerGoes) {
  aio::testing::run(loop_, cancelled(loop_, program("exec sleep 1000")));
}

// --- run ---

std::string ended_frame(int status, const std::string& failure) {
  return wire::LengthCodec::encode(ipc::encode(ipc::RunEnded{status, failure, ""}));
}

TEST_F(JobTest, RunGivesTheStatusAndTheCallersStreams) {
  CommandStdio stdio;
  stdio.in.reset(::memfd_create("in", MFD_CLOEXEC));
  ASSERT_EQ(::write(stdio.in.get(), "input", 5), 5);
  ::lseek(stdio.in.get(), 0, SEEK_SET);
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd output(ends[0]);
  stdio.out.reset(ends[1]);
  auto result = run_job("cat; cat <&3; cat " + file(ended_frame(3, "")) + " >&4", std::move(stdio));
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->exit_status, 3);
  EXPECT_EQ(result->failure, "");
  char text[64] = {};
  EXPECT_EQ(::read(output.get(), text, sizeof(text)), 9);
  EXPECT_STREQ(text, "inputcode");
  EXPECT_EQ(::read(output.get(), text, sizeof(text)), 0) << "nobody holds the pipe any more";
}

TEST_F(JobTest, RunPassesAFailureOn) {
  auto result = run_job("cat " + file(ended_frame(134, "out of fuel")) + " >&4");
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->exit_status, 134);
  EXPECT_EQ(result->failure, "out of fuel");
}

TEST_F(JobTest, RunSendsTheCommand) {
  auto result = run_job("cat " + file(ended_frame(0, "")) + " >&4", {}, std::chrono::minutes(1));
  ASSERT_TRUE(result.has_value()) << result.error().message();
  std::ifstream stream(command_copy());
  std::string received(std::istreambuf_iterator<char>(stream), {});
  EXPECT_EQ(received, wire::LengthCodec::encode(ipc::encode(ipc::RunCommand{spec(), 60'000})));
}

TEST_F(JobTest, RunSaysHowTheProcessDied) {
  auto died = run_job("kill -9 $$");
  EXPECT_EQ(died.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(died.error().message(),
            "the command ended without a result; its process: killed by signal 9 (SIGKILL)");
  EXPECT_EQ(run_job("printf 'garbage\\n' >&4").error().code(), ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace arcella::supervisor
