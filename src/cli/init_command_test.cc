// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/init_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/testing/temporary_folder.h"

namespace arcella::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class InitCommand : public ::testing::Test {
 protected:
  int run(std::vector<std::string> words) {
    words.insert(words.begin(), {"--home", "/nonexistent"});
    std::ostringstream out;
    std::ostringstream err;
    Surroundings surroundings{out, err, folder_.string(), Colour::Off, false};
    const int status = run_program(words, {"", "/home/user", folder_.string()}, surroundings);
    out_ = out.str();
    err_ = err.str();
    return status;
  }
  std::string content(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
  std::string out_;
  std::string err_;
};

TEST_F(InitCommand, WritesManifestsThatPassTheCheck) {
  const std::vector<std::vector<std::string>> kinds{
      {},         {"--kind", "service"},          {"--kind", "command"}, {"--kind", "http"},
      {"--core"}, {"--core", "--kind", "command"}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::string name = "My_thing-" + std::to_string(i);
    std::vector<std::string> words{"init", name};
    words.insert(words.end(), kinds[i].begin(), kinds[i].end());
    EXPECT_EQ(run(words), 0) << err_;
    EXPECT_THAT(out_, HasSubstr("wrote " + name + "/" + name + ".deployment.toml\n"));
    EXPECT_EQ(run({"check", name}), 0) << out_;
    for (const char* file : {"component.toml", "deployment-template.toml"}) {
      EXPECT_THAT(out_, HasSubstr(name + "/" + file + ": ok\n"));
    }
    EXPECT_THAT(out_, HasSubstr(name + "/" + name + ".deployment.toml: ok\n"));
  }
}

TEST_F(InitCommand, TheFilesFitTheKind) {
  ASSERT_EQ(run({"init", "web", "--kind", "http"}), 0);
  EXPECT_THAT(content("web/component.toml"),
              HasSubstr("exports = [\"wasi:http/incoming-handler\"]"));
  EXPECT_THAT(content("web/web.deployment.toml"), HasSubstr("\n[deployment.http]\nlisten = "));
  ASSERT_EQ(run({"init", "job", "--kind", "command", "--core"}), 0);
  EXPECT_THAT(content("job/component.toml"), HasSubstr("exports = [\"_start\"]"));
  EXPECT_THAT(content("job/job.deployment.toml"), Not(HasSubstr("replicas")));
}

TEST_F(InitCommand, OverwritesNothing) {
  std::filesystem::create_directory(folder_ / "web");
  std::ofstream(folder_ / "web/web.deployment.toml") << "mine";
  EXPECT_EQ(run({"init", "web"}), 6);
  EXPECT_THAT(err_, HasSubstr("web/web.deployment.toml: is there already"));
  EXPECT_EQ(content("web/web.deployment.toml"), "mine");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "web/component.toml"));
  EXPECT_EQ(run({"init", "web", "--folder", "other/deep"}), 0) << err_;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "other/deep/component.toml"));
}

TEST_F(InitCommand, JsonListsTheFiles) {
  ASSERT_EQ(run({"init", "a", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr(R"({"files":[")" + folder_.string() + R"(/a/component.toml",)"));
}

TEST_F(InitCommand, RefusesWhatCannotBe) {
  EXPECT_EQ(run({"init", "../x"}), 2);
  EXPECT_EQ(run({"init", "a", "--kind", "daemon"}), 2);
  EXPECT_EQ(run({"init", "a", "--kind", "http", "--core"}), 2);
  EXPECT_THAT(err_, HasSubstr("a core module cannot serve HTTP"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  std::ofstream(folder_ / "file") << "";
  EXPECT_EQ(run({"init", "a", "--folder", "file"}), 4) << err_;
}

}  // namespace
}  // namespace arcella::cli
