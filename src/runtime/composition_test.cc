// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/composition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/testing/samples.h"
#include "runtime/wiring.h"

namespace arcella::runtime {
namespace {

using testing::component_id;
using testing::deployment_id;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAdd;
using testing::kOps;
using testing::sample_component;
using testing::sample_deployment;

// `web` fuses with `calc`; calc@1.1.0 serves it too, calc@2.0.0 does not.
class CompositionTest : public ::testing::Test {
 protected:
  CompositionTest() {
    for (const char* id : {"calc@1.0.0", "calc@1.1.0", "calc@2.0.0"}) {
      model::Component calc = sample_component(id);
      calc.content_hash = id;
      calc.imports = {{"demo:log/log@1.0.0", {"log: func()"}}};
      if (calc.id == component_id("calc@2.0.0")) calc.exports[0].functions = {"add: func()"};
      registry_.add({std::move(calc), {}});
    }
    model::Component web = sample_component("web@1.0.0");
    web.imports = {{kOps, {kAdd}}};
    web.exports = {{"demo:web/pages@1.0.0", {"get: func() -> string"}}};
    registry_.add({std::move(web), {}});
    registry_.put(calc());
    registry_.put(pinned(web_deployment()));
  }

  static model::Deployment calc(std::string_view version = "1.0.0", std::string_view group = "g") {
    return sample_deployment("calc", "calc@" + std::string(version), group);
  }
  static model::Deployment web_deployment() {
    model::Deployment web = sample_deployment("web", "web@1.0.0", "g");
    web.spec.fuse_with = {deployment_id("calc")};
    return web;
  }
  model::Deployment pinned(model::Deployment deployment) const {
    return with_recomposed(registry_, {std::move(deployment)}).value().at(0);
  }
  const model::Deployment& web() const { return registry_.find(deployment_id("web"))->deployment; }
  Result<std::vector<model::Deployment>> change_to(model::Deployment deployment) const {
    return with_recomposed(registry_, {std::move(deployment)});
  }

  Registry registry_;
};

TEST_F(CompositionTest, IsOfThePinnedComponents) {
  EXPECT_THAT(web().fused, ElementsAre(component_id("calc@1.0.0")));
  const Composition made = composition_of(registry_, web()).value();
  const CodeSource code = made.code();
  EXPECT_THAT(code.members, ElementsAre(component_id("web@1.0.0"), component_id("calc@1.0.0")));
  EXPECT_THAT(code.plugs, ElementsAre(model::Plug{0, kOps, 1, kOps}));
  EXPECT_EQ(made.component().imports.at(0).name, "demo:log/log@1.0.0");
  // What the deployment of calc becomes is nothing to it before it is told.
  registry_.put(calc("1.1.0"));
  EXPECT_EQ(composition_of(registry_, web())->code().content_hash, code.content_hash);
}

TEST_F(CompositionTest, OfOneComponentIsThatItself) {
  const model::Deployment alone = calc();
  const Composition made = composition_of(registry_, alone).value();
  EXPECT_FALSE(made.whole.has_value());
  EXPECT_EQ(made.code().content_hash, "calc@1.0.0");
  EXPECT_THAT(made.code().plugs, IsEmpty());
}

TEST_F(CompositionTest, AChangeOfOneTakesTheOtherWithIt) {
  const auto all = change_to(calc("1.1.0")).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].spec.id, deployment_id("web"));
  EXPECT_THAT(all[1].fused, ElementsAre(component_id("calc@1.1.0")));
  EXPECT_FALSE(runs_alike(web(), all[1]));
  EXPECT_NE(composition_of(registry_, all[1])->code().content_hash,
            composition_of(registry_, web())->code().content_hash);
}

TEST_F(CompositionTest, AChangeThatLeavesTheComponentDoesNot) {
  model::Deployment other = calc();
  other.spec.env = {{"KEY", "value"}};
  EXPECT_EQ(change_to(std::move(other))->size(), 1U);
}

TEST_F(CompositionTest, AChangeAfterWhichItCannotBeComposedIsRefused) {
  const auto misfit = change_to(calc("2.0.0"));
  ASSERT_FALSE(misfit.has_value());
  EXPECT_EQ(misfit.error().code(), ErrorCode::Conflict);
  EXPECT_THAT(misfit.error().message(),
              HasSubstr("deployment 'web' cannot be composed: deployment.fuse_with[0]: 'calc' "
                        "cannot serve demo:calc/ops@1.0.0 of web: it does not fit: 'add: func()'"));
  EXPECT_THAT(change_to(calc("1.0.0", "other")).error().message(), HasSubstr("group 'other'"));
}

TEST_F(CompositionTest, WithoutTheOtherThereIsNone) {
  registry_.remove(deployment_id("calc"));
  EXPECT_TRUE(composition_of(registry_, web()).has_value()) << "it is pinned";
  model::Deployment anew = web_deployment();
  EXPECT_FALSE(change_to(anew).has_value());
  EXPECT_THAT(composition_of(registry_, anew).error().message(), HasSubstr("look for 'calc'"));
  EXPECT_THAT(fused_components(registry_, anew.spec), IsEmpty());
}

TEST_F(CompositionTest, NeedsWhatAnyOfThemNeeds) {
  EXPECT_FALSE(registry_.needs_of(web()).concurrency);
  model::Component waits = registry_.find(component_id("calc@1.0.0"))->component;
  waits.needs_concurrency = true;
  registry_.add({std::move(waits), {}});
  EXPECT_TRUE(registry_.needs_of(web()).concurrency);
}

TEST_F(CompositionTest, ShowsItsImportsAndKeepsTheOther) {
  const auto imports = resolve_imports(registry_, web());
  ASSERT_EQ(imports.size(), 2U);
  EXPECT_EQ(imports[0].state, model::ImportState::Fused);
  EXPECT_EQ(imports[0].provider, deployment_id("calc"));
  EXPECT_EQ(imports[1].import, "demo:log/log@1.0.0") << "of calc, resolved for web";
  EXPECT_EQ(check_unused(registry_, deployment_id("calc")).error().message(),
            "deployment 'calc' serves web: undeploy what fuses with it, or use --force");
  EXPECT_THAT(registry_.made_of(component_id("calc@1.0.0")),
              ElementsAre(deployment_id("calc"), deployment_id("web")));
}

}  // namespace
}  // namespace arcella::runtime
