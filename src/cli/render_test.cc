// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

model::Listing listing() {
  model::Listing made;
  model::DeploymentView calc;
  calc.id = "calc";
  calc.module_id = "calc@1.0.0";
  calc.state = "running";
  calc.replicas = 1;
  calc.ready = 1;
  calc.isolation = model::Isolation::Main;
  model::DeploymentView greeter;
  greeter.id = "greeter";
  greeter.module_id = "greeter@1.0.0";
  greeter.state = "failed";
  greeter.replicas = 4;
  greeter.group = "web";
  greeter.listen = "127.0.0.1:8080";
  greeter.reason = "trap\x1b[2J";
  made.deployments = {calc, greeter};
  return made;
}

TEST(Render, TableIsAlignedAndWithoutTrailingSpaces) {
  model::ListSelection what;
  what.deployments = true;
  EXPECT_EQ(
      render_listing(listing(), what, Colour::Off),
      "DEPLOYMENT  COMPONENT      STATE    READY  WHERE       LISTEN          RESTARTS  REASON\n"
      "calc        calc@1.0.0     running  1/1    main        -               0\n"
      "greeter     greeter@1.0.0  failed   0/4    worker web  127.0.0.1:8080  0         "
      "trap\\x1b[2J\n");
}

TEST(Render, TableFitsTheTerminal) {
  model::ListSelection what;
  what.deployments = true;
  model::Listing wide = listing();
  wide.deployments[1].reason = "a reason that is told at length, \u65e5\u672c\u8a9e";
  const std::string text = render_listing(wide, what, Colour::Off, 90);
  EXPECT_THAT(text, HasSubstr("  a reason\u2026\n"));
  EXPECT_THAT(render_listing(wide, what, Colour::Off),
              HasSubstr("at length, \u65e5\u672c\u8a9e\n"));
}

TEST(Render, ColourOnlyWhenAsked) {
  model::ListSelection what;
  what.deployments = true;
  EXPECT_THAT(render_listing(listing(), what, Colour::Off), Not(HasSubstr("\x1b")));
  EXPECT_THAT(render_listing(listing(), what, Colour::On), HasSubstr("\x1b[31mfailed\x1b[0m"));
}

TEST(Render, BindingsAreATable) {
  model::Listing made;
  const auto id = [](std::string_view text) { return model::DeploymentId::parse(text).value(); };
  made.bindings = {{id("web"),
                    {.import = "demo:calc/ops@1.0.0",
                     .state = model::ImportState::Bound,
                     .provider = id("calc"),
                     .exported = "demo:calc/ops@1.2.0",
                     .why = "in main"}}};
  model::ListSelection what;
  what.bindings = true;
  EXPECT_EQ(render_listing(made, what, Colour::Off),
            "CONSUMER  IMPORT               PROVIDER  EXPORT               WHY\n"
            "web       demo:calc/ops@1.0.0  calc      demo:calc/ops@1.2.0  in main\n");
}

TEST(Render, EmptySectionSaysSo) {
  model::ListSelection what;
  what.workers = true;
  what.components = true;
  EXPECT_EQ(render_listing({}, what, Colour::Off), "no components\n\nno workers\n");
}

TEST(Render, DeploymentIsOneLine) {
  EXPECT_EQ(render_deployment(listing().deployments[0], Colour::Off),
            "calc: running, 1/1 ready in main\n");
  EXPECT_EQ(render_deployment(listing().deployments[1], Colour::Off),
            "greeter: failed, 0/4 ready in worker web, http://127.0.0.1:8080 (trap\\x1b[2J)\n");
}

TEST(Render, TreeShowsAnyResult) {
  auto value = wire::parse_json(R"({"a":1,"b":null,"c":["x","y"],"d":{"e":true},)"
                                R"("f":[{"g":1,"h":"i"},{"g":2,"h":"j"}],"k":[]})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(
      render_tree(*value),
      "a: 1\nb: -\nc: x, y\nd:\n  e: true\nf:\n  - g: 1\n    h: i\n  - g: 2\n    h: j\nk: -\n");
}

TEST(Render, LogLineNamesTimeInstanceAndStream) {
  EXPECT_EQ(render_log_line({0, "calc/0", true, "a\tb"}, Colour::Off),
            "1970-01-01T00:00:00.000Z calc/0 err| a\\tb\n");
}

TEST(Render, ErrorIsOneLineAndItsDetailIndented) {
  EXPECT_EQ(render_error(Error(ErrorCode::NotFound, "no\nsuch")), "arcella-cli: no\\nsuch\n");
  EXPECT_EQ(render_error(Error(ErrorCode::NotFound, "x").with_detail("one\n  two\n")),
            "arcella-cli: x\n  one\n    two\n");
}

TEST(Render, BytesInUnits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(5ULL << 30U), "5.0 GiB");
}

}  // namespace
}  // namespace arcella::cli
