// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/main_backend.h"

#include <unistd.h>

#include <map>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/limits.h"
#include "base/mutex.h"
#include "runtime/pending_call.h"
#include "wire/json.h"

namespace arcella::runtime {
namespace {

engine::EngineTraits engine_traits(model::WorkerTraits traits) {
  engine::EngineTraits result;
  result.concurrency = traits.concurrency;
  result.fuel = traits.fuel;
  return result;
}

std::string to_json(const host::DeploymentStatistics& statistics) {
  wire::JsonObject object;
  object["calls"] = statistics.calls;
  object["failed"] = statistics.failed;
  object["memory_bytes"] = statistics.memory_bytes;
  object["in_flight"] = statistics.in_flight;
  object["handles"] = statistics.handles;
  object["last_failure"] = statistics.last_failure;
  return wire::to_text(wire::Json(std::move(object)));
}

}  // namespace

// The hand-over queue from the engine's threads to the control thread. Reports are few; output is
// bounded here, because a guest can print faster than the control thread may spend time on it.
class MainBackend::Relay final : public host::HostListener,
                                 public std::enable_shared_from_this<Relay> {
 public:
  Relay(boost::asio::io_context& io, PlaceListener& listener) : io_(io), listener_(&listener) {}

  void on_report(host::InstanceReport report) override { push(std::move(report), 0); }

  void on_output(const model::InstanceId& instance, engine::OutputStream stream,
                 std::string_view bytes) override {
    GuestOutput output(instance, stream == engine::OutputStream::Stderr);
    {
      MutexLock lock(mutex_);
      if (queued_bytes_ + bytes.size() > limits::kLogRingBytesPerInstance) {
        lost_[instance] += bytes.size();
        return;
      }
      auto lost = lost_.find(instance);
      if (lost != lost_.end()) {
        output.dropped = lost->second;
        lost_.erase(lost);
      }
    }
    output.text = bytes;
    push(std::move(output), bytes.size());
  }

  // Control thread: nothing is passed on after it.
  void disconnect() { listener_ = nullptr; }

 private:
  using Item = std::variant<host::InstanceReport, GuestOutput>;

  void push(Item item, std::size_t bytes) {
    MutexLock lock(mutex_);
    queued_bytes_ += bytes;
    queue_.push_back(std::move(item));
    if (queue_.size() == 1)
      boost::asio::post(io_, [self = shared_from_this()] { self->deliver(); });
  }

  void deliver() {
    std::vector<Item> items;
    {
      MutexLock lock(mutex_);
      items.swap(queue_);
      queued_bytes_ = 0;
    }
    for (Item& item : items) {
      if (listener_ == nullptr) return;
      if (auto* report = std::get_if<host::InstanceReport>(&item)) {
        listener_->on_report(std::nullopt, std::move(*report));
      } else {
        listener_->on_output(std::nullopt, std::move(std::get<GuestOutput>(item)));
      }
    }
  }

  boost::asio::io_context& io_;
  PlaceListener* listener_;  // control thread only
  Mutex mutex_;
  std::vector<Item> queue_ ARCELLA_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ ARCELLA_GUARDED_BY(mutex_) = 0;
  std::map<model::InstanceId, std::uint64_t> lost_ ARCELLA_GUARDED_BY(mutex_);
};

MainBackend::MainBackend(boost::asio::io_context& io, aio::WorkerPool& blocking,
                         host::EnginePool& pool, PlaceListener& listener,
                         engine::EngineConfig config)
    : blocking_(blocking),
      pool_(pool),
      config_(config),
      relay_(std::make_shared<Relay>(io, listener)) {}

MainBackend::~MainBackend() = default;

void MainBackend::let_go() {
  relay_->disconnect();
  host_.reset();
}

aio::Task<Result<void>> MainBackend::ensure_up(model::WorkerTraits traits) {
  if (engine_ != nullptr) {
    model::WorkerTraits has = status().traits;
    if (model::covers(has, traits)) co_return Result<void>();
    co_return fail(
        ErrorCode::Conflict,
        std::string("the daemon's own engine was made without ") +
            (traits.fuel && !has.fuel ? "fuel" : "WASI 0.3") +
            ": restart the daemon (it then makes one that suits all that runs in main), or set "
            "isolation = \"worker\" and a group");
  }
  engine::EngineConfig config = config_;
  config.traits = engine_traits(traits);
  auto make = [config] { return engine::Engine::create(config); };
  ARCELLA_CO_TRY(auto made, co_await blocking_.run(std::move(make)));
  // Loads of main are carried out one after the other, so nobody else has made one meanwhile.
  engine_ = std::move(made);
  host_ = std::make_shared<host::InstanceHost>(*engine_, pool_, *relay_);
  co_return Result<void>();
}

aio::Task<void> MainBackend::shut_down(std::chrono::milliseconds) {
  co_return;
}

aio::Task<Result<void>> MainBackend::load(LoadOrder order) {
  if (host_ == nullptr) co_return fail(ErrorCode::Internal, "main has no engine");
  auto work = [host = host_.get(), &order] {
    return host->load(order.spec, std::move(order.artifact), std::move(order.listener));
  };
  co_return co_await blocking_.run(std::move(work));
}

aio::Task<Result<void>> MainBackend::unload(model::DeploymentId deployment) {
  if (host_ == nullptr) co_return Result<void>();
  auto work = [host = host_.get(), &deployment] { return host->unload(deployment); };
  co_return co_await blocking_.run(std::move(work));
}

aio::Task<Result<void>> MainBackend::start(model::DeploymentId deployment, int first, int count) {
  if (host_ == nullptr) co_return fail(ErrorCode::Internal, "main has no engine");
  auto work = [host = host_.get(), &deployment, first, count] {
    return host->start(deployment, first, count);
  };
  co_return co_await blocking_.run(std::move(work));
}

aio::Task<Result<void>> MainBackend::stop(model::DeploymentId deployment, int first, int count,
                                          std::chrono::milliseconds deadline) {
  if (host_ == nullptr) co_return Result<void>();
  auto work = [host = host_.get(), &deployment, first, count, deadline] {
    return host->stop(deployment, first, count, deadline);
  };
  co_return co_await blocking_.run(std::move(work));
}

aio::Task<Result<void>> MainBackend::bind(host::ImportBinding binding) {
  if (host_ == nullptr) co_return fail(ErrorCode::Internal, "main has no engine");
  co_return host_->bind(binding);
}

aio::Task<Result<void>> MainBackend::bind_remote(RemoteBinding binding) {
  if (host_ == nullptr) co_return fail(ErrorCode::Internal, "main has no engine");
  co_return host_->bind(binding.consumer, binding.import, binding.callee, binding.exported);
}

aio::Task<Result<std::shared_ptr<host::Callee>>> MainBackend::callee(model::DeploymentId deployment,
                                                                     std::vector<std::string>) {
  if (host_ == nullptr) co_return fail(ErrorCode::Unavailable, "nothing runs in main");
  ARCELLA_CO_TRY(std::shared_ptr<host::Callee> found, host_->find(deployment));
  co_return found;
}

aio::Task<Result<engine::CallOutcome>> MainBackend::call(CallOrder order) {
  if (host_ == nullptr) co_return fail(ErrorCode::Unavailable, "nothing runs in main");
  auto control = co_await boost::asio::this_coro::executor;
  auto pending = std::make_shared<PendingCall>(control);
  const std::chrono::milliseconds patience = order.timeout + limits::kCallReplyGrace;
  auto run = [host = host_, order = std::move(order), pending] {
    auto function = host->resolve(order.deployment, order.function);
    if (!function.has_value()) return pending->end(fail(function.error()));
    auto arguments = std::as_bytes(std::span(order.arguments));
    pending->begun(host->call(order.deployment, order.index, *function, engine::Encoding::Wave,
                              arguments, order.timeout, pending->done(), order.caller));
  };
  pool_.post(std::move(run));
  co_return co_await pending->wait(patience, "the call did not end in time");
}

aio::Task<Result<std::string>> MainBackend::statistics(model::DeploymentId deployment) {
  if (host_ == nullptr) co_return fail(ErrorCode::NotFound, "nothing runs in main");
  auto work = [host = host_.get(), &deployment] { return host->statistics(deployment); };
  ARCELLA_CO_TRY(auto statistics, co_await blocking_.run(std::move(work)));
  co_return to_json(statistics);
}

PlaceStatus MainBackend::status() const {
  PlaceStatus result;
  result.pid = ::getpid();
  if (engine_ == nullptr) return result;
  result.state = model::WorkerState::Up;
  result.traits.concurrency = engine_->traits().concurrency;
  result.traits.fuel = engine_->traits().fuel;
  return result;
}

}  // namespace arcella::runtime
