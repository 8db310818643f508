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

Result<std::uint32_t> Route::resolve(std::string_view) {
  return fail(ErrorCode::Unavailable, "a route has no names");
}

Result<std::uint32_t> ImportedInterface::resolve(std::string_view) {
  return fail(ErrorCode::Unavailable, "an import has no names");
}

engine::CallHandle ImportedInterface::call(std::optional<int>, std::uint32_t function,
                                           engine::Encoding encoding,
                                           std::span<const std::byte> arguments,
                                           milliseconds timeout, CallChainPtr caller,
                                           engine::CallDone done) {
  if (function < functions_.size() && encoding == engine::Encoding::Arena)
    return imports_->call(caller, functions_[function], arguments, timeout, std::move(done));
  done(refuse_call(engine::Outcome::BadArguments, "no imported function has the number " +
                                                      std::to_string(function) +
                                                      ", or the arguments are no arena"));
  return {};
}

engine::CallHandle Route::call(std::optional<int>, std::uint32_t function,
                               engine::Encoding encoding, std::span<const std::byte> arguments,
                               milliseconds timeout, CallChainPtr caller, engine::CallDone done) {
  if (function < functions_.size())
    return callee_->call(std::nullopt, functions_[function], encoding, arguments, timeout,
                         std::move(caller), std::move(done));
  done(refuse_call(engine::Outcome::BadArguments,
                   "no function has the number " + std::to_string(function)));
  return {};
}

}  // namespace arcella::host
