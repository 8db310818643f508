// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A host with real guests, those of examples/: what the tests that run some share.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "host/engine_pool.h"
#include "host/instance_host.h"
#include "host/testing/artifacts.h"
#include "host/testing/recorder.h"

namespace arcella::host::testing {

// The pool's slots; under ThreadSanitizer as many as its address space holds.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ARCELLA_SMALL_POOL
#endif
#endif
#if defined(ARCELLA_SMALL_POOL)
inline constexpr int kInstancesMax = 100;
#else
inline constexpr int kInstancesMax = 1000;
#endif

inline const std::string kCalc = "examples/calc/calc.wasm";

inline model::RunSpec spec_of(const std::string& deployment,
                              model::Kind kind = model::Kind::Service) {
  return {.deployment = *model::DeploymentId::parse(deployment),
          .program = deployment,
          .kind = kind,
          .args = {},
          .env = {},
          .mounts = {},
          .allowed_hosts = {},
          .entrypoint = {},
          .shutdown = {},
          .call_timeout = std::chrono::seconds(60),
          .fuel = {}};
}

class HostTest : public ::testing::Test {
 protected:
  // From SetUpTestSuite: compiles `guests`, which is most of what a test takes.
  static void compile(const std::vector<std::string>& guests) {
    artifacts_ = new Artifacts(guests);
    engine::EngineConfig config;
    config.instances_max = kInstancesMax;
    engine_ = engine::Engine::create(config).value().release();
  }
  static void TearDownTestSuite() {
    delete engine_;
    delete artifacts_;
  }

  void load(const std::string& wasm, const model::RunSpec& spec, UniqueFd listener = UniqueFd()) {
    const auto loaded = host.load(spec, artifacts_->open(wasm), std::move(listener));
    ASSERT_TRUE(loaded) << loaded.error().message();
  }
  // Loads it and has `count` replicas ready.
  void run(const std::string& wasm, const model::RunSpec& spec, int count) {
    load(wasm, spec);
    ASSERT_TRUE(host.start(spec.deployment, 0, count));
    for (const InstanceReport& report : recorder.wait_for(static_cast<std::size_t>(count))) {
      ASSERT_EQ(report.event, model::InstanceEvent::Started) << report.message;
    }
  }
  std::uint32_t number_of(const model::RunSpec& spec, std::string_view function) {
    const auto number = host.resolve(spec.deployment, function);
    EXPECT_TRUE(number) << number.error().message();
    return number.value_or(0);
  }
  // On a pool thread, as it is meant.
  std::future<engine::CallOutcome> call_later(const model::RunSpec& spec, std::optional<int> index,
                                              std::string_view function,
                                              const std::string& arguments,
                                              std::chrono::milliseconds timeout = {}) {
    auto promise = std::make_shared<std::promise<engine::CallOutcome>>();
    const std::uint32_t number = number_of(spec, function);
    pool.post([this, promise, id = spec.deployment, index, number, arguments, timeout] {
      host.call(id, index, number, engine::Encoding::Wave, std::as_bytes(std::span(arguments)),
                timeout,
                [promise](engine::CallOutcome outcome) { promise->set_value(std::move(outcome)); });
    });
    return promise->get_future();
  }
  engine::CallOutcome call(const model::RunSpec& spec, std::optional<int> index,
                           std::string_view function, const std::string& arguments,
                           std::chrono::milliseconds timeout = {}) {
    return call_later(spec, index, function, arguments, timeout).get();
  }
  static std::string text_of(const engine::CallOutcome& outcome) {
    return {reinterpret_cast<const char*>(outcome.payload.data()), outcome.payload.size()};
  }
  // False when it does not become true in half a minute.
  template <class Condition>
  [[nodiscard]] static bool eventually(const Condition& condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }
  void wait_until_in_flight(const model::RunSpec& spec, std::uint64_t count) {
    ASSERT_TRUE(eventually([&] { return host.statistics(spec.deployment)->in_flight == count; }));
  }

  static inline Artifacts* artifacts_ = nullptr;
  static inline engine::Engine* engine_ = nullptr;
  Recorder recorder;
  EnginePool pool{2};
  InstanceHost host{*engine_, pool, recorder};
};

}  // namespace arcella::host::testing
