// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/legacy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::alme_proto {
namespace {

using ::testing::HasSubstr;
using wire::Json;

Json json(std::string_view text) {
  auto parsed = wire::parse_json(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Json());
}

// The dialect's line for what the method of `line` gave.
std::string answer(std::string_view line, std::string_view result) {
  auto request = as_legacy(json(line));
  if (!request) return "not of the dialect";
  auto call = translate(*request);
  if (!call.has_value()) return wire::to_text(legacy_failure(call.error()));
  const Result<Json> outcome = json(result);
  return wire::to_text(legacy_answer(*request, *call, outcome));
}

TEST(Legacy, IsALineWithCmdAndWithoutJsonrpc) {
  EXPECT_TRUE(as_legacy(json(R"({"cmd": "ping"})")).has_value());
  EXPECT_FALSE(as_legacy(json(R"({"cmd": "ping", "jsonrpc": "2.0"})")).has_value());
  EXPECT_FALSE(as_legacy(json(R"({"method": "ping"})")).has_value());
  EXPECT_FALSE(as_legacy(json("[]")).has_value());
}

TEST(Legacy, PingIsAnsweredInBothSpellings) {
  EXPECT_EQ(answer(R"({"cmd": "ping"})", "{}"), R"({"success":true,"message":"pong"})");
  EXPECT_EQ(answer(R"({"cmd": "Ping", "args": {}})", "{}"), R"({"success":true,"message":"pong"})");
}

TEST(Legacy, InstallNamesTheModuleAsAnObject) {
  EXPECT_EQ(answer(R"({"cmd": "module:install", "args": {"path": "/x.wasm"}})",
                   R"({"id": "calc@1.0.0"})"),
            R"({"success":true,"message":"Module calc@1.0.0 is installed",)"
            R"("data":{"module_id":{"name":"calc","version":"1.0.0"}}})");
}

TEST(Legacy, DeployStartAndStopSpeakOfTheDeployment) {
  constexpr std::string_view kView =
      R"({"id":"calc","module_id":"calc@1.0.0","state":"running","kind":"service","replicas":1,)"
      R"("ready":1,"isolation":"main","group":null,"listen":null,"restarts":0,"reason":null})";
  EXPECT_EQ(answer(R"({"cmd": "module:deploy", "args": {"file": "/c.toml"}})",
                   R"({"deployments":[)" + std::string(kView) + "]}"),
            R"({"success":true,"message":"Module calc@1.0.0 is deployed as calc",)"
            R"("data":{"module_id":{"name":"calc","version":"1.0.0"},"deployment_id":"calc"}})");
  EXPECT_EQ(answer(R"({"cmd": "module:start", "args": {"deployment_id": "calc"}})", kView),
            R"({"success":true,"message":"Module calc is started",)"
            R"("data":{"deployment_id":"calc","status":"running"}})");
  EXPECT_THAT(answer(R"({"cmd": "module:stop", "args": {"deployment_id": "calc"}})", kView),
              HasSubstr("Module calc is stopped"));
}

TEST(Legacy, StatusHasTheFieldsOfTheDialect) {
  EXPECT_EQ(
      answer(R"({"cmd": "module:status", "args": {"deployment_id": null}})",
             R"({"version":"0.1.0","pid":7,"start_time":"2026-01-01T00:00:00Z","uptime_seconds":5,)"
             R"("home":"/h","components":2,"workers":[{"group":"web"},{"group":"math"}]})"),
      R"({"success":true,"message":"Arcella runtime is active","data":{"version":"0.1.0","pid":7,)"
      R"("start_time":"2026-01-01T00:00:00Z","uptime":5,"worker_groups":"web, math","modules":"2",)"
      R"("socket_path":"/h/alme"}})");
}

TEST(Legacy, LogTailGivesLinesAsText) {
  EXPECT_EQ(answer(R"({"cmd": "log:tail", "args": {"n": 5}})",
                   R"({"lines":[{"time_ms":0,"instance":"a/0","stream":"stderr","text":"x"}],)"
                   R"("dropped":0})"),
            R"({"success":true,"message":"Log tail retrieved",)"
            R"("data":{"lines":["1970-01-01T00:00:00.000Z a/0 stderr: x"]}})");
}

TEST(Legacy, FailureIsAMessage) {
  auto request = as_legacy(json(R"({"cmd": "ping"})"));
  auto call = translate(*request);
  const Result<Json> failed = fail(ErrorCode::NotFound, "no such thing");
  EXPECT_EQ(wire::to_text(legacy_answer(*request, *call, failed)),
            R"({"success":false,"message":"no such thing"})");
}

TEST(Legacy, UnknownCommandAndMissingArgumentAreFailures) {
  EXPECT_THAT(answer(R"({"cmd": "module:instal"})", "{}"),
              HasSubstr("did you mean 'module:install'?"));
  EXPECT_THAT(answer(R"({"cmd": 5})", "{}"), HasSubstr(R"("success":false)"));
  EXPECT_THAT(answer(R"({"cmd": "module:install"})", "{}"), HasSubstr("args.path"));
  EXPECT_THAT(answer(R"({"cmd": "module:start", "args": 3})", "{}"),
              HasSubstr(R"("success":false)"));
}

TEST(Legacy, ResultOfAnotherShapeIsAFailureNotACrash) {
  EXPECT_THAT(answer(R"({"cmd": "module:install", "args": {"path": "/x"}})", "[]"),
              HasSubstr(R"("success":false)"));
  EXPECT_THAT(answer(R"({"cmd": "status"})", R"({"version":1})"), HasSubstr(R"("success":false)"));
}

}  // namespace
}  // namespace arcella::alme_proto
