// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/worker.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/post.hpp>

#include "aio/event.h"
#include "aio/loop.h"
#include "aio/task_scope.h"
#include "aio/timeout.h"
#include "base/limits.h"
#include "base/log.h"
#include "host/call_port.h"
#include "host/engine_pool.h"
#include "host/instance_host.h"
#include "host/remote_callee.h"
#include "ipc/control_channel.h"
#include "ipc/handshake.h"
#include "model/component.h"
#include "wire/json.h"
#include "worker/inherited_fd.h"
#include "worker/links.h"
#include "worker/outbound_queue.h"
#include "worker/sandbox.h"

namespace arcella::worker {
namespace {

using std::chrono::milliseconds;

// Owner: serve().  Thread: control, but for what says otherwise.
class Worker {
 public:
  Worker(aio::Loop& loop, const engine::Engine& engine, std::string fingerprint, UniqueFd control,
         ipc::DataEnd data)
      : loop_(loop),
        fingerprint_(std::move(fingerprint)),
        outbound_([this] { boost::asio::post(loop_.io(), [this] { something_to_tell_.set(); }); }),
        channel_(loop.executor(), std::move(control)),
        something_to_tell_(loop.executor()),
        shutdown_asked_(loop.executor()),
        reports_told_(loop.executor()),
        tasks_(loop.executor()),
        data_(std::move(data)),
        pool_(0),
        links_(loop_.io(), pool_, [this](const ipc::LinkLost& lost) { send(lost); }),
        host_(engine, pool_, outbound_) {}

  // False: the daemon is gone.
  aio::Task<bool> run();
  void shut_down(milliseconds deadline);

 private:
  [[nodiscard]] bool open_port();
  aio::Task<> receive_all();
  aio::Task<> tell_all();
  aio::Task<Result<void>> until_all_ended();
  void on(ipc::LoadDeployment message, std::vector<UniqueFd> fds);
  void on(const ipc::UnloadDeployment& message);
  void on(const ipc::StartInstances& message);
  void on(const ipc::StopInstances& message);
  void on(const ipc::ResolveFunction& message);
  void on(const ipc::QueryStatistics& message);
  void on(const ipc::BindImport& message);
  void on(const ipc::OpenLink& message, std::vector<UniqueFd> fds);
  void on(const ipc::LendExport& message);
  void on(const ipc::ForgetConsumer& message) { reply(message.request, links_.forget(message)); }
  void on(const ipc::Shutdown& message) { shut_down(milliseconds(message.deadline_ms)); }
  void handle(ipc::FromDaemon received);
  void reply(std::uint64_t request, const Result<void>& result);
  void send(const ipc::FromWorker& message);

