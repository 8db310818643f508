// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/binding.h"

#include <gtest/gtest.h>

namespace arcella::model {
namespace {

TEST(ImportStates, HaveWordsOfTheirOwn) {
  for (ImportState state : {ImportState::Host, ImportState::TypesOnly, ImportState::Bound,
                            ImportState::Fused, ImportState::Optional, ImportState::Unresolved}) {
    EXPECT_EQ(import_state_from(to_string(state)), state);
  }
  EXPECT_EQ(import_state_from("none"), std::nullopt);
}

}  // namespace
}  // namespace arcella::model
