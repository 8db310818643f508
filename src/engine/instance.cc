// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/instance.h"

#include <array>
#include <optional>

#include "engine/door/guest_task.h"
#include "engine/door/import_door.h"
#include "engine/door/instance_impl.h"
#include "engine/door/key_value_door.h"

namespace arcella::engine {
namespace {

std::uint64_t milliseconds(std::chrono::milliseconds duration) {
  return duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
}

// Results up to this size are copied to the caller's stack; it holds every scalar and most short
// texts.
constexpr std::size_t kSmallResultBytes = 256;

// Takes down how the beginning of a call went. The adapter calls through a const interface.
struct CallBeginning final : door::CallEnd {
  mutable std::optional<rust::Vec<std::uint8_t>> large;
  mutable std::optional<CallOutcome> failure;
  mutable std::optional<rust::Box<door::Task>> task;

  void returned(rust::Vec<std::uint8_t> payload) const noexcept override {
    large.emplace(std::move(payload));
  }
  void failed(std::uint8_t code, std::int32_t exit_status, rust::Str message,
              rust::Str backtrace) const noexcept override {
    failure.emplace(door::outcome_from(code, exit_status, message, backtrace));
  }
  void pending(rust::Box<door::Task> begun) const noexcept override {
    task.emplace(std::move(begun));
  }
};

// It did not end at once.
CallHandle go_on(PendingCalls& calls, const FirstPoll& first, const CallBeginning& beginning,
                 CallEnding& ending) {
  auto pending = first.go_on(*std::move(beginning.task), ending.later());
  calls.add(pending);
  pending->leave();
  return CallHandle(std::move(pending));
}

}  // namespace

void CallHandle::cancel() const {
  if (state_ != nullptr) state_->cancel();
}

Instance::Instance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Instance::~Instance() {
  impl_->instance->close();
  impl_->pending.cancel_all();
  impl_->sink->detach();
}

Result<std::shared_ptr<const Instance::Function>> Instance::resolve(std::string_view name) const {
  return door::guarded([&]() -> std::shared_ptr<const Function> {
    return std::make_shared<const Function>(
        Function{impl_->instance->resolve(rust::Str(name.data(), name.size()))});
  });
}

CallHandle Instance::call(Executor& executor, const std::shared_ptr<const Function>& function,
                          Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallDone done, CallContext context) {
  struct Ending final : CallEnding {
    explicit Ending(CallDone callback) : done(std::move(callback)) {}
    void ended(const CallOutcomeView& outcome) override { done(outcome); }
    CallDone later() override { return std::move(done); }
    CallDone done;
  };
  Ending ending(std::move(done));
  return call(executor, function, encoding, arguments, timeout, ending, std::move(context));
}

CallHandle Instance::call(Executor& executor, const std::shared_ptr<const Function>& function,
                          Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallEnding& ending,
                          CallContext context) {
  const FirstPoll first(executor, std::move(context));
  const CallBeginning beginning;
  std::array<std::uint8_t, kSmallResultBytes> room;  // not cleared: written before it is read
  const auto scope = first.in_context();
  const std::size_t length = impl_->instance->call_now(
      *function->function, static_cast<std::uint8_t>(encoding),
      reinterpret_cast<const std::uint8_t*>(arguments.data()), arguments.size(),
      milliseconds(timeout), first, room.data(), room.size(), beginning);
  if (beginning.task.has_value()) return go_on(impl_->pending, first, beginning, ending);
  first.end();
  // From here on nothing of this instance is used: the callback may destroy it.
  if (length <= room.size()) {
    ending.ended(CallOutcomeView(std::as_bytes(std::span(room).first(length))));
  } else if (beginning.large.has_value()) {
    ending.ended(CallOutcomeView(std::as_bytes(std::span(*beginning.large))));
  } else {
    ending.ended(*beginning.failure);
  }
  return {};
}

bool Instance::drop_handles(std::span<const std::uint64_t> numbers) {
  return impl_->instance->drop_handles({numbers.data(), numbers.size()});
}

CallHandle Instance::settle(Executor& executor, CallEnding& ending, CallContext context) {
  const FirstPoll first(executor, std::move(context));
  const CallBeginning beginning;
  const auto scope = first.in_context();
  const bool settled = impl_->instance->settle_now(first, beginning);
  if (beginning.task.has_value()) return go_on(impl_->pending, first, beginning, ending);
  first.end();
  // As in call().
  if (settled) {
    ending.ended(CallOutcomeView(std::span<const std::byte>()));
  } else {
    ending.ended(*beginning.failure);
  }
  return {};
}

std::uint64_t Instance::lent_handles() const noexcept {
  return impl_->instance->lent_handles();
}
std::uint32_t Instance::holder() const noexcept {
  return impl_->instance->holder();
}

std::uint64_t Instance::direct_calls() const noexcept {
  return impl_->instance->direct_calls();
}
bool Instance::in_direct_call() const noexcept {
  return impl_->instance->in_direct_call();
}
void Instance::cut_direct_call() {
  impl_->instance->cut_direct_call();
}

bool Instance::alive() const noexcept {
  return impl_->instance->alive();
}
std::uint64_t Instance::memory_bytes() const noexcept {
  return impl_->instance->memory_bytes();
}

namespace {

class InstantiateTask final : public GuestTask {
 public:
  InstantiateTask(Executor& executor, std::shared_ptr<door::SinkTarget> sink,
                  InstancePre::InstantiateDone done)
      : GuestTask(executor), sink_(std::move(sink)), done_(std::move(done)) {}

