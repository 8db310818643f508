// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The hot-deploy folder with a real daemon: what lies in it runs, what is taken out of it goes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}

// Another binary that is the same component: a custom section more.
std::string with_section(std::string wasm, std::string_view name) {
  wasm += '\0';
  wasm += static_cast<char>(name.size() + 1);
  wasm += static_cast<char>(name.size());
  wasm += name;
  return wasm;
}

class HotDeploy : public DaemonTest {
 protected:
  [[nodiscard]] std::string drop_path(std::string_view name) const {
    return home() + "/deploy/" + std::string(name);
  }
  // Whole at once, as `mv` does it.
  void move_in(std::string_view name, std::string_view content) const {
    const std::string aside = folder_.write("aside", content);
    fs::rename(aside, drop_path(name));
  }
  void write_in(std::string_view name, std::string_view content) const {
    std::ofstream(drop_path(name), std::ios::binary) << content;
  }
  void take_out(std::string_view name) const { fs::remove_all(drop_path(name)); }

  // "<state>: <message>" of an entry of the folder.
  std::string status_of(std::string_view file) {
    const wire::Json status = cli_json({"status"});
    for (const wire::Json& entry : status.at("hot_deploy").as_array()) {
      if (entry.at("file").as_string() != file) continue;
      std::string text(entry.at("state").as_string());
      if (entry.at("message").is_string())
        text += ": " + std::string(entry.at("message").as_string());
      return text;
    }
    return "not listed";
  }
  ::testing::AssertionResult comes_to(std::string_view file, std::string_view wanted) {
    std::string last;
    const bool came = eventually([&] {
      last = status_of(file);
      return last.starts_with(wanted);
    });
    return came ? ::testing::AssertionSuccess()
                : ::testing::AssertionFailure() << file << ": " << last;
  }
  bool is_gone(std::string_view id) { return deployment(id).at("state").as_string() == "gone"; }
  std::size_t installed() {
    return cli_json({"list", "components"}).at("components").as_array().size();
  }
  std::string sum(const std::string& id) { return cli({"call", id, "add(20, 22)"}).out; }

  const std::string calc_ = content_of(example("calc/calc.wasm"));
  const std::string calc_deployment_ = content_of(example("calc/calc-math.deployment.toml"));
};

TEST_F(HotDeploy, AWasmAloneRunsUnderItsNameAndGoesWithItsFile) {
  move_in("calc.wasm", calc_);
  ASSERT_TRUE(comes_to("calc.wasm", "deployed: calc@1.0.0 as calc"));
  EXPECT_EQ(deployment("calc").at("group").as_string(), "default");
  EXPECT_EQ(sum("calc"), "42\n");
  take_out("calc.wasm");
  EXPECT_TRUE(eventually([&] { return is_gone("calc") && installed() == 0; }));
}

TEST_F(HotDeploy, AComponentWithItsDeployment) {
  write_in("calc.wasm", calc_);
  write_in("calc-math.deployment.toml", calc_deployment_);
  ASSERT_TRUE(comes_to("calc-math.deployment.toml", "deployed: calc@1.0.0 as calc-math"));
  EXPECT_EQ(sum("calc-math"), "42\n");
  EXPECT_TRUE(is_gone("calc")) << "there is no default beside it";
  // Changed: the same deployment with fewer replicas.
  move_in("calc-math.deployment.toml",
          "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\nreplicas = 1\n");
  EXPECT_TRUE(eventually([&] { return instances_of("calc-math").size() == 1; }));
  take_out("calc-math.deployment.toml");
  EXPECT_TRUE(eventually([&] { return is_gone("calc-math"); }));
  EXPECT_EQ(installed(), 1U);
}

