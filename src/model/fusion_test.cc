// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/fusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <map>
#include <string>
#include <string_view>

namespace arcella::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const std::string kAdd = "add: func(a: u32, b: u32) -> u32";
const std::string kWider = "add: func(a: u64, b: u64) -> u64";
const std::string kLog = "log: func(line: string)";

DeploymentId id(std::string_view text) {
  return DeploymentId::parse(text).value();
}

bool of_host(std::string_view import) {
  return import.starts_with("wasi:");
}

// Deployments of components of the same names; "me" is the one that fuses.
class FusionTest : public ::testing::Test {
 protected:
  Component& add(std::string_view name, std::vector<InterfaceItem> imports,
                 std::vector<InterfaceItem> exports) {
    Component& component = components_.emplace_back(
        Component{.id = ComponentId::parse(std::string(name) + "@1.0.0").value()});
    component.imports = std::move(imports);
    component.exports = std::move(exports);
    component.content_hash = "hash of " + std::string(name);
    DeploymentSpec spec{.id = id(name), .component = component.id};
    spec.group = GroupName::parse("math").value();
    deployments_.emplace(id(name), Deployment{std::move(spec), {}});
    order_.push_back(id(name));
    by_name_[id(name)] = &component;
    return component;
  }
  Deployment& deployment(std::string_view name) { return deployments_.at(id(name)); }

  std::vector<Member> members() const {
    std::vector<Member> result;
    for (const DeploymentId& one : order_) result.push_back({one, by_name_.at(one)});
    return result;
  }
  Joints join() const { return join_members(members(), wiring_, of_host); }
  std::vector<std::string> plugs() const {
    std::vector<std::string> lines;
    for (const Plug& plug : join().plugs) {
      lines.push_back(order_[plug.into].str() + " " + plug.import + " <- " +
                      order_[plug.from].str() + " " + plug.exported);
    }
    return lines;
  }

  // With "me" as the first and all others in its fuse_with.
  std::vector<std::string> violations() {
    Deployment& me = deployment("me");
    if (me.spec.fuse_with.empty()) me.spec.fuse_with.assign(order_.begin() + 1, order_.end());
    const FindDeployed find = [this](const DeploymentId& one) -> Deployed {
      const auto found = deployments_.find(one);
      if (found == deployments_.end()) return {};
      return {&found->second, by_name_.at(one)};
    };
    std::vector<std::string> lines;
    for (const RuleViolation& one : check_fusion(me, *by_name_.at(id("me")), find, of_host)) {
      EXPECT_FALSE(one.hint.empty()) << one.message;
      lines.push_back(one.field + ": " + one.message);
    }
    return lines;
  }

  Wiring wiring_;

 private:
  std::list<Component> components_;
  std::map<DeploymentId, Deployment> deployments_;
  std::map<DeploymentId, const Component*> by_name_;
  std::vector<DeploymentId> order_;
};

TEST_F(FusionTest, JoinsWhatOneImportsAndALaterOneExports) {
  add("me", {{"demo:calc/ops@1.0.0", {kAdd}}, {"demo:log/log", {kLog}}, {"a:b/other", {kLog}}}, {});
  add("calc", {{"demo:log/log", {kLog}}}, {{"demo:calc/ops@1.0.0", {kAdd}}});
  add("log", {{"demo:calc/ops@1.0.0", {kAdd}}}, {{"demo:log/log", {kLog}}});
  EXPECT_THAT(plugs(), ElementsAre("me demo:calc/ops@1.0.0 <- calc demo:calc/ops@1.0.0",
                                   "me demo:log/log <- log demo:log/log",
                                   "calc demo:log/log <- log demo:log/log"));
  EXPECT_THAT(join().faults, ElementsAre("", "", ""));
  EXPECT_THAT(violations(), IsEmpty());
}

TEST_F(FusionTest, TakesTheHighestVersionOfTheFirstThatFits) {
  add("me", {{"demo:calc/ops@1.0.0", {kAdd}}}, {});
  add("calc", {},
      {{"demo:calc/ops@2.0.0", {kAdd}},
       {"demo:calc/ops@1.1.0", {kAdd}},
       {"demo:calc/ops@1.3.0", {kAdd}},
       {"demo:calc/ops@1.2.0", {kAdd}}});
  EXPECT_THAT(plugs(), ElementsAre("me demo:calc/ops@1.0.0 <- calc demo:calc/ops@1.3.0"));
}

