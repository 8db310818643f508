// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/call_text.h"

#include <gtest/gtest.h>

#include <span>

namespace arcella::runtime {
namespace {

TEST(CallText, SplitsAtTheFirstParenthesis) {
  auto text = split_call("add(20, 22)", "");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->function, "add");
  EXPECT_EQ(text->arguments, "20, 22");
  auto nested = split_call(" demo:calc/ops@1.0.0#sum ( [1, 2], \"a(b)\" ) ", "");
  ASSERT_TRUE(nested.has_value());
  EXPECT_EQ(nested->function, "demo:calc/ops@1.0.0#sum");
  EXPECT_EQ(nested->arguments, "[1, 2], \"a(b)\"");
}

TEST(CallText, TakesFunctionAndArgumentsApart) {
  auto text = split_call("add", "20, 22");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->arguments, "20, 22");
  EXPECT_EQ(split_call("now()", "")->arguments, "");
}

TEST(CallText, RefusesWhatIsNoCall) {
  for (const char* wrong : {"", "  ", "add(1", "(1, 2)", "add(1) x"}) {
    auto text = split_call(wrong, "");
    ASSERT_FALSE(text.has_value()) << wrong;
    EXPECT_EQ(text.error().code(), ErrorCode::InvalidParams);
  }
  EXPECT_FALSE(split_call("add(1)", "2").has_value());
}

TEST(CallResult, IsTheTextThatTheGuestReturned) {
  engine::CallOutcome outcome;
  std::string_view text = "42";
  auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  outcome.payload.assign(bytes.begin(), bytes.end());
  EXPECT_EQ(result_of(outcome).value(), "42");
}

TEST(CallResult, EachFailureHasItsCode) {
  auto code = [](engine::Outcome kind) {
    engine::CallOutcome outcome;
    outcome.outcome = kind;
    return result_of(outcome).error().code();
  };
  EXPECT_EQ(code(engine::Outcome::BadArguments), ErrorCode::InvalidParams);
  EXPECT_EQ(code(engine::Outcome::Trapped), ErrorCode::GuestTrapped);
  EXPECT_EQ(code(engine::Outcome::Exited), ErrorCode::GuestTrapped);
  EXPECT_EQ(code(engine::Outcome::TimedOut), ErrorCode::DeadlineExceeded);
  EXPECT_EQ(code(engine::Outcome::OutOfFuel), ErrorCode::LimitExceeded);
  EXPECT_EQ(code(engine::Outcome::MemoryLimit), ErrorCode::LimitExceeded);
  EXPECT_EQ(code(engine::Outcome::Cancelled), ErrorCode::Cancelled);
  EXPECT_EQ(code(engine::Outcome::Unavailable), ErrorCode::Unavailable);
}

TEST(CallResult, ATrapCarriesItsBacktrace) {
  engine::CallOutcome outcome;
  outcome.outcome = engine::Outcome::Trapped;
  outcome.message = "wasm trap: unreachable";
  outcome.backtrace = "0: crash";
  EXPECT_EQ(result_of(outcome).error().message(), "wasm trap: unreachable");
  EXPECT_EQ(result_of(outcome).error().detail(), "0: crash");
}

}  // namespace
}  // namespace arcella::runtime