 private:
  void finished(door::Task& task) override {
    const InstancePre::InstantiateDone done = std::move(done_);
    auto made = door::guarded([&] { return task.take_instance(); });
    if (!made.has_value()) {
      sink_->detach();
      done(fail(std::move(made).error()));
      return;
    }
    auto impl = std::make_unique<Instance::Impl>(std::move(made).value(), std::move(sink_));
    done(std::make_unique<Instance>(std::move(impl)));
  }

  std::shared_ptr<door::SinkTarget> sink_;
  InstancePre::InstantiateDone done_;
};

rust::Vec<rust::String> strings_from(const std::vector<std::string>& texts) {
  rust::Vec<rust::String> strings;
  for (const std::string& text : texts) strings.push_back(rust::String(text));
  return strings;
}

rust::Vec<door::StringPair> pairs_from(
    const std::vector<std::pair<std::string, std::string>>& pairs) {
  rust::Vec<door::StringPair> made;
  for (const auto& [name, value] : pairs) {
    made.push_back(door::StringPair{rust::String(name), rust::String(value)});
  }
  return made;
}

door::Policy policy_from(const WasiPolicy& policy) {
  door::Policy made;
  made.program = rust::String(policy.program);
  made.args = strings_from(policy.args);
  made.env = pairs_from(policy.env);
  for (const MountPoint& mount : policy.mounts) {
    made.mounts.push_back(
        door::MountEntry{rust::String(mount.host), rust::String(mount.guest), mount.writable});
  }
  made.allowed_hosts = strings_from(policy.allowed_hosts);
  made.config = pairs_from(policy.config);
  if (policy.key_value) made.key_value = std::make_shared<door::KeyValueDoor>(policy.key_value);
  return made;
}

door::Limits limits_from(const StoreLimits& limits) {
  door::Limits made{};
  made.memory_bytes = limits.memory_bytes;
  made.has_fuel = limits.fuel.has_value();
  made.fuel = limits.fuel.value_or(0);
  made.call_timeout_ms = milliseconds(limits.call_timeout);
  return made;
}

class StopDone final : public door::StopListener {
 public:
  explicit StopDone(std::function<void()> done) : done_(std::move(done)) {}
  void stopped() const noexcept override { done_(); }

