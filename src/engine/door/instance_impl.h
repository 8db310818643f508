// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What is behind engine/instance.h. Private to src/engine.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/door/door.h"
#include "engine/door/guest_task.h"

namespace arcella::engine {

struct Instance::Impl {
  rust::Box<door::Instance> instance;
  std::shared_ptr<door::SinkTarget> sink;  // shared with the guest's streams
  PendingCalls pending;

  Impl(rust::Box<door::Instance> made, std::shared_ptr<door::SinkTarget> target)
      : instance(std::move(made)), sink(std::move(target)) {}
};

struct InstancePre::Impl {
  const Engine& engine;
  std::shared_ptr<const Component> component;
  rust::Box<door::Linked> linked;
  std::vector<ImportedFunction> imports;
};

}  // namespace arcella::engine
