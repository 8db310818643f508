// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

#include "base/limits.h"

namespace arcella::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kAdd = "add: func(a: u32, b: u32) -> u32";
const std::string kSub = "sub: func(a: u32, b: u32) -> u32";
const GroupName kGroup = GroupName::parse("g").value();

DeploymentId id(std::string_view text) {
  return DeploymentId::parse(text).value();
}

// Deployments, all of them in one worker, and one of them that asks.
class ResolverTest : public ::testing::Test {
 protected:
  Component& exports(std::string_view deployment, std::vector<InterfaceItem> items,
                     Availability availability = Availability::Running) {
    Component& component =
        components_.emplace_back(Component{ComponentId::parse("p@1.0.0").value()});
    component.exports = std::move(items);
    exporters_.push_back({id(deployment), kGroup, availability, &component});
    return component;
  }
  Component& imports(std::vector<InterfaceItem> items) {
    importer_.imports = std::move(items);
    return importer_;
  }
  void wire(std::string import, std::string_view provider) {
    wiring_.emplace_back(std::move(import), id(provider));
  }

  std::vector<ImportResolution> resolve_all() {
    const Resolver resolver(exporters_, [](std::string_view import) {
      return import.starts_with("wasi:io/") || import.starts_with("wasi_snapshot_preview1.");
    });
    return resolver.resolve({id("me"), kGroup, &importer_, wiring_, trusted_});
  }
  ImportResolution resolve() { return resolve_all().at(0); }
  std::string bound_to() {
    const ImportResolution found = resolve();
    return found.provider ? found.provider->str() + ": " + found.why : "nobody: " + found.why;
  }

  Component importer_{ComponentId::parse("me@1.0.0").value()};
  bool trusted_ = false;

 private:
  std::list<Component> components_;
  std::vector<Exporter> exporters_;
  std::vector<std::pair<std::string, DeploymentId>> wiring_;
};

TEST_F(ResolverTest, ThePlatformIsForTheTrustedUnlessAnotherIsNamed) {
  imports({{std::string(kPlatformInterface), {"events: func(count: u32) -> list<event>"}}});
  EXPECT_EQ(resolve().state, ImportState::Unresolved);
  EXPECT_EQ(resolve().why,
            "the platform serves it to trusted deployments only, and nobody else does");
  trusted_ = true;
  EXPECT_EQ(resolve().state, ImportState::Platform);
  exports("fake", {{std::string(kPlatformInterface), {"events: func(count: u32) -> list<event>"}}});
  EXPECT_EQ(resolve().state, ImportState::Platform) << "nobody can push himself in front";
  wire("arcella:platform/control", "fake");
  EXPECT_EQ(bound_to(), "fake: wired by hand");
  trusted_ = false;
  EXPECT_EQ(bound_to(), "fake: wired by hand");
}

TEST_F(ResolverTest, SaysOfEachImportInItsOrderWhoServesIt) {
  imports({{"wasi:io/poll@0.2.6", {"poll: func()"}},
           {"demo:calc/types@1.0.0", {}},
           {"demo:calc/ops@1.0.0", {kAdd}},
           {"demo:log/log@1.0.0", {"log: func(line: string)"}},
           {"demo:cache/cache@1.0.0", {"get: func()"}}})
      .optional_imports = {"demo:log/log"};
  exports("calc", {{"demo:calc/ops@1.1.0", {kAdd, kSub}}});
  const std::vector<ImportResolution> found = resolve_all();
  std::vector<ImportState> states;
  for (const ImportResolution& one : found) states.push_back(one.state);
  EXPECT_THAT(states, ElementsAre(ImportState::Host, ImportState::TypesOnly, ImportState::Bound,
                                  ImportState::Optional, ImportState::Unresolved));
  EXPECT_EQ(found[2].import, "demo:calc/ops@1.0.0");
  EXPECT_EQ(found[2].provider, id("calc"));
  EXPECT_EQ(found[2].exported, "demo:calc/ops@1.1.0");
  EXPECT_EQ(found[2].why, "the only candidate");
  EXPECT_EQ(found[3].why, "nobody exports it");
  EXPECT_THAT(found[4].refused, IsEmpty());
}

TEST_F(ResolverTest, AnImportWithoutVersionTakesTheHighest) {
  imports({{"demo:calc/ops", {kAdd}}});
  exports("bare", {{"demo:calc/ops", {kAdd}}});
  exports("new", {{"demo:calc/ops@2.0.0", {kAdd}}});
  exports("old", {{"demo:calc/ops@1.0.0", {kAdd}}});
  EXPECT_EQ(bound_to(), "new: the highest version");
}

