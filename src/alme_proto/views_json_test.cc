// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/views_json.h"

#include <gtest/gtest.h>

namespace arcella::alme_proto {
namespace {

using wire::Json;

model::DeploymentView calc_math() {
  model::DeploymentView view;
  view.id = "calc-math";
  view.module_id = "calc@1.0.0";
  view.state = "degraded";
  view.replicas = 2;
  view.ready = 1;
  view.group = "math";
  view.restarts = 3;
  view.generation = 4;
  view.reason = "trap";
  return view;
}

TEST(ViewsJson, DeploymentHasTheFieldsOfTheDesign) {
  EXPECT_EQ(wire::to_text(to_json(calc_math())),
            R"({"id":"calc-math","module_id":"calc@1.0.0","state":"degraded","kind":"service",)"
            R"("replicas":2,"ready":1,"isolation":"worker","group":"math","listen":null,)"
            R"("generation":4,"restarts":3,"reason":"trap"})");
}

TEST(ViewsJson, WhatDoesNotApplyIsNull) {
  model::DeploymentView view = calc_math();
  view.isolation = model::Isolation::Main;
  view.group.clear();
  EXPECT_TRUE(to_json(view).at("group").is_null());
  model::InstanceView instance;
  instance.id = "calc/0";
  EXPECT_TRUE(to_json(instance).at("pid").is_null());
}

TEST(ViewsJson, ListingSurvivesTheWayBack) {
  model::Listing listing;
  model::ComponentView component;
  component.id = "calc@1.0.0";
  component.kind = model::Kind::Http;
  component.format = model::Format::CoreModule;
  component.description = "d";
  component.wasm_bytes = 7;
  component.installed_at = 8;
  component.deployments = 1;
  listing.components.push_back(component);
  listing.deployments.push_back(calc_math());
  model::InstanceView instance;
  instance.id = "calc-math/0";
  instance.state = model::InstanceState::Ready;
  instance.pid = 4711;
  listing.instances.push_back(instance);
  model::WorkerView worker;
  worker.group = "math";
  worker.state = "up";
  worker.pid = 4711;
  worker.rss_bytes = 1;
  worker.instances = 2;
  listing.workers.push_back(worker);

  const Json json = to_json(listing, {true, true, true, true});
  auto back = listing_from_json(json);
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_EQ(to_json(*back, {true, true, true, true}), json);
}

TEST(ViewsJson, ListingShowsOnlyWhatIsSelected) {
  model::ListSelection what;
  what.workers = true;
  EXPECT_EQ(wire::to_text(to_json(model::Listing{}, what)), R"({"workers":[]})");
}

TEST(ViewsJson, LogTailSurvivesTheWayBack) {
  model::LogTail tail;
  tail.lines.push_back({1'767'225'600'123, "calc/0", true, "text"});
  tail.dropped = 5;
  auto back = log_tail_from_json(to_json(tail));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->dropped, 5U);
  ASSERT_EQ(back->lines.size(), 1U);
  EXPECT_EQ(back->lines[0].time_ms, 1'767'225'600'123);
  EXPECT_TRUE(back->lines[0].stderr_stream);
}

TEST(ViewsJson, DescriptionOfADeploymentKeepsTheValuesOfVariablesToItself) {
  auto id = model::DeploymentId::parse("calc");
  auto component = model::ComponentId::parse("calc@1.0.0");
  ASSERT_TRUE(id.has_value() && component.has_value());
  model::DeploymentSpec spec{.id = *id, .component = *component};
  spec.env = {{"TOKEN", "secret"}};
  spec.config = {{"password", "secret"}};
  model::Generation previous{3, spec};
  previous.spec.replicas = 7;
  const model::DeploymentDetails details{{spec, {}}, calc_math(), previous, {}, R"({"calls":1})"};
  const Json json = to_json(details);
  EXPECT_EQ(wire::to_text(json).find("secret"), std::string::npos);
  EXPECT_EQ(json.at("spec").at("env").at(0).as_string(), "TOKEN");
  EXPECT_EQ(json.at("statistics").at("calls").as_int64(), 1);
  EXPECT_EQ(wire::to_text(json.at("previous")),
            R"({"generation":3,"module_id":"calc@1.0.0","replicas":7})");
}

TEST(ViewsJson, DescriptionOfADeploymentShowsEveryFieldOfItsFile) {
  model::DeploymentSpec spec{.id = model::DeploymentId::parse("web").value(),
                             .component = model::ComponentId::parse("web@1.0.0").value()};
  const model::DeploymentDetails plain{{spec, {}}, calc_math(), {}, {}, {}};
  EXPECT_TRUE(to_json(plain).at("spec").at("http").is_null());
  spec.http_listen = model::HttpListen{"127.0.0.1", 8080};
  spec.http_route = model::HttpRoute{"*", "/api"};
  spec.direct = true;
  spec.fuse_with = {model::DeploymentId::parse("log").value()};
  spec.wiring = {{"demo:log/log", model::DeploymentId::parse("log").value()}};
  const model::DeploymentDetails details{{spec, {}}, calc_math(), {}, {}, {}};
  const std::string text = wire::to_text(to_json(details).at("spec"));
  for (const char* part :
       {R"("http":{"listen":"127.0.0.1:8080","route":{"host":"*","path":"/api"}})",
        R"("direct":true,"fuse_with":["log"],"config":[],"wiring":{"demo:log/log":"log"})",
        R"("update":{"strategy":"rolling","min_healthy_ms":500,"auto_revert":true})"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(ViewsJson, DescriptionOfAComponentNamesWhatItCanDoWithout) {
  model::ComponentDetails details{{.id = model::ComponentId::parse("web@1.0.0").value()}, {}};
  details.component.optional_imports = {"demo:log/log"};
  EXPECT_EQ(wire::to_text(to_json(details).at("component").at("optional_imports")),
            R"(["demo:log/log"])");
}

TEST(ViewsJson, ADeployAnswersWithItsNotes) {
  const Json json = deployed_to_json({calc_math()}, {"a.deployment.toml:3:1: so it is"});
  EXPECT_EQ(json.at("deployments").as_array().size(), 1U);
  EXPECT_EQ(json.at("notes").at(0).as_string(), "a.deployment.toml:3:1: so it is");
}

TEST(ViewsJson, TimesAreRfc3339) {
  EXPECT_EQ(rfc3339(1'767'225'600), "2026-01-01T00:00:00Z");
}

}  // namespace
}  // namespace arcella::alme_proto
