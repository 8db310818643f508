// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// `install X.tar.gz` with real archives of the system's tar; store/archive_test.cc has the hostile
// ones that tar does not make.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Archive : public DaemonTest {
 protected:
  // `tar` with these words, in the test's folder.
  void tar(std::vector<std::string> words) {
    words.insert(words.begin(), "/bin/tar");
    const ProgramResult made = run_to_end(words, {}, folder_.path());
    ASSERT_EQ(made.status, 0) << made.err;
  }
  [[nodiscard]] std::string path(std::string_view name) const {
    return folder_.path() + "/" + std::string(name);
  }
  // Every file below the home; the database's own files and the socket come and go.
  std::vector<std::string> files_at_home() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(home())) {
      if (entry.path().string().find("/state/") == std::string::npos)
        names.push_back(entry.path().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void expect_refused(const std::string& archive, int status, const std::string& words) {
    const std::vector<std::string> before = files_at_home();
    const ProgramResult result = cli({"install", archive});
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_TRUE(is_one_line(result));
    EXPECT_THAT(result.err, HasSubstr(words));
    EXPECT_EQ(files_at_home(), before);
    EXPECT_TRUE(cli_json({"list", "components"}).at("components").as_array().empty());
  }
};

TEST_F(Archive, IsInstalledAsTheFolderThatWasPacked) {
  const std::string example = source_path("examples/calc");
  tar({"czf", "calc.tar.gz", "-C", example, "calc.wasm", "component.toml",
       "deployment-template.toml"});
  EXPECT_EQ(cli_json({"install", "calc.tar.gz"}).at("id").as_string(), "calc@1.0.0");
  deploy(example + "/calc.deployment.toml");
  start("calc");
  EXPECT_EQ(cli({"call", "calc", "add(20, 22)"}).out, "42\n");
  // The same content, in a folder and otherwise packed: the same component.
  tar({"cf", "calc.tar", "-C", source_path("examples"), "--exclude=target", "calc"});
  EXPECT_EQ(cli_json({"install", "calc.tar"}).at("id").as_string(), "calc@1.0.0");
  EXPECT_EQ(cli_json({"install", example}).at("id").as_string(), "calc@1.0.0");
}

TEST_F(Archive, ARefusedOneLeavesNothing) {
  fs::create_symlink("/etc/passwd", path("component.toml"));
  fs::copy_file(source_path("examples/calc/calc.wasm"), path("calc.wasm"));
  tar({"czf", "link.tar.gz", "calc.wasm", "component.toml"});
  expect_refused("link.tar.gz", 5, "entry 'component.toml' is a symbolic link");
  tar({"czPf", "up.tar.gz", "--transform=s,^,../,", "calc.wasm"});
  expect_refused("up.tar.gz", 5, "entry '../calc.wasm' has '..'");
  folder_.write("text.tar.gz", "just a text");
  expect_refused("text.tar.gz", 5, "is no tar archive");
  fs::copy_file(source_path("examples/greeter/greeter.wasm"), path("web.wasm"));
  tar({"czf", "nameless.tar.gz", "web.wasm"});
  expect_refused("nameless.tar.gz", 5, "--id NAME@VERSION");
  fs::copy_file(path("calc.wasm"), path("other.wasm"));
  tar({"czf", "two.tar.gz", "calc.wasm", "other.wasm"});
  expect_refused("two.tar.gz", 2, "calc.wasm, other.wasm");
  tar({"czf", "empty.tar.gz", "--files-from=/dev/null"});
  expect_refused("empty.tar.gz", 5, "the archive is empty");
  tar({"czf", "whole.tar.gz", "calc.wasm"});
  fs::resize_file(path("whole.tar.gz"), fs::file_size(path("whole.tar.gz")) / 2);
  expect_refused("whole.tar.gz", 5, "is damaged");
}

}  // namespace
}  // namespace arcella::integration
