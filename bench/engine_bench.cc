// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a call and an instance cost through the C++ door (src/engine); harness/ is the same in plain
// Rust.
//   engine_bench compile WASM ARTIFACT   what the compile helper makes, for both programs
//   engine_bench compose FIRST SECOND INTERFACE ARTIFACT   the same of both as one, joined at it
//   engine_bench run ARTIFACT            then rounds (rounds.h)
#include <fcntl.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/limits.h"
#include "engine/component.h"
#include "engine/compose.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "rounds.h"

namespace arcella::bench {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kTextBytes = 4096;
constexpr std::uint64_t kGuestMemoryBytesMax = 64ULL << 20;

// Runs what was posted on the thread that waits: the shortest loop there is.
class WaitingExecutor final : public engine::Executor {
 public:
  void post(std::function<void()> work) override {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    posted_.notify_one();
  }

  // Returns when `ended` is true; only work that runs here makes it so.
  void run_until(const bool& ended) {
    while (!ended) {
      std::unique_lock lock(mutex_);
      posted_.wait(lock, [this] { return !queue_.empty(); });
      const std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> queue_;
};

class NullSink final : public engine::OutputSink {
 public:
  void write(engine::OutputStream, std::string_view) override {}
};

// The arguments in MessagePack, as a caller writes them (engine/instance.h, Encoding::Values): an
// array of two u32.
using TwoNumbers = std::array<std::byte, 11>;

TwoNumbers two_numbers(std::uint32_t a, std::uint32_t b) {
  TwoNumbers bytes{std::byte{0x92}};
  std::size_t at = 1;
  for (const std::uint32_t number : {a, b}) {
    bytes[at++] = std::byte{0xce};
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      bytes[at++] = static_cast<std::byte>(number >> shift);
  }
  return bytes;
}

// A number as the guest's result is written: in the shortest form that holds it.
std::uint32_t number(std::span<const std::byte> bytes) {
  if (bytes.size() == 1) return std::to_integer<std::uint32_t>(bytes[0]);
  std::uint32_t value = 0;
  for (const std::byte byte : bytes.subspan(1))
    value = value << 8U | std::to_integer<std::uint32_t>(byte);
  return value;
}

Bytes one_text(std::string_view text) {
  Bytes bytes{std::byte{0x91}, std::byte{0xda}, static_cast<std::byte>(text.size() >> 8U),
              static_cast<std::byte>(text.size())};
  const auto raw = std::as_bytes(std::span(text));
  bytes.insert(bytes.end(), raw.begin(), raw.end());
  return bytes;
}

// The deployment's policy, linked; makes the instances.
struct Guest {
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<engine::InstancePre> pre;
};

Result<Guest> load(const char* path) {
  Guest guest;
  engine::EngineConfig config;
  config.use = engine::EngineUse::Serve;
  ARCELLA_TRY(guest.engine, engine::Engine::create(config));
  UniqueFd artifact(open(path, O_RDONLY | O_CLOEXEC));
  if (!artifact.valid()) return fail(ErrorCode::Io, std::string("opening ") + path);
  ARCELLA_TRY(auto component, guest.engine->load(std::move(artifact)));
  const engine::StoreLimits limits{.memory_bytes = kGuestMemoryBytesMax,
                                   .fuel = std::nullopt,
                                   .call_timeout = limits::kCallTimeoutDefault};
  ARCELLA_TRY(guest.pre,
              engine::InstancePre::link(*guest.engine, component, engine::WasiPolicy{}, limits));
  return guest;
}

class Bench {
 public:
  explicit Bench(const engine::InstancePre& pre) : pre_(pre) {}

  Result<void> prepare() {
    ARCELLA_TRY(instance_, instantiate());
    ARCELLA_TRY(add_, instance_->resolve("examples:calc/ops@1.0.0#add"));
    ARCELLA_TRY(echo_string_, instance_->resolve("examples:calc/ops@1.0.0#echo-string"));
    return {};
  }

  // Nanoseconds per operation.
  Result<double> round(const std::string& name, std::uint32_t count) {
    if (name == "call-u32") return timed(count, [this](std::uint32_t i) { return call_add(i); });
    if (name == "call-string-4k") {
      return timed(count, [this, text = one_text(std::string(kTextBytes, 'x'))](std::uint32_t) {
        return call_echo(text);
      });
    }
    if (name == "instantiate") {
      return timed(count, [this](std::uint32_t) -> Result<void> {
        ARCELLA_TRY([[maybe_unused]] const auto dropped, instantiate());
        return {};
      });
    }
    return fail(ErrorCode::InvalidParams, "no bench named " + name);
  }

 private:
  template <class Operation>
  static Result<double> timed(std::uint32_t count, const Operation& operation) {
    const auto start = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < count; ++i) {
      ARCELLA_TRY_VOID(operation(i));
    }
    const std::chrono::duration<double, std::nano> elapsed =
        std::chrono::steady_clock::now() - start;
    return elapsed.count() / count;
  }

  Result<void> call_add(std::uint32_t i) {
    return call(add_, two_numbers(i, 22),
                [i](std::span<const std::byte> sum) { return number(sum) == i + 22; });
  }

  Result<void> call_echo(const Bytes& text) {
    // Copied as the harness clones its text.
    return call(echo_string_, Bytes(text),
                [](std::span<const std::byte> echo) { return echo.size() == kTextBytes + 3; });
  }

  Result<std::unique_ptr<engine::Instance>> instantiate() {
    bool ended = false;
    Result<std::unique_ptr<engine::Instance>> made = nullptr;
    pre_.instantiate(executor_, sink_, [&](Result<std::unique_ptr<engine::Instance>> result) {
      made = std::move(result);
      ended = true;
    });
    executor_.run_until(ended);
    return made;
  }

  // `is_right` looks at the encoded result.
  template <class IsRight>
  Result<void> call(const std::shared_ptr<const engine::Instance::Function>& function,
                    std::span<const std::byte> arguments, IsRight is_right) {
    struct {
      bool ended = false;
      bool right = false;
    } call;
    instance_->call(
        executor_, function, engine::Encoding::Values, arguments, std::chrono::milliseconds{0},
        [&call, is_right](const engine::CallOutcomeView& outcome) {
          call.right = outcome.outcome == engine::Outcome::Returned && is_right(outcome.payload);
          call.ended = true;
        });
    executor_.run_until(call.ended);
    if (!call.right) return fail(ErrorCode::Internal, "a call gave something else");
    return {};
  }

  const engine::InstancePre& pre_;
  WaitingExecutor executor_;
  NullSink sink_;
  std::unique_ptr<engine::Instance> instance_;
  std::shared_ptr<const engine::Instance::Function> add_;
  std::shared_ptr<const engine::Instance::Function> echo_string_;
};

Result<Bytes> read_wasm(const char* path) {
  ARCELLA_TRY(const std::string text, read_file(path, limits::kWasmBytesMax));
  const auto bytes = std::as_bytes(std::span(text));
  return Bytes(bytes.begin(), bytes.end());
}

Result<void> compile(const Bytes& wasm, const char* artifact_path) {
  engine::EngineConfig config;
  config.use = engine::EngineUse::Compile;
  ARCELLA_TRY(const auto compiler, engine::Engine::create(config));
  ARCELLA_TRY(const Bytes artifact, compiler->compile(wasm));
  std::ofstream file(artifact_path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(artifact.data()),
             static_cast<std::streamsize>(artifact.size()));
  if (!file.flush()) return fail(ErrorCode::Io, std::string("writing ") + artifact_path);
  return {};
}

Result<void> compile_file(const char* wasm_path, const char* artifact_path) {
  ARCELLA_TRY(const Bytes wasm, read_wasm(wasm_path));
  return compile(wasm, artifact_path);
}

// `files`: of the first and the second.
Result<void> compose_files(std::span<char* const> files, const std::string& interface,
                           const char* artifact_path) {
  std::vector<Bytes> members;
  for (const char* path : files) {
    ARCELLA_TRY(Bytes wasm, read_wasm(path));
    members.push_back(std::move(wasm));
  }
  const engine::Joint joint{0, interface, 1, interface};
  ARCELLA_TRY(const Bytes whole, engine::compose(members, {&joint, 1}));
  return compile(whole, artifact_path);
}

Result<void> run(const char* artifact_path) {
  ARCELLA_TRY(const Guest guest, load(artifact_path));
  Bench bench(*guest.pre);
  ARCELLA_TRY_VOID(bench.prepare());
  return serve_rounds(
      [&bench](const std::string& name, std::uint32_t count) { return bench.round(name, count); });
}

}  // namespace
}  // namespace arcella::bench

int main(int argc, char** argv) {
  using namespace arcella;
  const std::string mode = argc > 1 ? argv[1] : "";
  Result<void> done;
  if (mode == "compile" && argc == 4) {
    done = bench::compile_file(argv[2], argv[3]);
  } else if (mode == "compose" && argc == 6) {
    done = bench::compose_files(std::span(argv + 2, 2), argv[4], argv[5]);
  } else if (mode == "run" && argc == 3) {
    done = bench::run(argv[2]);
  } else {
    std::fputs(
        "usage: engine_bench compile WASM ARTIFACT | engine_bench run ARTIFACT\n"
        "       engine_bench compose FIRST SECOND INTERFACE ARTIFACT\n",
        stderr);
    return 2;
  }
  if (done.has_value()) return 0;
  std::fprintf(stderr, "engine_bench: %s\n", done.error().message().c_str());
  return 1;
}
