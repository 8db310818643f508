// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/methods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace arcella::alme_proto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::Json;

Json json(std::string_view text) {
  auto parsed = wire::parse_json(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Json());
}

TEST(Methods, AreFoundByName) {
  for (const MethodInfo& method : methods()) {
    auto found = find_method(method.name);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ((*found)->name, method.name);
    EXPECT_FALSE(method.summary.empty());
  }
}

TEST(Methods, UnknownOneIsAnsweredWithTheNearest) {
  auto found = find_method("instal");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code(), ErrorCode::MethodNotFound);
  EXPECT_THAT(found.error().message(), HasSubstr("did you mean 'install'?"));
}

TEST(Methods, HugeUnknownNameIsCutInTheMessage) {
  const std::string huge(100'000, 'x');
  auto found = find_method(huge);
  ASSERT_FALSE(found.has_value());
  EXPECT_LT(found.error().message().size(), 300U);
}

TEST(NamedParams, ArrayIsTakenByPosition) {
  auto params = named_params(**find_method("scale"), json(R"(["calc", 3])"));
  ASSERT_TRUE(params.has_value());
  auto scale = ScaleParams::from_json(*params);
  ASSERT_TRUE(scale.has_value());
  EXPECT_EQ(scale->deployment, "calc");
  EXPECT_EQ(scale->replicas, 3);
}

TEST(NamedParams, RefusesMoreValuesThanTheMethodTakes) {
  auto params = named_params(**find_method("wit"), json(R"(["calc", 3])"));
  ASSERT_FALSE(params.has_value());
  EXPECT_EQ(params.error().code(), ErrorCode::InvalidParams);
}

TEST(NamedParams, RefusesUnknownKeyWithTheNearest) {
  auto params = named_params(**find_method("start"), json(R"({"deploymnt": "calc"})"));
  ASSERT_FALSE(params.has_value());
  EXPECT_EQ(params.error().code(), ErrorCode::InvalidParams);
  EXPECT_THAT(params.error().message(), HasSubstr("did you mean 'deployment'?"));
}

TEST(NamedParams, RefusesAnyKeyForAMethodWithoutParams) {
  auto params = named_params(**find_method("ping"), json(R"({"x": 1})"));
  ASSERT_FALSE(params.has_value());
  EXPECT_THAT(params.error().message(), HasSubstr("ping takes no params"));
}

TEST(NamedParams, NullIsNoParams) {
  auto params = named_params(**find_method("list"), nullptr);
  ASSERT_TRUE(params.has_value());
  EXPECT_TRUE(ListParams::from_json(*params).has_value());
}

TEST(InstallParams, SurviveTheWayThere) {
  auto params = InstallParams::from_json(InstallParams{"/a/b.wasm", "x@1.2.3"}.to_json());
  ASSERT_TRUE(params.has_value());
  EXPECT_EQ(params->path, "/a/b.wasm");
  EXPECT_EQ(params->id, "x@1.2.3");
}

TEST(InstallParams, WrongTypeNamesTheField) {
  auto params = InstallParams::from_json(json(R"({"path": 7})"));
  ASSERT_FALSE(params.has_value());
  EXPECT_THAT(params.error().message(), HasSubstr("params.path"));
}

TEST(DeployParams, NeedAFile) {
  EXPECT_FALSE(DeployParams::from_json(json(R"({"paths": []})")).has_value());
  EXPECT_FALSE(DeployParams::from_json(json(R"({"paths": "a"})")).has_value());
  EXPECT_TRUE(DeployParams::from_json(json(R"({"paths": ["/a"]})")).has_value());
}

TEST(ScaleParams, KeepToTheBoundOfReplicas) {
  EXPECT_FALSE(ScaleParams::from_json(json(R"({"deployment": "d", "replicas": -1})")).has_value());
  const ScaleParams over{"d", limits::kReplicasMax + 1};
  EXPECT_FALSE(ScaleParams::from_json(over.to_json()).has_value());
  const ScaleParams most{"d", limits::kReplicasMax};
  EXPECT_TRUE(ScaleParams::from_json(most.to_json()).has_value());
}

TEST(ListParams, SelectSections) {
  auto params = ListParams::from_json(json(R"({"what": ["workers", "components"]})"));
  ASSERT_TRUE(params.has_value());
  EXPECT_TRUE(params->what.workers);
  EXPECT_TRUE(params->what.components);
  EXPECT_FALSE(params->what.instances);
  auto wrong = ListParams::from_json(json(R"({"what": ["worker"]})"));
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().message(), HasSubstr("did you mean 'workers'?"));
}

TEST(ListParams, NothingSelectedMeansAll) {
  const model::ListSelection all = effective({});
  EXPECT_TRUE(all.components && all.deployments && all.instances && all.workers && all.bindings);
  model::ListSelection one;
  one.bindings = true;
  EXPECT_FALSE(effective(one).workers);
  EXPECT_EQ(wire::to_text(ListParams{one}.to_json()), R"({"what":["bindings"]})");
  EXPECT_TRUE(ListParams::from_json(json(R"({"what":["bindings"]})"))->what.bindings);
}

