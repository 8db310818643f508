// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <memory>

namespace arcella::engine {

// Compiled code, mapped; a component or a core module. Made by Engine::load, immutable, shared by
// the deployments that run it (they are its owners).  Thread: any.
class Component {
 public:
  ~Component();
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;

  struct Impl;
  explicit Component(std::unique_ptr<Impl> impl);
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::engine
