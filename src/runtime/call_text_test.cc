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

std::vector<model::InterfaceItem> exports() {
  return {{"demo:calc/ops@1.0.0", {"add: func(a: u32) -> u32", "reset: func()"}},
          {"demo:calc/more@1.0.0", {"reset: func()"}},
          {"root", {"root: core func"}}};
}

TEST(NearestFunction, IsTheNameThatIsUnique) {
  EXPECT_EQ(nearest_function("ad", exports()), "add");
  EXPECT_EQ(nearest_function("rot", exports()), "root");
  EXPECT_EQ(nearest_function("multiply", exports()), std::nullopt);
  EXPECT_EQ(nearest_function("ad", {}), std::nullopt);
}

TEST(NearestFunction, HasItsInterfaceWhereThereAreTwo) {
  EXPECT_EQ(nearest_function("rest", exports()), "demo:calc/more@1.0.0#reset");
}

TEST(NearestFunction, IsWrittenAsTheOneThatWasAskedFor) {
  EXPECT_EQ(nearest_function("ops#ad", exports()), "ops#add");
  EXPECT_EQ(nearest_function("oops#add", exports()), "ops#add");
  EXPECT_EQ(nearest_function("demo:calc/ops#ad", exports()), "demo:calc/ops#add");
  EXPECT_EQ(nearest_function("demo:calc/ops@1.0.0#adt", exports()), "demo:calc/ops@1.0.0#add");
}

TEST(NearestFunction, IsNotLookedForWhenTheNameIsKnownOrAbsurd) {
  EXPECT_EQ(nearest_function("add", exports()), std::nullopt);
  EXPECT_EQ(nearest_function("reset", exports()), std::nullopt);
  EXPECT_EQ(nearest_function(std::string(100'000, 'a'), exports()), std::nullopt);
}

}  // namespace
}  // namespace arcella::runtime
