// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/shared_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "base/limits.h"

namespace arcella::ipc {
namespace {

using Bytes = SharedMemory::Bytes;

Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class SharedMemoryTest : public ::testing::Test {
 protected:
  static std::optional<std::uint64_t> put(SharedMemory& end, std::string_view text) {
    return end.put(std::array{bytes_of(text)});
  }

  const UniqueFd memory = SharedMemory::make().value();
  const std::unique_ptr<SharedMemory> one = SharedMemory::map(memory, true).value();
  const std::unique_ptr<SharedMemory> other = SharedMemory::map(memory, false).value();
};

TEST_F(SharedMemoryTest, CarriesBothWays) {
  const auto there = one->put(std::array{bytes_of("to the "), bytes_of(""), bytes_of("other")});
  const auto back = put(*other, "and back");
  EXPECT_EQ(text_of(other->at(there.value(), 12).value()), "to the other");
  EXPECT_EQ(text_of(one->at(back.value(), 8).value()), "and back");
}

TEST_F(SharedMemoryTest, BeginsAgainWhenAllIsTaken) {
  const std::string half(limits::kDataSharedBytes / 2, 'x');
  const auto first = put(*one, half);
  const auto second = put(*one, half);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(put(*one, "more"), std::nullopt) << "it is full";
  other->taken();
  EXPECT_EQ(put(*one, "more"), std::nullopt) << "one is still there";
  EXPECT_TRUE(text_of(other->at(*second, half.size()).value()) == half);
  other->taken();
  EXPECT_EQ(put(*one, "more"), first);
}

TEST_F(SharedMemoryTest, RefusesWhatIsLargerThanAHalf) {
  EXPECT_EQ(put(*one, std::string(limits::kDataSharedBytes + 1, 'x')), std::nullopt);
  EXPECT_TRUE(put(*one, std::string(limits::kDataSharedBytes, 'x')).has_value());
}

TEST_F(SharedMemoryTest, WhoCountsWrongGetsRoomForNobodyElse) {
  ASSERT_TRUE(put(*one, std::string(limits::kDataSharedBytes, 'x')));
  for (int i = 0; i < 5; ++i) other->taken();
  EXPECT_EQ(put(*one, "more"), std::nullopt);
}

TEST_F(SharedMemoryTest, PlacesOutsideAreRefused) {
  const std::uint64_t end = limits::kDataSharedBytes;
  EXPECT_TRUE(one->at(end, 0).has_value());
  EXPECT_TRUE(one->at(end - 3, 3).has_value());
  for (const std::uint64_t place :
       {end - 2, end, end + 1, ~std::uint64_t{0}, ~std::uint64_t{0} - 2})
    EXPECT_EQ(one->at(place, 3).error().code(), ErrorCode::InvalidRequest) << place;
  EXPECT_EQ(one->at(0, end + 1).error().code(), ErrorCode::InvalidRequest);
}

TEST_F(SharedMemoryTest, NobodyCanShrinkIt) {
  EXPECT_NE(::ftruncate(memory.get(), 0), 0);
  EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE), -1);
}

TEST_F(SharedMemoryTest, OtherMemoryIsNotMapped) {
  const UniqueFd other_size(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(SharedMemory::map(other_size, true).error().code(), ErrorCode::InvalidRequest);
  const off_t size = ::lseek(memory.get(), 0, SEEK_END);
  ASSERT_EQ(::ftruncate(other_size.get(), size), 0);
  EXPECT_EQ(SharedMemory::map(other_size, true).error().code(), ErrorCode::InvalidRequest)
      << "its peer could shrink it";
}

}  // namespace
}  // namespace arcella::ipc
