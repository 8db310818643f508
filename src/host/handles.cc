// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/handles.h"

#include <map>

#include "base/limits.h"
#include "host/call_refusal.h"
#include "host/handle_list.h"

namespace arcella::host {
namespace {

using engine::CallOutcomeView;
using engine::Outcome;

using Dropped = std::map<std::shared_ptr<Callee>, std::vector<std::uint64_t>>;

void drop_all(const Dropped& dropped) {
  for (const auto& [callee, numbers] : dropped) callee->drop(numbers);
}

}  // namespace

Handles::~Handles() {
  Dropped dropped;
  {
    const MutexLock lock(mutex_);
    for (const auto& [number, held] : held_) dropped[held.provider->callee].push_back(held.number);
  }
  drop_all(dropped);
}

engine::CallHandle Handles::call(const ProviderPtr& bound, const std::string& why_not,
                                 std::uint64_t function, std::span<const std::byte> arguments,
                                 std::chrono::milliseconds timeout, CallChainPtr caller,
                                 engine::CallDone done) {
  const auto numbers = handles_of(arguments);
  if (!numbers) {
    done(refuse_call(Outcome::BadArguments, numbers.error().message()));
    return {};
  }
  auto addressed = address(bound, function, *numbers);
  if (!addressed) {
    // The caller has let go of what it meant to move.
    std::vector<std::uint64_t> moved = *numbers;
    std::erase_if(moved, [](std::uint64_t number) { return (number & kMovedHandle) == 0; });
    drop(moved);
    done(refuse_call(Outcome::BadArguments, addressed.error().message()));
    return {};
  }
  const ProviderPtr provider = addressed->provider;
  if (!provider) {
    done(refuse_call(Outcome::NotReady, why_not));
    return {};
  }
  std::vector<std::byte> theirs;
  if (!numbers->empty()) {
    theirs = with_handles(arguments, addressed->numbers);
    arguments = theirs;
  }
  return provider->callee->call(
      std::nullopt, provider->number_of(function), engine::Encoding::Handles, arguments, timeout,
      std::move(caller),
      [self = shared_from_this(), provider, with_some = !numbers->empty(),
       moved = std::move(addressed->moved),
       done = std::move(done)](const CallOutcomeView& outcome) {
        if (outcome.outcome == Outcome::Returned) return self->returned(provider, outcome, done);
        // Whether it got as far as taking them nobody knows.
        if (!moved.empty()) provider->callee->drop(moved);
        // It cannot be made again: what it was to move is gone.
        if (with_some && outcome.outcome == Outcome::NotReady)
          return done(refuse_call(Outcome::Unavailable, std::string(outcome.message)));
        done(outcome);
      });
}

Result<Handles::Addressed> Handles::address(const ProviderPtr& bound, std::uint64_t function,
                                            std::span<const std::uint64_t> numbers) {
  Addressed addressed{bound, {}, {}};
  std::vector<Held> released;  // outlives the lock
  const MutexLock lock(mutex_);
  for (const std::uint64_t number : numbers) {
    const auto held = held_.find(number & ~kMovedHandle);
    if (held == held_.end())
      return fail(ErrorCode::InvalidRequest, "a handle that was dropped, moved or never given");
    const ProviderPtr& made_by = held->second.provider;
    if (addressed.numbers.empty()) {
      addressed.provider = made_by;
    } else if (addressed.provider->callee->handle_space() != made_by->callee->handle_space()) {
      return fail(ErrorCode::InvalidRequest, "handles of several providers in one call");
    }
    addressed.numbers.push_back(held->second.number | (number & kMovedHandle));
  }
  // A function of another interface than the one that the handle came from.
  if (addressed.provider && !addressed.provider->has(function)) {
    if (!bound || bound->callee->handle_space() != addressed.provider->callee->handle_space())
      return fail(ErrorCode::InvalidRequest,
                  "the handle is of another provider than the function is bound to");
    addressed.provider = bound;
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if ((numbers[i] & kMovedHandle) == 0) continue;
    addressed.moved.push_back(addressed.numbers[i]);
    auto taken = held_.extract(numbers[i] & ~kMovedHandle);
    if (!taken.empty()) released.push_back(std::move(taken.mapped()));
  }
  return addressed;
}

void Handles::returned(const ProviderPtr& provider, const CallOutcomeView& outcome,
                       const engine::CallDone& done) {
  const auto theirs = handles_of(outcome.payload);
  if (!theirs)
    return done(refuse_call(Outcome::BadArguments, "its result: " + theirs.error().message()));
  if (theirs->empty()) return done(outcome);
  std::vector<std::uint64_t> ours;
  {
    const MutexLock lock(mutex_);
    if (held_.size() + theirs->size() <= limits::kHandlesHeldMax) {
      for (const std::uint64_t number : *theirs) {
        held_.emplace(next_, Held{provider, number});
        ours.push_back(next_++);
      }
    }
  }
  if (ours.empty()) {
    provider->callee->drop(*theirs);
    return done(refuse_call(
        Outcome::Unavailable,
        "more than " + std::to_string(limits::kHandlesHeldMax) + " handles would be held"));
  }
  const std::vector<std::byte> values = with_handles(outcome.payload, ours);
  done(CallOutcomeView(values));
}

void Handles::drop(std::span<const std::uint64_t> numbers) {
  Dropped dropped;
  std::vector<Held> released;  // outlives the lock
  {
    const MutexLock lock(mutex_);
    for (const std::uint64_t number : numbers) {
      auto held = held_.extract(number & ~kMovedHandle);
      if (held.empty()) continue;
      dropped[held.mapped().provider->callee].push_back(held.mapped().number);
      released.push_back(std::move(held.mapped()));
    }
  }
  drop_all(dropped);
}

std::size_t Handles::count() const {
  const MutexLock lock(mutex_);
  return held_.size();
}

}  // namespace arcella::host
