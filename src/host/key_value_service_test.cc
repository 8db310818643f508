// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/key_value_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/testing/temporary_folder.h"

namespace arcella::host {
namespace {

using engine::KeyValueAnswer;
using engine::KeyValueEntry;
using engine::KeyValueOperation;
using engine::KeyValueRequest;
using ::testing::HasSubstr;

using Answer = Result<KeyValueAnswer>;

KeyValueRequest request_of(KeyValueOperation operation, std::string key = {},
                           std::uint64_t number = 0) {
  KeyValueRequest request;
  request.operation = operation;
  request.entries.push_back({std::move(key)});
  request.number = number;
  return request;
}

KeyValueRequest setting(std::string key, std::string value) {
  KeyValueRequest request = request_of(KeyValueOperation::Set, std::move(key));
  request.entries.front().value = std::move(value);
  request.entries.front().present = true;
  return request;
}

std::future<Answer> ask_later(engine::KeyValue& keys, KeyValueRequest request) {
  auto promise = std::make_shared<std::promise<Answer>>();
  keys.ask(std::move(request), [promise](Answer answer) { promise->set_value(std::move(answer)); });
  return promise->get_future();
}

Answer ask(engine::KeyValue& keys, KeyValueRequest request) {
  return ask_later(keys, std::move(request)).get();
}

class KeyValueServiceTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_ / "keys"; }
  TemporaryFolder folder_;
};

TEST_F(KeyValueServiceTest, HasOneBucketWithTwoNames) {
  KeyValueService keys(path());
  EXPECT_EQ(ask(keys, request_of(KeyValueOperation::Open, ""))->number, 1U);
  EXPECT_EQ(ask(keys, request_of(KeyValueOperation::Open, "default"))->number, 1U);
  EXPECT_EQ(ask(keys, request_of(KeyValueOperation::Open, "other"))->number, 0U);
}

TEST_F(KeyValueServiceTest, DoesWhatIsAskedAndKeepsItForTheNext) {
  {
    KeyValueService keys(path());
    EXPECT_TRUE(ask(keys, setting("a", "1")));
    EXPECT_EQ(ask(keys, request_of(KeyValueOperation::Increment, "a", 2))->number, 3U);
    EXPECT_EQ(ask(keys, request_of(KeyValueOperation::Exists, "a"))->number, 1U);
    EXPECT_EQ(ask(keys, request_of(KeyValueOperation::Exists, "b"))->number, 0U);
  }
  KeyValueService keys(path());
  const Answer got = ask(keys, request_of(KeyValueOperation::Get, "a"));
  ASSERT_EQ(got->entries.size(), 1U);
  EXPECT_TRUE(got->entries[0].present);
  EXPECT_EQ(got->entries[0].value, "3");
  EXPECT_EQ(ask(keys, request_of(KeyValueOperation::List))->entries.at(0).key, "a");
  EXPECT_TRUE(ask(keys, request_of(KeyValueOperation::Remove, "a")));
  EXPECT_FALSE(ask(keys, request_of(KeyValueOperation::Get, "a"))->entries.at(0).present);
}

TEST_F(KeyValueServiceTest, CountsRightWithManyWhoIncrementAtOnce) {
  KeyValueService keys(path());
  KeyValueService other(path());  // as another process has it
  constexpr int kEach = 200;
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < kEach; ++i) {
    for (KeyValueService* service : {&keys, &other}) {
      answers.push_back(ask_later(*service, request_of(KeyValueOperation::Increment, "count", 1)));
    }
  }
  for (auto& answer : answers) {
    const Answer got = answer.get();
    EXPECT_TRUE(got.has_value()) << got.error().message();
  }
  EXPECT_EQ(ask(keys, request_of(KeyValueOperation::Increment, "count", 0))->number, 2U * kEach);
}

TEST_F(KeyValueServiceTest, ARefusedRequestTakesNothingFromTheOthersOfItsTransaction) {
  KeyValueService keys(path());
  auto good = ask_later(keys, setting("good", "1"));
  auto bad = ask_later(keys, setting("bad", std::string(limits::kKeyValueValueBytesMax + 1, 'x')));
  auto also_good = ask_later(keys, setting("also-good", "1"));
  EXPECT_TRUE(good.get().has_value());
  EXPECT_EQ(bad.get().error().code(), ErrorCode::LimitExceeded);
  EXPECT_TRUE(also_good.get().has_value());
  EXPECT_EQ(ask(keys, request_of(KeyValueOperation::List))->entries.size(), 2U);
}

TEST_F(KeyValueServiceTest, RefusesWhatItHasNoRoomForAtOnce) {
  KeyValueService keys(path());
  // The first holds the thread until the test lets it go.
  std::promise<void> let_go;
  std::promise<void> begun;
  keys.ask(request_of(KeyValueOperation::Open), [&](const Answer&) {
    begun.set_value();
    let_go.get_future().wait();
  });
  begun.get_future().wait();
  std::vector<std::future<Answer>> waiting;
  for (std::size_t i = 0; i < limits::kKeyValueQueuedMax; ++i)
    waiting.push_back(ask_later(keys, request_of(KeyValueOperation::Open)));
  const Answer refused = ask(keys, request_of(KeyValueOperation::Open));
  EXPECT_EQ(refused.error().code(), ErrorCode::Unavailable);
  let_go.set_value();
  for (auto& answer : waiting) EXPECT_TRUE(answer.get().has_value());
}

TEST_F(KeyValueServiceTest, BoundsTheBytesThatWait) {
  KeyValueService keys(path());
  KeyValueRequest request;
  request.operation = KeyValueOperation::Set;
  request.entries.push_back({"key", std::string(limits::kKeyValueQueuedBytesMax, 'x'), true});
  EXPECT_EQ(ask(keys, std::move(request)).error().code(), ErrorCode::Unavailable);
}

TEST_F(KeyValueServiceTest, TellsAGuestNoPathOfTheMachine) {
  KeyValueService keys(folder_.write("no-folder", "a file"));
  const Answer refused = ask(keys, request_of(KeyValueOperation::Get, "a"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message(), HasSubstr("the store cannot be read"));
}

TEST_F(KeyValueServiceTest, CanBeLetGoByItsOwnAnswer) {
  auto keys = std::make_shared<KeyValueService>(path());
  KeyValueService& service = *keys;
  std::promise<void> done;
  service.ask(request_of(KeyValueOperation::Open), [keys, &done](const Answer&) mutable {
    keys.reset();
    done.set_value();
  });
  keys.reset();
  done.get_future().wait();
}

}  // namespace
}  // namespace arcella::host
