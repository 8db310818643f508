// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Each kind of bad input gets one line, its documented exit status, and changes nothing.
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}

class BadInput : public DaemonTest {
 protected:
  // The command fails with this status and one line that has `words` in it, and nothing is changed
  // by it.
  void expect_refused(const std::vector<std::string>& command, int status,
                      const std::vector<std::string>& words) {
    const std::string before = state();
    const ProgramResult result = cli(command);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_TRUE(is_one_line(result));
    EXPECT_EQ(result.out, "");
    for (const std::string& word : words) EXPECT_THAT(result.err, HasSubstr(word));
    EXPECT_EQ(state(), before);
  }
  std::string deployment_file(std::string_view name, std::string_view lines) {
    return folder_.write(std::string(name) + ".deployment.toml",
                         "[deployment]\n" + std::string(lines));
  }
};

TEST_F(BadInput, MissingFile) {
  expect_refused({"install", "nothing.wasm"}, 4, {folder_.path() + "/nothing.wasm"});
  expect_refused({"deploy", "nothing.deployment.toml"}, 4, {"nothing.deployment.toml"});
}

// A daemon that runs as root reads everything: this one gives up the right to.
bool give_up_reading_everything() {
  for (const int capability : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) {
    const bool dropped = ::prctl(PR_CAPBSET_DROP, capability) == 0;
    if (!dropped && ::geteuid() == 0) return false;
  }
  return true;
}

class UnreadableFile : public BadInput {
 protected:
  void SetUp() override {
    ProcessOptions options;
    options.prepare = give_up_reading_everything;
    ASSERT_TRUE(start_daemon(options));
  }
};

TEST_F(UnreadableFile, IsRefused) {
  const std::string path = folder_.write("secret.wasm", content_of(example("calc/calc.wasm")));
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  expect_refused({"install", path}, 9, {path});
}

TEST_F(BadInput, FolderWithoutAComponentDeviceAndPipe) {
  const std::string folder = folder_.path() + "/empty";
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  EXPECT_NE(cli({"install", folder}).status, 0);
  EXPECT_NE(cli({"install", "/dev/zero"}).status, 0);
  const std::string pipe = folder_.path() + "/pipe.wasm";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(cli({"install", pipe}).status, 0);
  EXPECT_THAT(state(), HasSubstr(R"("components":[])"));
}

TEST_F(BadInput, TextFileCalledWasm) {
  const std::string path = folder_.write("text.wasm", "this is no WebAssembly\n");
  expect_refused({"install", path}, 5, {"text.wasm"});
  expect_refused({"install", folder_.write("none.wasm", "")}, 5, {"none.wasm"});
}

TEST_F(BadInput, TruncatedComponent) {
  const std::string whole = content_of(example("calc/calc.wasm"));
  // Not 8: the preamble alone is a component, an empty one.
  for (std::size_t part : {whole.size() / 2, std::size_t{7}, std::size_t{9}, whole.size() - 1}) {
    const std::string path = folder_.write("calc.wasm", std::string_view(whole).substr(0, part));
    expect_refused({"install", path, "--id", "calc@1.0.0"}, 5, {"calc.wasm"});
  }
}

TEST_F(BadInput, ImportThatNobodyOffers) {
  // A core module that imports env.missing: (module (import "env" "missing" (func)) (func (export
  // "_start")))
  const std::string module{'\0', 'a', 's', 'm',  1,   0,   0,   0,  // version 1
                           1,    4,   1,   0x60, 0,   0,            // type () -> ()
                           2,    15,  1,   3,    'e', 'n', 'v', 7,   'm', 'i', 's', 's',
                           'i',  'n', 'g', 0,    0,   3,   2,   1,   0,  // one function
                           7,    10,  1,   6,    '_', 's', 't', 'a', 'r', 't', 0,   1,  // exported
                           10,   4,   1,   2,    0,   0x0b};
  const std::string path = folder_.write("needy.wasm", module);
  folder_.write("component.toml", "[component]\nname = \"needy\"\nversion = \"1.0.0\"\n");
  const ProgramResult installed = cli({"install", path});
  if (installed.status != 0) {  // refused at once
    EXPECT_EQ(installed.status, 7) << installed.err;
    EXPECT_TRUE(is_one_line(installed));
    EXPECT_THAT(installed.err, HasSubstr("missing"));
    return;
  }
  ASSERT_EQ(
      cli({"deploy", deployment_file("needy", "module_id = \"needy@1.0.0\"\ngroup = \"g\"\n")})
          .status,
      0);
  const ProgramResult started = cli({"start", "needy"});
  EXPECT_EQ(started.status, 7) << started.err;
  EXPECT_TRUE(is_one_line(started));
  EXPECT_THAT(started.err, HasSubstr("missing"));
  EXPECT_EQ(deployment("needy").at("ready").as_int64(), 0);
}

