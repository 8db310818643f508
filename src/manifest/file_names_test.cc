// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/file_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::manifest {
namespace {

using ::testing::ElementsAre;

void expect(std::string_view name, FileKind kind, std::string_view stem) {
  auto recognised = recognise(name);
  ASSERT_TRUE(recognised.has_value()) << name;
  EXPECT_EQ(recognised->kind, kind) << name;
  EXPECT_EQ(recognised->stem, stem) << name;
}

TEST(FileNames, TellWhatAFileIs) {
  expect("component.toml", FileKind::Component, "");
  expect("calc.component.toml", FileKind::Component, "calc");
  expect("deployment-template.toml", FileKind::Template, "");
  expect("calc.deployment.template.toml", FileKind::Template, "calc");
  expect("calc-math.deployment.toml", FileKind::Deployment, "calc-math");
  for (auto name : {"", "Cargo.toml", "deployment.toml", ".deployment.toml", ".component.toml",
                    "mycomponent.toml", "calc.component.toml.bak", "deployment.template.toml",
                    "calc.deployment.tml"}) {
    EXPECT_FALSE(recognise(name).has_value()) << name;
  }
}

TEST(FileNames, ADeploymentsFileNameIsRecognised) {
  EXPECT_EQ(deployment_file_name("calc-math"), "calc-math.deployment.toml");
  expect(deployment_file_name("calc-math"), FileKind::Deployment, "calc-math");
}

TEST(FileNames, TheOneNamedAfterTheBinaryComesFirst) {
  EXPECT_THAT(component_file_names("calc"), ElementsAre("calc.component.toml", "component.toml"));
  EXPECT_THAT(template_file_names("calc"),
              ElementsAre("calc.deployment.template.toml", "deployment-template.toml"));
}

}  // namespace
}  // namespace arcella::manifest