  aio::Loop& loop_;
  const std::string fingerprint_;
  OutboundQueue outbound_;
  ipc::WorkerControlChannel channel_;
  aio::Event something_to_tell_;
  aio::Event shutdown_asked_;
  aio::Event reports_told_;
  bool daemon_gone_ = false;
  milliseconds shutdown_deadline_{0};
  std::unordered_map<model::DeploymentId, std::uint32_t> slots_;
  aio::TaskScope tasks_;
  ipc::DataEnd data_;  // until the port has it
  // The port needs the pool, and the host's guests both until they are gone.
  host::EnginePool pool_;
  std::shared_ptr<host::CallPort> port_;  // never null after run() has begun
  Links links_;
  host::InstanceHost host_;
};

void Worker::send(const ipc::FromWorker& message) {
  const auto sent = channel_.send(message);
  if (sent) return;
  log::error("worker", "the daemon cannot be told: " + sent.error().message());
  daemon_gone_ = true;
  shutdown_asked_.set();
}

void Worker::reply(std::uint64_t request, const Result<void>& result) {
  ipc::Reply message;
  message.request = request;
  if (!result) message.error = result.error();
  send(message);
}

void Worker::on(ipc::LoadDeployment message, std::vector<UniqueFd> fds) {
  if (fds.empty()) {
    reply(message.request, fail(ErrorCode::InvalidRequest, "no artifact came with the message"));
    return;
  }
  UniqueFd listener = fds.size() > 1 ? std::move(fds[1]) : UniqueFd();
  const auto loaded = host_.load(message.spec, std::move(fds[0]), std::move(listener));
  if (loaded) {
    slots_[message.spec.deployment] = message.slot;
    port_->serve(message.slot, *host_.find(message.spec.deployment));
  }
  reply(message.request, loaded);
}

void Worker::on(const ipc::UnloadDeployment& message) {
  const auto unloaded = host_.unload(message.deployment);
  const auto slot = slots_.find(message.deployment);
  if (unloaded && slot != slots_.end()) {
    port_->serve(slot->second, nullptr);
    slots_.erase(slot);
  }
  reply(message.request, unloaded);
}

void Worker::on(const ipc::StartInstances& message) {
  reply(message.request, host_.start(message.deployment, message.first, message.count));
}

void Worker::on(const ipc::StopInstances& message) {
  reply(message.request, host_.stop(message.deployment, message.first, message.count,
                                    milliseconds(message.deadline_ms)));
}

void Worker::on(const ipc::ResolveFunction& message) {
  const auto number = host_.resolve(message.deployment, message.function);
  ipc::Reply answer;
  answer.request = message.request;
  if (number) {
    answer.value = *number;
  } else {
    answer.error = number.error();
  }
  send(answer);
}

void Worker::on(const ipc::QueryStatistics& message) {
  const auto statistics = host_.statistics(message.deployment);
  ipc::Reply answer;
  answer.request = message.request;
  if (statistics) {
    answer.text =
        wire::to_text(wire::JsonObject{{"calls", statistics->calls},
                                       {"failed", statistics->failed},
                                       {"memory_bytes", statistics->memory_bytes},
                                       {"in_flight", statistics->in_flight},
                                       {"handles", statistics->handles},
                                       {"last_failure", line_text(statistics->last_failure)}});
  } else {
    answer.error = statistics.error();
  }
  send(answer);
}

void Worker::on(const ipc::BindImport& message) {
  if (!message.route) {
    reply(message.request, host_.bind({message.deployment, message.import, message.provider,
                                       message.exported, message.why_not}));
    return;
  }
  const auto port = message.link == 0 ? port_ : links_.port(message.link);
  reply(message.request, port.and_then([&](const std::shared_ptr<host::CallPort>& way) {
    const auto provider = host::RemoteCallee::through(way, *message.route, message.exported);
    return host_.bind(message.deployment, message.import, provider, message.exported);
  }));
}

void Worker::on(const ipc::OpenLink& message, std::vector<UniqueFd> fds) {
  if (fds.size() < 2) {
    reply(message.request, fail(ErrorCode::InvalidRequest, "no channel came with the message"));
    return;
  }
  ipc::DataEnd end(std::move(fds[0]), std::move(fds[1]), message.first);
  reply(message.request, links_.open(message.link, std::move(end)));
}

void Worker::on(const ipc::LendExport& message) {
  if (!message.provider) {
    reply(message.request, links_.withdraw(message));
    return;
  }
  reply(message.request, host_.find(*message.provider).and_then([&](const auto& provider) {
    return links_.lend(message, provider);
  }));
}

void Worker::handle(ipc::FromDaemon received) {
  std::visit(
      [&](auto& message) {
        using Message = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<Message, ipc::LoadDeployment> ||
                      std::is_same_v<Message, ipc::OpenLink>) {
          on(std::move(message), std::move(received.fds));
        } else {
          on(message);
        }
      },
      received.message);
}

aio::Task<> Worker::receive_all() {
  while (true) {
    auto received = co_await channel_.receive();
    if (!received) {
      daemon_gone_ = received.error().code() != ErrorCode::Cancelled;
      if (daemon_gone_) shutdown_asked_.set();
      co_return;
    }
    handle(std::move(*received));
  }
}

// Output gives way: past kOutputQueuedBytesMax it stays in its bounded buffers until the daemon has
// read on, while reports and replies go out.
aio::Task<> Worker::tell_all() {
  while (true) {
    const auto woken = co_await something_to_tell_.wait();
    if (!woken) co_return;
    something_to_tell_.reset();
    outbound_.begin_look();
    bool slow = false;
    while (!(slow = channel_.queued_bytes() > limits::kOutputQueuedBytesMax)) {
      const auto output = outbound_.take_output();
      if (!output) break;
      send(*output);
    }
    for (const ipc::InstanceReported& report : outbound_.take_reports()) send(report);
    reports_told_.set();
    if (!slow) continue;
    const auto drained = co_await channel_.drain();
    if (!drained) co_return;
    something_to_tell_.set();
  }
}

void Worker::shut_down(milliseconds deadline) {
  shutdown_deadline_ = deadline;
  shutdown_asked_.set();
}

aio::Task<Result<void>> Worker::until_all_ended() {
  while (host_.alive() > 0) {
    reports_told_.reset();
    ARCELLA_CO_TRY_VOID(co_await reports_told_.wait());
  }
  co_return Result<void>();
}

bool Worker::open_port() {
  // What is lost here the end of the control channel tells too, which ends the worker.
  auto opened = host::CallPort::open(std::move(data_), pool_, host::CallPort::Side::Worker,
                                     [](const Error& why) { log::warn("worker", why.message()); });
  if (!opened) {
    log::error("worker", opened.error().message());
    return false;
  }
  port_ = std::move(*opened);
  send(ipc::Hello{.pid = ::getpid(), .fingerprint = fingerprint_});
  tasks_.spawn(tell_all());
  tasks_.spawn(receive_all());
  return true;
}

aio::Task<bool> Worker::run() {
  daemon_gone_ = !open_port();
  if (!daemon_gone_) co_await shutdown_asked_.wait_uncancelled();
  if (!daemon_gone_) {
    host_.stop_all(shutdown_deadline_);
    // Twice the deadline: what is cut at it has to be told too.
    auto ended = until_all_ended();
    const auto all = co_await aio::with_timeout<void>(
        shutdown_deadline_ * 2 + limits::kWorkerFarewellTimeout, std::move(ended));
    if (!all) log::warn("worker", "instances are left at the end", {{"count", host_.alive()}});
    auto drained = channel_.drain();
    static_cast<void>(
        co_await aio::with_timeout<void>(limits::kWorkerFarewellTimeout, std::move(drained)));
  }
  tasks_.cancel();
  channel_.close();
  co_await tasks_.join();
  co_return !daemon_gone_;
}

Result<void> configure_log(const ServeOptions& options) {
  log::Options log_options;
  ARCELLA_TRY(log_options.level, log::parse_level(options.log_level));
  ARCELLA_TRY(log_options.format, log::parse_format(options.log_format));
  return log::configure(log_options);
}

}  // namespace

