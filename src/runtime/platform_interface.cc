// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/platform_interface.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/limits.h"
#include "host/call_refusal.h"
#include "ipc/arena.h"
#include "model/binding.h"
#include "model/component.h"
#include "wire/utf8.h"

namespace arcella::runtime {
namespace {

using Arena = std::vector<std::byte>;
using engine::Outcome;

// By number. As in control.wit.
constexpr std::array<std::string_view, 3> kFunctions{"deployments", "call", "events"};
enum class Function : std::uint32_t { Deployments, Call, Events };

constexpr std::size_t kListBytes = 8;
// record deployment: three strings, two u32; record event: a u64 and three strings.
constexpr std::size_t kDeploymentBytes = 32;
constexpr std::size_t kEventBytes = 32;

}  // namespace

struct PlatformInterface::Request {
  Request(std::uint32_t number, std::span<const std::byte> bytes, std::chrono::milliseconds limit,
          host::CallChainPtr who, engine::CallDone end)
      : function(number),
        arguments(bytes.begin(), bytes.end()),
        timeout(limit),
        caller(std::move(who)),
        done(std::move(end)) {}
  std::uint32_t function;
  Arena arguments;
  std::chrono::milliseconds timeout;
  host::CallChainPtr caller;
  engine::CallDone done;
};

PlatformInterface::PlatformInterface(RuntimeCore& core, CallOperations& calls)
    : core_(core), calls_(calls), scope_(core.io.get_executor()) {}

Result<std::uint32_t> PlatformInterface::resolve(std::string_view function) {
  for (std::uint32_t number = 0; number < kFunctions.size(); ++number) {
    if (function == model::full_function_name(model::kPlatformInterface, kFunctions[number]))
      return number;
  }
  return fail(ErrorCode::NotFound, "the platform has no function '" + std::string(function) + "'");
}

// Who has called gives up at its own deadline, and a call of another deployment has the same one:
// so there is nothing to cancel.
engine::CallHandle PlatformInterface::call(std::optional<int>, std::uint32_t function,
                                           engine::Encoding encoding,
                                           std::span<const std::byte> arguments,
                                           std::chrono::milliseconds timeout,
                                           host::CallChainPtr caller, engine::CallDone done) {
  if (function >= kFunctions.size() || encoding != engine::Encoding::Arena) {
    done(host::refuse_call(Outcome::BadArguments, "the platform has no such function"));
    return {};
  }
  if (under_way_.fetch_add(1) >= limits::kPlatformCallsMax) {
    --under_way_;
    done(host::refuse_call(Outcome::Unavailable, "the platform has too many calls under way"));
    return {};
  }
  auto request =
      std::make_shared<Request>(function, arguments, timeout, std::move(caller), std::move(done));
  boost::asio::post(core_.io, [self = shared_from_this(), request = std::move(request)]() mutable {
    self->begin(std::move(request));
  });
  return {};
}

aio::Task<void> PlatformInterface::stop() {
  scope_.cancel();
  co_await scope_.join();
}

void PlatformInterface::begin(std::shared_ptr<Request> request) {
  if (scope_.spawn(serve(request))) return;
  --under_way_;
  request->done(host::refuse_call(Outcome::Unavailable, "the daemon ends"));
}

aio::Task<void> PlatformInterface::serve(std::shared_ptr<Request> request) {
  auto self = shared_from_this();
  auto arena = co_await answer(*request);
  --under_way_;
  if (!arena.has_value()) {
    request->done(host::refuse_call(Outcome::BadArguments, arena.error().message()));
    co_return;
  }
  engine::CallOutcome outcome;
  outcome.payload = std::move(*arena);
  request->done(outcome);
}

aio::Task<Result<Arena>> PlatformInterface::answer(const Request& request) {
  switch (static_cast<Function>(request.function)) {
    case Function::Deployments:
      co_return deployments(request);
    case Function::Events:
      co_return events(request);
    case Function::Call:
      break;
  }
  co_return co_await call_other(request);
}

Result<Arena> PlatformInterface::deployments(const Request& request) const {
  ARCELLA_TRY(const auto reader, ipc::ArenaReader::of(request.arguments, 0));
  ARCELLA_TRY_VOID(reader.finish());
  const auto& all = core_.registry.deployments();
  ipc::ArenaWriter writer(kListBytes);
  std::size_t at = writer.put_list(0, all.size(), kDeploymentBytes, 4);
  for (const auto& [id, record] : all) {
    const model::DeploymentView view = view_of(record);
    writer.put_text(at, view.id);
    writer.put_text(at + 8, view.module_id);
    writer.put_text(at + 16, view.state);
    writer.put_u32(at + 24, static_cast<std::uint32_t>(view.replicas));
    writer.put_u32(at + 28, static_cast<std::uint32_t>(view.ready));
    at += kDeploymentBytes;
  }
  return std::move(writer).take();
}

Result<Arena> PlatformInterface::events(const Request& request) const {
  ARCELLA_TRY(const auto reader, ipc::ArenaReader::of(request.arguments, 4));
  ARCELLA_TRY_VOID(reader.finish());
  const std::size_t count = std::min<std::size_t>(reader.u32(0), limits::kPlatformEventsMax);
  const std::vector<model::Event> last = core_.events.tail({{}, {}, count}).events;
  ipc::ArenaWriter writer(kListBytes);
  std::size_t at = writer.put_list(0, last.size(), kEventBytes, 8);
  for (const model::Event& event : last) {
    writer.put_u64(at, static_cast<std::uint64_t>(event.time_ms));
    writer.put_text(at + 8, model::to_string(event.kind));
    writer.put_text(at + 16, wire::to_utf8(event.subject));
    writer.put_text(at + 24, wire::to_utf8(event.message));
    at += kEventBytes;
  }
  return std::move(writer).take();
}

// result<string, string>: which of the two, then the string.
aio::Task<Result<Arena>> PlatformInterface::call_other(const Request& request) {
  ARCELLA_CO_TRY(auto reader, ipc::ArenaReader::of(request.arguments, 24));
  ARCELLA_CO_TRY(auto deployment, reader.text(0));
  ARCELLA_CO_TRY(auto function, reader.text(8));
  ARCELLA_CO_TRY(auto arguments, reader.text(16));
  ARCELLA_CO_TRY_VOID(reader.finish());
  CallRequest asked{
      std::string(deployment), {}, std::string(function), std::string(arguments), request.timeout};
  auto result = co_await calls_.call(std::move(asked), request.caller);
  ipc::ArenaWriter writer(12);
  writer.put_u8(0, result.has_value() ? 0 : 1);
  writer.put_text(4, wire::to_utf8(result.has_value() ? *result : result.error().message()));
  co_return std::move(writer).take();
}

}  // namespace arcella::runtime
