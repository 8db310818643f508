// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::store {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::DeploymentSpec spec() {
  return {.id = model::DeploymentId::parse("web").value(),
          .component = model::ComponentId::parse("web@1.0.0").value()};
}
model::Component component() {
  return {.id = model::ComponentId::parse("web@1.0.0").value()};
}
std::string component_with(const std::string& capabilities) {
  return R"({"description":"","format":"component","kind":"service","wit":"","wasm_bytes":1,)"
         R"("capabilities":)" +
         capabilities + "}";
}

TEST(Documents, WhatAnOlderDeploymentDoesNotHaveIsAsIfLeftOut) {
  model::DeploymentSpec read = spec();
  ASSERT_TRUE(read_document(R"({"group":"g","args":["a"]})", read).has_value());
  model::DeploymentSpec expected = spec();
  expected.group = model::GroupName::parse("g").value();
  expected.args = {"a"};
  EXPECT_EQ(read, expected);
}

TEST(Documents, InterfacesKeepTheirShapesAndTypes) {
  model::Component sent = component();
  sent.exports = {{"a:b/c@1.0.0",
                   {"f: func(p: point)"},
                   {"func(p: record { x: u32 })"},
                   {{"point", "record { x: number }", "record { x: u32 }"}}}};
  model::Component read = component();
  ASSERT_TRUE(read_document(to_document(sent), read).has_value());
  EXPECT_EQ(read.exports, sent.exports);
}

TEST(Documents, AnOlderComponentHasNoShapes) {
  model::Component read = component();
  const std::string text =
      R"json({"description":"","format":"component","kind":"service","wit":"","wasm_bytes":1,)json"
      R"json("exports":[{"name":"a:b/c","functions":["f: func()"]}]})json";
  ASSERT_TRUE(read_document(text, read).has_value());
  EXPECT_EQ(read.exports, (std::vector<model::InterfaceItem>{{"a:b/c", {"f: func()"}}}));
}

TEST(Documents, AnOlderComponentAskedForWhatItLists) {
  model::Component read = component();
  ASSERT_TRUE(read_document(component_with(R"({"network":["http://a"]})"), read).has_value());
  EXPECT_TRUE(read.capabilities.stated);
  ASSERT_TRUE(read_document(component_with(R"({"network":[]})"), read).has_value());
  EXPECT_FALSE(read.capabilities.stated);
}

TEST(Documents, AComponentThatAsksForNothingStaysOne) {
  model::Component sent = component();
  sent.capabilities.stated = true;
  model::Component read = component();
  ASSERT_TRUE(read_document(to_document(sent), read).has_value());
  EXPECT_TRUE(read.capabilities.stated);
  EXPECT_THAT(read.capabilities.network, IsEmpty());
}

TEST(Documents, WhatCannotHaveBeenWrittenIsDamage) {
  for (const char* text :
       {R"({"fuse_with":["a b"]})", R"({"wiring":[{"key":"a:b/c","value":""}]})",
        R"({"update":{"strategy":"fast","min_healthy_ms":1,"auto_revert":true}})",
        R"({"http_route":{"host":"*"}})", R"({"invented":1})", "nonsense"}) {
    model::DeploymentSpec read = spec();
    auto done = read_document(text, read);
    ASSERT_FALSE(done.has_value()) << text;
    EXPECT_EQ(done.error().code(), ErrorCode::Io);
    EXPECT_THAT(done.error().message(), HasSubstr("damaged: web:"));
  }
}

}  // namespace
}  // namespace arcella::store
