// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/inspection.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "ipc/testing/samples.h"

namespace arcella::ipc {
namespace {

TEST(InspectionCodec, KeepsEveryField) {
  auto back = inspection_from_json(to_json(testing::full_inspection()));
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(*back, testing::full_inspection());
  auto empty = inspection_from_json(to_json(model::Inspection()));
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(*empty, model::Inspection());
}

TEST(InspectionCodec, NeedsEveryFieldAndTakesNoOther) {
  const wire::Json whole = to_json(testing::full_inspection());
  for (const auto& field : whole.get_object()) {
    wire::Json value = whole;
    value.as_object().erase(field.key());
    EXPECT_FALSE(inspection_from_json(value).has_value()) << field.key();
    value = whole;
    value.as_object()[field.key()] = nullptr;
    EXPECT_FALSE(inspection_from_json(value).has_value()) << field.key();
  }
  wire::Json value = whole;
  value.as_object()["more"] = 1;
  EXPECT_FALSE(inspection_from_json(value).has_value());
}

TEST(InspectionCodec, MakesTextsHarmless) {
  model::Inspection hostile = testing::full_inspection();
  hostile.metadata_name = "evil\x1b[2J\n" + std::string(1000, 'x');
  hostile.exports[0].functions[0] = "add\nfunc";
  hostile.exports[0].shapes[0] = "func\n";
  hostile.exports[0].types[0] = {"a\n", "b\n", "c\n"};
  hostile.wit = "world\n\x07";
  auto read = inspection_from_json(to_json(hostile));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->metadata_name.substr(0, 13), "evil\\x1b[2J\\n");
  EXPECT_LE(read->metadata_name.size(), 300U);
  EXPECT_EQ(read->exports[0].functions[0], "add\\nfunc");
  EXPECT_EQ(read->exports[0].shapes[0], "func\\n");
  EXPECT_EQ(read->exports[0].types[0], (model::NamedType{"a\\n", "b\\n", "c\\n"}));
  EXPECT_EQ(read->wit, "world\n\\x07");
}

TEST(InspectionCodec, IsBounded) {
  model::Inspection large = testing::full_inspection();
  large.wit.assign(limits::kWitTextBytesMax, 'w');
  EXPECT_TRUE(inspection_from_json(to_json(large)).has_value());
  large.wit += 'w';
  EXPECT_EQ(inspection_from_json(to_json(large)).error().code(), ErrorCode::LimitExceeded);

  large = testing::full_inspection();
  large.imports.resize(limits::kInterfacesMax);
  EXPECT_TRUE(inspection_from_json(to_json(large)).has_value());
  large.imports.emplace_back();
  EXPECT_EQ(inspection_from_json(to_json(large)).error().code(), ErrorCode::LimitExceeded);

  large = testing::full_inspection();
  large.exports[0].functions.resize(limits::kInterfaceFunctionsMax + 1);
  EXPECT_EQ(inspection_from_json(to_json(large)).error().code(), ErrorCode::LimitExceeded);

  large = testing::full_inspection();
  large.exports[0].types.resize(limits::kInterfaceTypesMax);
  EXPECT_TRUE(inspection_from_json(to_json(large)).has_value());
  large.exports[0].types.emplace_back();
  EXPECT_FALSE(inspection_from_json(to_json(large)).has_value());
}

// A shape that is cut would equal another one.
TEST(InspectionCodec, ShapesAreWholeAndOneForEachFunction) {
  const model::Inspection whole = testing::full_inspection();
  model::Inspection changed = whole;
  changed.exports[0].shapes[0].assign(limits::kShapeBytesMax, 's');
  EXPECT_EQ(inspection_from_json(to_json(changed)), changed);
  changed.exports[0].shapes[0] += 's';
  EXPECT_FALSE(inspection_from_json(to_json(changed)).has_value());

  changed = whole;
  changed.exports[0].types[0].shape.assign(limits::kShapeBytesMax + 1, 's');
  EXPECT_FALSE(inspection_from_json(to_json(changed)).has_value());

  changed = whole;
  changed.exports[0].shapes.pop_back();
  EXPECT_FALSE(inspection_from_json(to_json(changed)).has_value());
  changed.exports[0].shapes.clear();
  EXPECT_EQ(inspection_from_json(to_json(changed)), changed);
}

}  // namespace
}  // namespace arcella::ipc
