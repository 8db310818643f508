// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Manifests as the daemon takes them: what it refuses, with the place; what it notes and keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

class Manifests : public DaemonTest {
 protected:
  // A folder with an example's binary and this component.toml; its path.
  std::string package(const std::string& example, const std::string& name,
                      std::string_view component_toml) {
    const std::string folder = folder_.path() + "/" + name;
    std::filesystem::create_directory(folder);
    std::filesystem::copy_file(source_path("examples/" + example + "/" + example + ".wasm"),
                               folder + "/" + example + ".wasm");
    if (!component_toml.empty()) folder_.write(name + "/component.toml", component_toml);
    return folder;
  }
  std::string deployment_file(std::string_view id, std::string_view lines) {
    return folder_.write(std::string(id) + ".deployment.toml",
                         "[deployment]\n" + std::string(lines));
  }
};

constexpr std::string_view kNamed = "[component]\nname = \"calc\"\nversion = \"1.0.0\"\n";

TEST_F(Manifests, WhatHasNoEffectYetIsNotedAndKept) {
  install("calc");
  const std::string file = deployment_file(
      "calc",
      "module_id = \"calc@1.0.0\"\ngroup = \"g\"\ndirect = true\n"
      "[deployment.wiring]\n\"wasi:cli\" = \"log\"\n[deployment.update]\nmin_healthy_ms = 7\n");
  const ProgramResult deployed = cli({"deploy", file});
  EXPECT_EQ(deployed.status, 0) << deployed.err;
  EXPECT_THAT(deployed.err,
              HasSubstr("note: " + file + ":8:1: deployment.update.min_healthy_ms: has no effect"));
  EXPECT_EQ(deployed.out, "deployed calc (calc@1.0.0): stopped\n");
  const wire::Json again = cli_json({"deploy", file});
  EXPECT_EQ(again.at("notes").as_array().size(), 1U);
  EXPECT_EQ(again.at("deployments").at(0).at("id").as_string(), "calc");

  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  const wire::Json spec = cli_json({"describe", "calc"}).at("spec");
  EXPECT_TRUE(spec.at("direct").as_bool());
  EXPECT_EQ(spec.at("wiring").at("wasi:cli").as_string(), "log");
  EXPECT_EQ(spec.at("update").at("min_healthy_ms").as_int64(), 7);
}

TEST_F(Manifests, AnInterfaceThatTheBinaryLacksIsRefusedAtItsEntry) {
  const std::string before = state();
  const std::string folder =
      package("calc", "wrong", std::string(kNamed) + "exports = [\"examples:calc/ops@2.0.0\"]\n");
  const ProgramResult result = cli({"install", folder});
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_TRUE(is_one_line(result));
  EXPECT_THAT(result.err, HasSubstr("wrong/component.toml:4:12: component.exports: the binary does "
                                    "not export 'examples:calc/ops@2.0.0'"));
  EXPECT_THAT(result.err, HasSubstr("wrong/component.toml:4:1: component.exports: the binary "
                                    "exports 'examples:calc/ops@1.0.0', which the file does not"));
  EXPECT_EQ(state(), before);
}

TEST_F(Manifests, AFunctionThatIsStatedMustBeThere) {
  const std::string items = "[component.exports]\n\"examples:calc/ops\" = ";
  const std::string folder = package("calc", "items", std::string(kNamed) + items + "\"power\"\n");
  const ProgramResult result = cli({"install", folder});
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_THAT(result.err, HasSubstr("'examples:calc/ops' has no function 'power' in the binary"));
  folder_.write("items/component.toml", std::string(kNamed) + items + "[\"add\", \"divide\"]\n");
  EXPECT_EQ(cli({"install", folder}).status, 0);
}

TEST_F(Manifests, ABareBinaryIsCalledAfterItsWitPackage) {
  EXPECT_EQ(cli_json({"install", package("calc", "bare", "")}).at("id").as_string(), "calc@1.0.0");
}

TEST_F(Manifests, WhatWasNotAskedForIsNotGranted) {
  ASSERT_EQ(cli({"install", package("calc", "asks",
                                    std::string(kNamed) + "[component.capabilities]\nnetwork = "
                                                          "[\"https://a.example\"]\n")})
                .status,
            0);
  const std::string before = state();
  const std::string file = deployment_file(
      "calc",
      "module_id = \"calc@1.0.0\"\ngroup = \"g\"\nenv = { HOME = \"/\" }\n[deployment.network]\n"
      "allowed_hosts = [\"https://a.example\", \"https://b.example\"]\n[[deployment.mounts]]\n"
      "host = \"/tmp\"\nguest = \"/data\"\n");
  const ProgramResult result = cli({"deploy", file});
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_TRUE(is_one_line(result));
  EXPECT_THAT(result.err, HasSubstr(file + ":4:9: deployment.env.HOME: calc@1.0.0 does not ask"));
  EXPECT_THAT(result.err, HasSubstr(file + ":6:39: deployment.network.allowed_hosts: calc@1.0.0 "
                                           "does not ask for 'https://b.example'; it asks for "
                                           "https://a.example; remove it, or add it to network"));
  EXPECT_THAT(result.err, HasSubstr(file + ":9:1: deployment.mounts.guest: calc@1.0.0 does not"));
  EXPECT_EQ(state(), before);
}

TEST_F(Manifests, AHostileFileIsOneAnswer) {
  install("calc");
  std::string deep = "x = ";
  for (int i = 0; i < 100'000; ++i) deep += "{a=[";
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "k" + std::to_string(i) + "=1\n";
  for (const std::string& lines : {deep, many}) {
    const ProgramResult result = cli({"deploy", deployment_file("hostile", lines)});
    EXPECT_NE(result.status, 0);
    EXPECT_TRUE(is_one_line(result));
    EXPECT_LT(result.err.size(), std::size_t{64} << 10U);
  }
  EXPECT_EQ(cli({"ping"}).status, 0);
}

TEST_F(Manifests, WhatInitWritesIsWhatDeployTakes) {
  const std::string folder = folder_.path() + "/calc";
  ASSERT_EQ(cli({"init", "calc", "--folder", folder}).status, 0);
  std::filesystem::copy_file(source_path("examples/calc/calc.wasm"), folder + "/calc.wasm");
  EXPECT_EQ(cli({"check", folder}).status, 0);
  const ProgramResult installed = cli({"install", folder});
  EXPECT_EQ(installed.status, 0) << installed.err;
  deploy(folder + "/calc.deployment.toml");
  start("calc");
  EXPECT_EQ(cli({"call", "calc", "add(20, 22)"}).out, "42\n");
}

}  // namespace
}  // namespace arcella::integration
