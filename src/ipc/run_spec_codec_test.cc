// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/run_spec_codec.h"

#include <gtest/gtest.h>

#include "ipc/testing/samples.h"

namespace arcella::ipc {
namespace {

TEST(RunSpecCodec, KeepsEveryField) {
  model::RunSpec spec = testing::full_run_spec();
  auto back = run_spec_from_json(to_json(spec));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(*back, spec);
}

TEST(RunSpecCodec, KeepsAbsentFieldsAbsent) {
  model::RunSpec spec = testing::plain_run_spec();
  auto back = run_spec_from_json(to_json(spec));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(*back, spec);
  EXPECT_FALSE(back->entrypoint.has_value());
  EXPECT_FALSE(back->fuel.has_value());
}

TEST(RunSpecCodec, NamesTheFieldThatIsWrong) {
  wire::Json value = to_json(testing::full_run_spec());
  value.as_object()["memory_bytes"] = "much";
  EXPECT_NE(run_spec_from_json(value).error().message().find("spec.memory_bytes"),
            std::string::npos);

  value = to_json(testing::full_run_spec());
  value.as_object()["deployment"] = "../etc";
  EXPECT_FALSE(run_spec_from_json(value).has_value());

  value = to_json(testing::full_run_spec());
  value.as_object()["kind"] = "daemon";
  EXPECT_FALSE(run_spec_from_json(value).has_value());

  value = to_json(testing::full_run_spec());
  value.as_object()["surprise"] = 1;
  EXPECT_FALSE(run_spec_from_json(value).has_value());
}

TEST(RunSpecCodec, NeedsEveryFieldThatIsNotOptional) {
  const wire::Json whole = to_json(testing::full_run_spec());
  for (const auto& field : whole.get_object()) {
    wire::Json value = whole;
    value.as_object().erase(field.key());
    bool optional = field.key() == "entrypoint" || field.key() == "shutdown" ||
                    field.key() == "fuel" || field.key() == "keys_folder";
    EXPECT_EQ(run_spec_from_json(value).has_value(), optional) << field.key();
  }
}

}  // namespace
}  // namespace arcella::ipc
