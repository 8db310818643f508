// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/folder_watch.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"
#include "aio/timeout.h"
#include "base/testing/temporary_folder.h"

namespace arcella::aio {
namespace {

namespace fs = std::filesystem;
using What = FolderEvent::What;

class FolderWatchTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(std::string_view name) const {
    return folder_ + "/" + std::string(name);
  }
  void write(std::string_view name) const { std::ofstream(path(name)) << "x"; }

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
  Loop loop_;
};

Task<std::vector<FolderEvent>> events_until(FolderWatch& watch, What what, std::string name) {
  std::vector<FolderEvent> all;
  auto is_it = [&](const FolderEvent& e) { return e.what == what && e.name == name; };
  while (std::none_of(all.begin(), all.end(), is_it)) {
    auto more = co_await with_timeout(std::chrono::seconds(10), watch.next());
    EXPECT_TRUE(more.has_value());
    if (!more.has_value()) break;
    all.insert(all.end(), more->begin(), more->end());
  }
  co_return all;
}

Task<> says_what_happens(FolderWatch& watch, std::string folder) {
  std::ofstream(folder + "/a") << "x";
  auto events = co_await events_until(watch, What::EntryWritten, "a");
  fs::rename(folder + "/a", folder + "/b");
  events = co_await events_until(watch, What::EntryMoved, "b");
  bool left = std::any_of(events.begin(), events.end(), [](const FolderEvent& event) {
    return event.what == What::Entry && event.name == "a";
  });
  EXPECT_TRUE(left);
  fs::remove(folder + "/b");
  events = co_await events_until(watch, What::Entry, "b");
  fs::remove_all(folder);
  events = co_await events_until(watch, What::FolderGone, "");
}
TEST_F(FolderWatchTest, TellsOfWritesMovesAndRemovals) {
  auto watch = FolderWatch::open(loop_.executor());
  ASSERT_TRUE(watch.has_value());
  ASSERT_TRUE((*watch)->add(folder_).has_value());
  testing::run(loop_, says_what_happens(**watch, folder_));
}

Task<> is_silent_after_removal(FolderWatch& watch, int folder, std::string path) {
  watch.remove(folder);
  std::ofstream(path + "/a") << "x";
  auto events = co_await with_timeout(std::chrono::milliseconds(20), watch.next());
  EXPECT_FALSE(events.has_value());
}
TEST_F(FolderWatchTest, ARemovedWatchIsSilent) {
  auto watch = FolderWatch::open(loop_.executor());
  ASSERT_TRUE(watch.has_value());
  auto folder = (*watch)->add(folder_);
  ASSERT_TRUE(folder.has_value());
  testing::run(loop_, is_silent_after_removal(**watch, *folder, folder_));
}

TEST_F(FolderWatchTest, OnlyFoldersAreWatchedAndNoLinks) {
  auto watch = FolderWatch::open(loop_.executor());
  ASSERT_TRUE(watch.has_value());
  EXPECT_EQ((*watch)->add(path("none")).error().code(), ErrorCode::NotFound);
  write("file");
  EXPECT_FALSE((*watch)->add(path("file")).has_value());
  fs::create_symlink(folder_, path("link"));
  EXPECT_FALSE((*watch)->add(path("link")).has_value());
}

TEST(FolderEvents, AnOverflowIsToldAndWhatIsCutIsLeftOut) {
  inotify_event overflow{};
  overflow.wd = -1;
  overflow.mask = IN_Q_OVERFLOW;
  std::string bytes(reinterpret_cast<const char*>(&overflow), sizeof overflow);
  auto events = decode_folder_events(bytes + "cut");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].what, What::Overflow);
}

}  // namespace
}  // namespace arcella::aio