int serve(const ServeOptions& options) {
  if (const auto configured = configure_log(options); !configured) {
    log::error("worker", configured.error().message());
    return 2;
  }
  aio::ignore_broken_pipes();
  // A terminal that closes tells the whole process group; only the daemon has use for it.
  std::signal(SIGHUP, SIG_IGN);
  auto control = inherited_socket(ipc::kServeControlFd, "the control socket");
  auto data = inherited_socket(ipc::kServeDataFd, "the data socket");
  auto memory = inherited_fd(ipc::kServeMemoryFd, "the memory of the data channel");
  for (const auto* fd : {&control, &data, &memory}) {
    if (*fd) continue;
    log::error("worker", fd->error().message());
    return 2;
  }
  engine::EngineConfig config;
  config.traits = options.traits;
  config.instances_max = options.instances_max;
  config.http_threads = options.http_threads;
  const auto engine = engine::Engine::create(config);
  const auto fingerprint = engine::engine_fingerprint(options.traits);
  if (!engine || !fingerprint) {
    log::error("worker",
               "starting the engine: " + (engine ? fingerprint.error() : engine.error()).message());
    return 1;
  }
  // After the engine, which opens /proc/self/pagemap: an undumpable process may not. Before the
  // first guest.
  for (const SandboxMeasure& measure : enter_sandbox()) {
    if (!measure.active) log::warn("worker", "no " + measure.name + ": " + measure.reason);
  }
  aio::Loop loop;
  Worker worker(loop, **engine, *fingerprint, std::move(*control),
                ipc::DataEnd(std::move(*data), std::move(*memory), false));
  loop.on_signals({SIGTERM, SIGINT},
                  [&worker](int) { worker.shut_down(limits::kWorkerStopTimeout); });
  const bool ended_well = loop.run(worker.run());
  if (!ended_well) {
    // Nobody is left to tell and guests may be in the middle: the kernel takes everything back,
    // listening sockets first.
    log::info("worker", "the daemon is gone", {{"group", options.group}});
    ::_exit(1);
  }
  return 0;
}

}  // namespace arcella::worker
