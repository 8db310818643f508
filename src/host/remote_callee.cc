// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/remote_callee.h"

#include <algorithm>

#include "base/limits.h"
#include "host/call_refusal.h"
#include "model/component.h"

namespace arcella::host {

using std::chrono::milliseconds;

std::shared_ptr<RemoteCallee> RemoteCallee::through(const std::shared_ptr<CallPort>& port,
                                                    const ipc::ImportRoute& route,
                                                    std::string_view interface) {
  Functions functions;
  std::uint32_t number = 0;
  for (const std::string& name : route.functions)
    functions.emplace(model::full_function_name(interface, name), number++);
  return std::make_shared<RemoteCallee>(port, route.route, std::move(functions),
                                        milliseconds(route.call_timeout_ms));
}

Result<std::uint32_t> RemoteCallee::resolve(std::string_view function) {
  const auto found = functions_.find(function);
  if (found != functions_.end()) return found->second;
  return fail(ErrorCode::NotFound, "no function '" + std::string(function) + "'");
}

engine::CallHandle RemoteCallee::call(std::optional<int> index, std::uint32_t function,
                                      engine::Encoding encoding,
                                      std::span<const std::byte> arguments, milliseconds timeout,
                                      CallChainPtr caller, engine::CallDone done) {
  const milliseconds limit = timeout.count() > 0 ? std::min(timeout, call_timeout_) : call_timeout_;
  ipc::DataHeader header;
  header.encoding_or_outcome = static_cast<std::uint8_t>(encoding);
  header.slot = slot_;
  header.index = index.value_or(-1);
  header.function = function;
  header.timeout_ms = static_cast<std::uint32_t>(limit.count());
  return port_->call(header, caller.get(), arguments, limit + limits::kCallReplyGrace,
                     std::move(done));
}

void RemoteCallee::drop(std::span<const std::uint64_t> handles) {
  port_->drop(slot_, handles);
}

Route::Route(std::uint32_t number, std::shared_ptr<Callee> callee,
             std::vector<std::uint32_t> functions, std::shared_ptr<Handles> handles)
    : provider_(std::make_shared<const Handles::Provider>(
          Handles::Provider{std::move(callee), std::uint64_t{number} << 32, std::move(functions)})),
      handles_(std::move(handles)) {}

Result<std::uint32_t> Route::resolve(std::string_view) {
  return fail(ErrorCode::Unavailable, "a route has no names");
}

engine::CallHandle Route::call(std::optional<int>, std::uint32_t function,
                               engine::Encoding encoding, std::span<const std::byte> arguments,
                               milliseconds timeout, CallChainPtr caller, engine::CallDone done) {
  if (function >= provider_->numbers.size()) {
    done(refuse_call(engine::Outcome::BadArguments,
                     "no function has the number " + std::to_string(function)));
    return {};
  }
  if (encoding == engine::Encoding::Handles) {
    return handles_->call(provider_, {}, provider_->first + function, arguments, timeout,
                          std::move(caller), std::move(done));
  }
  return provider_->callee->call(std::nullopt, provider_->numbers[function], encoding, arguments,
                                 timeout, std::move(caller), std::move(done));
}

Result<std::uint32_t> Nobody::resolve(std::string_view) {
  return fail(ErrorCode::Unavailable, why_);
}

engine::CallHandle Nobody::call(std::optional<int>, std::uint32_t, engine::Encoding,
                                std::span<const std::byte>, milliseconds, CallChainPtr,
                                engine::CallDone done) {
  done(refuse_call(engine::Outcome::NotReady, why_));
  return {};
}

}  // namespace arcella::host
