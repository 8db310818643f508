// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/event_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/testing/temporary_folder.h"

namespace arcella::runtime {
namespace {

using model::Event;
using model::EventKind;
using Events = std::vector<Event>;

Event event(int number) {
  return {number, EventKind::InstanceFailed, "web/" + std::to_string(number), "why"};
}
Events events(int first, int last) {
  Events made;
  for (int i = first; i <= last; ++i) made.push_back(event(i));
  return made;
}

class EventFileTest : public ::testing::Test {
 protected:
  EventFile opened(std::size_t bytes_max = limits::kEventFileBytesMax) {
    auto file = EventFile::open(folder_.path(), bytes_max);
    EXPECT_TRUE(file.has_value()) << file.error().message();
    return std::move(*file);
  }
  Events read_back(std::size_t count = 1000) {
    auto read = opened().read_back(count);
    EXPECT_TRUE(read.has_value());
    return read.value_or(Events());
  }
  [[nodiscard]] std::string path() const { return folder_.path() + "/events.jsonl"; }
  void append_raw(std::string_view text) const {
    std::ofstream(path(), std::ios::binary | std::ios::app) << text;
  }
  TemporaryFolder folder_;
};

TEST_F(EventFileTest, GivesBackWhatWasAppended) {
  EventFile file = opened();
  EXPECT_EQ(read_back(), Events());
  ASSERT_TRUE(file.append(events(1, 2)).has_value());
  ASSERT_TRUE(file.append(events(3, 3)).has_value());
  EXPECT_EQ(read_back(), events(1, 3));
  EXPECT_EQ(read_back(2), events(2, 3));
}

TEST_F(EventFileTest, TornLastLineIsIgnoredAndTheNextIsWhole) {
  ASSERT_TRUE(opened().append(events(1, 2)).has_value());
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 5);
  EXPECT_EQ(read_back(), events(1, 1));
  ASSERT_TRUE(opened().append(events(3, 4)).has_value());
  Events expected = events(1, 1);
  expected.push_back(event(3));
  expected.push_back(event(4));
  EXPECT_EQ(read_back(), expected);
}

TEST_F(EventFileTest, CrashAtAnyByteLosesNoEarlierLine) {
  ASSERT_TRUE(opened().append(events(1, 3)).has_value());
  std::string whole;
  {
    std::ifstream in(path(), std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::filesystem::resize_file(path(), 0);
    append_raw(std::string_view(whole).substr(0, size));
    const auto lines =
        std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size), '\n');
    EXPECT_EQ(read_back(), events(1, static_cast<int>(lines))) << size;
  }
}

TEST_F(EventFileTest, LinesThatAreNoEventsArePassedOver) {
  ASSERT_TRUE(opened().append(events(1, 1)).has_value());
  append_raw("{\"time_ms\":1}\nnonsense\n\n[[[[\n");
  append_raw("{\"time_ms\":1,\"kind\":\"of-a-newer-daemon\",\"subject\":\"x\"}\n");
  ASSERT_TRUE(opened().append(events(2, 2)).has_value());
  EXPECT_EQ(read_back(), events(1, 2));
}

TEST_F(EventFileTest, IsRotatedAndNeverLargerThanItsBound) {
  constexpr std::size_t kBytes = 1000;
  EventFile file = opened(kBytes);
  for (int i = 1; i <= 100; ++i) ASSERT_TRUE(file.append(events(i, i)).has_value());
  EXPECT_LE(std::filesystem::file_size(path()), kBytes);
  EXPECT_LE(std::filesystem::file_size(folder_.path() + "/events.1.jsonl"), kBytes);
  const Events kept = read_back();
  ASSERT_GT(kept.size(), 10U);
  EXPECT_EQ(kept.back(), event(100));
  for (std::size_t i = 1; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].time_ms, kept[i - 1].time_ms + 1);
  }
}

TEST_F(EventFileTest, FileThatSomebodyMadeHugeIsReadFromItsEnd) {
  append_raw(std::string(8U << 20, 'x') + "\n");
  ASSERT_TRUE(opened().append(events(1, 1)).has_value());
  EXPECT_EQ(read_back(), events(1, 1));
}

TEST_F(EventFileTest, RefusesALinkAndAFolderInItsPlace) {
  std::filesystem::create_symlink(folder_.path() + "/elsewhere", path());
  EXPECT_FALSE(EventFile::open(folder_.path()).has_value());
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  EXPECT_FALSE(EventFile::open(folder_.path()).has_value());
}

}  // namespace
}  // namespace arcella::runtime