 private:
  std::function<void()> done_;
};

}  // namespace

InstancePre::InstancePre(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
InstancePre::~InstancePre() = default;

Result<std::unique_ptr<InstancePre>> InstancePre::link(const Engine& engine,
                                                       std::shared_ptr<const Component> component,
                                                       const WasiPolicy& policy,
                                                       const StoreLimits& limits,
                                                       std::shared_ptr<ImportTarget> imports) {
  std::shared_ptr<door::ImportTarget> target;
  if (imports != nullptr) target = std::make_shared<door::ImportDoor>(std::move(imports));
  ARCELLA_TRY(auto linked, door::guarded([&] {
                return component->impl().code->link(policy_from(policy), limits_from(limits),
                                                    std::move(target));
              }));
  std::vector<ImportedFunction> imported;
  for (const door::ImportEntry& entry : linked->imported()) {
    imported.push_back(
        {door::to_string(entry.interface), door::to_string(entry.name), entry.handles});
  }
  auto impl = std::make_unique<Impl>(
      Impl{engine, std::move(component), std::move(linked), std::move(imported)});
  return std::unique_ptr<InstancePre>(new InstancePre(std::move(impl)));
}

const std::vector<ImportedFunction>& InstancePre::imports() const noexcept {
  return impl_->imports;
}

void InstancePre::instantiate(Executor& executor, OutputSink& sink, InstantiateDone done) const {
  auto target = std::make_shared<door::SinkTarget>(sink);
  auto started = impl_->linked->start_instance(target);
  const auto task = std::make_shared<InstantiateTask>(executor, std::move(target), std::move(done));
  task->adopt(std::move(started));
  task->run();
}

CallHandle InstancePre::run_command(Executor& executor, OutputSink& sink, StdioMode stdio,
                                    std::chrono::milliseconds deadline, CallDone done) const {
  // No target: the adapter takes the process's own descriptors.
  std::shared_ptr<door::OutputTarget> target;
  if (stdio == StdioMode::Sink) target = std::make_shared<door::SinkTarget>(sink);
  auto started = impl_->linked->run_command(std::move(target), milliseconds(deadline));
  auto task = std::make_shared<CallTask>(executor);
  task->adopt(std::move(started));
  task->tell(std::move(done));
  task->run();
  return CallHandle(std::move(task));
}

struct HttpServer::Impl {
  std::shared_ptr<door::SinkTarget> sink;  // shared with the guests' streams
  rust::Box<door::Server> server;
};

Result<std::unique_ptr<HttpServer>> InstancePre::serve_http(UniqueFd listener, OutputSink& sink,
                                                            const HttpServerConfig& config) const {
  if (!listener.valid()) return fail(ErrorCode::Io, "serving HTTP: no listening socket");
  if (config.connections_max <= 0 || config.concurrent_max <= 0) {
    return fail(ErrorCode::InvalidParams, "serving HTTP: the bounds must be positive");
  }
  auto target = std::make_shared<door::SinkTarget>(sink);
  ARCELLA_TRY(auto server, door::guarded([&] {
                return impl_->linked->serve_http(*impl_->engine.impl().engine, listener.release(),
                                                 target,
                                                 static_cast<std::uint32_t>(config.connections_max),
                                                 static_cast<std::uint32_t>(config.concurrent_max));
              }));
  auto impl =
      std::make_unique<HttpServer::Impl>(HttpServer::Impl{std::move(target), std::move(server)});
  return std::make_unique<HttpServer>(std::move(impl));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  impl_->sink->detach();
}

void HttpServer::stop(std::chrono::milliseconds deadline, std::function<void()> done) {
  impl_->server->stop(milliseconds(deadline), std::make_shared<StopDone>(std::move(done)));
}

void HttpServer::set_concurrent_max(int concurrent_max) {
  impl_->server->set_concurrent_max(
      concurrent_max < 0 ? 0 : static_cast<std::uint32_t>(concurrent_max));
}

HttpStatistics HttpServer::statistics() const {
  const door::Counters counters = impl_->server->statistics();
  return {counters.requests, counters.failed, counters.connections, counters.in_flight};
}

std::string HttpServer::last_failure() const {
  return door::to_string(impl_->server->last_failure());
}

}  // namespace arcella::engine