TEST(SplitCall, CutsAtTheFirstParenthesis) {
  auto call = split_call(" examples:calc/ops@1.0.0#add ( 20, (22) ) ");
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->first, "examples:calc/ops@1.0.0#add");
  EXPECT_EQ(call->second, " 20, (22) ");
}

TEST(SplitCall, NameAloneHasNoArguments) {
  auto call = split_call("value");
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->first, "value");
  EXPECT_EQ(call->second, "");
}

TEST(SplitCall, RefusesWhatIsNoCall) {
  for (std::string_view text : {"", "  ", "add(1", "(1)", "add(1) x"}) {
    EXPECT_FALSE(split_call(text).has_value()) << text;
  }
}

TEST(CallParams, ArgumentsMayStandInTheFunction) {
  auto params = CallParams::from_json(json(R"-({"deployment": "c", "function": "add(1, 2)"})-"));
  ASSERT_TRUE(params.has_value());
  EXPECT_EQ(params->function, "add");
  EXPECT_EQ(params->arguments, "1, 2");
}

TEST(CallParams, GivenArgumentsLeaveTheFunctionAlone) {
  auto params = CallParams::from_json(json(
      R"({"deployment": "c", "function": "add", "args": "1, 2", "instance": 1, "timeout_ms": 5})"));
  ASSERT_TRUE(params.has_value());
  EXPECT_EQ(params->function, "add");
  EXPECT_EQ(params->arguments, "1, 2");
  EXPECT_EQ(params->instance, 1);
  EXPECT_EQ(params->timeout.count(), 5);
}

TEST(RunParams, SurviveTheWayThere) {
  RunParams params;
  params.target = "word-count";
  params.args = {"-l", ""};
  params.env = {{"A", "1"}, {"B", "x=y"}};
  params.mounts = {{"/srv/data", "/data", true}, {"/etc", "/etc", false}};
  params.timeout = std::chrono::milliseconds(250);
  params.stdio = true;
  auto read = RunParams::from_json(params.to_json());
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->target, params.target);
  EXPECT_EQ(read->args, params.args);
  EXPECT_EQ(read->env, params.env);
  EXPECT_EQ(read->mounts, params.mounts);
  EXPECT_EQ(read->timeout, params.timeout);
  EXPECT_TRUE(read->stdio);
}

TEST(RunParams, RefuseRelativeMountUnknownAccessAndOddVariable) {
  for (std::string_view text :
       {R"({"target": "x", "mounts": [{"host": "a", "guest": "/a"}]})",
        R"({"target": "x", "mounts": [{"host": "/a", "guest": "/a", "access": "write"}]})",
        R"({"target": "x", "mounts": [{"host": "/a", "guest": "/a", "mode": "read"}]})",
        R"({"target": "x", "env": {"A=B": "1"}})", R"({"target": "x", "env": {"": "1"}})",
        R"({"target": "x", "env": {"A": 1}})", R"({"target": "x", "env": []})",
        R"({"target": "x", "timeout_ms": -1})"}) {
    auto params = RunParams::from_json(json(text));
    ASSERT_FALSE(params.has_value()) << text;
    EXPECT_EQ(params.error().code(), ErrorCode::InvalidParams) << text;
  }
}

TEST(RunResult, SurvivesTheWayBack) {
  RunResult result;
  result.exit_status = 3;
  result.failure = "trap";
  result.stdout_text = "out";
  auto read = RunResult::from_json(result.to_json());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->exit_status, 3);
  EXPECT_EQ(read->failure, "trap");
  EXPECT_EQ(read->stdout_text, "out");
  EXPECT_FALSE(read->stderr_text.has_value());
}

TEST(LogsParams, BoundTheLinesAndNeedADeploymentForAnInstance) {
  auto all = LogsParams::from_json(json("{}"));
  ASSERT_TRUE(all.has_value());
  EXPECT_FALSE(all->deployment.has_value());
  EXPECT_EQ(all->lines, 100);
  EXPECT_FALSE(LogsParams::from_json(json(R"({"instance": 0})")).has_value());
  LogsParams many;
  many.lines = limits::kLogLinesPerQueryMax + 1;
  EXPECT_FALSE(LogsParams::from_json(many.to_json()).has_value());
}

TEST(LogsParams, TakeAMomentSinceTheEpoch) {
  LogsParams params;
  params.since_ms = 1'767'225'600'123;
  auto read = LogsParams::from_json(params.to_json());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->since_ms, 1'767'225'600'123);
  EXPECT_FALSE(LogsParams::from_json(json(R"({"since_ms": -1})")).has_value());
  EXPECT_FALSE(LogsParams::from_json(json(R"({"since_ms": "10m"})")).has_value());
}

TEST(CancelParams, TakeWhatARequestIsCalled) {
  auto number = CancelParams::from_json(json(R"({"request": 7})"));
  ASSERT_TRUE(number.has_value());
  EXPECT_EQ(number->request, wire::RpcId(std::int64_t{7}));
  auto text = CancelParams::from_json(json(R"({"request": "a"})"));
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->request, wire::RpcId(std::string("a")));
  EXPECT_FALSE(CancelParams::from_json(json(R"({"request": null})")).has_value());
}

}  // namespace
}  // namespace arcella::alme_proto
