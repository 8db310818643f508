// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/check_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/testing/temporary_folder.h"
#include "wire/json.h"

namespace arcella::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class CheckCommand : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  // Status; out_ and err_ are what was printed. No daemon is there.
  int check(std::vector<std::string> words) {
    words.insert(words.begin(), {"--home", "/nonexistent", "check"});
    std::ostringstream out;
    std::ostringstream err;
    Surroundings surroundings{out, err, folder_.string(), Colour::Off, false};
    const int status = run_program(words, {"", "/home/user", folder_.string()}, surroundings);
    out_ = out.str();
    err_ = err.str();
    return status;
  }

  TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
  std::string out_;
  std::string err_;
};

constexpr std::string_view kCalc =
    "[component]\nname = 'calc'\nversion = '1.0.0'\nexports = ['demo:calc/ops']\n";
constexpr std::string_view kDeployment = "[deployment]\nmodule_id = 'calc@1.0.0'\ngroup = 'g'\n";

TEST_F(CheckCommand, SaysOkOfWhatIsRight) {
  write("component.toml", kCalc);
  write("a.deployment.toml", kDeployment);
  EXPECT_EQ(check({"component.toml", "a.deployment.toml"}), 0);
  EXPECT_EQ(out_, "component.toml: ok\na.deployment.toml: ok\n");
  EXPECT_EQ(err_, "");
}

TEST_F(CheckCommand, ShowsEveryMistakeAndCountsThem) {
  write("component.toml", "[component]\nnaem = 'calc'\nversion = '1.0'\n");
  write("a.deployment.toml", kDeployment);
  EXPECT_EQ(check({"."}), 5);
  EXPECT_THAT(out_, HasSubstr("component.toml:1:1: error: component.name: missing; write for"));
  EXPECT_THAT(out_, HasSubstr("component.toml:2:1: error: component.naem: unknown key; did you"));
  EXPECT_THAT(out_, HasSubstr("a.deployment.toml: ok\n"));
  EXPECT_EQ(err_, "arcella-cli: check: 2 mistakes in 1 of 2 files\n");
}

TEST_F(CheckCommand, JsonIsAnArrayOfFindings) {
  write("a.deployment.toml", std::string(kDeployment) + "http.route = {path = '/'}\nreplica = 2\n");
  write("component.toml", kCalc);
  EXPECT_EQ(check({"a.deployment.toml", "--json"}), 5);
  auto json = wire::parse_json(out_);
  ASSERT_TRUE(json.has_value()) << out_;
  ASSERT_EQ(json->as_array().size(), 2U);
  EXPECT_EQ(wire::to_text(json->at(1)), R"({"file":"a.deployment.toml","line":5,"column":1,)"
                                        R"("message":"deployment.replica: unknown key",)"
                                        R"("hint":"did you mean 'replicas'?","severity":"error"})");
  EXPECT_EQ(json->at(0).at("severity").as_string(), "note");
  write("b.deployment.toml", kDeployment);
  EXPECT_EQ(check({"b.deployment.toml", "--json"}), 0);
  EXPECT_EQ(out_, "[]\n");
}

TEST_F(CheckCommand, HoldsADeploymentToTheTemplateOfItsComponent) {
  write("calc.component.toml", kCalc);
  write("calc.deployment.template.toml", "[deployment]\nisolation = 'main'\n");
  write("a.deployment.toml", "[deployment]\nmodule_id = 'calc@1.0.0'\nreplicas = 3\n");
  EXPECT_EQ(check({"a.deployment.toml"}), 5);
  EXPECT_THAT(out_, HasSubstr("deployment.overrides.trusted: isolation 'main' needs trusted"));
  EXPECT_THAT(out_, HasSubstr("a.deployment.toml:3:1: error: deployment.replicas: isolation"));
}

TEST_F(CheckCommand, TakesTheFilesThatAreCalledAfterTheBinary) {
  write("binary.wasm", "");
  write("component.toml", kCalc);
  write("binary.deployment.template.toml", "[deployment]\nisolation = 'main'\nasync = true\n");
  write("a.deployment.toml", kDeployment);
  EXPECT_EQ(check({"a.deployment.toml"}), 5);
  EXPECT_THAT(out_, HasSubstr("deployment.overrides.trusted: isolation 'main' needs trusted"));
  std::filesystem::rename(folder_ / "component.toml", folder_ / "binary.component.toml");
  EXPECT_EQ(check({"a.deployment.toml"}), 5);
  EXPECT_THAT(out_, HasSubstr("deployment.overrides.trusted: isolation 'main' needs trusted"));
}

TEST_F(CheckCommand, TakesTheComponentThatIsNamed) {
  write("elsewhere/component.toml", std::string(kCalc) + "[component.capabilities]\n");
  write("a.deployment.toml", std::string(kDeployment) + "env = {A = 'b'}\n");
  EXPECT_EQ(check({"a.deployment.toml"}), 0);
  EXPECT_THAT(out_, HasSubstr("note: deployment.module_id: not checked: whether calc@1.0.0 asks"));
  EXPECT_EQ(check({"a.deployment.toml", "--component", "elsewhere/component.toml"}), 5);
  EXPECT_THAT(out_, StartsWith("a.deployment.toml:4:8: error: deployment.env.A: calc@1.0.0 does"));
  write("other/component.toml", "[component]\nname = 'other'\nversion = '1.0.0'\n");
  EXPECT_EQ(check({"a.deployment.toml", "--component", "other/component.toml"}), 5);
  EXPECT_THAT(out_, HasSubstr("'calc@1.0.0' is not the component of --component, 'other@1.0.0'"));
  EXPECT_EQ(check({"a.deployment.toml", "--component", "a.deployment.toml"}), 2);
}

TEST_F(CheckCommand, AMistakeInTheNamedComponentIsShown) {
  write("x/component.toml", "[component]\n");
  write("a.deployment.toml", kDeployment);
  EXPECT_EQ(check({"a.deployment.toml", "--component", "x/component.toml"}), 5);
  EXPECT_THAT(out_, HasSubstr("x/component.toml:1:1: error: component.name: missing"));
}

TEST_F(CheckCommand, FilesAreRecognisedByTheirNames) {
  write("Cargo.toml", "");
  EXPECT_EQ(check({"Cargo.toml"}), 5);
  EXPECT_THAT(out_, HasSubstr("Cargo.toml: error: this is no manifest's name; accepted are "
                              "component.toml, X.component.toml, deployment-template.toml"));
  EXPECT_EQ(check({"."}), 4);
  EXPECT_THAT(err_, HasSubstr("there is no manifest in this folder; accepted names are"));
}

TEST_F(CheckCommand, WhatIsNotThereOrTooLargeIsSaid) {
  EXPECT_EQ(check({"component.toml"}), 4);
  EXPECT_THAT(err_, HasSubstr("component.toml': No such file"));
  write("component.toml", std::string(std::size_t{300} << 10U, '#'));
  EXPECT_EQ(check({"component.toml"}), 5);
  EXPECT_THAT(out_, HasSubstr("larger than the limit"));
  EXPECT_EQ(check({}), 2);
}

}  // namespace
}  // namespace arcella::cli
