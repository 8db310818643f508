// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The ranking of design.md section 8 against a specification of its own, which is slow and plain:
// every world of two candidates, and every world of three of which each either serves in one of the
// ways that count or fails to for one reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "model/resolver.h"

namespace arcella::model {
namespace {

constexpr std::string_view kInterface = "demo:calc/ops";
constexpr std::string_view kWanted = "1.1.0";
const GroupName kNear = GroupName::parse("near").value();
const GroupName kFar = GroupName::parse("far").value();

struct Subject {
  std::string version;  // empty: it does not export the interface
  Place place = {};
  Availability availability = Availability::Running;
  bool types_fit = true;
};

// "compatible": the same track, and as late as what is wanted.
bool serves(const Subject& subject) {
  const std::set<std::string> compatible{"1.1.0", "1.2.0"};
  return compatible.contains(subject.version) && subject.types_fit &&
         subject.availability == Availability::Running;
}

std::vector<Subject> every_subject() {
  std::vector<Subject> all;
  for (const char* version : {"", "1.0.0", "1.1.0", "1.2.0", "2.0.0"}) {
    for (const Place& place : {Place(), Place(kNear), Place(kFar)}) {
      for (Availability availability :
           {Availability::Stopped, Availability::Starting, Availability::Running}) {
        for (bool fit : {true, false}) all.push_back({version, place, availability, fit});
      }
    }
  }
  return all;
}

std::vector<Subject> each_way_to_serve_or_not() {
  std::vector<Subject> some;
  for (const Subject& subject : every_subject()) {
    const int faults =
        (subject.version.empty() || subject.version == "1.0.0" || subject.version == "2.0.0") +
        (subject.availability != Availability::Running) + !subject.types_fit;
    // One that fails lives where it would be preferred.
    if (faults == 0 || (faults == 1 && subject.place == Place(kNear))) some.push_back(subject);
  }
  return some;
}

const std::vector<std::string> kIds{"a", "b", "c"};

struct World {
  std::vector<Subject> subjects;
  Place importer_place;
  std::string wired;  // empty: not
};

struct Expected {
  std::string provider;  // empty: none
  std::string why;
  std::set<std::string> refused;
};

// "of several the highest version, then same process, then main, then the smallest id".
Expected specified(const World& world) {
  Expected expected;
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < world.subjects.size(); ++i) {
    const Subject& subject = world.subjects[i];
    if (!world.wired.empty()) {
      if (world.wired != kIds[i]) continue;
      if (serves(subject)) return {kIds[i], "wired by hand", {}};
    } else if (serves(subject)) {
      left.push_back(i);
    } else if (!subject.version.empty()) {
      expected.refused.insert(kIds[i]);
    }
  }
  if (!world.wired.empty()) return {"", "", {world.wired}};
  if (left.empty()) return expected;
  using Keep = std::function<bool(std::size_t)>;
  std::string highest;
  for (std::size_t i : left) highest = std::max(highest, world.subjects[i].version);
  const std::vector<std::pair<std::string, Keep>> criteria{
      {"the highest version", [&](std::size_t i) { return world.subjects[i].version == highest; }},
      {"in the same process",
       [&](std::size_t i) { return world.subjects[i].place == world.importer_place; }},
      {"in main", [&](std::size_t i) { return !world.subjects[i].place.has_value(); }},
      {"the smallest id", [&](std::size_t i) { return i == left.front(); }}};
  expected.why = "the only candidate";
  for (const auto& [name, keep] : criteria) {
    if (left.size() == 1) break;
    std::vector<std::size_t> kept;
    std::copy_if(left.begin(), left.end(), std::back_inserter(kept), keep);
    // Nobody has it, or all have: then nobody is better for it.
    if (kept.empty() || kept.size() == left.size()) continue;
    left = kept;
    expected.why = name;
  }
  expected.provider = kIds[left.front()];
  return expected;
}

class Bench {
 public:
  Bench() {
    importer_.imports = {
        {std::string(kInterface) + "@" + std::string(kWanted), {"add: func() -> u32"}}};
  }

  // Made of components that live as long as the bench.
  ImportResolution resolve(const World& world, bool reversed) {
    std::vector<Exporter> exporters;
    for (std::size_t i = 0; i < world.subjects.size(); ++i) {
      const Subject& subject = world.subjects[i];
      exporters.push_back({DeploymentId::parse(kIds[i]).value(), subject.place,
                           subject.availability, component_of(subject)});
    }
    if (reversed) std::reverse(exporters.begin(), exporters.end());
    const Resolver resolver(std::move(exporters), [](std::string_view) { return false; });
    Importer importer{DeploymentId::parse("x").value(), world.importer_place, &importer_};
    if (!world.wired.empty()) {
      importer.wiring.emplace_back(kInterface, DeploymentId::parse(world.wired).value());
    }
    return resolver.resolve(importer).at(0);
  }

 private:
  const Component* component_of(const Subject& subject) {
    const std::string key = subject.version + (subject.types_fit ? "+" : "-");
    auto [found, added] =
        components_.try_emplace(key, Component{ComponentId::parse("p@1.0.0").value()});
    if (added && !subject.version.empty()) {
      found->second.exports = {
          {std::string(kInterface) + "@" + subject.version,
           {subject.types_fit ? "add: func() -> u32" : "add: func() -> string"}}};
    }
    return &found->second;
  }

  Component importer_{ComponentId::parse("x@1.0.0").value()};
  std::map<std::string, Component> components_;
};

void check(Bench& bench, const World& world) {
  const Expected expected = specified(world);
  for (bool reversed : {false, true}) {
    const ImportResolution found = bench.resolve(world, reversed);
    ASSERT_EQ(found.provider ? found.provider->str() : "", expected.provider);
    ASSERT_EQ(found.state,
              expected.provider.empty() ? ImportState::Unresolved : ImportState::Bound);
    if (!expected.provider.empty()) {
      ASSERT_EQ(found.why, expected.why);
    }
    std::set<std::string> refused;
    for (const Refusal& refusal : found.refused) {
      ASSERT_FALSE(refusal.reason.empty());
      refused.insert(refusal.deployment);
    }
    ASSERT_EQ(refused, expected.refused);
  }
}

TEST(ResolverRanking, IsAsSpecifiedForEveryTwoCandidates) {
  Bench bench;
  const std::vector<Subject> subjects = every_subject();
  for (const Subject& first : subjects) {
    for (const Subject& second : subjects) {
      for (const Place& place : {Place(), Place(kNear)}) {
        for (const char* wired : {"", "a", "b", "nobody"}) {
          ASSERT_NO_FATAL_FAILURE(check(bench, {{first, second}, place, wired}));
        }
      }
    }
  }
}

TEST(ResolverRanking, IsAsSpecifiedForThreeCandidates) {
  Bench bench;
  const std::vector<Subject> subjects = each_way_to_serve_or_not();
  // Two versions in three places; three versions, two by two that do not run, two of other types.
  ASSERT_EQ(subjects.size(), 6U + 3U + 4U + 2U);
  for (const Subject& first : subjects) {
    for (const Subject& second : subjects) {
      for (const Subject& third : subjects) {
        for (const Place& place : {Place(), Place(kNear), Place(kFar)}) {
          for (const char* wired : {"", "b"}) {
            ASSERT_NO_FATAL_FAILURE(check(bench, {{first, second, third}, place, wired}));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace arcella::model
