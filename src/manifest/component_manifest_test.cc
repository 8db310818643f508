// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manifest/manifests.h"

namespace arcella::manifest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> names(const std::optional<std::vector<model::InterfaceItem>>& items) {
  std::vector<std::string> result;
  for (const model::InterfaceItem& item : items.value()) result.push_back(item.name);
  return result;
}

std::vector<std::string> errors(std::string_view text) {
  auto parsed = read_component_manifest(text, "component.toml");
  EXPECT_EQ(parsed.value.has_value(), parsed.diagnostics.empty());
  std::vector<std::string> result;
  for (const Diagnostic& diagnostic : parsed.diagnostics) result.push_back(diagnostic.str());
  return result;
}

TEST(ComponentManifest, ReadsTheExampleOfTheDesign) {
  auto parsed = read_component_manifest(R"([component]
name = "http-logger"
version = "0.1.0"
description = "Logs HTTP requests"
exports = ["logger:log@1.0"]                     # array, or table interface -> item
imports = ["wasi:http/incoming-handler@0.2.0"]
[component.capabilities]                          # what it asks for; a deployment grants
network = ["https://api.example.com"]
filesystem = ["/data"]
environment = ["LOG_LEVEL"]
)",
                                        "component.toml");
  ASSERT_THAT(parsed.diagnostics, IsEmpty());
  const model::ComponentManifest& manifest = *parsed.value;
  EXPECT_EQ(manifest.id->str(), "http-logger@0.1.0");
  EXPECT_EQ(manifest.description, "Logs HTTP requests");
  EXPECT_THAT(names(manifest.exports), ElementsAre("logger:log@1.0"));
  EXPECT_THAT(names(manifest.imports), ElementsAre("wasi:http/incoming-handler@0.2.0"));
  EXPECT_TRUE(manifest.capabilities.stated);
  EXPECT_THAT(manifest.capabilities.network, ElementsAre("https://api.example.com"));
  EXPECT_THAT(manifest.capabilities.filesystem, ElementsAre("/data"));
  EXPECT_THAT(manifest.capabilities.environment, ElementsAre("LOG_LEVEL"));
}

TEST(ComponentManifest, TellsNotStatedFromNone) {
  auto parsed =
      read_component_manifest("[component]\nname='a'\nversion='1.0.0'\nexports=[]\n", "f");
  EXPECT_THAT(*parsed.value->exports, IsEmpty());
  EXPECT_EQ(parsed.value->imports, std::nullopt);
}

TEST(ComponentManifest, TakesInterfacesAsATableWithTheirFunctions) {
  auto parsed = read_component_manifest(
      "[component]\nname='a'\nversion='1.0.0'\n[component.exports]\n\"a:b/c@1.0.0\"=\"log\"\n\"a:b/"
      "d\"=['x','y']\n\"a:b/e\"={unknown={}}\n\"a:b/f\".instance.exports={z={func={}}}\n",
      "f");
  ASSERT_THAT(parsed.diagnostics, IsEmpty());
  EXPECT_THAT(names(parsed.value->exports), ElementsAre("a:b/c@1.0.0", "a:b/d", "a:b/e", "a:b/f"));
  const std::vector<model::InterfaceItem>& items = *parsed.value->exports;
  EXPECT_THAT(items[0].functions, ElementsAre("log"));
  EXPECT_THAT(items[1].functions, ElementsAre("x", "y"));
  EXPECT_THAT(items[2].functions, IsEmpty());
  EXPECT_THAT(items[3].functions, ElementsAre("z"));
}

TEST(ComponentManifest, NamesTheImportsThatItCanDoWithout) {
  auto parsed = read_component_manifest(
      "[component]\nname='a'\nversion='1.0.0'\noptional_imports=['a:b/c@1.0', 'a:d']\n", "f");
  ASSERT_THAT(parsed.diagnostics, IsEmpty());
  EXPECT_THAT(parsed.value->optional_imports, ElementsAre("a:b/c@1.0", "a:d"));
  EXPECT_THAT(
      errors("[component]\nname='a'\nversion='1.0.0'\noptional_imports=['log', 'a:b', 'a:b', 1]\n"),
      ElementsAre(HasSubstr(":4:19: component.optional_imports: 'log' is no interface name"),
                  HasSubstr(":4:33: component.optional_imports: 'a:b' is given twice; keep one"),
                  HasSubstr(":4:40: component.optional_imports: expected")));
}

TEST(ComponentManifest, ChecksInterfacesAndWhatIsAskedFor) {
  EXPECT_THAT(
      errors("[component]\nname='a'\nversion='1.0.0'\nexports=['a:b/c', 'a:b/c', '', 'a:']\n"
             "[component.imports]\n'a:b/c'=1\n'a:b/d'={func=[], fun=1}\n[component.capabilities]\n"
             "network=['api.example.com']\nfilesystem=['data', '/a/..']\nenvironment=['A=B', 'C', "
             "'C']\n"),
      ElementsAre(HasSubstr(":4:19: component.exports: 'a:b/c' is given twice; keep one"),
                  HasSubstr(":4:28: component.exports: a name has 1 to 256 bytes, not 0"),
                  HasSubstr(":4:32: component.exports: 'a:' is no interface name"),
                  HasSubstr(":6:9: component.imports: expected a function's name"),
                  HasSubstr(":7:19: component.imports: 'fun' is no sort of item; known are"),
                  HasSubstr(":9:10: component.capabilities.network: 'api.example.com' is not of "
                            "the form"),
                  HasSubstr(":10:13: component.capabilities.filesystem: 'data' is not"),
                  HasSubstr(":10:21: component.capabilities.filesystem: '/a/..' is not"),
                  HasSubstr(":11:14: component.capabilities.environment: 'A=B' is not"),
                  HasSubstr(":11:26: component.capabilities.environment: 'C' is given twice")));
}

TEST(ComponentManifest, NeedsNameAndVersion) {
  EXPECT_THAT(errors(""), ElementsAre(HasSubstr("no [component] table")));
  EXPECT_THAT(errors("[component]\n"), ElementsAre(HasSubstr("component.name: missing"),
                                                   HasSubstr("component.version: missing")));
}

TEST(ComponentManifest, HoldsThemToTheGrammar) {
  EXPECT_THAT(errors("[component]\nname='a b'\nversion='1.0.0'\n"),
              ElementsAre(HasSubstr("component.toml:2:6: component.name: 'a b'")));
  EXPECT_THAT(errors("[component]\nname='a'\nversion='1.0'\n"),
              ElementsAre(HasSubstr("component.toml:3:9: component.version: '1.0'")));
}

TEST(ComponentManifest, ReportsAllAtOnce) {
  EXPECT_THAT(
      errors("[component]\nnam='a'\nversion=1\nexports='x'\nimports=[1]\n[component.capabilities]"
             "\nnetworks=[]\n[componet]\n"),
      ElementsAre(HasSubstr(":1:1: component.name: missing"), HasSubstr("did you mean 'name'"),
                  HasSubstr(":3:9: component.version: expected a string"),
                  HasSubstr(":4:9: component.exports: expected an array of interface names"),
                  HasSubstr(":5:10: component.imports: expected"),
                  HasSubstr("did you mean 'network'"), HasSubstr("did you mean 'component'")));
}

}  // namespace
}  // namespace arcella::manifest
