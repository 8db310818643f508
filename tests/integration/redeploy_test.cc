// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Files that are deployed again while their deployments run, and operations on several deployments.
#include <gmock/gmock.h>

#include <csignal>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Redeploy : public DaemonTest {
 protected:
  // Writes `<id>.deployment.toml`.
  std::string file(const std::string& id, const std::string& component, const std::string& rest) {
    return folder_.write(id + ".deployment.toml", "[deployment]\nmodule_id = \"" + component +
                                                      "@1.0.0\"\ngroup = \"math\"\n" + rest);
  }
  std::string listening(const std::string& id, int port) {
    return file(id, "greeter",
                "[deployment.http]\nlisten = \"127.0.0.1:" + std::to_string(port) + "\"\n");
  }
  // What the reconciler did since.
  std::string acts_since(std::size_t position) {
    std::string acts;
    const std::string log = daemon_log().substr(position);
    for (std::size_t at = 0; (at = log.find("acting action=", at)) != std::string::npos; ++at) {
      acts += log.substr(at + 14, log.find('\n', at) - at - 14) + "\n";
    }
    return acts;
  }
  std::string state_of(const std::string& id) {
    return std::string(deployment(id).at("state").as_string());
  }
};

constexpr const char* kChanged = "[deployment.overrides.resources]\ncall_timeout_ms = 700\n";
constexpr const char* kCrashAtStart = "[deployment.overrides.startup]\nentrypoint = \"crash\"\n";

TEST_F(Redeploy, OnlyWhatChangedIsRestarted) {
  install("calc");
  const std::string a = file("a", "calc", "replicas = 2\n");
  const std::string b = file("b", "calc", "");
  ASSERT_EQ(cli({"deploy", a, b}).status, 0);
  ASSERT_EQ(cli({"start", "a", "b"}).status, 0);
  std::size_t position = daemon_log().size();
  EXPECT_EQ(cli({"deploy", a, b}).status, 0);
  EXPECT_EQ(acts_since(position), "") << "the same files restart nothing";
  EXPECT_EQ(deployment("a").at("generation").as_int64(), 1);

  file("a", "calc", "replicas = 2\n" + std::string(kChanged));
  position = daemon_log().size();
  const wire::Json result = cli_json({"deploy", a, b});
  EXPECT_EQ(result.at("deployments").at(0).at("state").as_string(), "running");
  EXPECT_EQ(acts_since(position), "\"stop a/0..1\"\n\"unload a\"\n\"load a\"\n\"start a/0..1\"\n");
  EXPECT_EQ(deployment("a").at("generation").as_int64(), 2);
  EXPECT_EQ(deployment("b").at("generation").as_int64(), 1);
  EXPECT_EQ(cli_json({"describe", "a"}).at("policy").at("call_timeout_ms").as_int64(), 700);
  EXPECT_EQ(cli({"call", "a", "add(1, 2)"}).out, "3\n");
  EXPECT_EQ(cli({"rollback", "a"}).status, 0);
  EXPECT_EQ(cli_json({"describe", "a"}).at("policy").at("call_timeout_ms").as_int64(), 5000);
}

TEST_F(Redeploy, MoreReplicasLeaveThoseThatAreThereAlone) {
  install("calc");
  const std::string a = file("a", "calc", "replicas = 2\n");
  deploy(a);
  start("a");
  file("a", "calc", "replicas = 4\n");
  std::size_t position = daemon_log().size();
  EXPECT_EQ(cli({"deploy", a}).status, 0);
  EXPECT_EQ(acts_since(position), "\"start a/2..3\"\n");
  EXPECT_EQ(deployment("a").at("ready").as_int64(), 4);
  file("a", "calc", "replicas = 1\n[deployment.restart]\nattempts = 1\n");
  position = daemon_log().size();
  EXPECT_EQ(cli({"deploy", a}).status, 0);
  EXPECT_EQ(acts_since(position), "\"stop a/1..3\"\n");
  EXPECT_EQ(deployment("a").at("ready").as_int64(), 1);
}