TEST_F(ResolverTest, AnExportWithoutVersionServesNoImportWithOne) {
  imports({{"demo:calc/ops@1.0.0", {kAdd}}});
  exports("bare", {{"demo:calc/ops", {kAdd}}});
  EXPECT_THAT(resolve().refused,
              ElementsAre(Refusal{"bare",
                                  "exports it at no version, which is not compatible with "
                                  "1.0.0"}));
}

TEST_F(ResolverTest, TellsOfEachCandidateWhyItCannotServe) {
  imports({{"demo:calc/ops@1.1.0", {kAdd, kSub}}});
  exports("early", {{"demo:calc/ops@1.0.0", {kAdd, kSub}}});
  exports("gone", {{"demo:calc/ops@1.1.0", {kAdd}}});
  exports("late", {{"demo:calc/ops@2.0.0", {kAdd, kSub}}}, Availability::Stopped);
  exports("other", {{"demo:calc/ops@1.1.0", {"add: func() -> u32", kSub}}}, Availability::Stopped);
  exports("starting", {{"demo:calc/ops@1.1.0", {kAdd, kSub}}}, Availability::Starting);
  exports("stopped", {{"demo:calc/ops@1.1.0", {kAdd, kSub}}}, Availability::Stopped);
  exports("unconcerned", {{"demo:calc/extra@1.1.0", {kAdd, kSub}}});
  const ImportResolution found = resolve();
  EXPECT_EQ(found.state, ImportState::Unresolved);
  EXPECT_EQ(found.why, "nobody who exports it can serve");
  EXPECT_THAT(
      found.refused,
      ElementsAre(Refusal{"early", "exports it at 1.0.0, older than 1.1.0"},
                  Refusal{"gone", "does not fit: '" + kSub + "' is missing"},
                  Refusal{"late", "exports it at 2.0.0, which is not compatible with 1.1.0"},
                  Refusal{"other", "does not fit: 'add: func() -> u32' instead of '" + kAdd + "'"},
                  Refusal{"starting", "would fit, but none of its replicas is ready"},
                  Refusal{"stopped", "would fit, but does not run"}));
}

TEST_F(ResolverTest, WhatIsRefusedIsSaidAlsoWhenAnotherServes) {
  imports({{"demo:calc/ops@1.0.0", {kAdd}}});
  exports("new", {{"demo:calc/ops@2.0.0", {kAdd}}});
  exports("old", {{"demo:calc/ops@1.0.0", {kAdd}}});
  EXPECT_EQ(bound_to(), "old: the only candidate");
  EXPECT_THAT(resolve().refused, ElementsAre(::testing::Field(&Refusal::deployment, "new")));
}

TEST_F(ResolverTest, ManyDifferencesAreCounted) {
  std::vector<std::string> functions;
  for (std::size_t i = 0; i < limits::kMisfitsShownMax + 3; ++i) {
    functions.push_back("f" + std::to_string(i) + ": func()");
  }
  imports({{"demo:calc/ops@1.0.0", functions}});
  exports("calc", {{"demo:calc/ops@1.0.0", {kAdd}}});
  const std::string reason = resolve().refused.at(0).reason;
  EXPECT_TRUE(reason.ends_with("; and 3 more")) << reason;
  EXPECT_THAT(reason, ::testing::Not(HasSubstr("f8")));
}

TEST_F(ResolverTest, OfOneThatExportsSeveralVersionsTheHighestThatFitsCounts) {
  imports({{"demo:calc/ops@1.0.0", {kAdd}}});
  exports("calc", {{"demo:calc/ops@1.0.0", {kAdd}},
                   {"demo:calc/ops@1.3.0", {kSub}},
                   {"demo:calc/ops@1.2.0", {kAdd}},
                   {"demo:calc/ops@2.0.0", {kAdd}}});
  const ImportResolution found = resolve();
  EXPECT_EQ(found.exported, "demo:calc/ops@1.2.0");
  EXPECT_EQ(found.why, "the only candidate");
  EXPECT_THAT(found.refused, IsEmpty());
}

TEST_F(ResolverTest, ADeploymentNeverServesItself) {
  imports({{"demo:calc/ops@1.0.0", {kAdd}}});
  exports("me", {{"demo:calc/ops@1.0.0", {kAdd}}});
  EXPECT_EQ(bound_to(), "nobody: nobody exports it");
  wire("demo:calc/ops", "me");
  EXPECT_THAT(resolve().refused, ElementsAre(Refusal{"me", "is the deployment itself"}));
}