TEST_F(HotDeploy, ABundleAndAnArchiveBringTheirOwnDeployments) {
  const std::string bundle = folder_.path() + "/bundle";
  fs::create_directory(bundle);
  for (const char* name : {"calc.wasm", "component.toml", "calc-math.deployment.toml"}) {
    fs::copy_file(example("calc/" + std::string(name)), bundle + "/" + name);
  }
  fs::copy(bundle, drop_path("calc"));  // file by file
  ASSERT_TRUE(comes_to("calc", "deployed: calc@1.0.0 as calc-math"));
  EXPECT_EQ(sum("calc-math"), "42\n");
  take_out("calc");
  EXPECT_TRUE(eventually([&] { return is_gone("calc-math") && installed() == 0; }));
  const std::string archive = folder_.path() + "/calc.tar.gz";
  ASSERT_EQ(run_to_end({"/bin/tar", "czf", archive, "-C", folder_.path(), "bundle"}).status, 0);
  fs::rename(archive, drop_path("calc.tar.gz"));
  ASSERT_TRUE(comes_to("calc.tar.gz", "deployed: calc@1.0.0 as calc-math"));
  EXPECT_EQ(sum("calc-math"), "42\n");
}

TEST_F(HotDeploy, AFileThatIsBeingWrittenIsLeftAlone) {
  const std::string path = drop_path("calc.wasm");
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::size_t half = calc_.size() / 2;
  ASSERT_EQ(::write(file.get(), calc_.data(), half), static_cast<ssize_t>(half));
  // Something else that comes later and is done says that the daemon has looked.
  move_in("word-count", "not a folder");
  ASSERT_TRUE(comes_to("word-count", "ignored"));
  EXPECT_EQ(status_of("calc.wasm"), "not listed");
  const std::size_t rest = calc_.size() - half;
  ASSERT_EQ(::write(file.get(), calc_.data() + half, rest), static_cast<ssize_t>(rest));
  file.reset();
  EXPECT_TRUE(comes_to("calc.wasm", "deployed"));
  EXPECT_THAT(daemon_log(), ::testing::Not(HasSubstr("warning hot-deploy")));
}

TEST_F(HotDeploy, OtherContentReplacesWhatRuns) {
  move_in("calc.wasm", calc_);
  ASSERT_TRUE(comes_to("calc.wasm", "deployed"));
  const std::string before(
      cli_json({"describe", "calc@1.0.0"}).at("component").at("content_hash").as_string());
  move_in("calc.wasm", with_section(calc_, "built again"));
  EXPECT_TRUE(eventually([&] {
    return cli_json({"describe", "calc@1.0.0"}).at("component").at("content_hash").as_string() !=
           before;
  }));
  EXPECT_TRUE(comes_to("calc.wasm", "deployed"));
  EXPECT_EQ(sum("calc"), "42\n");
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(comes_to("calc.wasm", "deployed"));
  EXPECT_TRUE(eventually([&] { return sum("calc") == "42\n"; }));
}

// A template of its own makes it another content, whose start function does not exist.
TEST_F(HotDeploy, WhatDoesNotComeUpLeavesTheOldContentRunning) {
  move_in("calc.wasm", calc_);
  ASSERT_TRUE(comes_to("calc.wasm", "deployed"));
  move_in("calc.deployment.template.toml", "[startup]\nentrypoint = \"no-such-function\"\n");
  ASSERT_TRUE(comes_to("calc.wasm", "failed"));
  EXPECT_THAT(status_of("calc.wasm"), HasSubstr("the earlier content runs as before"));
  EXPECT_EQ(sum("calc"), "42\n");
  take_out("calc.deployment.template.toml");
  ASSERT_TRUE(comes_to("calc.wasm", "deployed"));
  EXPECT_EQ(sum("calc"), "42\n");
}

TEST_F(HotDeploy, AHigherVersionTakesItsDeploymentsAlong) {
  const std::string manifest = "[component]\nname = \"calc\"\nversion = \"";
  move_in("calc.component.toml", manifest + "1.0.0\"\n");
  move_in("calc.wasm", calc_);
  move_in("calc-math.deployment.toml", calc_deployment_);
  ASSERT_TRUE(comes_to("calc-math.deployment.toml", "deployed: calc@1.0.0 as calc-math"));
  move_in("calc.component.toml", manifest + "1.1.0\"\n");
  ASSERT_TRUE(comes_to("calc-math.deployment.toml", "deployed: calc@1.1.0 as calc-math"));
  EXPECT_EQ(sum("calc-math"), "42\n");
}

