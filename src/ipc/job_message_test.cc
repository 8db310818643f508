// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/job_message.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "ipc/testing/samples.h"

namespace arcella::ipc {
namespace {

TEST(CompileReport, SurvivesTheRoundTrip) {
  CompileReport report{testing::full_inspection(), "wasmtime-48/x86_64", 123'456'789};
  auto back = decode_compile_report(encode(report));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(back->inspection, report.inspection);
  EXPECT_EQ(back->fingerprint, report.fingerprint);
  EXPECT_EQ(back->artifact_bytes, report.artifact_bytes);
}

TEST(CompileReport, OrTheErrorInItsPlace) {
  Error error =
      Error(ErrorCode::InvalidComponent, "not a component").with_detail("at byte 3\nmore");
  auto back = decode_compile_report(encode_compile_error(error));
  ASSERT_FALSE(back.has_value());
  EXPECT_EQ(back.error().code(), ErrorCode::InvalidComponent);
  EXPECT_EQ(back.error().message(), "not a component");
  EXPECT_EQ(back.error().detail(), "at byte 3\nmore");
}

TEST(CompileReport, OfAHostileHelperIsRefused) {
  for (std::string_view text : {"", "{", "[]", "{}", "null", R"({"error": 1})", R"({"error": {}})",
                                R"({"error": {"code": "x"}})",
                                R"({"inspection": {}, "fingerprint": "", "artifact_bytes": 0})"}) {
    auto read = decode_compile_report(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code(), ErrorCode::InvalidRequest) << text;
  }
  CompileReport report{testing::full_inspection(), std::string(1000, 'f'), 0};
  EXPECT_FALSE(decode_compile_report(encode(report)).has_value());
  report = {testing::full_inspection(), "f", limits::kArtifactBytesMax + 1};
  EXPECT_FALSE(decode_compile_report(encode(report)).has_value());
  auto unknown = decode_compile_report(R"({"error": {"code": "fancy", "message": "a\nb"}})");
  EXPECT_EQ(unknown.error().code(), ErrorCode::Internal);
  EXPECT_EQ(unknown.error().message(), "a\\nb");
}

TEST(RunCommand, SurvivesTheRoundTrip) {
  const std::vector<RunImport> imports{{"demo:calc/ops@1.0.0", {7, {"add", "divide"}, 250}}};
  auto back = decode_run_command(encode(RunCommand{testing::full_run_spec(), 2500, imports}));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(back->spec, testing::full_run_spec());
  EXPECT_EQ(back->imports, imports);
  EXPECT_EQ(back->deadline_ms, 2500);
  EXPECT_FALSE(decode_run_command("{}").has_value());
}

TEST(Plug, SurvivesTheRoundTrip) {
  const model::Plug plug{0, "demo:calc/ops@1.0.0", 2, "demo:calc/ops@1.2.0"};
  EXPECT_EQ(decode_plug(encode(plug)).value(), plug);
  EXPECT_FALSE(decode_plug(R"({"into":0,"import":"a:b/c","from":17,"exported":"a:b/c"})"));
  EXPECT_FALSE(decode_plug("0,a:b/c,1,a:b/c").has_value());
}

TEST(RunEnded, SurvivesTheRoundTripAndIsCut) {
  auto back = decode_run_ended(encode(RunEnded{134, "unreachable", "0: main\n1: start"}));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(back->exit_status, 134);
  EXPECT_EQ(back->failure, "unreachable");
  EXPECT_EQ(back->backtrace, "0: main\n1: start");
  auto cut = decode_run_ended(encode(RunEnded{1, std::string(1U << 20, 'f'), ""}));
  EXPECT_EQ(cut->failure.size(), limits::kFailureMessageBytesMax);
  EXPECT_FALSE(
      decode_run_ended(R"({"exit_status": 1e9, "failure": "", "backtrace": ""})").has_value());
}

}  // namespace
}  // namespace arcella::ipc