TEST_F(ResolverTest, AWiringByHandGoesBeforeTheRanking) {
  imports({{"demo:calc/ops@1.0.0", {kAdd}}});
  exports("a", {{"demo:calc/ops@1.9.0", {kAdd}}});
  exports("z", {{"demo:calc/ops@1.0.0", {kAdd}}});
  wire("demo:calc/ops", "z");
  EXPECT_EQ(bound_to(), "z: wired by hand");
}

TEST_F(ResolverTest, OfSeveralWiringsTheOneThatSaysMostCounts) {
  imports({{"demo:calc/ops@1.0.0", {kAdd}}});
  for (const char* name : {"exact", "interface", "package"}) {
    exports(name, {{"demo:calc/ops@1.0.0", {kAdd}}});
  }
  wire("demo:calc/ops@2.0.0", "unconcerned");
  wire("demo:calc", "package");
  EXPECT_EQ(bound_to(), "package: wired by hand");
  wire("demo:calc/ops", "interface");
  EXPECT_EQ(bound_to(), "interface: wired by hand");
  wire("demo:calc/ops@1.0", "exact");
  wire("demo:calc@1.0", "package");
  EXPECT_EQ(bound_to(), "exact: wired by hand");
}

TEST_F(ResolverTest, AWiringThatCannotServeHasNoSecondChoice) {
  imports({{"demo:calc/ops@1.0.0", {kAdd}}});
  exports("calc", {{"demo:calc/ops@1.0.0", {kAdd}}});
  exports("empty", {});
  exports("idle", {{"demo:calc/ops@1.0.0", {kAdd}}}, Availability::Stopped);
  wire("demo:calc", "calk");
  EXPECT_EQ(bound_to(), "nobody: wired by hand to 'calk', which cannot serve it");
  EXPECT_THAT(resolve().refused,
              ElementsAre(Refusal{"calk", "is not deployed; did you mean 'calc'?"}));
  wire("demo:calc/ops", "empty");
  EXPECT_THAT(resolve().refused, ElementsAre(Refusal{"empty", "does not export it"}));
  wire("demo:calc/ops@1", "idle");
  EXPECT_THAT(resolve().refused, ElementsAre(Refusal{"idle", "would fit, but does not run"}));
}

TEST_F(ResolverTest, AWiringByHandGoesBeforeTheHost) {
  imports({{"wasi:io/poll@0.2.6", {"poll: func()"}}});
  exports("mine", {{"wasi:io/poll@0.2.6", {"poll: func()"}}});
  EXPECT_EQ(resolve().state, ImportState::Host);
  wire("wasi:io/poll", "mine");
  EXPECT_EQ(bound_to(), "mine: wired by hand");
}

TEST_F(ResolverTest, WhatTheHostDoesNotOfferOfItsOwnNamespaceOthersMay) {
  imports({{"wasi:keyvalue/store@0.2.0", {"open: func()"}}});
  EXPECT_EQ(resolve().state, ImportState::Unresolved);
  exports("store", {{"wasi:keyvalue/store@0.2.0", {"open: func()"}}});
  EXPECT_EQ(bound_to(), "store: the only candidate");
}

TEST_F(ResolverTest, OnlyInterfacesOfComponentsAreBound) {
  imports({{"log", {"log: func()"}}});
  exports("log", {{"log", {"log: func()"}}});
  EXPECT_EQ(bound_to(), "nobody: it is no interface, and nothing else can be bound");

  imports({{"demo:calc/ops@1.0.0", {kAdd}}});
  exports("module", {{"demo:calc/ops@1.0.0", {kAdd}}}).format = Format::CoreModule;
  EXPECT_EQ(bound_to(), "nobody: nobody exports it");
}

TEST_F(ResolverTest, ACoreModuleIsServedByTheHostAlone) {
  Component& module =
      imports({{"wasi_snapshot_preview1.fd_write", {"fd_write"}}, {"env.memory", {}}});
  module.format = Format::CoreModule;
  module.optional_imports = {"env.memory"};
  const std::vector<ImportResolution> found = resolve_all();
  EXPECT_EQ(found[0].state, ImportState::Host);
  EXPECT_EQ(found[1].state, ImportState::Unresolved);
}

}  // namespace
}  // namespace arcella::model
