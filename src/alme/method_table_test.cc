// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme/method_table.h"

#include <gtest/gtest.h>

namespace arcella::alme {
namespace {

aio::Task<Result<Answer>> nothing() {
  co_return Answer();
}

TEST(MethodTable, FindsWhatWasAdded) {
  MethodTable table;
  table.add("ping", [](Invocation) { return nothing(); });
  table.add("call", [](Invocation) { return nothing(); }, OnCancel::Abort);
  ASSERT_NE(table.find("ping"), nullptr);
  EXPECT_EQ(table.find("ping")->on_cancel, OnCancel::Finish);
  EXPECT_EQ(table.find("call")->on_cancel, OnCancel::Abort);
  EXPECT_EQ(table.find("run"), nullptr);
}

TEST(MethodTableDeathTest, RefusesASecondHandlerAndAnUnknownMethod) {
  MethodTable table;
  table.add("ping", [](Invocation) { return nothing(); });
  EXPECT_DEATH(table.add("ping", [](Invocation) { return nothing(); }), "one handler");
  EXPECT_DEATH(table.add("pong", [](Invocation) { return nothing(); }), "methods.h");
}

}  // namespace
}  // namespace arcella::alme
