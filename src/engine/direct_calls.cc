// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/direct_calls.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/door/instance_impl.h"

namespace arcella::engine {
namespace {

class Keeper final : public door::CalleeKeeper {
 public:
  explicit Keeper(std::shared_ptr<DirectListener> listener) : listener_(std::move(listener)) {}

  void failed(rust::Str function, std::uint8_t outcome, std::int32_t exit_status, rust::Str message,
              rust::Str backtrace) const noexcept override {
    listener_->failed({function.data(), function.size()},
                      door::outcome_from(outcome, exit_status, message, backtrace));
  }
  void holds_thread(bool holds) const noexcept override { listener_->holds_thread(holds); }
  void left() const noexcept override { listener_->left(); }

 private:
  const std::shared_ptr<DirectListener> listener_;
};

}  // namespace

struct DirectCallees::Impl {
  rust::Box<door::Callees> callees;
};

DirectCallees::DirectCallees(const InstancePre& pre, std::chrono::milliseconds call_timeout)
    : impl_(std::make_unique<Impl>(Impl{pre.impl().linked->callees(
          static_cast<std::uint64_t>(std::max(call_timeout.count(), std::int64_t{0})))})) {}
DirectCallees::~DirectCallees() = default;

bool DirectCallees::possible() const noexcept {
  return impl_->callees->possible();
}

void DirectCallees::offer(const Instance& instance, std::shared_ptr<DirectListener> listener) {
  impl_->callees->add(*instance.impl().instance, std::make_shared<Keeper>(std::move(listener)));
}

void DirectCallees::take_back(const Instance& instance) {
  impl_->callees->remove(*instance.impl().instance);
}

struct DirectImports::Impl {
  rust::Box<door::Wires> wires;
};

DirectImports::DirectImports(const InstancePre& pre)
    : impl_(std::make_unique<Impl>(Impl{pre.impl().linked->wires()})) {}
DirectImports::~DirectImports() = default;

void DirectImports::bind(std::uint32_t function, const DirectCallees& callees,
                         std::string_view exported) {
  impl_->wires->bind(function, *callees.impl_->callees,
                     rust::Str(exported.data(), exported.size()));
}

void DirectImports::unbind(std::uint32_t function) {
  impl_->wires->unbind(function);
}

}  // namespace arcella::engine
