// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/imports.h"

#include <algorithm>
#include <utility>

#include "host/call_refusal.h"
#include "model/component.h"

namespace arcella::host {

void Imports::set_functions(const std::vector<engine::ImportedFunction>& functions,
                            std::unique_ptr<engine::DirectImports> direct) {
  direct_ = std::move(direct);
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
  std::size_t first = 0;  // the functions of one interface are in a row
  std::vector<std::string> names;
  {
    const MutexLock lock(mutex_);
    for (std::size_t place = 0; place < slots_.size(); ++place) {
      const engine::ImportedFunction& function = slots_[place].function;
      if (function.interface != interface) continue;
      if (names.empty()) first = place;
      names.push_back(function.name);
    }
  }
  if (names.empty())
    return fail(ErrorCode::NotFound, "'" + std::string(interface) + "' is not imported");
  ARCELLA_TRY(std::vector<std::uint32_t> numbers, numbers_of(*callee, exported, names));
  const auto provider = std::make_shared<const Handles::Provider>(
      Handles::Provider{callee, first, std::move(numbers)});
  std::vector<Handles::ProviderPtr> released;  // outlives the lock
  {
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < names.size(); ++i)
      released.push_back(std::exchange(slots_[first + i].provider, provider));
  }
  bind_directly(first, exported, names, *callee);
  if (waiting_) waiting_->try_again();
  return {};
}

// Which makes the same calls faster, or none of them.
void Imports::bind_directly(std::size_t first, std::string_view exported,
                            const std::vector<std::string>& names, const Callee& callee) {
  if (!direct_) return;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(first + i);
    if (callee.direct() == nullptr) {
      direct_->unbind(number);
    } else {
      direct_->bind(number, *callee.direct(), model::full_function_name(exported, names[i]));
    }
  }
}

void Imports::unbind(std::string_view interface, const std::string& why) {
  std::vector<Handles::ProviderPtr> released;  // outlives the lock
  const MutexLock lock(mutex_);
  for (std::size_t place = 0; place < slots_.size(); ++place) {
    Slot& slot = slots_[place];
    if (slot.function.interface != interface) continue;
    if (direct_) direct_->unbind(static_cast<std::uint32_t>(place));
    released.push_back(std::move(slot.provider));
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
  Handles::ProviderPtr provider;
  std::string why_not;
  bool handles = false;
  {
    const MutexLock lock(mutex_);
    const Slot& slot = slots_[function];
    provider = slot.provider;
    if (!provider) why_not = slot.why_not;
    handles = slot.function.handles;
  }
  auto caller = std::static_pointer_cast<const CallChain>(context);
  if (handles) {
    return handles_->call(provider, why_not, function, arguments, timeout, std::move(caller),
                          std::move(done));
  }
  if (!provider) {
    done(refuse_call(engine::Outcome::NotReady, std::move(why_not)));
    return {};
  }
  return provider->callee->call(std::nullopt, provider->number_of(function),
                                engine::Encoding::Arena, arguments, timeout, std::move(caller),
                                std::move(done));
}

}  // namespace arcella::host
