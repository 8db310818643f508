// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/shutdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using testing::deployment_id;

TEST(ShutdownOrder, LastStartedComesFirst) {
  Registry registry;
  registry.add({testing::sample_component("calc@1.0.0"), {}});
  auto put = [&registry](std::string_view id, std::uint64_t load_order, bool loaded) {
    DeploymentRecord& record = registry.put(testing::sample_deployment(id, "calc@1.0.0", "g"));
    record.load_order = load_order;
    record.loaded = loaded;
  };
  put("a", 2, true);
  put("b", 3, true);
  put("c", 1, true);
  put("stopped", 0, false);
  EXPECT_THAT(shutdown_order(registry),
              ::testing::ElementsAre(deployment_id("b"), deployment_id("a"), deployment_id("c")));
}

TEST(ShutdownOrder, WhatIsStillAliveCountsWithoutBeingLoaded) {
  Registry registry;
  registry.add({testing::sample_component("calc@1.0.0"), {}});
  DeploymentRecord& record = registry.put(testing::sample_deployment("a", "calc@1.0.0", "g"));
  record.instances.resize(1);
  record.instances[0].state = model::InstanceState::Stopping;
  EXPECT_THAT(shutdown_order(registry), ::testing::ElementsAre(deployment_id("a")));
}

}  // namespace
}  // namespace arcella::runtime
