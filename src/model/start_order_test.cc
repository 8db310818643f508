// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/start_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/limits.h"

namespace arcella::model {
namespace {

using ::testing::ElementsAre;

DeploymentId id(std::string_view text) {
  return DeploymentId::parse(text).value();
}

// {"ab"}: a uses b.
Providers uses(const std::vector<std::string>& pairs) {
  Providers providers;
  for (const std::string& pair : pairs) providers[id(pair.substr(0, 1))].insert(id(pair.substr(1)));
  return providers;
}

std::vector<std::string> order(std::string_view ids, const std::vector<std::string>& pairs) {
  std::set<DeploymentId> set;
  for (char letter : ids) set.insert(id(std::string(1, letter)));
  std::vector<std::string> texts;
  for (const DeploymentId& one : start_order(set, uses(pairs))) texts.push_back(one.str());
  return texts;
}

TEST(StartOrder, ProvidersGoBeforeWhoUsesThem) {
  EXPECT_THAT(order("abc", {}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(order("abc", {"ab", "bc"}), ElementsAre("c", "b", "a"));
  EXPECT_THAT(order("abcd", {"ad", "bd"}), ElementsAre("d", "a", "b", "c"));
}

TEST(StartOrder, FollowsWhatIsUsedByWayOfOthers) {
  EXPECT_THAT(order("ac", {"ab", "bc"}), ElementsAre("c", "a"));
}

TEST(StartOrder, ACircleEndsWithItsSmallestId) {
  EXPECT_THAT(order("a", {"aa"}), ElementsAre("a"));
  EXPECT_THAT(order("ab", {"ab", "ba"}), ElementsAre("b", "a"));
  EXPECT_THAT(order("abc", {"ab", "bc", "ca"}), ElementsAre("c", "b", "a"));
  // Who uses a circle goes after all of it, and what the circle uses before all of it.
  EXPECT_THAT(order("abc", {"ab", "bc", "cb"}), ElementsAre("c", "b", "a"));
  EXPECT_THAT(order("abc", {"ab", "ba", "ac"}), ElementsAre("c", "b", "a"));
}

TEST(StartOrder, AChainMayBeAsLongAsThereAreDeployments) {
  std::set<DeploymentId> ids;
  Providers providers;
  for (int i = 0; i < limits::kDeploymentsMax; ++i) {
    ids.insert(id(std::to_string(i)));
    providers[id(std::to_string(i))].insert(id(std::to_string(i + 1)));
  }
  const std::vector<DeploymentId> found = start_order(ids, providers);
  ASSERT_EQ(found.size(), ids.size());
  EXPECT_EQ(found.front().str(), std::to_string(limits::kDeploymentsMax - 1));
  EXPECT_EQ(found.back().str(), "0");
}

// Every graph of four deployments, circles included.
TEST(StartOrder, OfEveryGraphEachIsThereOnceAndAfterWhatItUses) {
  constexpr int kNodes = 4;
  const std::vector<DeploymentId> all{id("a"), id("b"), id("c"), id("d")};
  const std::set<DeploymentId> ids(all.begin(), all.end());
  for (int edges = 0; edges < 1 << (kNodes * kNodes); ++edges) {
    bool reaches[kNodes][kNodes] = {};
    Providers providers;
    for (int i = 0; i < kNodes * kNodes; ++i) {
      if ((edges >> i & 1) == 0) continue;
      reaches[i / kNodes][i % kNodes] = true;
      providers[all[static_cast<std::size_t>(i / kNodes)]].insert(
          all[static_cast<std::size_t>(i % kNodes)]);
    }
    for (int via = 0; via < kNodes; ++via) {
      for (int i = 0; i < kNodes * kNodes; ++i) {
        bool& known = reaches[i / kNodes][i % kNodes];
        known = known || (reaches[i / kNodes][via] && reaches[via][i % kNodes]);
      }
    }
    const std::vector<DeploymentId> found = start_order(ids, providers);
    ASSERT_EQ(std::set<DeploymentId>(found.begin(), found.end()), ids);
    ASSERT_EQ(found.size(), ids.size());
    auto place = [&](int node) {
      return std::find(found.begin(), found.end(), all[static_cast<std::size_t>(node)]);
    };
    for (int i = 0; i < kNodes * kNodes; ++i) {
      const int user = i / kNodes;
      const int used = i % kNodes;
      if (!reaches[user][used] || reaches[used][user]) continue;
      ASSERT_LT(place(used), place(user)) << "graph " << edges;
    }
  }
}

}  // namespace
}  // namespace arcella::model
