// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/live_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/prompt.h"
#include "cli/testing/fake_daemon.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using testing::FakeDaemon;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kDeployments =
    R"({"deployments":[)"
    R"({"id":"calc","module_id":"calc@1.0.0","state":"running","kind":"service","replicas":1,)"
    R"("ready":1,"isolation":"main","group":null,"listen":null,"restarts":0,"reason":null},)"
    R"({"id":"web","module_id":"greeter@1.0.0","state":"stopped","kind":"http","replicas":1,)"
    R"("ready":0,"isolation":"worker","group":"front","listen":null,"restarts":0,"reason":null}]})";

std::string answer(int id, const std::string& result) {
  return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"result":)" + result + "}\n";
}

std::vector<std::string> texts(const std::vector<Candidate>& candidates) {
  std::vector<std::string> made;
  for (const Candidate& candidate : candidates) made.push_back(candidate.text);
  return made;
}

TEST(LiveSources, NamesAreTheDaemons) {
  FakeDaemon daemon({answer(1, kDeployments), answer(2, kDeployments)});
  const Environment environment{daemon.home(), "", "/"};
  Connection connection;
  LiveSources sources(connection, environment);
  EXPECT_THAT(sources.names(Place::Deployment, {}),
              ElementsAre(Candidate{"calc", "running, calc@1.0.0", true},
                          Candidate{"web", "stopped, greeter@1.0.0", true}));
  EXPECT_THAT(texts(sources.names(Place::Group, {})), ElementsAre("front"));
}

TEST(LiveSources, FunctionsAreThoseThatACallReaches) {
  FakeDaemon daemon(
      {answer(1, R"({"deployment":{"id":"calc","module_id":"calc@1.0.0"}})"),
       answer(2,
              R"json({"component":{"id":"calc@1.0.0","exports":[)json"
              R"json({"name":"a:b/ops","functions":["[method]x.y: func()","add: func(a: u32)",)json"
              R"json("reset: func()"]},)json"
              R"json({"name":"a:b/more","functions":["reset: func()"]},)json"
              R"json({"name":"wasi:cli/run@0.2.0","functions":["run: func()"]}]}})json")});
  const Environment environment{daemon.home(), "", "/"};
  Connection connection;
  LiveSources sources(connection, environment);
  EXPECT_THAT(texts(sources.functions("calc", {})),
              ElementsAre("add", "a:b/ops#reset", "a:b/more#reset"));
}

TEST(LiveSources, WithoutADaemonThereIsNothing) {
  const Environment environment{"/nonexistent", "", "/"};
  Connection connection;
  LiveSources sources(connection, environment);
  EXPECT_THAT(sources.names(Place::Deployment, {}), IsEmpty());
  EXPECT_THAT(sources.functions("calc", {}), IsEmpty());
}

TEST(LiveSources, SilentDaemonIsNotWaitedFor) {
  FakeDaemon daemon({""});
  daemon.stay_silent();
  const Environment environment{daemon.home(), "", "/"};
  Connection connection;
  LiveSources sources(connection, environment);
  EXPECT_THAT(sources.names(Place::Deployment, {}), IsEmpty());
  EXPECT_EQ(ask_state(connection, environment).kind, DaemonState::Kind::Silent);
  connection.close();
}

TEST(LiveSources, FilesBeginAsTyped) {
  const auto folder = std::filesystem::temp_directory_path() / "arcella-live-sources-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "calc" / "src");
  std::ofstream(folder / "calc.wasm") << "x";
  std::ofstream(folder / ".calc") << "x";
  std::ofstream(folder / "other") << "x";
  const Environment environment{"", "", folder.string()};
  Connection connection;
  LiveSources sources(connection, environment);
  EXPECT_THAT(
      sources.files("ca", Place::File),
      UnorderedElementsAre(Candidate{"calc/", "", false}, Candidate{"calc.wasm", "", true}));
  EXPECT_THAT(texts(sources.files("ca", Place::Folder)), ElementsAre("calc/"));
  EXPECT_THAT(texts(sources.files("calc/", Place::File)), ElementsAre("calc/src/"));
  EXPECT_THAT(texts(sources.files("./.", Place::File)), ElementsAre("./.calc"));
  EXPECT_THAT(texts(sources.files(folder.string() + "/o", Place::File)),
              ElementsAre(folder.string() + "/other"));
  EXPECT_THAT(sources.files("nowhere/", Place::File), IsEmpty());
  std::filesystem::remove_all(folder);
}

TEST(Prompt, SaysHowTheDaemonIs) {
  FakeDaemon daemon({answer(1, R"({"running":3})")});
  const Environment environment{daemon.home(), "", "/"};
  Connection connection;
  EXPECT_EQ(prompt_text(ask_state(connection, environment)), "arcella[3 running]> ");
  const Environment nowhere{"/nonexistent", "", "/"};
  EXPECT_EQ(prompt_text(ask_state(connection, nowhere)), "arcella[no daemon]> ");
  EXPECT_EQ(prompt_text({DaemonState::Kind::Silent, 0}), "arcella[no answer]> ");
}

}  // namespace
}  // namespace arcella::cli