TEST_F(HotDeploy, ABadFileIsReportedBesideItAndTheReportGoesWhenItIsMended) {
  move_in("calc.wasm", "no wasm at all");
  ASSERT_TRUE(comes_to("calc.wasm", "failed"));
  EXPECT_THAT(content_of(drop_path("calc.wasm.error")), HasSubstr("calc.wasm"));
  move_in("bad.deployment.toml", "[deployment]\nmodul_id = \"calc@1.0.0\"\n");
  ASSERT_TRUE(comes_to("bad.deployment.toml", "failed"));
  EXPECT_THAT(content_of(drop_path("bad.deployment.toml.error")), HasSubstr("module_id"));

  move_in("calc.wasm", calc_);
  ASSERT_TRUE(comes_to("calc.wasm", "deployed"));
  EXPECT_TRUE(eventually([&] { return !fs::exists(drop_path("calc.wasm.error")); }));
  take_out("bad.deployment.toml");
  EXPECT_TRUE(eventually([&] { return !fs::exists(drop_path("bad.deployment.toml.error")); }));
  EXPECT_EQ(status_of("bad.deployment.toml"), "not listed");
  // What ran goes on when its file becomes a bad one.
  move_in("calc.wasm", "no wasm at all");
  ASSERT_TRUE(comes_to("calc.wasm", "failed"));
  EXPECT_EQ(sum("calc"), "42\n");
}

TEST_F(HotDeploy, WhatWasTakenOutWhileNoDaemonRanIsUndeployed) {
  move_in("calc.wasm", calc_);
  move_in("calc-math.deployment.toml", calc_deployment_);
  ASSERT_TRUE(comes_to("calc-math.deployment.toml", "deployed"));
  kill_daemon(SIGKILL);
  take_out("calc-math.deployment.toml");
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([&] { return is_gone("calc-math"); }));
  EXPECT_EQ(installed(), 1U);
  kill_daemon(SIGKILL);
  take_out("calc.wasm");
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([&] { return installed() == 0; }));
}

TEST_F(HotDeploy, WhatCameByHandStays) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc-math");
  fs::copy(example("calc"), drop_path("calc"));
  ASSERT_TRUE(comes_to("calc", "failed: deployment 'calc"));
  take_out("calc");
  ASSERT_TRUE(eventually([&] { return status_of("calc") == "not listed"; }));
  EXPECT_EQ(sum("calc-math"), "42\n");
}

TEST_F(HotDeploy, WhatIsTakenOverByHandStays) {
  move_in("calc.wasm", calc_);
  move_in("calc-math.deployment.toml", calc_deployment_);
  ASSERT_TRUE(comes_to("calc-math.deployment.toml", "deployed"));
  deploy(example("calc/calc-math.deployment.toml"));
  take_out("calc-math.deployment.toml");
  take_out("calc.wasm");
  ASSERT_TRUE(eventually([&] { return status_of("calc.wasm") == "not listed"; }));
  EXPECT_EQ(sum("calc-math"), "42\n");
}

TEST_F(HotDeploy, AHundredFilesAtOnce) {
  move_in("calc.wasm", calc_);
  for (int i = 0; i < 100; ++i) {
    write_in("d" + std::to_string(i) + ".deployment.toml",
             "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"many\"\n");
  }
  EXPECT_TRUE(eventually([&] {
    int running = 0;
    const wire::Json listing = cli_json({"list", "deployments"});
    for (const wire::Json& entry : listing.at("deployments").as_array()) {
      running += entry.at("state").as_string() == "running" ? 1 : 0;
    }
    return running == 100;
  }));
  for (int i = 0; i < 100; ++i) take_out("d" + std::to_string(i) + ".deployment.toml");
  take_out("calc.wasm");
  EXPECT_TRUE(eventually([&] { return installed() == 0; }));
}

}  // namespace
}  // namespace arcella::integration