TEST_F(FusionTest, LeavesToTheHostAndToTheWiringWhatIsTheirs) {
  add("me", {{"wasi:io/poll@0.2.0", {kAdd}}, {"demo:calc/ops", {kAdd}}, {"demo:log/log", {kLog}}},
      {});
  add("first", {}, {{"wasi:io/poll@0.2.0", {kAdd}}, {"demo:calc/ops", {kAdd}}});
  add("second", {}, {{"demo:calc/ops", {kAdd}}, {"demo:log/log", {kLog}}});
  wiring_ = {{"demo:calc/ops", id("second")}, {"demo:log/log", id("elsewhere")}};
  EXPECT_THAT(plugs(), ElementsAre("me demo:calc/ops <- second demo:calc/ops"));
  EXPECT_THAT(join().faults[1], HasSubstr("exports nothing that me"));
}

TEST_F(FusionTest, NamesTheFunctionThatDiffers) {
  add("me", {{"demo:calc/ops@1.0.0", {kAdd}}}, {});
  add("calc", {}, {{"demo:calc/ops@1.0.0", {kWider}}});
  EXPECT_THAT(
      violations(),
      ElementsAre("deployment.fuse_with[0]: 'calc' cannot serve demo:calc/ops@1.0.0 of me: it does "
                  "not fit: '" +
                  kWider + "' instead of '" + kAdd + "'"));
}

TEST_F(FusionTest, NamesTheVersionThatDoesNotServe) {
  add("me", {{"demo:calc/ops@1.2.0", {kAdd}}}, {});
  add("calc", {}, {{"demo:calc/ops@1.0.0", {kAdd}}});
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("it exports it at 1.0.0, older than 1.2.0")));
}

TEST_F(FusionTest, RefusesOneThatServesNothing) {
  add("me", {{"demo:calc/ops", {kAdd}}}, {});
  add("calc", {}, {{"demo:calc/ops", {kAdd}}});
  add("log", {}, {{"demo:log/log", {kLog}}});
  EXPECT_THAT(violations(), ElementsAre("deployment.fuse_with[1]: 'log' exports nothing that me or "
                                        "one before it in fuse_with imports"));
}

TEST_F(FusionTest, RefusesWhatIsNotThereOrNoComponent) {
  add("me", {{"demo:calc/ops", {kAdd}}}, {});
  Component& calc = add("calc", {}, {{"demo:calc/ops", {kAdd}}});
  calc.format = Format::CoreModule;
  deployment("me").spec.fuse_with = {id("calc"), id("nobody")};
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("fuse_with[0]: 'calc' is a core module"),
                                        HasSubstr("fuse_with[1]: 'nobody' is not deployed")));
}

TEST_F(FusionTest, RefusesACoreModuleThatAsksForIt) {
  add("me", {}, {}).format = Format::CoreModule;
  add("calc", {}, {{"demo:calc/ops", {kAdd}}});
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("me@1.0.0 is a core module")));
}

TEST_F(FusionTest, RefusesAnotherPlaceTrustOrExecutor) {
  add("me", {{"demo:calc/ops", {kAdd}}}, {});
  add("calc", {}, {{"demo:calc/ops", {kAdd}}});
  Deployment& calc = deployment("calc");
  calc.spec.group = GroupName::parse("web").value();
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("'calc' runs in group 'web', and this runs in "
                                                  "group 'math'")));
  calc.policy.isolation = Isolation::Main;
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("runs in main, and this runs in group 'math'")));
  calc.policy.isolation = Isolation::Worker;
  calc.spec.group = deployment("me").spec.group;
  calc.policy.trusted = true;
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("has trusted = true, and this trusted = false")));
  calc.policy.trusted = false;
  calc.policy.async = true;
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("has async = true, and this async = false")));
}

TEST_F(FusionTest, RefusesACircle) {
  add("me", {{"demo:calc/ops", {kAdd}}}, {{"a:b/mine", {kLog}}});
  add("calc", {{"a:b/mine", {kLog}}}, {{"demo:calc/ops", {kAdd}}});
  add("third", {{"a:b/mine", {kLog}}}, {{"x:y/z", {kLog}}});
  deployment("me").spec.fuse_with = {id("calc")};
  deployment("calc").spec.fuse_with = {id("third")};
  EXPECT_THAT(violations(), IsEmpty()) << "of the fused one only its own component is taken";
  deployment("third").spec.fuse_with = {id("me")};
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("'calc' fuses with this in turn")));
}

