// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/component_facts.h"

#include <gtest/gtest.h>

namespace arcella::model {
namespace {

std::optional<Kind> kind_of(std::vector<std::string> exports) {
  ComponentManifest manifest;
  manifest.exports.emplace();
  for (std::string& name : exports) manifest.exports->push_back({std::move(name), {}});
  return facts_of(manifest).kind;
}

TEST(ComponentFacts, TheKindFollowsFromTheStatedExports) {
  EXPECT_EQ(kind_of({"wasi:http/incoming-handler@0.2.0"}), Kind::Http);
  EXPECT_EQ(kind_of({"wasi:http/handler"}), Kind::Http);
  EXPECT_EQ(kind_of({"demo:calc/ops", "wasi:cli/run@0.2.6"}), Kind::Command);
  EXPECT_EQ(kind_of({"_start"}), Kind::Command);
  EXPECT_EQ(kind_of({"demo:calc/ops@1.0.0"}), Kind::Service);
  EXPECT_EQ(kind_of({}), Kind::Service);
  EXPECT_EQ(kind_of({"wasi:messaging/handler"}), std::nullopt);
}

TEST(ComponentFacts, WhatAFileDoesNotStateIsNotKnown) {
  const ComponentFacts facts = facts_of(ComponentManifest{});
  EXPECT_EQ(facts.kind, std::nullopt);
  EXPECT_EQ(facts.exports_something, std::nullopt);
  EXPECT_FALSE(facts.capabilities->stated);
  EXPECT_EQ(facts.imports, std::nullopt);
}

TEST(ComponentFacts, OfAnInstalledComponentAllIsKnown) {
  Component component{.id = ComponentId::parse("calc@1.0.0").value()};
  const ComponentFacts facts = facts_of(component);
  EXPECT_EQ(facts.id, "calc@1.0.0");
  EXPECT_EQ(facts.kind, Kind::Service);
  EXPECT_EQ(facts.exports_something, false);
  EXPECT_TRUE(facts.imports.has_value());
  EXPECT_TRUE(facts.template_known);
}

}  // namespace
}  // namespace arcella::model
