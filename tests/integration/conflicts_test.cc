// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Two clients who want things that do not go together, at the same moment, again and again: both
// get a definite answer, and the answers and the state are those of one after the other.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <random>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}
std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Asked {
  std::string method;
  wire::Json params;
};

class Conflicts : public DaemonTest, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    first_ = std::make_unique<AlmeConnection>(socket());
    second_ = std::make_unique<AlmeConnection>(socket());
    third_ = std::make_unique<AlmeConnection>(socket());
    ASSERT_TRUE(first_->connected() && second_->connected() && third_->connected());
  }
  // Both at once, in either order and up to some other client's requests apart; "ok", or the
  // error's name.
  std::pair<std::string, std::string> race(const Asked& a, const Asked& b) {
    const bool a_first = random_() % 2 == 0;
    (a_first ? first_ : second_)->send(line(a_first ? a : b));
    for (auto between = random_() % 30; between > 0; --between) third_->ask("ping", nullptr);
    (a_first ? second_ : first_)->send(line(a_first ? b : a));
    std::string of_a = outcome(*first_);
    std::string of_b = outcome(*second_);
    return {std::move(of_a), std::move(of_b)};
  }
  std::string alone(const Asked& asked) {
    first_->send(line(asked));
    return outcome(*first_);
  }
  void expect_ok(const Asked& asked) { EXPECT_EQ(alone(asked), "ok") << asked.method; }

  static Asked on(std::string_view method, std::string_view target) {
    return {std::string(method), wire::JsonArray{wire::Json(target)}};
  }
  static Asked scale(int replicas) { return {"scale", wire::JsonArray{"calc-math", replicas}}; }
  static Asked install(const std::string& path) {
    return {"install", wire::JsonObject{{"path", path}, {"id", "calc@1.0.0"}}};
  }
  static Asked deploy() {
    return {"deploy",
            wire::JsonObject{
                {"paths", wire::JsonArray{wire::Json(example("calc/calc-math.deployment.toml"))}}}};
  }

 private:
  static std::string line(const Asked& asked) {
    return wire::to_text(wire::JsonObject{
        {"jsonrpc", "2.0"}, {"id", 1}, {"method", asked.method}, {"params", asked.params}});
  }
  static std::string outcome(AlmeConnection& alme) {
    const auto answer = alme.read();
    if (!answer) return "no answer";
    auto parsed = wire::parse_json(*answer);
    if (!parsed.has_value()) return "no JSON";
    const auto* error = parsed->as_object().if_contains("error");
    if (error == nullptr) return "ok";
    return std::string(error->at("data").at("code").as_string());
  }

  std::unique_ptr<AlmeConnection> first_;
  std::unique_ptr<AlmeConnection> second_;
  std::unique_ptr<AlmeConnection> third_;
  std::minstd_rand random_{static_cast<unsigned>(GetParam())};
};

using Outcomes = std::pair<std::string, std::string>;
const Outcomes kBoth{"ok", "ok"};

TEST_P(Conflicts, InstallTheSameIdTwice) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(race(install(example("calc/calc.wasm")), install(example("calc/calc.wasm"))), kBoth);
    expect_ok(on("remove", "calc@1.0.0"));
  }
  // Other content under the same id: a custom section at the end says nothing.
  const std::string other = folder_.write(
      "calc.wasm", content_of(example("calc/calc.wasm")) + std::string("\0\x03\x01xy", 5));
  for (int round = 0; round < 3; ++round) {
    const Outcomes got = race(install(example("calc/calc.wasm")), install(other));
    EXPECT_TRUE(got == Outcomes("ok", "already-exists") || got == Outcomes("already-exists", "ok"))
        << got.first << ", " << got.second;
    // Whoever was told so has it: the same again is no error, the other still is one.
    EXPECT_EQ(alone(install(example("calc/calc.wasm"))), got.first);
    EXPECT_EQ(alone(install(other)), got.second);
    expect_ok(on("remove", "calc@1.0.0"));
  }
}

TEST_P(Conflicts, StartAndUndeploy) {
  expect_ok(install(example("calc/calc.wasm")));
  for (int round = 0; round < 5; ++round) {
    expect_ok(deploy());
    const Outcomes got = race(on("start", "calc-math"), on("undeploy", "calc-math"));
    EXPECT_TRUE(got == kBoth || got == Outcomes("not-found", "ok"))
        << got.first << ", " << got.second;
    EXPECT_EQ(deployment("calc-math").at("state").as_string(), "gone");
    EXPECT_EQ(cli_json({"list", "instances"}).at("instances").as_array().size(), 0U);
  }
}

TEST_P(Conflicts, DeployAndRemove) {
  for (int round = 0; round < 5; ++round) {
    expect_ok(install(example("calc/calc.wasm")));
    const Outcomes got = race(deploy(), on("remove", "calc@1.0.0"));
    const bool deployed = got == Outcomes("ok", "conflict");
    EXPECT_TRUE(deployed || got == Outcomes("invalid-manifest", "ok"))
        << got.first << ", " << got.second;
    EXPECT_EQ(deployment("calc-math").at("state").as_string(), deployed ? "stopped" : "gone");
    const wire::Json left = cli_json({"list", "components"});
    EXPECT_EQ(left.at("components").as_array().size(), deployed ? 1U : 0U);
    if (!deployed) continue;
    expect_ok(on("undeploy", "calc-math"));
    expect_ok(on("remove", "calc@1.0.0"));
  }
}

TEST_P(Conflicts, ScaleAndStop) {
  expect_ok(install(example("calc/calc.wasm")));
  expect_ok(deploy());
  for (int round = 0; round < 5; ++round) {
    expect_ok(on("start", "calc-math"));
    const int replicas = 1 + round * 3 % 7;
    EXPECT_EQ(race(scale(replicas), on("stop", "calc-math")), kBoth);
    const wire::Json entry = deployment("calc-math");
    EXPECT_EQ(entry.at("state").as_string(), "stopped");
    EXPECT_EQ(entry.at("replicas").as_int64(), replicas);
    EXPECT_EQ(entry.at("ready").as_int64(), 0);
  }
}

TEST_P(Conflicts, StartAndStop) {
  expect_ok(install(example("calc/calc.wasm")));
  expect_ok(deploy());
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(race(on("start", "calc-math"), on("stop", "calc-math")), kBoth);
    const wire::Json entry = deployment("calc-math");
    const bool runs = entry.at("state").as_string() == "running";
    EXPECT_TRUE(runs || entry.at("state").as_string() == "stopped") << wire::to_text(entry);
    EXPECT_EQ(entry.at("ready").as_int64(), runs ? 2 : 0);
    expect_ok(on("stop", "calc-math"));
  }
}

INSTANTIATE_TEST_SUITE_P(Seed, Conflicts, ::testing::Values(1));
// The same for many more orders.
INSTANTIATE_TEST_SUITE_P(SlowSeeds, Conflicts, ::testing::Range(2, 12));

}  // namespace
}  // namespace arcella::integration
