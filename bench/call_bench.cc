// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a call from one component to another costs inside a process: a guest that calls its import,
// which the host has bound to another deployment (host::InstanceHost, host::Imports). The same in
// plain Rust: harness/src/calls.rs.
//   call_bench ASKER ECHO    artifacts of guests/; then rounds (rounds.h)
//   call_bench FUSED         of both composed into one
#include <fcntl.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "engine/engine.h"
#include "host/engine_pool.h"
#include "host/instance_host.h"
#include "rounds.h"

namespace arcella::bench {
namespace {

constexpr std::chrono::seconds kRoundMax{600};

// Counts the replicas that are ready.
class Started final : public host::HostListener {
 public:
  void on_report(host::InstanceReport report) override {
    if (!report.message.empty()) std::fprintf(stderr, "call_bench: %s\n", report.message.c_str());
    if (report.event != model::InstanceEvent::Started) return;
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void on_output(const model::InstanceId&, engine::OutputStream, std::string_view) override {}

  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, count] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

model::RunSpec spec_of(const std::string& name) {
  model::RunSpec spec{.deployment = *model::DeploymentId::parse(name)};
  spec.call_timeout = kRoundMax;
  return spec;
}

// One line's round, as the arguments of the asker's function.
struct Round {
  std::string function;
  std::string length;  // empty: it has none
};

std::optional<Round> round_of(std::string_view name) {
  const auto starts = [&name](std::string_view prefix) { return name.starts_with(prefix); };
  if (name == "u32") return Round{"add", ""};
  if (starts("bytes-")) return Round{"bytes", std::string(name.substr(6))};
  if (starts("items-")) return Round{"items", std::string(name.substr(6))};
  return std::nullopt;
}

class Bench {
 public:
  explicit Bench(const engine::Engine& engine) : host_(engine, pool_, started_) {}
  ~Bench() { host_.stop_all(std::chrono::seconds(1)); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  // Without `echo` the asker has it within.
  Result<void> prepare(const char* asker, const char* echo) {
    const auto deploy = [this](const model::RunSpec& spec, const char* path) -> Result<void> {
      UniqueFd artifact(open(path, O_RDONLY | O_CLOEXEC));
      if (!artifact.valid()) return fail(ErrorCode::Io, std::string("opening ") + path);
      ARCELLA_TRY_VOID(host_.load(spec, std::move(artifact), UniqueFd()));
      return host_.start(spec.deployment, 0, 1);
    };
    ARCELLA_TRY_VOID(deploy(asker_, asker));
    if (echo == nullptr) {
      started_.wait_for(1);
    } else {
      ARCELLA_TRY_VOID(deploy(echo_, echo));
      started_.wait_for(2);
      const std::string ops = "bench:calls/ops@1.0.0";
      ARCELLA_TRY_VOID(host_.bind({asker_.deployment, ops, echo_.deployment, ops, {}}));
    }
    ARCELLA_TRY(deployment_, host_.find(asker_.deployment));
    return {};
  }

  // Nanoseconds per call.
  Result<double> round(const std::string& name, std::uint32_t count) {
    const std::optional<Round> round = round_of(name);
    if (!round) return fail(ErrorCode::InvalidParams, "no bench named " + name);
    ARCELLA_TRY(const std::uint32_t function,
                deployment_->resolve("bench:calls/rounds@1.0.0#" + round->function));
    std::string arguments = std::to_string(count);
    if (!round->length.empty()) arguments += ", " + round->length;
    std::promise<engine::CallOutcome> promise;
    const auto start = std::chrono::steady_clock::now();
    pool_.post([&] {
      deployment_->call(
          std::nullopt, function, engine::Encoding::Wave, std::as_bytes(std::span(arguments)),
          kRoundMax, nullptr,
          [&promise](const engine::CallOutcomeView& outcome) { promise.set_value(outcome); });
    });
    const engine::CallOutcome outcome = promise.get_future().get();
    const std::chrono::duration<double, std::nano> elapsed =
        std::chrono::steady_clock::now() - start;
    const std::string right(reinterpret_cast<const char*>(outcome.payload.data()),
                            outcome.payload.size());
    if (right != std::to_string(count))
      return fail(ErrorCode::Internal, "right calls: " + right + " " + outcome.message);
    return elapsed.count() / count;
  }

 private:
  const model::RunSpec asker_ = spec_of("asker");
  const model::RunSpec echo_ = spec_of("echo");
  Started started_;
  host::EnginePool pool_{1};
  host::InstanceHost host_;
  std::shared_ptr<host::HostedDeployment> deployment_;
};

Result<void> run(const char* asker, const char* echo) {
  ARCELLA_TRY(const auto engine, engine::Engine::create(engine::EngineConfig{}));
  Bench bench(*engine);
  ARCELLA_TRY_VOID(bench.prepare(asker, echo));
  return serve_rounds(
      [&bench](const std::string& name, std::uint32_t count) { return bench.round(name, count); });
}

}  // namespace
}  // namespace arcella::bench

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: call_bench ASKER ECHO | call_bench FUSED\n", stderr);
    return 2;
  }
  const auto done = arcella::bench::run(argv[1], argc == 3 ? argv[2] : nullptr);
  if (done.has_value()) return 0;
  std::fprintf(stderr, "call_bench: %s\n", done.error().message().c_str());
  return 1;
}
