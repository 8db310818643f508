// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/key_value_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "base/limits.h"
#include "base/testing/temporary_folder.h"

namespace arcella::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

class KeyValueStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_ / "keys"; }
  [[nodiscard]] KeyValueStore open() const { return KeyValueStore::open(path()).value(); }

  template <class Body>
  static auto change(const KeyValueStore& store, Body body) {
    auto transaction = store.begin().value();
    auto result = body();
    EXPECT_TRUE(transaction.commit());
    return result;
  }
  static Result<void> set(const KeyValueStore& store, const std::string& key,
                          const std::string& value) {
    const std::pair<std::string, std::string> entry(key, value);
    return change(store, [&] { return store.set({&entry, 1}); });
  }
  static Result<void> remove(const KeyValueStore& store, const std::string& key) {
    return change(store, [&] { return store.remove({&key, 1}); });
  }
  static Result<std::uint64_t> increment(const KeyValueStore& store, const std::string& key,
                                         std::uint64_t delta) {
    return change(store, [&] { return store.increment(key, delta); });
  }
  static std::optional<std::string> get(const KeyValueStore& store, const std::string& key) {
    return store.get({&key, 1}).value().at(0);
  }

  TemporaryFolder folder_;
};

TEST_F(KeyValueStoreTest, KeepsAnyBytesForWhoOpensItNext) {
  const std::string odd("a\0b\xff", 4);
  {
    const KeyValueStore store = open();
    EXPECT_TRUE(set(store, odd, odd + odd));
    EXPECT_TRUE(set(store, "", ""));
    EXPECT_TRUE(set(store, "key", "one"));
    EXPECT_TRUE(set(store, "key", "two"));
  }
  const KeyValueStore store = open();
  EXPECT_THAT(get(store, odd), Optional(odd + odd));
  EXPECT_THAT(get(store, ""), Optional(std::string()));
  EXPECT_THAT(get(store, "key"), Optional(std::string("two")));
  EXPECT_EQ(get(store, "a"), std::nullopt);
  EXPECT_TRUE(store.exists(odd).value());
  EXPECT_FALSE(store.exists("a").value());
}

TEST_F(KeyValueStoreTest, IsSharedByAllWhoHaveItOpen) {
  const KeyValueStore one = open();
  const KeyValueStore other = open();
  EXPECT_TRUE(set(one, "key", "one"));
  EXPECT_THAT(get(other, "key"), Optional(std::string("one")));
  EXPECT_EQ(increment(one, "count", 2).value(), 2U);
  EXPECT_EQ(increment(other, "count", 3).value(), 5U);
}

TEST_F(KeyValueStoreTest, IsMadeOnceByManyWhoOpenItFirst) {
  constexpr int kOpeners = 8;
  std::vector<std::thread> openers;
  for (int i = 0; i < kOpeners; ++i) {
    openers.emplace_back([this] {
      const auto store = KeyValueStore::open(path());
      ASSERT_TRUE(store.has_value()) << store.error().message();
      EXPECT_TRUE(increment(*store, "openers", 1).has_value());
    });
  }
  for (std::thread& opener : openers) opener.join();
  EXPECT_THAT(get(open(), "openers"), Optional(std::to_string(kOpeners)));
  // Nothing is left of those who came second.
  const std::filesystem::directory_iterator there(path());
  for (const auto& entry : there)
    EXPECT_THAT(entry.path().filename().string(), ::testing::StartsWith("keys.db"));
}

TEST_F(KeyValueStoreTest, ForgetsWhatWasNotCommitted) {
  const KeyValueStore store = open();
  {
    auto transaction = store.begin().value();
    const std::pair<std::string, std::string> entry("key", "value");
    EXPECT_TRUE(store.set({&entry, 1}));
    EXPECT_THAT(get(store, "key"), Optional(std::string("value")));
  }
  EXPECT_EQ(get(store, "key"), std::nullopt);
}

TEST_F(KeyValueStoreTest, IncrementsDecimalNumbersOnly) {
  const KeyValueStore store = open();
  EXPECT_EQ(increment(store, "n", 0).value(), 0U);
  EXPECT_EQ(increment(store, "n", 41).value(), 41U);
  EXPECT_EQ(increment(store, "n", 1).value(), 42U);
  EXPECT_THAT(get(store, "n"), Optional(std::string("42")));
  for (const char* value : {"", "x", "4x", "-1", " 4", "18446744073709551616"}) {
    EXPECT_TRUE(set(store, "n", value));
    EXPECT_EQ(increment(store, "n", 1).error().code(), ErrorCode::InvalidParams) << value;
    EXPECT_THAT(get(store, "n"), Optional(std::string(value)));
  }
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE(set(store, "n", "1"));
  EXPECT_EQ(increment(store, "n", kMost).error().code(), ErrorCode::InvalidParams);
  EXPECT_EQ(increment(store, "n", kMost - 1).value(), kMost);
}

