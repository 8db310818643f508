// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "supervisor/job.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "aio/await.h"
#include "aio/child_process.h"
#include "aio/framed_socket.h"
#include "aio/timeout.h"
#include "aio/unix_socket.h"
#include "base/crash_point.h"
#include "base/memory_file.h"
#include "ipc/handshake.h"
#include "ipc/job_message.h"
#include "supervisor/child_limits.h"

namespace arcella::supervisor {
namespace {

constexpr std::size_t kReadBytes = 64U << 10;

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int fds[2] = {-1, -1};
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "making a pipe"));
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

struct HelperEnd {
  std::string report;
  aio::ExitStatus status;
};

// Everything that the helper says, until it is gone. LimitExceeded when it says too much.
aio::Task<Result<HelperEnd>> listen_to(boost::asio::posix::stream_descriptor& pipe,
                                       aio::ChildProcess& helper) {
  HelperEnd end;
  std::array<char, kReadBytes> piece;
  for (;;) {
    auto [error, count] = co_await pipe.async_read_some(boost::asio::buffer(piece), aio::kAsTuple);
    if (error == boost::asio::error::eof) break;
    if (error) co_return Unexpected(aio::error_from(error, "reading from the compile helper"));
    if (end.report.size() + count > limits::kControlFrameBytesMax) {
      co_return fail(ErrorCode::LimitExceeded, "the description of the component is too long");
    }
    end.report.append(piece.data(), count);
  }
  ARCELLA_CO_TRY(end.status, co_await helper.wait_or_cancel());
  co_return Result<HelperEnd>(std::move(end));
}

// Why a helper that reported nothing has ended.
Error unreported(const aio::ExitStatus& status) {
  std::string how = "the compile helper was " + status.to_string();
  if (status.how == aio::ExitStatus::How::Exited) {
    return {ErrorCode::Internal, "the compile helper " + status.to_string() + " and no report"};
  }
  switch (status.number) {
    case SIGXCPU:
      return {ErrorCode::LimitExceeded, "compiling took more than " +
                                            std::to_string(limits::kCompileCpuMax.count()) +
                                            " s of processor time"};
    case SIGXFSZ:
      return {ErrorCode::LimitExceeded, "the compiled code is larger than " +
                                            std::to_string(limits::kArtifactBytesMax >> 20U) +
                                            " MiB"};
    case SIGABRT:
    case SIGKILL:
      return {ErrorCode::LimitExceeded, how + "; most likely it ran out of memory (it may use " +
                                            std::to_string(limits::kCompileMemoryBytesMax >> 20U) +
                                            " MiB)"};
    default:
      return {ErrorCode::InvalidComponent, how + ": the compiler cannot cope with this component"};
  }
}

Result<CompileResult> result_of(const HelperEnd& end, UniqueFd artifact, bool inspect_only) {
  if (end.report.empty() || !end.status.success()) {
    // An error that it still could report says more than how it ended.
    auto report = ipc::decode_compile_report(end.report);
    if (!report.has_value() && report.error().code() != ErrorCode::InvalidRequest) {
      return fail(std::move(report).error());
    }
    return fail(unreported(end.status));
  }
  ARCELLA_TRY(auto report, ipc::decode_compile_report(end.report));
  struct stat written{};
  if (::fstat(artifact.get(), &written) != 0) {
    return fail(Error::from_errno(errno, "looking at the compiled code"));
  }
  auto bytes = static_cast<std::uint64_t>(written.st_size);
  if (bytes != report.artifact_bytes || (bytes == 0) != inspect_only) {
    return fail(ErrorCode::Internal, "the compile helper reports " +
                                         std::to_string(report.artifact_bytes) +
                                         " bytes and wrote " + std::to_string(bytes));
  }
  return CompileResult{std::move(report.inspection), std::move(artifact), bytes,
                       std::move(report.fingerprint)};
}

aio::ChildSpec runner_spec(const std::string& worker_program, model::WorkerTraits traits,
                           const UniqueFd& artifact, const CommandStdio& stdio,
                           const UniqueFd& control) {
  aio::ChildSpec spec = child_spec(ChildRole::Run, worker_program, traits);
  spec.fds = {{ipc::kRunArtifactFd, artifact.get()}, {ipc::kRunControlFd, control.get()}};
  if (stdio.in.valid()) spec.fds.push_back({STDIN_FILENO, stdio.in.get()});
  if (stdio.out.valid()) spec.fds.push_back({STDOUT_FILENO, stdio.out.get()});
  if (stdio.err.valid()) spec.fds.push_back({STDERR_FILENO, stdio.err.get()});
  return spec;
}

// One command sent, one answer read, and the end of the process.
aio::Task<Result<CommandResult>> converse(aio::FramedSocket& channel, aio::ChildProcess& runner,
                                          std::string command) {
  Result<aio::Frame> frame = fail(ErrorCode::Unavailable, "");
  auto sent = channel.send(command);
  if (sent.has_value()) frame = co_await channel.read();
  if (!frame.has_value() && frame.error().code() == ErrorCode::Unavailable) {
    ARCELLA_CO_TRY(auto status, co_await runner.wait_or_cancel());
    co_return fail(ErrorCode::Unavailable,
                   "the command ended without a result; its process: " + status.to_string());
  }
  if (!frame.has_value()) co_return Unexpected(std::move(frame).error());
  ARCELLA_CO_TRY(auto ended, ipc::decode_run_ended(frame->bytes));
  // The guest's output is whole only when the process is gone; it has no reason to stay.
  auto gone = co_await aio::with_timeout(limits::kWorkerStopTimeout, runner.wait_or_cancel());
  if (!gone.has_value() && gone.error().code() == ErrorCode::Cancelled) {
    co_return Unexpected(std::move(gone).error());
  }
  co_return CommandResult{ended.exit_status, std::move(ended.failure), std::move(ended.backtrace)};
}

