// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the imports of one deployment lead to at this moment: for each imported function a callee
// and its function's number there, resolved once when the import is bound, so that a call looks
// nothing up. The daemon decides who is bound to whom (model/resolver.h); this holds it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/direct_calls.h"
#include "engine/import_target.h"
#include "host/callee.h"
#include "host/engine_pool.h"
#include "host/handles.h"
#include "host/waiting_calls.h"

namespace arcella::host {

// Owners (shared): InstanceHost's table and the linked code, which calls it from inside guests.
// Thread: any, the imports of one interface being bound or unbound by one thread at a time; one
// short lock per call, never held while a callee runs. Calls to an idle replica of this process do
// not come here (engine/direct_calls.h).
class Imports final : public engine::ImportTarget, public std::enable_shared_from_this<Imports> {
 public:
  // A call that finds nobody ready is answered at once.
  Imports() = default;
  // It waits for `provider_wait`, unless that is 0 (waiting_calls.h); it then costs a copy of the
  // arguments, whether it has to wait or not. The pool outlives the guests.
  Imports(EnginePool& pool, std::chrono::milliseconds provider_wait) {
    if (provider_wait.count() > 0) waiting_ = std::make_shared<WaitingCalls>(pool, provider_wait);
  }

  // After linking, which numbers the functions, and before the first call. Without `direct` all
  // calls come by call().
  void set_functions(const std::vector<engine::ImportedFunction>& functions,
                     std::unique_ptr<engine::DirectImports> direct = nullptr);
  // The interfaces that have to be bound, each once.
  [[nodiscard]] std::vector<std::string> interfaces() const;

  // From now on calls of `interface` go to `callee`, to the functions of the same names in its
  // export `exported`; a call in flight ends where it is. NotFound: it is not imported, or a
  // function is missing there; then nothing has changed.
  [[nodiscard]] Result<void> bind(std::string_view interface, const std::shared_ptr<Callee>& callee,
                                  std::string_view exported);
  // Calls are answered NotReady with `why`. No-op for what is not imported.
  void unbind(std::string_view interface, const std::string& why);
  // For good: nothing waits any more either.
  void close(const std::string& why);

  // The context is the CallChain of the replica that calls.
  engine::CallHandle call(const engine::CallContext& context, std::uint32_t function,
                          std::span<const std::byte> arguments, std::chrono::milliseconds timeout,
                          engine::CallDone done) override;
  void drop_handles(std::span<const std::uint64_t> numbers) override { handles_->drop(numbers); }
  // That the consumer holds.
  [[nodiscard]] std::size_t handles() const { return handles_->count(); }

 private:
  engine::CallHandle call_now(const engine::CallContext& context, std::uint32_t function,
                              std::span<const std::byte> arguments,
                              std::chrono::milliseconds timeout, engine::CallDone done);

  void bind_directly(std::size_t first, std::string_view exported,
                     const std::vector<std::string>& names, const Callee& callee);

  struct Slot {
    engine::ImportedFunction function;
    Handles::ProviderPtr provider;  // null: not bound
    std::string why_not = "nothing is bound to it";
  };

  std::shared_ptr<WaitingCalls> waiting_;  // constant after construction; null: nothing waits
  // Constant after set_functions().
  std::unique_ptr<engine::DirectImports> direct_;
  const std::shared_ptr<Handles> handles_ = std::make_shared<Handles>();  // shared with its calls

  mutable Mutex mutex_;
  std::vector<Slot> slots_ ARCELLA_GUARDED_BY(mutex_);  // by number
};

}  // namespace arcella::host