TEST_F(FusionTest, TheWholeImportsWhatIsNotJoinedOfAll) {
  Component& me =
      add("me", {{"demo:calc/ops", {kAdd}}, {"wasi:cli/environment@0.2.0", {"a: func()"}}},
          {{"a:b/mine", {kLog}}});
  me.kind = Kind::Command;
  me.capabilities = {{"https://a"}, {}, {"HOME"}, true};
  Component& calc = add("calc",
                        {{"wasi:cli/environment@0.2.0", {"a: func()", "b: func()"}},
                         {"wasi:clocks/wall-clock@0.2.0", {"now: func()"}}},
                        {{"demo:calc/ops", {kAdd}}});
  calc.needs_concurrency = true;
  calc.capabilities = {{"https://b"}, {"/data"}, {}, true};
  calc.optional_imports = {"demo:calc/extra"};
  const Component whole = whole_of(members(), join().plugs);
  EXPECT_EQ(whole.id, me.id);
  EXPECT_EQ(whole.kind, Kind::Command);
  EXPECT_EQ(whole.exports, me.exports);
  EXPECT_TRUE(whole.needs_concurrency);
  ASSERT_EQ(whole.imports.size(), 2U);
  EXPECT_EQ(whole.imports[0].name, "wasi:cli/environment@0.2.0");
  EXPECT_THAT(whole.imports[0].functions, ElementsAre("a: func()", "b: func()"));
  EXPECT_EQ(whole.imports[1].name, "wasi:clocks/wall-clock@0.2.0");
  EXPECT_THAT(whole.optional_imports, ElementsAre("demo:calc/extra"));
  EXPECT_THAT(whole.capabilities.network, ElementsAre("https://a", "https://b"));
  EXPECT_THAT(whole.capabilities.filesystem, ElementsAre("/data"));
  EXPECT_TRUE(whole.capabilities.stated);
  calc.capabilities.stated = false;
  EXPECT_FALSE(whole_of(members(), join().plugs).capabilities.stated);
}

TEST_F(FusionTest, WhatIsFusedIsShownWithWhomAndWhy) {
  add("me", {{"demo:calc/ops@1.0.0", {kAdd}}}, {});
  add("calc", {{"demo:log/log", {kLog}}}, {{"demo:calc/ops@1.1.0", {kAdd}}});
  add("log", {}, {{"demo:log/log", {kLog}}});
  const auto imports = fused_imports(members(), join().plugs);
  ASSERT_EQ(imports.size(), 2U);
  EXPECT_EQ(imports[0].import, "demo:calc/ops@1.0.0");
  EXPECT_EQ(imports[0].state, ImportState::Fused);
  EXPECT_EQ(imports[0].provider, id("calc"));
  EXPECT_EQ(imports[0].exported, "demo:calc/ops@1.1.0");
  EXPECT_EQ(imports[0].why, "composed with calc@1.0.0 into one store");
  EXPECT_EQ(imports[1].why, "composed with log@1.0.0 into one store, for calc");
}

TEST_F(FusionTest, ItsNameChangesWithEveryPartAndJoint) {
  add("me", {{"demo:calc/ops", {kAdd}}}, {});
  Component& calc = add("calc", {}, {{"demo:calc/ops", {kAdd}}});
  const std::string before = fusion_text(members(), join().plugs);
  EXPECT_EQ(fusion_text(members(), join().plugs), before);
  EXPECT_NE(fusion_text(members(), {}), before);
  calc.content_hash = "another";
  EXPECT_NE(fusion_text(members(), join().plugs), before);
  std::vector<Member> turned = members();
  std::swap(turned[0], turned[1]);
  EXPECT_NE(fusion_text(turned, {}), fusion_text(members(), {}));
}

TEST_F(FusionTest, TheRulesKnowWhatTheOthersAskFor) {
  Component& me = add("me", {{"a:b/mine", {kLog}}}, {});
  me.capabilities.stated = true;
  const Component& calc = add("calc", {{"a:b/theirs", {kLog}}}, {});
  ComponentFacts facts = facts_of(me);
  add_member(facts, calc);
  EXPECT_THAT(*facts.imports, UnorderedElementsAre("a:b/mine", "a:b/theirs"));
  EXPECT_FALSE(facts.capabilities->stated);
}

}  // namespace
}  // namespace arcella::model
