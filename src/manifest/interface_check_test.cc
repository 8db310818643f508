// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/interface_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::manifest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

model::Inspection calc() {
  model::Inspection inspection;
  inspection.exports = {{"demo:calc/ops@1.0.4", {"add: func(a: u32) -> u32", "neg: func()"}}};
  inspection.imports = {{"wasi:io/streams@0.2.6", {}}};
  return inspection;
}

std::vector<std::string> differences(const std::string& lines,
                                     const model::Inspection& inspection = calc()) {
  const std::string text = "[component]\nname = 'calc'\nversion = '1.0.0'\n" + lines;
  std::vector<std::string> result;
  for (const Diagnostic& one : check_interfaces(text, "f", inspection)) result.push_back(one.str());
  return result;
}

TEST(InterfaceCheck, VersionsAndWasiMayBeLeftOut) {
  for (const char* stated :
       {"demo:calc/ops@1.0", "demo:calc/ops", "demo:calc@1", "demo:calc/ops@1.0.0"}) {
    EXPECT_THAT(differences("exports = ['" + std::string(stated) + "']"), IsEmpty()) << stated;
  }
  EXPECT_THAT(differences("imports = []"), IsEmpty());
  EXPECT_THAT(differences(""), IsEmpty());
}

TEST(InterfaceCheck, NamesTheEntryThatTheBinaryLacksAndWhatItHas) {
  EXPECT_THAT(
      differences("exports = ['demo:calc/ops', 'demo:calc/ops@2.0.0']"),
      ElementsAre("f:4:29: component.exports: the binary does not export 'demo:calc/ops@2.0.0'; "
                  "what it exports: demo:calc/ops@1.0.4"));
  EXPECT_THAT(differences("imports = ['demo:log/log']"),
              ElementsAre("f:4:12: component.imports: the binary does not import 'demo:log/log'; "
                          "what it imports: wasi:io/streams@0.2.6"));
}

TEST(InterfaceCheck, NamesWhatTheFileDoesNotState) {
  EXPECT_THAT(differences("exports = []"),
              ElementsAre("f:4:1: component.exports: the binary exports 'demo:calc/ops@1.0.4', "
                          "which the file does not state; add it"));
}

TEST(InterfaceCheck, WhatIsOptionalIsImported) {
  EXPECT_THAT(differences("optional_imports = ['wasi:io/streams', 'wasi:io']"), IsEmpty());
  EXPECT_THAT(differences("optional_imports = ['demo:log/log@1.0']"),
              ElementsAre("f:4:21: component.optional_imports: the binary does not import "
                          "'demo:log/log@1.0'; what it imports: wasi:io/streams@0.2.6"));
}

TEST(InterfaceCheck, ItemsAreFunctionsOfTheInterface) {
  EXPECT_THAT(differences("[component.exports]\n'demo:calc/ops' = ['add', 'neg']"), IsEmpty());
  EXPECT_THAT(differences("[component.exports]\n'demo:calc/ops' = 'sub'"),
              ElementsAre("f:5:1: component.exports: 'demo:calc/ops' has no function 'sub' in the "
                          "binary; it has add, neg"));
  EXPECT_THAT(
      differences("[component.exports.'demo:calc/ops'.instance.exports]\nadd = {func = {}}"),
      IsEmpty());
}

TEST(InterfaceCheck, AFunctionAtTheRootIsAWord) {
  model::Inspection inspection;
  inspection.exports = {{"run", {"run: func()"}}};
  EXPECT_THAT(differences("exports = ['run']", inspection), IsEmpty());
  EXPECT_EQ(differences("exports = ['rum']", inspection).size(), 2U);
}

TEST(InterfaceCheck, NamesOfACoreModuleAreNoInterfaces) {
  model::Inspection inspection = calc();
  inspection.format = model::Format::CoreModule;
  EXPECT_THAT(differences("exports = ['_start']", inspection), IsEmpty());
}

}  // namespace
}  // namespace arcella::manifest
