// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/control_message.h"

#include <gtest/gtest.h>

#include <random>

#include "base/limits.h"
#include "ipc/testing/samples.h"

namespace arcella::ipc {
namespace {

const model::DeploymentId kCalc = model::DeploymentId::parse("calc").value();
const model::InstanceId kInstance{kCalc, 7};

// Encoded, decoded and encoded again: the texts are equal, and the type is the same.
template <class Kind>
Kind through(const ToWorker& message) {
  auto back = decode_from_daemon(encode(message));
  EXPECT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(encode(*back), encode(message));
  return std::get<Kind>(*back);
}
template <class Kind>
Kind through(const FromWorker& message) {
  auto back = decode_from_worker(encode(message));
  EXPECT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(encode(*back), encode(message));
  return std::get<Kind>(*back);
}

TEST(ToWorker, SurvivesTheRoundTrip) {
  auto load = through<LoadDeployment>(LoadDeployment{1, 0xffffffff, testing::full_run_spec()});
  EXPECT_EQ(load.slot, 0xffffffff);
  EXPECT_EQ(load.spec, testing::full_run_spec());
  EXPECT_EQ(through<UnloadDeployment>(UnloadDeployment{2, kCalc}).deployment, kCalc);
  EXPECT_EQ(through<StartInstances>(StartInstances{3, kCalc, 5, 995}).count, 995);
  auto stop = through<StopInstances>(StopInstances{4, kCalc, 5, 6, 7000});
  EXPECT_EQ(stop.first, 5);
  EXPECT_EQ(stop.deadline_ms, 7000);
  EXPECT_EQ(through<ResolveFunction>(ResolveFunction{5, kCalc, "ops#add"}).function, "ops#add");
  EXPECT_EQ(through<QueryStatistics>(QueryStatistics{6, kCalc}).request, 6U);
  auto bind =
      through<BindImport>(BindImport{7, kCalc, "a:b/c@1.0.0", kCalc, {}, "a:b/c@1.0.1", {}});
  EXPECT_EQ(bind.import, "a:b/c@1.0.0");
  EXPECT_EQ(bind.provider, kCalc);
  EXPECT_EQ(bind.exported, "a:b/c@1.0.1");
  auto unbind = through<BindImport>(BindImport{7, kCalc, "a:b/c@1.0.0", {}, {}, {}, "it stopped"});
  EXPECT_FALSE(unbind.provider);
  EXPECT_EQ(unbind.why_not, "it stopped");
  auto away = through<BindImport>(BindImport{
      7, kCalc, "a:b/c@1.0.0", {}, ImportRoute{3, {"add", "sub"}, 5000}, "a:b/c@1.0.1", {}});
  ASSERT_TRUE(away.route.has_value());
  EXPECT_EQ(away.route->route, 3U);
  EXPECT_EQ(away.route->functions, (std::vector<std::string>{"add", "sub"}));
  EXPECT_EQ(away.route->call_timeout_ms, 5000);
  EXPECT_EQ(away.exported, "a:b/c@1.0.1");
  EXPECT_EQ(away.link, 0U) << "through the daemon";
  auto over = through<BindImport>(
      BindImport{7, kCalc, "a:b/c@1.0.0", {}, ImportRoute{3, {"add"}, 5000}, "a:b/c@1.0.1", {}, 8});
  EXPECT_EQ(over.link, 8U);
  EXPECT_EQ(through<Shutdown>(Shutdown{10'000}).deadline_ms, 10'000);
}

TEST(ToWorker, TellsOfLinks) {
  auto open = through<OpenLink>(OpenLink{1, 2, true});
  EXPECT_TRUE(open.first);
  EXPECT_EQ(open.request, 1U);
  EXPECT_EQ(open.link, 2U);
  const auto shop = model::DeploymentId::parse("shop").value();
  auto lend =
      through<LendExport>(LendExport{3, 2, 0xffffffff, shop, kCalc, "a:b/c@1.0.0", {"add", "sub"}});
  EXPECT_EQ(lend.link, 2U);
  EXPECT_EQ(lend.route, 0xffffffff);
  EXPECT_EQ(lend.consumer, shop);
  EXPECT_EQ(lend.provider, kCalc);
  EXPECT_EQ(lend.exported, "a:b/c@1.0.0");
  EXPECT_EQ(lend.functions, (std::vector<std::string>{"add", "sub"}));
  EXPECT_FALSE(through<LendExport>(LendExport{4, 2, 5, shop}).provider);
  auto forget = through<ForgetConsumer>(ForgetConsumer{5, 2, shop});
  EXPECT_EQ(forget.link, 2U);
  EXPECT_EQ(forget.consumer, shop);
}

TEST(FromWorker, SurvivesTheRoundTrip) {
  EXPECT_EQ(through<Hello>(Hello{kProtocolVersion, 4711, "wasmtime"}).fingerprint, "wasmtime");
  EXPECT_EQ(through<Reply>(Reply{9, std::nullopt, 42, "{}"}).value, 42U);
  auto failed = through<Reply>(Reply{9, Error(ErrorCode::Unresolved, "no"), 0, ""});
  ASSERT_TRUE(failed.error.has_value());
  EXPECT_EQ(failed.error->code(), ErrorCode::Unresolved);
  auto report = through<InstanceReported>(
      InstanceReported{kInstance, model::InstanceEvent::Crashed, -1, "trap", "0: f\n1: g"});
  EXPECT_EQ(report.instance, kInstance);
  EXPECT_EQ(report.backtrace, "0: f\n1: g");
  for (auto event : {model::InstanceEvent::Started, model::InstanceEvent::Ended,
                     model::InstanceEvent::EndedWell, model::InstanceEvent::Crashed}) {
    EXPECT_EQ(through<InstanceReported>(InstanceReported{kInstance, event, 0, "", ""}).event,
              event);
  }
  auto output = through<Output>(Output{kInstance, true, "h\u00e9llo\t", 77});
  EXPECT_TRUE(output.stderr_stream);
  EXPECT_EQ(output.text, "h\u00e9llo\t");
  EXPECT_EQ(output.dropped, 77U);
  auto lost = through<LinkLost>(LinkLost{2, true, "nonsense"});
  EXPECT_EQ(lost.link, 2U);
  EXPECT_TRUE(lost.broken);
  EXPECT_EQ(lost.message, "nonsense");
}

TEST(FromWorker, IsCheckedFieldByField) {
  for (std::string_view text : {
           R"({})",
           R"([])",
           R"({"type":1})",
           R"({"type":"load"})",
           R"({"type":"hello"})",
           R"({"type":"hello","protocol":-1,"pid":1,"fingerprint":""})",
           R"({"type":"hello","protocol":1,"pid":"1","fingerprint":""})",
           R"({"type":"reply"})",
           R"({"type":"reply","request":-1})",
           R"({"type":"reply","request":18446744073709551615})",
           R"({"type":"reply","request":1,"value":1.5})",
           R"({"type":"reply","request":1,"surprise":true})",
           R"({"type":"reply","request":1,"error":"no"})",
           R"({"type":"report","instance":"calc/7"})",
           R"({"type":"report","instance":"calc/7","event":"stop-asked"})",
           R"({"type":"report","instance":"../calc/7","event":"started"})",
           R"({"type":"report","instance":"calc/-1","event":"started"})",
           R"({"type":"report","instance":"calc","event":"started"})",
           R"({"type":"report","instance":"calc/7","event":"started","exit_status":99999999999})",
           R"({"type":"output","instance":"calc/7","stderr":1,"text":""})",
           R"({"type":"output","instance":"calc/7","stderr":true})",
           R"({"type":"output","instance":"calc/7","stderr":true,"text":"","dropped":-1})",
           R"({"type":"link-lost","link":0,"broken":true,"message":""})",
           R"({"type":"link-lost","link":1,"broken":1,"message":""})",
           R"({"type":"link-lost","link":1,"broken":true})",
           R"({"type":"link-lost","link":1,"broken":true,"message":"","peer":"web"})",
       }) {
    auto read = decode_from_worker(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code(), ErrorCode::InvalidRequest) << text;
  }
}

TEST(FromWorker, TextsAreCutAndHarmless) {
  std::string long_text(1U << 20, 'x');
  auto report = through<InstanceReported>(
      InstanceReported{kInstance, model::InstanceEvent::Crashed, 1, long_text, long_text});
  EXPECT_EQ(report.message.size(), limits::kFailureMessageBytesMax);
  EXPECT_EQ(through<LinkLost>(LinkLost{1, false, long_text}).message.size(),
            limits::kFailureMessageBytesMax);
  EXPECT_EQ(report.backtrace.size(), limits::kFailureBacktraceBytesMax);
  EXPECT_EQ(through<Output>(Output{kInstance, false, long_text, 0}).text.size(),
            limits::kOutputTextBytesMax);
  auto too_long =
      decode_from_worker(encode(FromWorker(Reply{1, std::nullopt, 0, long_text + "x"})));
  EXPECT_EQ(std::get<Reply>(*too_long).error->code(), ErrorCode::LimitExceeded);

  auto hostile = decode_from_worker(
      R"({"type":"output","instance":"calc/7","stderr":false,"text":"\u001b[2J\n\u009bx"})");
  ASSERT_TRUE(hostile.has_value());
  EXPECT_EQ(std::get<Output>(*hostile).text, "\\x1b[2J\\n\\x9bx");
}

TEST(ToWorker, RefusesNumbersOutOfBounds) {
  for (std::string_view text : {
           R"({"type":"start","request":1,"deployment":"calc","first":-1,"count":1})",
           R"({"type":"start","request":1,"deployment":"calc","first":9999,"count":2})",
           R"({"type":"stop","request":1,"deployment":"calc","first":0,"count":1})",
           R"({"type":"shutdown","deadline_ms":-5})",
           R"({"type":"open-link","request":1,"link":0,"first":true})",
           R"({"type":"lend","request":1,"link":1,"route":4294967296,"consumer":"shop"})",
           R"({"type":"lend","request":1,"link":1,"route":1,"consumer":"shop","provider":"calc"})",
           R"({"type":"hello","protocol":1,"pid":1,"fingerprint":""})",
       }) {
    EXPECT_FALSE(decode_from_daemon(text).has_value()) << text;
  }
}

TEST(FromWorker, GarbageIsAnErrorAndNothingElse) {
  std::mt19937 random(11);
  const std::string good =
      encode(FromWorker(InstanceReported{kInstance, model::InstanceEvent::Crashed, 1, "m", "b"}));
  for (int i = 0; i < 5'000; ++i) {
    std::string text = good;
    for (int changes = 0; changes < 3; ++changes) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    auto read = decode_from_worker(text);
    EXPECT_TRUE(!read.has_value() || decode_from_worker(encode(*read)).has_value());
    text.resize(random() % text.size());
    EXPECT_FALSE(decode_from_worker(text).has_value());
  }
}

}  // namespace
}  // namespace arcella::ipc
