// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The handles that one consumer holds, whoever made them: its numbers, each with the callee that it
// leads to and that one's number. A number that is not here was not given to this consumer, or is
// not held any more. Calls with handles go through this, which gives both sides their own numbers
// and sees to it that whatever nobody holds is dropped (docs/decisions/0017).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/call.h"
#include "host/call_chain.h"
#include "host/callee.h"

namespace arcella::host {

// Owners (shared): what the consumer calls through, and its calls under way.
// Thread: any; the lock is never held while a callee is called.
class Handles final : public std::enable_shared_from_this<Handles> {
 public:
  // Whom an interface was bound to. The functions of one interface are numbered in a row by the
  // consumer, those of no two alike.
  struct Provider {
    std::shared_ptr<Callee> callee;
    std::uint64_t first;
    std::vector<std::uint32_t> numbers;  // at the callee, from `first` on

    [[nodiscard]] std::uint32_t number_of(std::uint64_t function) const {
      return numbers[function - first];
    }
    [[nodiscard]] bool has(std::uint64_t function) const noexcept {
      return function >= first && function - first < numbers.size();
    }
  };
  using ProviderPtr = std::shared_ptr<const Provider>;

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  // Drops all that are held.
  ~Handles();

  // A call whose values are of Encoding::Handles. It goes to who made its handles, whatever the
  // interface is bound to by now; without any, to `bound` (null: NotReady, `why_not`).
  // BadArguments: a handle that is not held; handles of several providers.
  engine::CallHandle call(const ProviderPtr& bound, const std::string& why_not,
                          std::uint64_t function, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallChainPtr caller,
                          engine::CallDone done);
  // They are not held any more. No-op for others.
  void drop(std::span<const std::uint64_t> numbers);
  [[nodiscard]] std::size_t count() const;

 private:
  struct Held {
    ProviderPtr provider;
    std::uint64_t number;  // at its callee
  };
  // A call's handles as its callee knows them.
  struct Addressed {
    ProviderPtr provider;
    std::vector<std::uint64_t> numbers;
    std::vector<std::uint64_t> moved;  // which of them
  };

  [[nodiscard]] Result<Addressed> address(const ProviderPtr& bound, std::uint64_t function,
                                          std::span<const std::uint64_t> numbers);
  void returned(const ProviderPtr& provider, const engine::CallOutcomeView& outcome,
                const engine::CallDone& done);

  mutable Mutex mutex_;
  std::unordered_map<std::uint64_t, Held> held_ ARCELLA_GUARDED_BY(mutex_);
  std::uint64_t next_ ARCELLA_GUARDED_BY(mutex_) = 1;  // never used again
};

}  // namespace arcella::host
