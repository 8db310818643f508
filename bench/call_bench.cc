// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a call from one component to another costs inside a process: a guest that calls its import,
// which the host has bound to another deployment (host::InstanceHost, host::Imports). The same in
// plain Rust: harness/src/calls.rs.
//   call_bench ASKER ECHO    artifacts of guests/; then rounds (rounds.h)
//   call_bench FUSED         of both composed into one
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/engine.h"
#include "hosted.h"
#include "rounds.h"

namespace arcella::bench {
namespace {

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
  explicit Bench(const engine::Engine& engine) : guests_(engine) {}

  // Without `echo` the asker has it within.
  Result<void> prepare(const char* asker, const char* echo) {
    ARCELLA_TRY(asker_, guests_.deploy("asker", asker));
    if (echo == nullptr) return {};
    ARCELLA_TRY(const auto provider, guests_.deploy("echo", echo));
    return guests_.bind("asker", "echo", "bench:calls/ops@1.0.0");
  }

  // Nanoseconds per call.
  Result<double> round(const std::string& name, std::uint32_t count) {
    const std::optional<Round> round = round_of(name);
    if (!round) return fail(ErrorCode::InvalidParams, "no bench named " + name);
    ARCELLA_TRY(const std::uint32_t function,
                asker_->resolve("bench:calls/rounds@1.0.0#" + round->function));
    std::string arguments = std::to_string(count);
    if (!round->length.empty()) arguments += ", " + round->length;
    std::promise<engine::CallOutcome> promise;
    const auto start = std::chrono::steady_clock::now();
    guests_.pool().post([&] {
      asker_->call(
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
  HostedGuests guests_;
  std::shared_ptr<host::HostedDeployment> asker_;
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
