// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/platform_model.h"

#include <sstream>

namespace arcella::integration {
namespace {

constexpr int kReplicasMost = 4;

wire::JsonObject of_deployment(const Share& share) {
  return {{"deployment", share.deployment}};
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const ModelState& state) {
  if (!state.installed) return out << "nothing";
  if (!state.deployed) return out << "installed";
  return out << (state.running ? "running" : "stopped") << " with " << state.replicas;
}

ModelOperation random_operation(const Share& share, std::mt19937& random) {
  // What builds up is more likely than what tears down, else little would ever run.
  std::discrete_distribution<int> kind{3, 3, 4, 2, 3, 1, 1};
  switch (kind(random)) {
    case 0:
      return {"install", wire::JsonObject{{"path", share.wasm}, {"id", share.component}}};
    case 1:
      return {"deploy", wire::JsonObject{{"paths", wire::JsonArray{wire::Json(share.file)}}}};
    case 2:
      return {"start", of_deployment(share)};
    case 3:
      return {"stop", of_deployment(share)};
    case 4: {
      const int replicas = std::uniform_int_distribution<int>(0, kReplicasMost)(random);
      wire::JsonObject params = of_deployment(share);
      params["replicas"] = replicas;
      return {"scale", params, replicas};
    }
    case 5:
      return {"undeploy", of_deployment(share)};
    default:
      return {"remove", wire::JsonObject{{"id", share.component}}};
  }
}

std::optional<ModelState> after(const ModelState& before, const ModelOperation& operation,
                                const Share& share) {
  ModelState state = before;
  const std::string& method = operation.method;
  if (method == "install") {
    state.installed = true;
    return state;
  }
  if (method == "remove") {
    if (!before.installed || before.deployed) return std::nullopt;
    return ModelState{};
  }
  if (method == "deploy") {
    const bool changes = before.deployed && before.replicas != share.replicas();
    if (!before.installed || (changes && before.running)) return std::nullopt;
    state.deployed = true;
    state.replicas = share.replicas();
    return state;
  }
  if (!before.deployed) return std::nullopt;
  if (method == "start") state.running = true;
  if (method == "stop") state.running = false;
  if (method == "undeploy") return ModelState{.installed = true};
  if (method == "scale") {
    if (share.in_main && operation.replicas != 1) return std::nullopt;
    state.replicas = operation.replicas;
  }
  return state;
}

ModelState observed(const wire::Json& listing, const Share& share) {
  ModelState state;
  for (const wire::Json& component : listing.at("components").as_array())
    state.installed = state.installed || component.at("id").as_string() == share.component;
  for (const wire::Json& deployment : listing.at("deployments").as_array()) {
    if (deployment.at("id").as_string() != share.deployment) continue;
    state.deployed = true;
    state.running = deployment.at("state").as_string() == "running";
    state.replicas = static_cast<int>(deployment.at("replicas").as_int64());
  }
  return state;
}

bool PossibleStates::on_answer(const ModelOperation& operation, const Share& share,
                               std::optional<bool> accepted, bool may_fail) {
  std::set<ModelState> next;
  for (const ModelState& state : states_) {
    const std::optional<ModelState> done = after(state, operation, share);
    if (done && accepted.value_or(true)) next.insert(*done);
    const bool refused = !accepted || (!*accepted && (!done || may_fail));
    if (refused) next.insert(state);
  }
  if (next.empty()) return false;
  states_ = std::move(next);
  return true;
}

bool PossibleStates::on_observation(const ModelState& state) {
  if (!states_.contains(state)) return false;
  states_ = {state};
  return true;
}

std::string PossibleStates::to_string() const {
  std::ostringstream text;
  for (const ModelState& state : states_) text << (text.tellp() > 0 ? " or " : "") << state;
  return text.str();
}

}  // namespace arcella::integration
