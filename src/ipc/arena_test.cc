// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// That a guest takes what ArenaWriter makes is shown with the real engine
// (tests/integration/platform_test.cc).
#include "ipc/arena.h"

#include <gtest/gtest.h>

#include <string>

namespace arcella::ipc {
namespace {

// Two strings and a number, as parameters.
std::vector<std::byte> sample(std::string_view first, std::string_view second) {
  ArenaWriter writer(20);
  writer.put_text(0, first);
  writer.put_text(8, second);
  writer.put_u32(16, 70'000);
  return std::move(writer).take();
}

TEST(Arena, WhatIsWrittenIsRead) {
  for (const auto& [first, second] :
       {std::pair("abc", "grüße"), std::pair("", "x"), std::pair("x", ""), std::pair("", "")}) {
    const auto bytes = sample(first, second);
    auto reader = ArenaReader::of(bytes, 20);
    ASSERT_TRUE(reader.has_value());
    EXPECT_EQ(reader->text(0).value(), first);
    EXPECT_EQ(reader->text(8).value(), second);
    EXPECT_EQ(reader->u32(16), 70'000U);
    EXPECT_TRUE(reader->finish().has_value());
  }
}

TEST(Arena, ListsAreAlignedAndTheirTextsFollow) {
  ArenaWriter writer(8);
  writer.put_text(0, "");
  const std::size_t at = writer.put_list(0, 2, 16, 8);
  EXPECT_EQ(at, 8U);
  writer.put_u64(at, 0x0102030405060708);
  writer.put_text(at + 8, "a");
  writer.put_u64(at + 16, 2);
  writer.put_text(at + 24, "bc");
  const auto bytes = std::move(writer).take();
  ASSERT_EQ(bytes.size(), 8U + 32U + 3U);
  EXPECT_EQ(bytes[8], std::byte{8});
  EXPECT_EQ(bytes[0], std::byte{8}) << "where the list is";
  EXPECT_EQ(bytes[4], std::byte{2}) << "how long it is";
  EXPECT_EQ(bytes[at + 8], std::byte{40}) << "the first text comes after the elements";
  EXPECT_EQ(bytes[at + 24], std::byte{41});

  ArenaWriter odd(12);
  odd.put_text(0, "x");
  EXPECT_EQ(odd.put_list(4, 1, 8, 8), 16U);
  ArenaWriter empty(8);
  empty.put_list(0, 0, 8, 8);
  EXPECT_EQ(std::move(empty).take().size(), 8U);
}

TEST(Arena, WhatAHostileCallerSendsIsRefused) {
  const auto good = sample("abc", "de");
  EXPECT_FALSE(ArenaReader::of(std::span(good).first(19), 20).has_value());
  const auto refused = [&](std::size_t at, unsigned char value) {
    auto bytes = good;
    bytes[at] = std::byte{value};
    auto reader = ArenaReader::of(bytes, 20);
    return !reader->text(0).has_value() || !reader->text(8).has_value() ||
           !reader->finish().has_value();
  };
  EXPECT_TRUE(refused(0, 21)) << "not where the next part begins";
  EXPECT_TRUE(refused(8, 20)) << "the same bytes twice";
  EXPECT_TRUE(refused(4, 200)) << "longer than there are bytes";
  EXPECT_TRUE(refused(7, 0xff)) << "4 GiB";
  EXPECT_TRUE(refused(4, 2)) << "a byte that is nobody's";
  EXPECT_TRUE(refused(20, 0xff)) << "no UTF-8";
  EXPECT_FALSE(refused(16, 1)) << "a number may be any";
}

}  // namespace
}  // namespace arcella::ipc