TEST_F(Redeploy, AnotherAddressTakesEffectAtOnce) {
  install("greeter");
  const int first = free_port();
  const std::string web = listening("web", first);
  deploy(web);
  start("web");
  ASSERT_THAT(http_get(first, "/"), HasSubstr("Hello"));
  const int second = free_port();
  listening("web", second);
  EXPECT_EQ(cli({"deploy", web}).status, 0);
  EXPECT_THAT(http_get(second, "/"), HasSubstr("Hello"));
  EXPECT_EQ(http_get(first, "/"), "");
}

TEST_F(Redeploy, AnAddressInUseTouchesNothing) {
  install("greeter");
  install("calc");
  const int port = free_port();
  const std::string web = listening("web", port);
  const std::string a = file("a", "calc", "");
  ASSERT_EQ(cli({"deploy", web, a}).status, 0);
  ASSERT_EQ(cli({"start", "web", "a"}).status, 0);
  int taken = 0;
  const UniqueFd holder = occupy_port(taken);
  listening("web", taken);
  file("a", "calc", kChanged);
  const std::string before = state();
  const std::size_t position = daemon_log().size();
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"deploy", a, web}, {"deploy", "--dry-run", a, web}}) {
    const ProgramResult result = cli(words);
    EXPECT_EQ(result.status, 6) << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr("is in use"));
    EXPECT_TRUE(is_one_line(result));
  }
  EXPECT_EQ(state(), before);
  EXPECT_EQ(acts_since(position), "");
  EXPECT_THAT(http_get(port, "/"), HasSubstr("Hello"));
}

TEST_F(Redeploy, IfOneDoesNotComeUpAllGoBack) {
  install("calc");
  install("crasher");
  install("greeter");
  const int port = free_port();
  const std::string web = listening("web", port);
  const std::string a = file("a", "calc", "");
  const std::string b = file("b", "crasher", "");
  ASSERT_EQ(cli({"deploy", web, a, b}).status, 0);
  ASSERT_EQ(cli({"start", "web", "a", "b"}).status, 0);
  const int other_port = free_port();
  listening("web", other_port);
  file("a", "calc", "replicas = 3\n" + std::string(kChanged));
  file("b", "crasher", kCrashAtStart);
  const std::string c = file("c", "calc", "");
  const std::string before = state();
  const ProgramResult result = cli({"deploy", web, a, b, c});
  EXPECT_EQ(result.status, 8) << result.out << result.err;
  EXPECT_TRUE(is_one_line(result));
  EXPECT_THAT(result.err,
              HasSubstr("deployment 'b': generation 2 (crasher@1.0.0) did not come up"));
  EXPECT_THAT(result.err, HasSubstr("reverted"));
  EXPECT_EQ(state(), before);
  EXPECT_EQ(cli({"call", "a", "add(1, 2)"}).out, "3\n");
  EXPECT_EQ(cli({"call", "b", "divide(6, 3)"}).out, "2\n");
  EXPECT_THAT(http_get(port, "/"), HasSubstr("Hello"));
  EXPECT_EQ(http_get(other_port, "/"), "");
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([&] { return state_of("b") == "running"; }));
  EXPECT_TRUE(eventually([&] { return state() == before; }));
}

