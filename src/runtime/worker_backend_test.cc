// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/worker_backend.h"

#include <gtest/gtest.h>

#include <string_view>

namespace arcella::runtime {
namespace {

supervisor::CallReply reply_of(std::uint8_t outcome, std::string_view payload) {
  supervisor::CallReply reply;
  reply.header.kind = ipc::DataKind::Result;
  reply.header.encoding_or_outcome = outcome;
  auto bytes = std::as_bytes(std::span(payload.data(), payload.size()));
  reply.payload.assign(bytes.begin(), bytes.end());
  return reply;
}
supervisor::CallReply reply_of(ipc::DataOutcome outcome, std::string_view payload) {
  return reply_of(static_cast<std::uint8_t>(outcome), payload);
}
using namespace std::string_view_literals;

TEST(WorkerReply, ReturnedCarriesTheResult) {
  auto outcome = outcome_of(reply_of(ipc::DataOutcome::Returned, "42"));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->outcome, engine::Outcome::Returned);
  EXPECT_EQ(outcome->payload.size(), 2U);
}

TEST(WorkerReply, AFailureIsAMessageAndABacktrace) {
  auto outcome = outcome_of(reply_of(ipc::DataOutcome::Trapped, "trap\0line 1\nline 2"sv));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->outcome, engine::Outcome::Trapped);
  EXPECT_EQ(outcome->message, "trap");
  EXPECT_EQ(outcome->backtrace, "line 1\nline 2");
}

TEST(WorkerReply, UnavailableIsNoOutcomeOfTheGuest) {
  auto outcome = outcome_of(reply_of(ipc::DataOutcome::Unavailable, "busy"sv));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), ErrorCode::Unavailable);
}

TEST(WorkerReply, NonsenseOfAHostileWorkerIsRefused) {
  EXPECT_FALSE(outcome_of(reply_of(200, "x")).has_value());
}

TEST(WorkerReply, TextIsMadePrintable) {
  auto outcome = outcome_of(reply_of(ipc::DataOutcome::Trapped, "a\x1b[2Jb\xff"sv));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->message.find('\x1b'), std::string::npos);
  auto returned = outcome_of(reply_of(ipc::DataOutcome::Returned, "\xff"));
  EXPECT_EQ(returned->payload.size(), 3U);
}

}  // namespace
}  // namespace arcella::runtime
