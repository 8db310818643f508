// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/testing/test_engine.h"

#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "base/check.h"

namespace arcella::engine::testing {

std::vector<std::byte> example(const std::string& name) {
  std::ifstream file("examples/" + name + "/" + name + ".wasm", std::ios::binary);
  ARCELLA_CHECK(file.good(), "the examples are committed, and tests run in the source root");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

std::vector<std::byte> compile_example(const std::string& name, const EngineTraits& traits) {
  EngineConfig config;
  config.traits = traits;
  config.use = EngineUse::Compile;
  auto compiler = Engine::create(config);
  ARCELLA_CHECK(compiler.has_value(), "no other engine lives while a test compiles");
  auto artifact = (*compiler)->compile(example(name));
  ARCELLA_CHECK(artifact.has_value(), "the examples compile");
  return std::move(artifact).value();
}

UniqueFd file_with(std::span<const std::byte> bytes) {
  UniqueFd file(::memfd_create("arcella-test", MFD_CLOEXEC));
  const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
  ARCELLA_CHECK(written == static_cast<ssize_t>(bytes.size()), "memory is there for a test's file");
  return file;
}

StoreLimits limits() {
  return {64U << 20, std::nullopt, std::chrono::milliseconds(20'000)};
}

TestExecutor::TestExecutor() : thread_([this] { run(); }) {}

TestExecutor::~TestExecutor() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void TestExecutor::post(std::function<void()> work) {
  {
    const MutexLock lock(mutex_);
    queue_.push_back(std::move(work));
  }
  changed_.notify_all();
}

void TestExecutor::run() {
  while (true) {
    std::function<void()> work;
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && queue_.empty()) changed_.wait(mutex_);
      if (stopping_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

void TestSink::write(OutputStream stream, std::string_view bytes) {
  const MutexLock lock(mutex_);
  texts_[stream == OutputStream::Stdout ? 0 : 1] += bytes;
}

std::string TestSink::text(OutputStream stream) const {
  const MutexLock lock(mutex_);
  return texts_[stream == OutputStream::Stdout ? 0 : 1];
}

Served::Served(const std::string& name, StoreLimits store_limits, const WasiPolicy& policy) {
  const auto artifact = compile_example(name);
  EngineConfig config;
  config.instances_max = 64;
  config.http_threads = 2;
  auto made = Engine::create(config);
  ARCELLA_CHECK(made.has_value(), "no other engine lives");
  engine = std::move(made).value();
  auto component = engine->load(file_with(artifact));
  ARCELLA_CHECK(component.has_value(), "what was compiled is loaded");
  auto linked = InstancePre::link(*engine, std::move(component).value(), policy, store_limits);
  ARCELLA_CHECK(linked.has_value(), "the examples need only what the host offers");
  pre = std::move(linked).value();
}

std::unique_ptr<Instance> Served::start() {
  Awaited<Result<std::unique_ptr<Instance>>> started;
  pre->instantiate(executor, sink,
                   [&](Result<std::unique_ptr<Instance>> made) { started.set(std::move(made)); });
  auto made = started.get();
  ARCELLA_CHECK(made.has_value(), "the examples start");
  return std::move(made).value();
}

CallOutcome Served::call(Instance& instance, std::string_view function, std::string_view wave,
                         std::chrono::milliseconds timeout) {
  const auto resolved = instance.resolve(function);
  ARCELLA_CHECK(resolved.has_value(), "the test names a function that is there");
  Awaited<CallOutcome> ended;
  const std::span<const std::byte> arguments(reinterpret_cast<const std::byte*>(wave.data()),
                                             wave.size());
  instance.call(executor, *resolved, Encoding::Wave, arguments, timeout,
                [&](CallOutcome outcome) { ended.set(std::move(outcome)); });
  return ended.get();
}

}  // namespace arcella::engine::testing
