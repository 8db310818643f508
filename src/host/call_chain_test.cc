// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/call_chain.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace arcella::host {
namespace {

TEST(CallChain, GoesToAnotherProcessAndBack) {
  const auto chain = decode_chain("shop/0 cart/12 prices/3");
  ASSERT_TRUE(chain);
  EXPECT_EQ(length(chain->get()), 3);
  EXPECT_EQ(to_string(chain->get()), "shop/0 -> cart/12 -> prices/3");
  EXPECT_EQ(encode(chain->get()), "shop/0 cart/12 prices/3");
  EXPECT_TRUE(contains(chain->get(), model::InstanceId::parse("cart/12").value()));
  EXPECT_FALSE(contains(chain->get(), model::InstanceId::parse("cart/1").value()));
}

TEST(CallChain, OfNobodyIsEmpty) {
  EXPECT_EQ(encode(nullptr), "");
  EXPECT_EQ(decode_chain("").value(), nullptr);
}

TEST(CallChain, OfAHostilePeerIsRefused) {
  for (const char* text : {"shop", "shop/x", " ", "a/0  b/0", "../x/0", "a/-1"})
    EXPECT_FALSE(decode_chain(text)) << text;
  std::string endless;
  for (int i = 0; i < limits::kCallChainMax; ++i) endless += "a/" + std::to_string(i) + " ";
  endless.pop_back();
  EXPECT_TRUE(decode_chain(endless));
  EXPECT_FALSE(decode_chain(endless + " b/0"));
}

}  // namespace
}  // namespace arcella::host
