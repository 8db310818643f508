// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/failure_text.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace arcella::ipc {
namespace {

using namespace std::string_view_literals;

FailureText read(std::string_view text) {
  return failure_text(std::as_bytes(std::span(text)));
}

TEST(FailureText, IsMessageAndBacktrace) {
  auto text = read("wasm trap: unreachable\0   0: f\n   1: g"sv);
  EXPECT_EQ(text.message, "wasm trap: unreachable");
  EXPECT_EQ(text.backtrace, "   0: f\n   1: g");
  EXPECT_EQ(read("only"sv).message, "only");
  EXPECT_EQ(failure_text({}).message, "");
}

TEST(FailureText, IsWhatWasWritten) {
  auto text = read(failure_payload("why\0not"sv, "at f"));
  EXPECT_EQ(text.message, "whynot");
  EXPECT_EQ(text.backtrace, "at f");
}

TEST(FailureText, OfAHostilePeerIsPrintableAndBounded) {
  auto hostile = read("\xff\x1b[2J\n\0\x07\n\0x"sv);
  EXPECT_EQ(hostile.message, "\xef\xbf\xbd\\x1b[2J\\n");
  EXPECT_EQ(hostile.backtrace, "\\x07\n\\x00x");
  std::string long_text(1U << 20, 'x');
  EXPECT_EQ(read(long_text).message.size(), limits::kFailureMessageBytesMax);
  EXPECT_EQ(failure_payload(long_text, {}).size(), limits::kFailureMessageBytesMax + 1);
}

}  // namespace
}  // namespace arcella::ipc
