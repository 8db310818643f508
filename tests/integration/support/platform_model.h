// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a platform has to look like, seen by one client that alone works on one component, in two
// versions, and one deployment: a few fields, and what each operation does to them. Small enough to
// be believed; the platform is checked against it.
#pragma once

#include <array>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <string>

#include "wire/json.h"

namespace arcella::integration {

// What a deployment is made of; the one before is kept for `rollback`.
struct ModelGeneration {
  std::size_t version = 0;  // of the component: an index of Share::components
  int replicas = 0;
  auto operator<=>(const ModelGeneration&) const = default;
};

struct ModelState {
  std::array<bool, 2> installed{};
  std::optional<ModelGeneration> deployed{};
  std::optional<ModelGeneration> previous{};
  bool running = false;
  auto operator<=>(const ModelState&) const = default;
};
std::ostream& operator<<(std::ostream& out, const ModelState& state);

// One client's part of the world.
struct Share {
  std::array<std::string, 2> components;  // "c0@1.0.0", "c0@1.1.0"
  std::string deployment;                 // "d0"
  std::string wasm;                       // what is installed as either
  std::string file;                       // <deployment>.deployment.toml, of the first version
  bool in_main = false;                   // it has one replica there
  static constexpr int kReplicas = 2;
  [[nodiscard]] int replicas() const { return in_main ? 1 : kReplicas; }
};

struct ModelOperation {
  std::string method;
  wire::Json params;
  std::size_t version = 0;  // of install, remove, update
  int replicas = 0;         // of scale
};

[[nodiscard]] ModelOperation random_operation(const Share& share, std::mt19937& random);

// The state after it; nullopt when the platform must refuse it.
[[nodiscard]] std::optional<ModelState> after(const ModelState& before,
                                              const ModelOperation& operation, const Share& share);

// The state of a share, from `list` and the deployment's `describe` (null if there is none).
[[nodiscard]] ModelState observed(const wire::Json& listing, const wire::Json& description,
                                  const Share& share);

// What a share may look like. One state, as long as every operation is answered; two after one that
// was not.
class PossibleStates {
 public:
  // `accepted`: nullopt when there was no answer. False when that answer cannot be: a refusal of
  // what has to be done (unless `may_fail`), or the other way about.
  [[nodiscard]] bool on_answer(const ModelOperation& operation, const Share& share,
                               std::optional<bool> accepted, bool may_fail);
  // False when it is none of them; else it is the only one from here on.
  [[nodiscard]] bool on_observation(const ModelState& state);
  [[nodiscard]] std::string to_string() const;

 private:
  std::set<ModelState> states_{ModelState{}};
};

}  // namespace arcella::integration
