// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Places without processes: they do at once what they are told, write it down, and fail when the
// test says so.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/instance_backend.h"

namespace arcella::runtime::testing {

class FakeBackend final : public InstanceBackend {
 public:
  FakeBackend(std::string name, std::vector<std::string>& journal)
      : name_(std::move(name)), journal_(journal) {}

  aio::Task<Result<void>> ensure_up(model::WorkerTraits traits) override {
    if (auto failure = next_failure()) co_return fail(*failure);
    note("up");
    if (on_up) std::exchange(on_up, nullptr)();
    current.state = model::WorkerState::Up;
    current.traits = traits;
    current.pid = 4711;
    co_return Result<void>();
  }
  aio::Task<void> shut_down(std::chrono::milliseconds) override {
    note("down");
    if (on_shut_down) on_shut_down();
    current.state = model::WorkerState::Down;
    co_return;
  }
  aio::Task<Result<void>> load(LoadOrder order) override {
    if (auto failure = next_failure()) co_return fail(*failure);
    note("load " + order.spec.deployment.str() + (order.listener.valid() ? " with a socket" : ""));
    co_return Result<void>();
  }
  aio::Task<Result<void>> unload(model::DeploymentId deployment) override {
    note("unload " + deployment.str());
    co_return Result<void>();
  }
  aio::Task<Result<void>> bind(host::ImportBinding binding) override {
    if (auto failure = next_failure()) co_return fail(*failure);
    note("bind " + binding.consumer.str() + " " + binding.import + " to " +
         (binding.provider ? binding.provider->str() : "nobody: " + binding.why_not));
    co_return Result<void>();
  }
  aio::Task<Result<void>> bind_remote(RemoteBinding binding) override {
    if (auto failure = next_failure()) co_return fail(*failure);
    note("bind " + binding.consumer.str() + " " + binding.import + " to another place" +
         (binding.direct ? " directly" : ""));
    co_return Result<void>();
  }
  aio::Task<Result<std::shared_ptr<host::Callee>>> callee(
      model::DeploymentId deployment, std::vector<std::string> functions) override {
    if (auto failure = next_failure()) co_return fail(*failure);
    std::string names;
    for (const std::string& function : functions) names += " " + function;
    note("lend " + deployment.str() + names);
    co_return std::shared_ptr<host::Callee>();
  }
  aio::Task<Result<void>> start(model::DeploymentId deployment, int first, int count) override {
    if (auto failure = next_failure()) co_return fail(*failure);
    note("start " + deployment.str() + " " + std::to_string(first) + "+" + std::to_string(count));
    co_return Result<void>();
  }
  aio::Task<Result<void>> stop(model::DeploymentId deployment, int first, int count,
                               std::chrono::milliseconds) override {
    note("stop " + deployment.str() + " " + std::to_string(first) + "+" + std::to_string(count));
    co_return Result<void>();
  }
  aio::Task<Result<engine::CallOutcome>> call(CallOrder) override {
    co_return fail(ErrorCode::Unavailable, "a fake answers nothing");
  }
  aio::Task<Result<std::string>> statistics(model::DeploymentId) override {
    co_return std::string("{}");
  }
  [[nodiscard]] PlaceStatus status() const override { return current; }

  PlaceStatus current;
  std::function<void()> on_up;         // once: what happens while it comes up
  std::function<void()> on_shut_down;  // what the place reports on its way out
  std::deque<Error> failures;          // of the next actions that can fail, in order

 private:
  std::optional<Error> next_failure() {
    if (failures.empty()) return std::nullopt;
    Error failure = failures.front();
    failures.pop_front();
    note("fail");
    return failure;
  }
  void note(const std::string& what) { journal_.push_back(name_ + ": " + what); }

  std::string name_;
  std::vector<std::string>& journal_;
};

class FakePlaces final : public Places {
 public:
  [[nodiscard]] InstanceBackend& at(const model::Place& place) override { return fake(place); }
  [[nodiscard]] PlaceStatus status(const model::Place& place) const override {
    auto found = backends_.find(place);
    return found == backends_.end() ? PlaceStatus() : found->second.current;
  }
  [[nodiscard]] std::vector<model::ObservedWorker> workers() const override {
    std::vector<model::ObservedWorker> result;
    for (const auto& [place, backend] : backends_) {
      if (place) result.push_back({*place, backend.current.state, backend.current.traits});
    }
    return result;
  }

  FakeBackend& fake(const model::Place& place) {
    return backends_.try_emplace(place, place ? place->str() : "main", journal).first->second;
  }
  std::vector<std::string> take_journal() { return std::exchange(journal, {}); }
  std::vector<std::string> journal;

 private:
  std::map<model::Place, FakeBackend> backends_;
};

// Hands out /dev/null.
class FakeArtifacts final : public ArtifactSource {
 public:
  aio::Task<Result<UniqueFd>> artifact(CodeSource, model::WorkerTraits) override {
    if (on_ask) std::exchange(on_ask, nullptr)();
    co_return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }

  std::function<void()> on_ask;  // once: what happens while it is looked for
};

}  // namespace arcella::runtime::testing