TEST_F(BadInput, NameOrVersionAgainstTheGrammar) {
  const std::string wasm = example("calc/calc.wasm");
  for (const char* id :
       {"calc", "calc@1", "calc@01.0.0", "../calc@1.0.0", "calc@1.0.0-rc", "@1.0.0", "a b@1.0.0"}) {
    const std::string before = state();
    const ProgramResult result = cli({"install", wasm, "--id", id});
    EXPECT_TRUE(result.status == 2 || result.status == 5) << id << ": " << result.err;
    EXPECT_TRUE(is_one_line(result));
    EXPECT_EQ(state(), before);
  }
  const std::string long_name(129, 'x');
  EXPECT_NE(cli({"install", wasm, "--id", long_name + "@1.0.0"}).status, 0);
  install("calc");
  expect_refused(
      {"deploy", deployment_file("bad name", "module_id = \"calc@1.0.0\"\ngroup = \"g\"\n")}, 2,
      {"bad name"});
  expect_refused({"deploy", deployment_file("bad", "module_id = \"calc\"\ngroup = \"g\"\n")}, 5,
                 {"bad.deployment.toml:2"});
}

TEST_F(BadInput, DuplicateId) {
  install("calc");
  expect_refused({"install", example("greeter/greeter.wasm"), "--id", "calc@1.0.0"}, 6,
                 {"calc@1.0.0"});
}

TEST_F(BadInput, ManifestWithSeveralMistakesShowsAll) {
  install("calc");
  const std::string file =
      deployment_file("many", "module_id = \"calc@1.0.0\"\nreplicas = -1\ngruop = \"g\"\n");
  const std::string before = state();
  const ProgramResult result = cli({"deploy", file});
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_TRUE(is_one_line(result));
  EXPECT_THAT(result.err, HasSubstr("replicas"));
  EXPECT_THAT(result.err, HasSubstr("gruop"));
  EXPECT_THAT(result.err, HasSubstr("group"));
  EXPECT_EQ(state(), before);
}

TEST_F(BadInput, OneBadFileStoresNone) {
  install("calc");
  const std::string bad = deployment_file(
      "bad",
      "module_id = \"calc@1.0.0\"\nreplicas = 2\n[deployment.overrides]\nisolation = \"main\"\n");
  expect_refused({"deploy", example("calc/calc.deployment.toml"), bad}, 5, {"bad.deployment.toml"});
}

TEST_F(BadInput, DeploymentOfAnUnknownComponent) {
  expect_refused({"deploy", example("calc/calc.deployment.toml")}, 5,
                 {"calc.deployment.toml:", "calc@1.0.0", "arcella-cli install"});
}

TEST_F(BadInput, UnknownDeployment) {
  for (const char* command : {"start", "stop", "undeploy", "logs"}) {
    expect_refused({command, "nobody"}, 4, {"nobody"});
  }
  expect_refused({"call", "nobody", "f()"}, 4, {"nobody"});
  expect_refused({"run", "nobody"}, 4, {"nobody"});
  expect_refused({"remove", "nobody@1.0.0"}, 4, {"nobody@1.0.0"});
  expect_refused({"scale", "nobody", "2"}, 4, {"nobody"});
}

TEST_F(BadInput, WhatDoesNotFitThePresentState) {
  install("calc");
  deploy(example("calc/calc.deployment.toml"));
  expect_refused({"remove", "calc@1.0.0"}, 6, {"calc"});
  EXPECT_NE(cli({"call", "calc", "add(1, 2)"}).status, 0);
  start("calc");
  expect_refused({"scale", "calc", "2"}, 6, {"main"});
  expect_refused({"call", "calc", "ad(1, 2)"}, 4, {"no function 'ad'; did you mean 'add'?\n"});
  expect_refused({"call", "calc", "op#add(1, 2)"}, 4, {"did you mean 'ops#add'?\n"});
  expect_refused({"call", "calc", "add(1)"}, 2, {});
  expect_refused({"call", "calc", "add(1, \"x\")"}, 2, {});
  EXPECT_EQ(cli({"call", "calc", "add(1, 2)"}).out, "3\n");
}

TEST_F(BadInput, PortInUse) {
  install("greeter");
  int port = 0;
  const UniqueFd occupied = occupy_port(port);
  const std::string address = "127.0.0.1:" + std::to_string(port);
  deploy(deployment_file("web",
                         "module_id = \"greeter@1.0.0\"\ngroup = \"web\"\n"
                         "[deployment.http]\nlisten = \"" +
                             address + "\"\n"));
  expect_refused({"start", "web"}, 6, {address});
}

