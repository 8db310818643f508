// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/imports.h"

#include <algorithm>
#include <utility>

#include "host/call_refusal.h"
#include "model/component.h"

namespace arcella::host {

void Imports::set_functions(const std::vector<engine::ImportedFunction>& functions) {
  const MutexLock lock(mutex_);
  for (const engine::ImportedFunction& function : functions)
    slots_.emplace_back().function = function;
}

std::vector<std::string> Imports::interfaces() const {
  std::vector<std::string> names;
  const MutexLock lock(mutex_);
  for (const Slot& slot : slots_) {
    if (std::ranges::find(names, slot.function.interface) == names.end())
      names.push_back(slot.function.interface);
  }
  return names;
}

Result<void> Imports::bind(std::string_view interface, const std::shared_ptr<Callee>& callee,
                           std::string_view exported) {
  std::vector<std::pair<std::size_t, std::string>> wanted;  // place and full name at the callee
  {
    const MutexLock lock(mutex_);
    for (std::size_t place = 0; place < slots_.size(); ++place) {
      const engine::ImportedFunction& function = slots_[place].function;
      if (function.interface == interface)
        wanted.emplace_back(place, model::full_function_name(exported, function.name));
    }
  }
  if (wanted.empty())
    return fail(ErrorCode::NotFound, "'" + std::string(interface) + "' is not imported");
  std::vector<std::uint32_t> numbers;
  for (const auto& [place, name] : wanted) {
    ARCELLA_TRY(const std::uint32_t number, callee->resolve(name));
    numbers.push_back(number);
  }
  // The functions of one interface are in a row.
  const auto provider = std::make_shared<const Handles::Provider>(
      Handles::Provider{callee, wanted.front().first, numbers});
  std::vector<Handles::ProviderPtr> released;  // outlives the lock
  {
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      Slot& slot = slots_[wanted[i].first];
      slot.callee = callee;
      slot.number = numbers[i];
      released.push_back(std::exchange(slot.provider, provider));
    }
  }
  if (waiting_) waiting_->try_again();
  return {};
}

void Imports::unbind(std::string_view interface, const std::string& why) {
  std::vector<std::shared_ptr<Callee>> released;         // outlives the lock
  std::vector<Handles::ProviderPtr> released_providers;  // the same
  const MutexLock lock(mutex_);
  for (Slot& slot : slots_) {
    if (slot.function.interface != interface) continue;
    released.push_back(std::move(slot.callee));
    released_providers.push_back(std::move(slot.provider));
    slot.why_not = why;
  }
}

void Imports::close(const std::string& why) {
  for (const std::string& interface : interfaces()) unbind(interface, why);
  if (waiting_) waiting_->close(why);
}

engine::CallHandle Imports::call(const engine::CallContext& context, std::uint32_t function,
                                 std::span<const std::byte> arguments,
                                 std::chrono::milliseconds timeout, engine::CallDone done) {
  if (!waiting_) return call_now(context, function, arguments, timeout, std::move(done));
  auto attempt = [self = shared_from_this(), context, function](std::span<const std::byte> same,
                                                                std::chrono::milliseconds left,
                                                                engine::CallDone ended) {
    return self->call_now(context, function, same, left, std::move(ended));
  };
  return waiting_->begin(std::move(attempt), arguments, timeout, std::move(done));
}

engine::CallHandle Imports::call_now(const engine::CallContext& context, std::uint32_t function,
                                     std::span<const std::byte> arguments,
                                     std::chrono::milliseconds timeout, engine::CallDone done) {
  std::shared_ptr<Callee> callee;
  std::uint32_t number = 0;
  std::string why_not;
  bool handles = false;
  Handles::ProviderPtr provider;
  {
    const MutexLock lock(mutex_);
    const Slot& slot = slots_[function];
    callee = slot.callee;
    number = slot.number;
    if (!callee) why_not = slot.why_not;
    handles = slot.function.handles;
    if (handles) provider = slot.provider;
  }
  if (handles) {
    return handles_->call(provider, why_not, function, arguments, timeout,
                          std::static_pointer_cast<const CallChain>(context), std::move(done));
  }
  if (!callee) {
    done(refuse_call(engine::Outcome::NotReady, std::move(why_not)));
    return {};
  }
  return callee->call(std::nullopt, number, engine::Encoding::Arena, arguments, timeout,
                      std::static_pointer_cast<const CallChain>(context), std::move(done));
}

}  // namespace arcella::host