TEST_F(Redeploy, DryRunShowsThePlanAndChangesNothing) {
  install("calc");
  const std::string a = file("a", "calc", "");
  const std::string b = file("b", "calc", "");
  ASSERT_EQ(cli({"deploy", a, b}).status, 0);
  ASSERT_EQ(cli({"start", "a", "b"}).status, 0);
  file("a", "calc", kChanged);
  const std::string c = file("c", "calc", "");
  const std::string before = state();
  const ProgramResult result = cli({"deploy", "--dry-run", a, b, c});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            "a: replace\n  stop a/0\n  unload a\n  load a\n  start a/0\nb: unchanged\nc: create\n");
  EXPECT_EQ(cli_json({"deploy", "--dry-run", c}).at("plan").at(0).at("change").as_string(),
            "create");
  EXPECT_EQ(cli({"deploy", "--dry-run", file("b", "calc", "replicas = 3\n")}).out,
            "b: scale 1 -> 3\n  start b/1..2\n");
  EXPECT_EQ(state(), before);
  const ProgramResult wrong = cli({"deploy", "--dry-run", file("d", "nothing", "replicas = -1\n")});
  EXPECT_EQ(wrong.status, 5);
  EXPECT_EQ(state(), before);
}

TEST_F(Redeploy, OfSeveralOneThatFailsDoesNotKeepTheOthersFromTheirTurn) {
  install("calc");
  install("crasher");
  ASSERT_EQ(cli({"deploy", file("a", "calc", ""), file("b", "crasher", kCrashAtStart),
                 file("c", "calc", "")})
                .status,
            0);
  const ProgramResult started = cli({"start", "a", "b", "nothing", "c"});
  EXPECT_EQ(started.status, 8) << "of the first failure";
  EXPECT_TRUE(is_one_line(started));
  EXPECT_THAT(started.err, HasSubstr("2 of 4 deployments did not start: "));
  EXPECT_THAT(started.err, HasSubstr("\n  a: running\n  b: deployment 'b' did not start"));
  EXPECT_THAT(started.err, HasSubstr("\n  c: running\n  nothing: no deployment 'nothing'"));
  EXPECT_EQ(state_of("b"), "stopped");
  const wire::Json stopped = cli_json({"stop", "a", "c"});
  EXPECT_EQ(stopped.at("deployments").at(1).at("state").as_string(), "stopped");
  const ProgramResult gone = cli({"undeploy", "--force", "a", "c"});
  EXPECT_EQ(gone.out, "undeployed a\nundeployed c\n");
  EXPECT_EQ(state_of("a"), "gone");
}

TEST_F(Redeploy, AGroupIsStartedInOrderAndStoppedInReverse) {
  install("calc");
  install("crasher");
  deploy(source_path("examples/calc/calc.deployment.toml"));
  ASSERT_EQ(cli({"deploy", file("a", "calc", ""), file("b", "calc", "")}).status, 0);
  std::size_t position = daemon_log().size();
  const ProgramResult started = cli({"start", "--group", "math"});
  EXPECT_EQ(started.status, 0) << started.err;
  EXPECT_EQ(started.out,
            "a: running, 1/1 ready in worker math\nb: running, 1/1 ready in worker math\n");
  EXPECT_EQ(state_of("calc"), "stopped") << "it is in main";
  const std::string starts = acts_since(position);
  EXPECT_LT(starts.find("start a/0"), starts.find("start b/0")) << starts;
  position = daemon_log().size();
  EXPECT_EQ(cli({"stop", "--group", "math"}).status, 0);
  const std::string stops = acts_since(position);
  EXPECT_LT(stops.find("stop b/0"), stops.find("stop a/0")) << stops;

  deploy(file("aa", "crasher", kCrashAtStart));
  const ProgramResult partly = cli({"start", "--group", "math"});
  EXPECT_EQ(partly.status, 8);
  EXPECT_TRUE(is_one_line(partly));
  EXPECT_THAT(partly.err, HasSubstr("1 of 3 deployments of group 'math' did not start"));
  EXPECT_THAT(partly.err, HasSubstr("\n  a: running\n  aa: deployment 'aa' did not start"));
  EXPECT_THAT(partly.err, HasSubstr("\n  b: running\n"));
  EXPECT_EQ(state_of("b"), "running");
  const ProgramResult nobody = cli({"stop", "--group", "maths"});
  EXPECT_EQ(nobody.status, 4);
  EXPECT_THAT(nobody.err, HasSubstr("did you mean 'math'?"));
}

}  // namespace
}  // namespace arcella::integration
