// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Random values of random types by every route: from the command line through a consumer to a
// provider and back. A seed stands for the types, both guests (tests/guests/random) and the values.
// ARCELLA_SEED is the first one (a failure names its own), ARCELLA_SEEDS how many there are.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/daemon_fixture.h"
#include "support/routes.h"
#include "support/settings.h"

namespace arcella::integration {
namespace {

struct Call {
  std::string function;
  std::string args;
};

class RandomValues : public DaemonTest {
 protected:
  void expect_given_back_by_every_route(int seeds, int calls_of_each_function) {
    const int first = number_of("ARCELLA_SEED", 1);
    const int count = number_of("ARCELLA_SEEDS", seeds);
    for (int seed = first; seed < first + count; ++seed) {
      SCOPED_TRACE("ARCELLA_SEED=" + std::to_string(seed));
      const std::vector<Call> calls = install_guests(seed, calls_of_each_function);
      if (HasFatalFailure()) return;
      for (const Route& route : all_routes()) {
        SCOPED_TRACE(route.name);
        expect_given_back(calls, route, "-" + std::to_string(seed));
        if (HasFailure()) return;
      }
    }
  }

 private:
  std::vector<Call> install_guests(int seed, int calls) {
    const std::string number = std::to_string(seed);
    const std::vector<std::string> words{ARCELLA_RANDOM_GUESTS, number, std::to_string(calls),
                                         folder_.path()};
    const ProgramResult made = run_to_end(words);
    EXPECT_EQ(made.status, 0) << made.err;
    for (const std::string guest : {"passer", "mirror"}) {
      const ProgramResult installed = cli({"install", folder_.path() + "/" + guest + ".wasm",
                                           "--id", guest + "-" + number + "@1.0.0"});
      EXPECT_EQ(installed.status, 0) << installed.err;
    }
    std::ifstream file(folder_.path() + "/calls.txt");
    std::vector<Call> read;
    Call call;
    while (std::getline(file, call.function, '\t') && std::getline(file, call.args))
      read.push_back(call);
    EXPECT_FALSE(read.empty());
    return read;
  }

  void expect_given_back(const std::vector<Call>& calls, const Route& route,
                         const std::string& number) {
    put("provider", "mirror" + number, placed(route.provider));
    if (route.joint != Joint::Fused) start("provider");
    put("consumer", "passer" + number, joined(route, "test:pass/all", "provider"));
    start("consumer");
    AlmeConnection alme(socket());
    for (const Call& call : calls) expect_given_back(alme, call);
    ASSERT_EQ(cli({"undeploy", "consumer"}).status, 0);
    ASSERT_EQ(cli({"undeploy", "provider"}).status, 0);
  }

  // Text that is the same is the same value: the guests' maker writes it as the platform does.
  static void expect_given_back(AlmeConnection& alme, const Call& call) {
    const wire::Json answer = alme.ask(
        "call", {{"deployment", "consumer"}, {"function", call.function}, {"args", call.args}});
    const bool answered = answer.is_object() && answer.as_object().contains("result");
    const std::string expected = "(" + call.args + ")";
    EXPECT_TRUE(answered && std::string_view(answer.at("result").as_string()) == expected)
        << call.function << " of " << call.args.substr(0, 1000) << "\nbecame "
        << wire::to_text(answer).substr(0, 1000);
  }
};

TEST_F(RandomValues, ComeBackAsTheyWentByEveryRoute) {
  expect_given_back_by_every_route(8, 4);
}

class SlowRandomValues : public RandomValues {};

TEST_F(SlowRandomValues, ComeBackAsTheyWentByEveryRoute) {
  expect_given_back_by_every_route(40, 10);
}

}  // namespace
}  // namespace arcella::integration