TEST_F(KeyValueStoreTest, GivesEachKeyOnOnePageWhateverIsRemovedMeanwhile) {
  const KeyValueStore store = open();
  const std::size_t all = 2 * limits::kKeyValueListMax + 1;
  auto transaction = store.begin().value();
  for (std::size_t i = 0; i < all; ++i) {
    const std::pair<std::string, std::string> entry("k" + std::to_string(i), "");
    ASSERT_TRUE(store.set({&entry, 1}));
  }
  ASSERT_TRUE(transaction.commit());
  const KeyPage first = store.list(0).value();
  EXPECT_EQ(first.keys.size(), limits::kKeyValueListMax);
  EXPECT_EQ(first.keys.front(), "k0");
  ASSERT_NE(first.next, 0U);
  // What the first page ended with, what the second begins with, and a key in the place of another.
  EXPECT_TRUE(remove(store, first.keys.back()));
  EXPECT_TRUE(remove(store, "k" + std::to_string(limits::kKeyValueListMax)));
  EXPECT_TRUE(set(store, "k0", "changed"));
  const KeyPage second = store.list(first.next).value();
  EXPECT_EQ(second.keys.front(), "k" + std::to_string(limits::kKeyValueListMax + 1));
  EXPECT_EQ(second.keys.back(), "k" + std::to_string(all - 1));
  EXPECT_EQ(second.next, 0U);
}

TEST_F(KeyValueStoreTest, TakesAnyCursor) {
  const KeyValueStore store = open();
  EXPECT_THAT(store.list(0).value().keys, IsEmpty());
  EXPECT_TRUE(set(store, "key", ""));
  EXPECT_THAT(store.list(1).value().keys, ElementsAre("key"));
  EXPECT_THAT(store.list(2).value().keys, IsEmpty());
  EXPECT_THAT(store.list(std::numeric_limits<std::uint64_t>::max()).value().keys, IsEmpty());
}

TEST_F(KeyValueStoreTest, RefusesWhatIsTooLargeAndChangesNothing) {
  const KeyValueStore store = open();
  const std::string key(limits::kKeyValueKeyBytesMax, 'k');
  const std::string value(limits::kKeyValueValueBytesMax, 'v');
  EXPECT_TRUE(set(store, key, value));
  EXPECT_EQ(set(store, key + "k", "").error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(set(store, "key", value + "v").error().code(), ErrorCode::LimitExceeded);
  // A batch whose last entry is too large.
  const std::vector<std::pair<std::string, std::string>> batch{{"a", ""}, {"b", value + "v"}};
  const auto refused = change(store, [&] { return store.set(batch); });
  EXPECT_EQ(refused.error().code(), ErrorCode::LimitExceeded);
  EXPECT_THAT(store.list(0).value().keys, ElementsAre(key));
}

TEST_F(KeyValueStoreTest, BoundsABatchAndAnAnswer) {
  const KeyValueStore store = open();
  const std::vector<std::string> most(limits::kKeyValueBatchMax, "key");
  std::vector<std::string> more = most;
  more.emplace_back("key");
  EXPECT_TRUE(store.get(most));
  EXPECT_EQ(store.get(more).error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(change(store, [&] { return store.remove(more); }).error().code(),
            ErrorCode::LimitExceeded);
  EXPECT_TRUE(set(store, "key", std::string(limits::kKeyValueValueBytesMax, 'v')));
  const auto refused = store.get(most);
  EXPECT_EQ(refused.error().code(), ErrorCode::LimitExceeded);
  EXPECT_THAT(refused.error().message(), HasSubstr("ask for fewer keys"));
}

TEST_F(KeyValueStoreTest, IsFullAtItsBoundAndHasRoomAgainAfterARemoval) {
  const KeyValueStore store = open();
  const std::string value(limits::kKeyValueValueBytesMax, 'v');
  auto transaction = store.begin().value();
  std::size_t kept = 0;
  Result<void> last;
  while (kept <= limits::kKeyValueBytesMax / value.size()) {
    const std::pair<std::string, std::string> entry("k" + std::to_string(kept), value);
    last = store.set({&entry, 1});
    if (!last.has_value()) break;
    ++kept;
  }
  EXPECT_EQ(last.error().code(), ErrorCode::LimitExceeded);
  EXPECT_THAT(last.error().message(), HasSubstr("the store is full"));
  EXPECT_EQ(kept, limits::kKeyValueBytesMax / value.size() - 1);
  // The same key again is no more than it was.
  const std::pair<std::string, std::string> again("k0", value);
  EXPECT_TRUE(store.set({&again, 1}));
  const std::string gone = "k0";
  EXPECT_TRUE(store.remove({&gone, 1}));
  const std::pair<std::string, std::string> another("other", value);
  EXPECT_TRUE(store.set({&another, 1}));
  EXPECT_FALSE(store.set({&again, 1}).has_value());
}

TEST_F(KeyValueStoreTest, RefusesAFileThatIsNoneOrOfANewerVersion) {
  {
    const KeyValueStore store = open();
  }
  ASSERT_TRUE(Database::open(path() + "/keys.db")->run("PRAGMA user_version = 2"));
  EXPECT_EQ(KeyValueStore::open(path()).error().code(), ErrorCode::Conflict);
  std::ofstream(path() + "/keys.db") << "this is no database, and long enough to be seen as none";
  EXPECT_FALSE(KeyValueStore::open(path()).has_value());
}

}  // namespace
}  // namespace arcella::store
