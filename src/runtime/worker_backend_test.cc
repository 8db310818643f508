// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/worker_backend.h"

#include <gtest/gtest.h>

#include <string_view>

namespace arcella::runtime {
namespace {

engine::CallOutcome outcome_of(engine::Outcome kind, std::string_view payload,
                               std::string message = {}) {
  engine::CallOutcome outcome;
  outcome.outcome = kind;
  outcome.message = std::move(message);
  auto bytes = std::as_bytes(std::span(payload.data(), payload.size()));
  outcome.payload.assign(bytes.begin(), bytes.end());
  return outcome;
}

TEST(WorkerReply, ReturnedCarriesTheResult) {
  auto outcome = checked(outcome_of(engine::Outcome::Returned, "42"));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->outcome, engine::Outcome::Returned);
  EXPECT_EQ(outcome->payload.size(), 2U);
}

TEST(WorkerReply, AFailureIsAnOutcome) {
  auto outcome = checked(outcome_of(engine::Outcome::Trapped, "", "trap"));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->message, "trap");
}

TEST(WorkerReply, UnavailableIsNoOutcomeOfTheGuest) {
  auto outcome = checked(outcome_of(engine::Outcome::Unavailable, "", "busy"));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(outcome.error().message(), "busy");
}

TEST(WorkerReply, TextIsMadePrintable) {
  auto returned = checked(outcome_of(engine::Outcome::Returned, "\xff"));
  EXPECT_EQ(returned->payload.size(), 3U);
}

}  // namespace
}  // namespace arcella::runtime
