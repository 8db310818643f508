// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Every type of WIT but handles, by every route, between guests in different languages: a value
// goes from the command line through a consumer to a provider and comes back the same.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "support/daemon_fixture.h"
#include "support/routes.h"

namespace arcella::integration {
namespace {

struct Value {
  std::string function;  // of tests:mirror/relayed, without its "of-"
  std::string text;      // as WAVE writes it, which leaves out fields that are none
};

std::vector<Value> small_values() {
  const std::string largest = "17976931348623157" + std::string(292, '0');
  return {
      {"bool", "true"},
      {"bool", "false"},
      {"s8", "-128"},
      {"s8", "127"},
      {"u8", "255"},
      {"s16", "-32768"},
      {"s16", "32767"},
      {"u16", "65535"},
      {"s32", "-2147483648"},
      {"s32", "2147483647"},
      {"u32", "2147483647"},
      {"u32", "4294967295"},
      {"s64", "-9223372036854775808"},
      {"s64", "9223372036854775807"},
      {"u64", "18446744073709551615"},
      {"f32", "0.1"},
      {"f32", "-inf"},
      {"f32", "nan"},
      {"f64", "0.1"},
      {"f64", "-0"},
      {"f64", largest},
      {"char", "'a'"},
      {"char", "'€'"},
      {"char", R"('\u{10ffff}')"},
      {"char", R"('\'')"},
      {"string", R"("")"},
      {"string", R"("Grüße, 世界 🦀")"},
      {"string", R"("a \"quote\", a\\backslash\nand a new line")"},
      {"bytes", "[]"},
      {"bytes", "[0, 127, 255]"},
      {"numbers", "[-9223372036854775808, 0, 9223372036854775807]"},
      {"strings", "[]"},
      {"strings", R"(["", "a", "bc"])"},
      {"lists", "[[], [1], [2, 65535]]"},
      {"record", "{x: 0.5, y: -1.25}"},
      {"tuple", R"((255, -1, "two", 0.5))"},
      {"tuple", R"((255, 9223372036854775807, "two", 0.5))"},
      {"variant", "empty"},
      {"variant", "circle(1.5)"},
      {"variant", "polygon([])"},
      {"variant", "polygon([{x: 0, y: 1}, {x: -2, y: 3}])"},
      {"variant", R"(named(("n", blue)))"},
      {"enum", "red"},
      {"enum", "blue"},
      {"flags", "{}"},
      {"flags", "{read, execute, f9}"},
      {"option", "none"},
      {"option", R"(some(""))"},
      {"option", R"(some("here"))"},
      {"options", "none"},
      {"options", "some(none)"},
      {"options", "some(some(7))"},
      {"result", "ok(2147483647)"},
      {"result", "ok(4294967295)"},
      {"result", R"(err("why"))"},
      {"verdict", "ok"},
      {"verdict", "err(green)"},
      {"bare-result", "ok"},
      {"bare-result", "err"},
      {"nested", "[]"},
  };
}

// `count` times the text that `element` gives, in brackets.
template <class Element>
std::string list(int count, Element element) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + element(i);
  return text + "]";
}

// More than a page of the guest, and than what one frame carries at once.
std::vector<Value> large_values() {
  const std::string word(1000, 'w');
  auto entry = [](int i) -> std::string {
    const std::string number = std::to_string(i);
    if (i % 3 == 0) return R"({name: "", tags: [], mode: {}, shape: empty, outcome: ok([])})";
    if (i % 3 == 1)
      return R"({name: ")" + number +
             R"(", tags: ["a", ""], parent: some("p"), mode: {read, f8}, )" +
             R"(shape: named(("s", red)), outcome: ok([('x', 1), ('€', 255)])})";
    return R"({name: "n", tags: ["t"], parent: some(""), mode: {f9}, shape: polygon([{x: )" +
           number + R"(, y: 2}]), outcome: err(green)})";
  };
  return {
      {"string", '"' + std::string(300'000, 'x') + '"'},
      {"bytes", list(100'000, [](int i) { return std::to_string(i % 256); })},
      {"numbers", list(20'000, [](int i) { return std::to_string(-i); })},
      {"strings", list(300, [&word](int) { return '"' + word + '"'; })},
      {"lists",
       list(500, [](int i) { return list(i % 20, [](int n) { return std::to_string(n); }); })},
      {"nested", list(1000, [&entry](int i) { return entry(i); })},
  };
}

constexpr std::string_view kMany =
    R"(255, -1, 2, 3, 0.5, 0.25, true, 'h', "i", [1, 2], some(11), green, {read}, 14)";
constexpr std::string_view kManyGiven =
    R"({a: 255, b: -1, c: 2, d: 3, e: 0.5, f: 0.25, g: true, h: 'h', i: "i", j: [1, 2], )"
    R"(k: some(11), l: green, m: {read}, n: 14})";

class MirrorTest : public DaemonTest {
 protected:
  void install_mirror(const std::string& path) {
    const ProgramResult installed = cli({"install", path});
    ASSERT_EQ(installed.status, 0) << path << ": " << installed.err;
  }

  void put_both(const std::string& consumer, const std::string& provider, const Route& route) {
    const std::string interface = "tests:mirror/echo";
    if (route.joint == Joint::Fused) {
      put("provider", "mirror-" + provider, placed(route.provider));
    } else {
      // It is a consumer, too, though nobody asks it.
      const Route back{"Back", route.provider, route.consumer, route.joint};
      put("provider", "mirror-" + provider, joined(back, interface, "consumer"));
      start("provider");
    }
    put("consumer", "mirror-" + consumer, joined(route, interface, "provider"));
    start("consumer");
  }

  void expect_given_back(const std::vector<Value>& values) {
    AlmeConnection alme(socket());
    for (const Value& value : values) expect(alme, value.function, value.text, value.text);
  }
  void expect_many_given_back() {
    AlmeConnection alme(socket());
    expect(alme, "many", kMany, kManyGiven);
  }

 private:
  static void expect(AlmeConnection& alme, const std::string& function, std::string_view args,
                     std::string_view given) {
    const wire::Json answer = alme.ask("call", {{"deployment", "consumer"},
                                                {"function", "tests:mirror/relayed#of-" + function},
                                                {"args", args}});
    const wire::JsonObject& object = answer.as_object();
    if (!object.contains("result")) {
      ADD_FAILURE() << function << ": " << wire::to_text(answer).substr(0, 1000);
      return;
    }
    const wire::Json& text = object.at("result");
    // Not EXPECT_EQ: megabytes in a message help nobody.
    EXPECT_TRUE(std::string_view(text.as_string()) == given)
        << function << ": " << std::string_view(text.as_string()).substr(0, 1000);
  }
};

using Way = std::tuple<Route, const char*, const char*>;

class Mirror : public MirrorTest, public ::testing::WithParamInterface<Way> {
 protected:
  void SetUp() override {
    MirrorTest::SetUp();
    if (HasFatalFailure()) return;
    for (const std::string language : {"rust", "c", "cpp"}) {
      install_mirror(source_path("tests/guests/mirror/" + language));
    }
    const auto& [route, consumer, provider] = GetParam();
    put_both(consumer, provider, route);
  }
};

TEST_P(Mirror, GivesBackEveryType) {
  expect_given_back(small_values());
  expect_many_given_back();
}

TEST_P(Mirror, GivesBackWhatIsLarge) {
  expect_given_back(large_values());
}

INSTANTIATE_TEST_SUITE_P(Ways, Mirror,
                         ::testing::Combine(::testing::ValuesIn(all_routes()),
                                            ::testing::Values("rust", "c", "cpp"),
                                            ::testing::Values("rust", "c", "cpp")),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::get<1>(test.param) + "_" + std::get<2>(test.param);
                         });

// Of a guest with a language's whole engine in it, which takes seconds to compile: one daemon for
// all routes.
using Pair = std::tuple<const char*, const char*>;

class ScriptedMirror : public MirrorTest, public ::testing::WithParamInterface<Pair> {
 protected:
  // Where the guest of this language lies; empty where what it is built with is not there.
  static void find(const std::string& language, std::string& folder) {
    constexpr int kNoToolchain = 77;
    if (language == "rust" || language == "cpp") {
      folder = source_path("tests/guests/mirror/" + language);
      return;
    }
    const ProgramResult built = run_to_end({source_path("script/guests"), "mirror-" + language});
    if (built.status == kNoToolchain) return;
    ASSERT_EQ(built.status, 0) << built.err;
    folder = built.out.substr(0, built.out.find('\n'));
  }

  // What componentize-js 0.18.4 cannot, whoever calls: what goes out of JavaScript without memory,
  // as a result or as an argument, is the lower half of a double if it is a u32 beyond an s32, and
  // a trap if it is a negative s64.
  static std::vector<Value> values_for(std::string_view consumer, std::string_view provider) {
    const bool asks = consumer == "js";
    std::vector<Value> values = small_values();
    if (asks || provider == "js") {
      std::erase_if(values, [asks](const Value& value) {
        const bool is_scalar = value.function == "u32" || value.function == "s64";
        const bool is_beyond = value.text.find("4294967295") != std::string::npos ||
                               value.text.starts_with('-') ||
                               value.text.find(" -1,") != std::string::npos;
        return is_beyond &&
               (is_scalar || (asks && (value.function == "result" || value.function == "tuple")));
      });
    }
    return values;
  }
};

TEST_P(ScriptedMirror, GivesBackEveryTypeByEveryRoute) {
  const auto& [consumer, provider] = GetParam();
  for (const std::string language : {consumer, provider}) {
    std::string folder;
    find(language, folder);
    if (HasFatalFailure()) return;
    if (folder.empty()) GTEST_SKIP() << "no toolchain; get it by: script/guests --install";
    install_mirror(folder);
    if (HasFatalFailure()) return;
  }
  for (const Route& route : all_routes()) {
    SCOPED_TRACE(route.name);
    put_both(consumer, provider, route);
    if (HasFatalFailure()) return;
    expect_given_back(values_for(consumer, provider));
    expect_many_given_back();
    expect_given_back(large_values());
    ASSERT_EQ(cli({"undeploy", "consumer", "--force"}).status, 0);
    ASSERT_EQ(cli({"undeploy", "provider"}).status, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(SlowWays, ScriptedMirror,
                         ::testing::Values(Pair{"js", "rust"}, Pair{"rust", "js"},
                                           Pair{"python", "rust"}, Pair{"rust", "python"},
                                           Pair{"js", "python"}, Pair{"python", "js"},
                                           Pair{"js", "cpp"}, Pair{"cpp", "python"}),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param)) + "_" +
                                  std::get<1>(test.param);
                         });

}  // namespace
}  // namespace arcella::integration
