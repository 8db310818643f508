// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wire/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace arcella::wire {
namespace {

using ::testing::HasSubstr;

std::string nested(int depth) {
  auto count = static_cast<std::size_t>(depth);
  return std::string(count, '[') + std::string(count, ']');
}

std::string error_of(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_FALSE(value.has_value()) << text;
  if (value.has_value()) return {};
  EXPECT_EQ(value.error().code(), ErrorCode::ParseError);
  return value.error().message();
}

TEST(ParseJson, ReadsWhatToTextWrites) {
  const std::string text = R"({"a":[1,-2,3.5E0,true,null,"x\ny"],"b":{"c":18446744073709551615}})";
  EXPECT_EQ(to_text(parse_json(text).value()), text);
}

TEST(ParseJson, KeepsKeysAndStringsThatComeInParts) {
  // Escapes make the parser deliver a string in pieces.
  Json value = parse_json(R"({"k\u0065y\t":"v\u00e4l\u00fce"})").value();
  EXPECT_EQ(value.at("key\t").as_string(),
            "v\xc3\xa4l\xc3\xbc"
            "e");
}

TEST(ParseJson, SaysAtWhichByte) {
  EXPECT_THAT(error_of(R"({"a": tru})"), HasSubstr("byte 7"));
  EXPECT_THAT(error_of(""), HasSubstr("ends too early"));
  EXPECT_THAT(error_of("{} {}"), HasSubstr("follows the end"));
}

TEST(ParseJson, RefusesAKeyGivenTwice) {
  EXPECT_THAT(error_of(R"({"a":1,"b":2,"a":3})"), HasSubstr("'a' is given twice"));
  EXPECT_THAT(error_of(R"([{"x":{"y":1,"\u0079":2}}])"), HasSubstr("'y' is given twice"));
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":{"a":2}}])").has_value());
}

TEST(ParseJson, BoundsTheDepth) {
  EXPECT_TRUE(parse_json(nested(limits::kJsonDepthMax)).has_value());
  EXPECT_THAT(error_of(nested(limits::kJsonDepthMax + 1)), HasSubstr("nested deeper"));
  EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("nested deeper"));
}

TEST(ParseJson, RefusesIllFormedUtf8AndLoneSurrogates) {
  error_of("\"caf\xe9\"");
  error_of("\"\xed\xa0\x80\"");
  error_of(R"("\ud800")");
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  error_of("{'a':1}");
  error_of("[1,]");
  error_of("// comment\n1");
  error_of("NaN");
  EXPECT_THAT(error_of("1e999"), HasSubstr("too large"));
}

TEST(ToText, WritesUtf8WhateverTheStringHolds) {
  Json value = JsonObject{{"path", "caf\xe9"}};
  std::string text = to_text(value);
  EXPECT_TRUE(parse_json(text).has_value());
  EXPECT_EQ(text, "{\"path\":\"caf\xef\xbf\xbd\"}");
}

class FieldReaderTest : public ::testing::Test {
 protected:
  Json value_ = parse_json(R"({"name":"web","replicas":3,"big":18446744073709551615,"half":0.5,
    "on":true,"none":null,"list":["a","b"],"mixed":["a",1],"inner":{"deep":{"x":1}},
    "rows":[{"id":1},{"id":"two"}]})")
                    .value();
  FieldReader reader_ = FieldReader::of(value_, "params").value();

  template <class T>
  static std::string message(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    if (result.has_value()) return {};
    EXPECT_EQ(result.error().code(), ErrorCode::InvalidParams);
    return result.error().message();
  }
};

TEST_F(FieldReaderTest, ReadsEachType) {
  EXPECT_EQ(reader_.string("name").value(), "web");
  EXPECT_EQ(reader_.integer("replicas", 0, 10).value(), 3);
  EXPECT_TRUE(reader_.boolean("on").value());
  EXPECT_EQ(reader_.strings("list").value(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(reader_.object("inner").value().object("deep").value().integer("x", 0, 1).value(), 1);
  EXPECT_EQ(reader_.objects("rows").value().size(), 2U);
}

TEST_F(FieldReaderTest, NamesThePathAndBothTypes) {
  EXPECT_EQ(message(reader_.integer("name", 0, 1)),
            "params.name: expected a whole number, found a string");
  EXPECT_EQ(message(reader_.string("gone")), "params.gone: missing");
  EXPECT_EQ(message(reader_.strings("mixed")),
            "params.mixed[1]: expected a string, found a whole number");
  EXPECT_EQ(message(reader_.object("inner").value().object("deep").value().boolean("x")),
            "params.inner.deep.x: expected true or false, found a whole number");
  EXPECT_EQ(message(reader_.objects("rows").value()[1].integer("id", 0, 9)),
            "params.rows[1].id: expected a whole number, found a string");
  EXPECT_EQ(message(reader_.integer("half", 0, 1)),
            "params.half: expected a whole number, found a fraction");
  EXPECT_EQ(message(FieldReader::of(Json(7), "")),
            "the value: expected an object, found a whole number");
}

TEST_F(FieldReaderTest, HoldsNumbersToTheirRange) {
  EXPECT_EQ(message(reader_.integer("replicas", 0, 2)), "params.replicas: 3 is not in 0..2");
  EXPECT_THAT(message(reader_.integer("big", 0, 1)), HasSubstr("18446744073709551615 is not in"));
}

TEST_F(FieldReaderTest, TakesAbsentAndNullForNothing) {
  EXPECT_EQ(reader_.optional_string("none").value(), std::nullopt);
  EXPECT_EQ(reader_.optional_string("gone").value(), std::nullopt);
  EXPECT_EQ(reader_.optional_string("name").value(), "web");
  EXPECT_EQ(reader_.optional_integer("gone", 0, 1).value(), std::nullopt);
  EXPECT_TRUE(reader_.boolean_or("none", true).value());
  EXPECT_TRUE(reader_.strings_or_empty("gone").value().empty());
  message(reader_.optional_integer("name", 0, 1));
  message(reader_.boolean_or("name", true));
  message(reader_.string("none"));
  EXPECT_TRUE(reader_.has("none"));
  EXPECT_FALSE(reader_.has("gone"));
}

TEST_F(FieldReaderTest, NamesTheNearestKnownKey) {
  Json value = parse_json(R"({"replica":1})").value();
  FieldReader reader = FieldReader::of(value, "params").value();
  EXPECT_EQ(message(reader.only({"name", "replicas"})),
            "params.replica: unknown; did you mean 'replicas'?");
  EXPECT_EQ(message(reader.only({"name", "id"})), "params.replica: unknown; known are name, id");
  EXPECT_TRUE(reader.only({"replica"}).has_value());
}

}  // namespace
}  // namespace arcella::wire
