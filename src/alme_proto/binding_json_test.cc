// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/binding_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alme_proto/views_json.h"

namespace arcella::alme_proto {
namespace {

model::DeploymentId id(std::string_view text) {
  return model::DeploymentId::parse(text).value();
}

model::ImportResolution bound() {
  return {.import = "demo:calc/ops@1.0.0",
          .state = model::ImportState::Bound,
          .provider = id("calc"),
          .exported = "demo:calc/ops@1.2.0",
          .why = "the highest version"};
}
model::ImportResolution unresolved() {
  return {.import = "demo:log/log@1.0.0",
          .state = model::ImportState::Unresolved,
          .why = "nobody who exports it can serve",
          .refused = {{"log", "would fit, but does not run"}}};
}

TEST(DiagResult, SaysOfEachImportWhoServesItAndWhoCannot) {
  const DiagResult sent{"web", {bound(), unresolved()}};
  EXPECT_EQ(
      wire::to_text(sent.to_json()),
      R"({"deployment":"web","imports":[)"
      R"({"import":"demo:calc/ops@1.0.0","state":"bound","provider":"calc",)"
      R"("export":"demo:calc/ops@1.2.0","version":"1.2.0","why":"the highest version","refused":[]},)"
      R"({"import":"demo:log/log@1.0.0","state":"unresolved","provider":null,"export":null,)"
      R"("version":null,"why":"nobody who exports it can serve",)"
      R"("refused":[{"deployment":"log","reason":"would fit, but does not run"}]}]})");
  const DiagResult read = DiagResult::from_json(sent.to_json()).value();
  EXPECT_EQ(read.deployment, "web");
  EXPECT_EQ(read.imports, sent.imports);
}

TEST(Bindings, AreASectionOfTheList) {
  model::Listing listing;
  listing.bindings = {{id("web"), bound()}};
  const wire::Json json = to_json(listing, {.bindings = true});
  EXPECT_EQ(wire::to_text(json),
            R"({"bindings":[{"consumer":"web","import":"demo:calc/ops@1.0.0","provider":"calc",)"
            R"("export":"demo:calc/ops@1.2.0","why":"the highest version","state":"bound"}]})");
  EXPECT_EQ(listing_from_json(json).value().bindings, listing.bindings);
}

TEST(WiringGraph, IsItsNodesAndEdges) {
  model::WiringGraph sent;
  sent.nodes = {{id("calc"), "running"}, {id("web"), "stopped"}};
  model::ImportResolution left = unresolved();
  left.refused.clear();  // `diag` tells
  sent.edges = {{id("web"), bound()}, {id("web"), left}};
  const wire::Json json = to_json(sent);
  EXPECT_EQ(wire::to_text(json.at("nodes")),
            R"([{"id":"calc","state":"running"},{"id":"web","state":"stopped"}])");
  EXPECT_EQ(wire::to_text(json.at("edges").at(1)),
            R"({"consumer":"web","import":"demo:log/log@1.0.0","provider":null,"export":null,)"
            R"("why":"nobody who exports it can serve","state":"unresolved"})");
  const model::WiringGraph read = graph_from_json(json).value();
  EXPECT_EQ(read.nodes, sent.nodes);
  EXPECT_EQ(read.edges, sent.edges);
}

TEST(WiringGraph, RefusesWhatIsNone) {
  for (const char* text : {R"({"nodes":[]})", R"({"nodes":[{"id":"a b","state":""}],"edges":[]})",
                           R"({"nodes":[],"edges":[{"consumer":"a"}]})", "[]"}) {
    EXPECT_FALSE(graph_from_json(wire::parse_json(text).value()).has_value()) << text;
  }
}

}  // namespace
}  // namespace arcella::alme_proto
