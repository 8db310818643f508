// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/grants.h"

#include <gtest/gtest.h>

namespace arcella::model {
namespace {

using namespace std::string_view_literals;

TEST(Grants, AnOriginHasASchemeAndAHostAndNothingMore) {
  for (auto text : {"https://api.example.com", "http://127.0.0.1:8080", "http://[::1]:80"}) {
    EXPECT_TRUE(is_origin(text)) << text;
  }
  for (auto text :
       {"", "api.example.com", "ftp://a", "https://", "https://a/", "https://*", "https://a b"}) {
    EXPECT_FALSE(is_origin(text)) << text;
  }
}

TEST(Grants, AGuestPathIsAbsoluteOrHereAndDoesNotClimb) {
  for (auto text : {"/", "/data", "/a/b/", ".", "/..a"}) EXPECT_TRUE(is_guest_path(text)) << text;
  for (auto text : {""sv, "data"sv, "./a"sv, "/a/../b"sv, ".."sv, "/.."sv, "/a\0"sv}) {
    EXPECT_FALSE(is_guest_path(text)) << text;
  }
}

TEST(Grants, AVariableHasAName) {
  EXPECT_TRUE(is_variable_name("LOG_LEVEL"));
  for (auto text : {""sv, "A=B"sv, "A\0"sv}) EXPECT_FALSE(is_variable_name(text)) << text;
}

TEST(Grants, APathIsAskedForWithAllThatIsBelow) {
  const std::vector<std::string> asked{"/data/", "."};
  for (auto path : {"/data", "/data/", "/data/in", "."}) {
    EXPECT_TRUE(asks_for_path(asked, path)) << path;
  }
  for (auto path : {"/", "/dat", "/database", "/other"}) {
    EXPECT_FALSE(asks_for_path(asked, path)) << path;
  }
  EXPECT_TRUE(asks_for_path({"/"}, "/anything"));
  EXPECT_FALSE(asks_for_path({}, "/"));
}

}  // namespace
}  // namespace arcella::model