// `spec` is of the helper, with the files that it reads.
aio::Task<Result<CompileResult>> run_helper(aio::ChildSpec spec, std::vector<UniqueFd> files,
                                            bool inspect_only, std::chrono::milliseconds wall_max) {
  auto executor = co_await boost::asio::this_coro::executor;
  ARCELLA_CO_TRY(auto artifact, make_memory_file("arcella-artifact"));
  ARCELLA_CO_TRY(auto report, make_pipe());
  spec.fds.push_back({ipc::kCompileArtifactFd, artifact.get()});
  spec.fds.push_back({ipc::kCompileReportFd, report.write_end.get()});
  ARCELLA_CO_TRY(auto helper, aio::ChildProcess::spawn(executor, spec));
  crash_point("helper.spawned");
  report.write_end.reset();
  files.clear();

  boost::asio::posix::stream_descriptor pipe(executor, report.read_end.release());
  auto end = co_await aio::with_timeout(wall_max, listen_to(pipe, *helper));
  if (!end.has_value()) {
    helper->kill(SIGKILL);
    co_await helper->wait();
    co_return Unexpected(std::move(end).error().with_context("compiling"));
  }
  co_return result_of(*end, std::move(artifact), inspect_only);
}

}  // namespace

aio::Task<Result<CompileResult>> compile(std::string worker_program, UniqueFd wasm,
                                         model::WorkerTraits traits, bool inspect_only,
                                         std::chrono::milliseconds wall_max) {
  aio::ChildSpec spec = child_spec(ChildRole::Compile, worker_program, traits);
  if (inspect_only) spec.args.emplace_back("--inspect-only");
  spec.fds.push_back({ipc::kCompileWasmFd, wasm.get()});
  std::vector<UniqueFd> files;
  files.push_back(std::move(wasm));
  co_return co_await run_helper(std::move(spec), std::move(files), inspect_only, wall_max);
}

aio::Task<Result<CompileResult>> compose_and_compile(std::string worker_program,
                                                     Composition composition,
                                                     model::WorkerTraits traits) {
  aio::ChildSpec spec = child_spec(ChildRole::Compile, worker_program, traits);
  const int others = static_cast<int>(composition.members.size()) - 1;
  spec.args.emplace_back("--compose-with=" + std::to_string(others));
  for (const model::Plug& plug : composition.plugs)
    spec.args.emplace_back("--joint=" + ipc::encode(plug));
  spec.fds.push_back({ipc::kCompileWasmFd, composition.members.front().get()});
  for (int i = 0; i < others; ++i) {
    const auto member = static_cast<std::size_t>(i) + 1;
    spec.fds.push_back({ipc::kComposeFirstFd + i, composition.members[member].get()});
  }
  co_return co_await run_helper(std::move(spec), std::move(composition.members), false,
                                limits::kCompileWallMax);
}

aio::Task<Result<CompileResult>> wrap(std::string worker_program, UniqueFd module,
                                      std::string wit) {
  aio::ChildSpec spec = child_spec(ChildRole::Compile, worker_program, model::WorkerTraits());
  spec.args.emplace_back("--wrap=" + wit);
  spec.fds.push_back({ipc::kCompileWasmFd, module.get()});
  std::vector<UniqueFd> files;
  files.push_back(std::move(module));
  co_return co_await run_helper(std::move(spec), std::move(files), false, limits::kCompileWallMax);
}

aio::Task<Result<CommandResult>> run_command(std::string worker_program, model::RunSpec spec,
                                             model::WorkerTraits traits, UniqueFd artifact,
                                             CommandStdio stdio, CommandImports imports,
                                             std::chrono::milliseconds deadline) {
  auto executor = co_await boost::asio::this_coro::executor;
  ARCELLA_CO_TRY(auto sockets, aio::socket_pair());
  aio::ChildSpec child = runner_spec(worker_program, traits, artifact, stdio, sockets.second);
  if (imports.data.valid()) child.fds.push_back({ipc::kRunDataFd, imports.data.get()});
  ARCELLA_CO_TRY(auto runner, aio::ChildProcess::spawn(executor, child));
  sockets.second.reset();
  stdio = CommandStdio();
  artifact.reset();
  imports.data.reset();

  aio::FramedSocketOptions options;
  options.framing = aio::Framing::Length;
  options.frame_bytes_max = limits::kControlFrameBytesMax;
  aio::FramedSocket channel(executor, std::move(sockets.first), options);
  ipc::RunCommand command{std::move(spec), deadline.count(), std::move(imports.imports)};
  auto talk = converse(channel, *runner, ipc::encode(command));
  std::optional<Result<CommandResult>> result;
  if (deadline.count() == 0) {
    result = co_await std::move(talk);
  } else {
    result = co_await aio::with_timeout(deadline + limits::kWorkerStopTimeout, std::move(talk));
  }
  runner->kill(SIGKILL);  // nothing happens if it has ended
  co_await runner->wait();
  co_return std::move(*result);
}

}  // namespace arcella::supervisor