TEST_F(BadInput, SecondDaemonOnTheSameHome) {
  const std::string before = state();
  const ProgramResult second = start_second_daemon();
  EXPECT_EQ(second.status, 6) << second.err;
  EXPECT_TRUE(is_one_line(second));
  EXPECT_THAT(second.err, HasSubstr(home()));
  EXPECT_EQ(state(), before);
}

TEST_F(BadInput, CommandLineWithoutADaemon) {
  const ProgramResult result =
      run_to_end({program_path("arcella-cli"), "--home", folder_.path(), "list"});
  EXPECT_EQ(result.status, 3);
  EXPECT_TRUE(is_one_line(result));
  EXPECT_THAT(result.err, HasSubstr(folder_.path() + "/alme"));
  EXPECT_THAT(result.err, HasSubstr("arcella --home " + folder_.path()));
}

TEST_F(BadInput, WrongWordsOnTheCommandLine) {
  expect_refused({"instal", "x"}, 2, {"install"});
  expect_refused({"start"}, 2, {"usage"});
  expect_refused({"start", "calc", "--bogus"}, 2, {"bogus"});
  expect_refused({"list", "worker"}, 2, {"workers"});
  const ProgramResult daemon = run_to_end({program_path("arcella"), "--hoem", "/x"});
  EXPECT_EQ(daemon.status, 2);
  EXPECT_TRUE(is_one_line(daemon));
  EXPECT_THAT(daemon.err, HasSubstr("--home"));
}

TEST_F(BadInput, HostileLinesLeaveTheDaemonServing) {
  for (const std::string& bytes :
       {std::string("\0\0\0", 3), std::string("[[[[[[[["), std::string("{\"cmd\":"),
        std::string("\xff\xfe{}"), std::string(100'000, '['),
        std::string("{\"jsonrpc\":\"2.0\"}")}) {
    AlmeConnection hostile(socket());
    hostile.send(bytes);
    const auto answer = hostile.read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_THAT(*answer,
                ::testing::AnyOf(HasSubstr(R"("error")"), HasSubstr(R"("success":false)")));
  }
  EXPECT_EQ(cli({"ping"}).status, 0);
}

// A small file system of its own for the home.
bool mount_small_home(const char* path) {
  const int flags = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  return ::unshare(flags) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", path, "tmpfs", 0, "size=4m,mode=0700") == 0;
}

class FullDisk : public BadInput {
 protected:
  void SetUp() override {
    home_path_ = home();
    ASSERT_EQ(::mkdir(home_path_.c_str(), 0700), 0);
    ProcessOptions options;
    options.prepare = [this] { return mount_small_home(home_path_.c_str()); };
    Process allowed({"/bin/true"}, options);
    if (allowed.wait() != 0) GTEST_SKIP() << "no mount namespaces here";
    ASSERT_TRUE(start_daemon(options));
    if (::access((home_inside() + "/alme").c_str(), F_OK) != 0) {
      GTEST_SKIP() << "another process's mounts cannot be entered here";
    }
  }
  // Only the daemon sees its home; the way there leads through it.
  std::string home_inside() const {
    return "/proc/" + std::to_string(daemon_->pid()) + "/root" + home_path_;
  }
  ProgramResult cli_inside(std::vector<std::string> words) {
    words.insert(words.begin(), {program_path("arcella-cli"), "--socket", home_inside() + "/alme"});
    return run_to_end(words);
  }
  void fill() const {
    std::ofstream file(home_inside() + "/filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  std::string home_path_;
};

TEST_F(FullDisk, InstallSaysSoAndLeavesNothing) {
  const std::vector<std::string> install{"install", example("word-count/word-count.wasm")};
  const std::string before = cli_inside({"list", "--json"}).out;
  fill();
  const ProgramResult result = cli_inside(install);
  EXPECT_EQ(result.status, 9) << result.err;
  EXPECT_TRUE(is_one_line(result));
  EXPECT_THAT(result.err, HasSubstr("No space left"));
  EXPECT_EQ(cli_inside({"list", "--json"}).out, before);
  ASSERT_TRUE(std::filesystem::remove(home_inside() + "/filler"));
  EXPECT_EQ(cli_inside(install).status, 0);
}

TEST_F(FullDisk, DeploySaysSoAndLeavesNothing) {
  ASSERT_EQ(cli_inside({"install", example("calc/calc.wasm")}).status, 0);
  const std::string before = cli_inside({"list", "--json"}).out;
  fill();
  const ProgramResult result = cli_inside({"deploy", example("calc/calc.deployment.toml")});
  if (result.status != 0) {  // what SQLite has set aside may be room enough
    EXPECT_EQ(result.status, 9) << result.err;
    EXPECT_TRUE(is_one_line(result));
    EXPECT_EQ(cli_inside({"list", "--json"}).out, before);
  }
  EXPECT_EQ(cli_inside({"ping"}).status, 0);
}

}  // namespace
}  // namespace arcella::integration
