// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/function_difference.h"

#include <gtest/gtest.h>

namespace arcella::model {
namespace {

InterfaceItem with(std::string signature, std::string shape, std::vector<NamedType> types = {}) {
  return {"demo:calc/ops@1.0.0", {std::move(signature)}, {std::move(shape)}, std::move(types)};
}

std::string told(const InterfaceItem& wanted, const InterfaceItem& offered) {
  return FunctionDifference(wanted, offered).of(0, 0);
}

TEST(FunctionDifference, NamesTheParameterAndItsType) {
  EXPECT_EQ(
      told(with("add: func(a: u32, b: point) -> u32", "func(a: u32, b: record { x: u32 }) -> u32",
                {{"point", "record { x: u32 }", "record { x: u32 }"}}),
           with("add: func(a: u32, b: point) -> u32", "func(a: u32, b: record { x: u64 }) -> u32",
                {{"point", "record { x: u64 }", "record { x: u64 }"}})),
      "function 'add': parameter 'b': type 'point' is 'record { x: u64 }' instead of "
      "'record { x: u32 }'");
}

TEST(FunctionDifference, FollowsNamesToTheTypeThatDiffers) {
  // `x` is a field here and a type there; the case `point` is none of the types.
  const std::string line = "record { x: u8, start: point, more: list<any> }";
  const std::string any = "variant { point, x(x) }";
  auto lines = [&](const std::string& x) {
    const std::string point = "record { x: u32 }";
    const std::string shape = "record#" + x;
    return with("[method]canvas.draw: func(self: borrow<canvas>) -> result<list<line>, string>",
                "func(self: borrow<resource canvas>) -> result<list<" + shape + ">, string>",
                {{"x", x, x},
                 {"point", point, point},
                 {"any", any, "variant { point, x(" + x + ") }"},
                 {"line", line, shape}});
  };
  EXPECT_EQ(told(lines("s8"), lines("s16")),
            "function '[method]canvas.draw': the result: type 'x' is 's16' instead of 's8'");
}

TEST(FunctionDifference, FollowsATypeThatHasAnotherNameNow) {
  EXPECT_EQ(told(with("f: func(a: list<point>)", "func(a: list<record { x: u32 }>)",
                      {{"number", "u32", "u32"}, {"point", "record { x: number }", "1"}}),
                 with("f: func(a: list<pixel>)", "func(a: list<record { x: u64 }>)",
                      {{"offset", "u64", "u64"}, {"pixel", "record { x: offset }", "2"}})),
            "function 'f': parameter 'a': type 'offset' is 'u64' instead of 'u32' ('number')");
}

TEST(FunctionDifference, ANameForWhatHadNoneIsToldWithItsDefinition) {
  EXPECT_EQ(told(with("f: func(a: u32, b: tuple<u8, u8>) -> u32",
                      "func(a: u32, b: tuple<u8, u8>) -> u32"),
                 with("f: func(a: u32, b: pair) -> u32", "func(a: u32, b: tuple<u8, s8>) -> u32",
                      {{"pair", "tuple<u8, s8>", "tuple<u8, s8>"}})),
            "function 'f': parameter 'b' is 'pair' (tuple<u8, s8>) instead of 'tuple<u8, u8>'");
}

TEST(FunctionDifference, OtherParametersAreShownAsTheyAre) {
  for (const char* other : {"add: func(b: u32) -> u32", "add: func(a: u32)", "add: func() -> u32",
                            "add: async func(a: u32) -> u32"}) {
    const std::string signature = other;
    EXPECT_EQ(told(with("add: func(a: u32) -> u32", "func(a: u32) -> u32"),
                   with(signature, signature.substr(5))),
              "'" + signature + "' instead of 'add: func(a: u32) -> u32'");
  }
}

TEST(FunctionDifference, WithoutDefinitionsTheShapesAreShown) {
  EXPECT_EQ(told(with("f: func(a: point)", "func(a: record { x: u32 })"),
                 with("f: func(a: point)", "func(a: record { x: u64 })")),
            "function 'f': parameter 'a' is 'record { x: u64 }' instead of 'record { x: u32 }'");
}

TEST(FunctionDifference, OfAFunctionThatIsAHashTheNamesTell) {
  EXPECT_EQ(told(with("f: func(a: point)", "func#1", {{"point", "u32", "u32"}}),
                 with("f: func(a: point)", "func#2", {{"point", "u64", "u64"}})),
            "function 'f': type 'point' is 'u64' instead of 'u32'");
  EXPECT_EQ(told(with("f: func(a: point)", "func#1"), with("f: func(a: point)", "func#2")),
            "function 'f': its types are 'func#2' instead of 'func#1'");
}

// What a helper that read a hostile binary may say.
TEST(FunctionDifference, CopesWithAnyText) {
  for (const char* text : {"", "f", "f: ", "f: func(", "f: func(a", "f: func(a: u32", "f: func())",
                           "f: func(,)", "f: )(", "f: func(a: <)", "f: func(a: u32) ->"}) {
    const std::string shape = std::string(text) + "x";
    EXPECT_NE(told(with(text, text), with(text, shape)), "") << text;
    EXPECT_NE(told(with("f: func(a: u32)", text), with(text, shape)), "") << text;
  }
  // A type that is made of itself.
  EXPECT_EQ(told(with("f: func(a: t)", "func(a: 1)", {{"t", "list<t>", "1"}}),
                 with("f: func(a: t)", "func(a: 2)", {{"t", "list<t>", "2"}})),
            "function 'f': parameter 'a': type 't' is '2' instead of '1'");
}

}  // namespace
}  // namespace arcella::model
