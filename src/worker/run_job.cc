// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/run_job.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/mutex.h"
#include "engine/instance.h"
#include "host/call_port.h"
#include "host/engine_pool.h"
#include "host/imports.h"
#include "host/key_value_service.h"
#include "host/remote_callee.h"
#include "host/run_policy.h"
#include "ipc/handshake.h"
#include "ipc/job_message.h"
#include "wire/frame_codec.h"
#include "worker/inherited_fd.h"
#include "worker/output_buffer.h"
#include "worker/sandbox.h"

namespace arcella::worker {
namespace {

// As a shell shows a process that was aborted: the guest did not end by itself.
constexpr int kFailedStatus = 134;

// Runs the guest on the one thread that there is: it starts faster than a pool.
class ThisThread final : public engine::Executor {
 public:
  void post(std::function<void()> work) override {
    const MutexLock lock(mutex_);
    queue_.push_back(std::move(work));
    came_.notify_one();
  }
  void run_until(const bool& done) {
    while (!done) take()();
  }

 private:
  std::function<void()> take() {
    const MutexLock lock(mutex_);
    while (queue_.empty()) came_.wait(mutex_);
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    return work;
  }

  Mutex mutex_;
  ConditionVariable came_;
  std::deque<std::function<void()>> queue_ ARCELLA_GUARDED_BY(mutex_);
};

// Nothing: the guest has the process's own descriptors.
class NoSink final : public engine::OutputSink {
 public:
  void write(engine::OutputStream, std::string_view) override {}
};

Result<ipc::RunCommand> receive_command(const UniqueFd& socket) {
  wire::LengthCodec codec(limits::kControlFrameBytesMax);
  std::array<char, 16 << 10> buffer;
  while (true) {
    ARCELLA_TRY(const auto frame, codec.next());
    if (frame) return ipc::decode_run_command(*frame);
    const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Error::from_errno(errno, "the control socket"));
    if (count == 0) return fail(ErrorCode::Unavailable, "the daemon closed the control socket");
    codec.feed(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  }
}

Result<void> send_answer(const UniqueFd& socket, const ipc::RunEnded& ended) {
  const std::string frame = wire::LengthCodec::encode(ipc::encode(ended));
  for (std::string_view rest = frame; !rest.empty();) {
    const ssize_t count = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Error::from_errno(errno, "the control socket"));
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

ipc::RunEnded ended_of(engine::CallOutcome outcome) {
  if (outcome.outcome == engine::Outcome::Exited || outcome.outcome == engine::Outcome::Returned) {
    return {.exit_status = outcome.exit_status, .failure = {}, .backtrace = {}};
  }
  std::string failure = line_text(outcome.message);
  if (failure.empty()) failure = "the command failed";
  return {.exit_status = kFailedStatus,
          .failure = std::move(failure),
          .backtrace = std::move(outcome.backtrace)};
}

// Leads every import to the daemon, which knows whom it is for at the moment. The pool's thread
// reads the answers.
Result<std::shared_ptr<host::CallPort>> bind_imports(const std::vector<ipc::RunImport>& wanted,
                                                     host::EnginePool& pool,
                                                     host::Imports& imports) {
  ARCELLA_TRY(UniqueFd socket, inherited_socket(ipc::kRunDataFd, "the data socket"));
  auto lost = [](const Error& why) { log::warn("worker", why.message()); };
  ARCELLA_TRY(auto port, host::CallPort::open(ipc::DataEnd(std::move(socket)), pool,
                                              host::CallPort::Side::Worker, lost));
  for (const ipc::RunImport& one : wanted) {
    ARCELLA_TRY_VOID(imports.bind(
        one.import, host::RemoteCallee::through(port, one.route, one.import), one.import));
  }
  return port;
}

// What must live until the process ends comes from the caller's frame: the engine first, for it
// goes last.
Result<ipc::RunEnded> run(const engine::Engine& engine, const ipc::RunCommand& command,
                          UniqueFd artifact) {
  ARCELLA_TRY(std::shared_ptr<const engine::Component> component, engine.load(std::move(artifact)));
  engine::WasiPolicy policy = host::wasi_policy_of(command.spec);
  policy.key_value = host::key_value_of(command.spec);
  // A thread more only for who needs it.
  std::optional<host::EnginePool> pool;
  if (!command.imports.empty()) pool.emplace(1);
  const auto imports = pool ? std::make_shared<host::Imports>(*pool, command.spec.provider_wait)
                            : std::make_shared<host::Imports>();
  ARCELLA_TRY(const auto linked,
              engine::InstancePre::link(engine, std::move(component), policy,
                                        host::store_limits_of(command.spec), imports));
  imports->set_functions(linked->imports());
  std::shared_ptr<host::CallPort> port;
  if (pool) {
    ARCELLA_TRY(port, bind_imports(command.imports, *pool, *imports));
  }
  ThisThread thread;
  NoSink sink;
  bool done = false;
  engine::CallOutcome outcome;
  linked->run_command(thread, sink, engine::StdioMode::Inherit,
                      std::chrono::milliseconds(command.deadline_ms),
                      [&](engine::CallOutcome ended) {
                        // On any thread: back to this one.
                        auto kept = std::make_shared<engine::CallOutcome>(std::move(ended));
                        thread.post([&outcome, &done, kept] {
                          outcome = std::move(*kept);
                          done = true;
                        });
                      });
  thread.run_until(done);
  if (port) port->close("the command has ended");
  return ended_of(std::move(outcome));
}

Result<void> serve_one(const RunOptions& options, const UniqueFd& control, UniqueFd artifact) {
  engine::EngineConfig config;
  config.traits = options.traits;
  config.use = engine::EngineUse::RunOnce;
  const auto engine = engine::Engine::create(config);
  const auto command = receive_command(control);
  if (!command) return fail(command.error());
  const auto ended = engine ? run(**engine, *command, std::move(artifact)) : fail(engine.error());
  if (ended) return send_answer(control, *ended);
  return send_answer(control, {.exit_status = kFailedStatus,
                               .failure = line_text(ended.error().message()),
                               .backtrace = ended.error().detail()});
}

}  // namespace

int run_command(const RunOptions& options) {
  auto artifact = inherited_fd(ipc::kRunArtifactFd, "the artifact");
  const auto control = inherited_socket(ipc::kRunControlFd, "the control socket");
  if (!artifact || !control) {
    log::error("worker", (artifact ? control.error() : artifact.error()).message());
    return 2;
  }
  for (const SandboxMeasure& measure : enter_sandbox()) {
    if (!measure.active) log::warn("worker", "no " + measure.name + ": " + measure.reason);
  }
  const auto served = serve_one(options, *control, std::move(*artifact));
  if (served) return 0;
  log::error("worker", served.error().message());
  return 1;
}

}  // namespace arcella::worker
