// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/data_frame.h"

#include <gtest/gtest.h>

#include <random>

#include "base/limits.h"

namespace arcella::ipc {
namespace {

using Bytes = std::array<std::byte, kDataHeaderBytes>;

DataHeader sample() {
  return {.length = 0x01020304,
          .kind = DataKind::Result,
          .encoding_or_outcome = 2,
          .request = 0x1122334455667788,
          .slot = 0xa1a2a3a4,
          .index = -1,
          .function = 7,
          .timeout_ms = 5000};
}

TEST(DataFrame, LiesInBytesAsTheHeaderSays) {
  const std::array<unsigned char, kDataHeaderBytes> expected{
      0x04, 0x03, 0x02, 0x01, 2,    2,    0,    0,    0x88, 0x77, 0x66,
      0x55, 0x44, 0x33, 0x22, 0x11, 0xa4, 0xa3, 0xa2, 0xa1, 0xff, 0xff,
      0xff, 0xff, 7,    0,    0,    0,    0x88, 0x13, 0,    0};
  Bytes bytes = encode(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(std::to_integer<unsigned char>(bytes[i]), expected[i]) << "byte " << i;
  }
}

TEST(DataFrame, SurvivesTheRoundTrip) {
  auto decoded = decode(encode(sample()));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(encode(*decoded), encode(sample()));
  EXPECT_EQ(decoded->index, -1);
  EXPECT_EQ(decoded->request, 0x1122334455667788U);
}

void expect_refused(DataHeader header) {
  auto decoded = decode(encode(header));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code(), ErrorCode::InvalidRequest);
}

TEST(DataFrame, RefusesWhatBreaksItsRules) {
  DataHeader header = sample();
  header.kind = static_cast<DataKind>(0);
  expect_refused(header);
  header.kind = static_cast<DataKind>(5);
  expect_refused(header);

  header = sample();
  header.encoding_or_outcome = kDataOutcomeCount;
  expect_refused(header);
  header.kind = DataKind::Call;
  header.encoding_or_outcome = kDataEncodingCount;
  expect_refused(header);

  header = sample();
  header.length = limits::kDataPayloadBytesMax;
  EXPECT_TRUE(decode(encode(header)).has_value());
  ++header.length;
  expect_refused(header);

  header = {};
  header.kind = DataKind::Cancel;
  EXPECT_TRUE(decode(encode(header)).has_value());
  header.length = 1;
  expect_refused(header);

  header = {};
  header.kind = DataKind::Drop;
  header.length = 16;
  EXPECT_TRUE(decode(encode(header)).has_value());
  ++header.length;
  expect_refused(header);  // part of a number

  header = sample();
  header.shared = true;
  EXPECT_TRUE(decode(encode(header)).value().shared);
  header.length = 0;
  expect_refused(header);

  header = sample();
  header.chain_bytes = 1;
  expect_refused(header);  // a result has none
  header.kind = DataKind::Call;
  header.encoding_or_outcome = 0;
  EXPECT_TRUE(decode(encode(header)).has_value());
  header.length = 0;
  expect_refused(header);
}

TEST(DataFrame, WhatIsAcceptedOfGarbageIsWithinBounds) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes{};
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    // Mostly garbage of the right kind, which gets further.
    if (i % 2 == 0) {
      bytes[3] = bytes[5] = bytes[6] = bytes[7] = std::byte{0};
      bytes[4] = static_cast<std::byte>(random() % 6 + (i % 4 == 0 ? kInSharedMemory : 0));
    }
    auto header = decode(bytes);
    if (!header.has_value()) continue;
    EXPECT_LE(header->length, limits::kDataPayloadBytesMax);
    EXPECT_EQ(encode(*header), bytes);
  }
}

}  // namespace
}  // namespace arcella::ipc
