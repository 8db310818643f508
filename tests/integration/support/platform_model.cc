// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/platform_model.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace arcella::integration {
namespace {

constexpr int kReplicasMost = 4;

using State = std::optional<ModelState>;  // nullopt: refused

State install(ModelState state, const ModelOperation& operation, const Share&) {
  state.installed[operation.version] = true;
  return state;
}

State remove(ModelState state, const ModelOperation& operation, const Share&) {
  const bool used = state.deployed && state.deployed->version == operation.version;
  if (!state.installed[operation.version] || used) return std::nullopt;
  state.installed[operation.version] = false;
  if (state.previous && state.previous->version == operation.version) state.previous.reset();
  return state;
}

// What is there already is left alone; else it is a generation, and what was is kept.
void become(ModelState& state, ModelGeneration next) {
  if (state.deployed == next) return;
  state.previous = std::exchange(state.deployed, next);
}

State deploy(ModelState state, const ModelOperation&, const Share& share) {
  if (!state.installed[0]) return std::nullopt;
  become(state, {0, share.replicas()});
  return state;
}

State update(ModelState state, const ModelOperation& operation, const Share&) {
  if (!state.deployed || !state.installed[operation.version]) return std::nullopt;
  become(state, {operation.version, state.deployed->replicas});
  return state;
}

State rollback(ModelState state, const ModelOperation&, const Share&) {
  if (!state.deployed || !state.previous) return std::nullopt;
  std::swap(state.deployed, state.previous);
  return state;
}

State start(ModelState state, const ModelOperation&, const Share&) {
  if (!state.deployed) return std::nullopt;
  state.running = true;
  return state;
}

State stop(ModelState state, const ModelOperation&, const Share&) {
  if (!state.deployed) return std::nullopt;
  state.running = false;
  return state;
}

State scale(ModelState state, const ModelOperation& operation, const Share& share) {
  if (!state.deployed || (share.in_main && operation.replicas != 1)) return std::nullopt;
  state.deployed->replicas = operation.replicas;
  return state;
}

State undeploy(ModelState state, const ModelOperation&, const Share&) {
  if (!state.deployed) return std::nullopt;
  return ModelState{.installed = state.installed};
}

using Effect = State (*)(ModelState state, const ModelOperation& operation, const Share& share);
struct Method {
  std::string name;
  Effect effect;
  int weight;  // what builds up is more likely than what tears down, else little would ever run
};
const std::array<Method, 9> kMethods{{{"install", install, 4},
                                      {"remove", remove, 1},
                                      {"deploy", deploy, 3},
                                      {"update", update, 3},
                                      {"rollback", rollback, 2},
                                      {"start", start, 4},
                                      {"stop", stop, 2},
                                      {"scale", scale, 3},
                                      {"undeploy", undeploy, 1}}};

wire::JsonObject params_of(const ModelOperation& operation, const Share& share) {
  const std::string& component = share.components[operation.version];
  if (operation.method == "install") return {{"path", share.wasm}, {"id", component}};
  if (operation.method == "remove") return {{"id", component}};
  if (operation.method == "deploy") return {{"paths", wire::JsonArray{wire::Json(share.file)}}};
  if (operation.method == "update") return {{"target", share.deployment}, {"to", component}};
  wire::JsonObject params{{"deployment", share.deployment}};
  if (operation.method == "scale") params["replicas"] = operation.replicas;
  return params;
}

std::size_t version_of(const wire::Json& view, const Share& share) {
  return view.at("module_id").as_string() == share.components[0] ? 0 : 1;
}
int replicas_of(const wire::Json& view) {
  return static_cast<int>(view.at("replicas").as_int64());
}

std::ostream& operator<<(std::ostream& out, const ModelGeneration& generation) {
  return out << generation.replicas << " of version " << generation.version;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const ModelState& state) {
  for (std::size_t i = 0; i < state.installed.size(); ++i)
    if (state.installed[i]) out << "[version " << i << "] ";
  if (!state.deployed) return out << "not deployed";
  out << (state.running ? "running " : "stopped ") << *state.deployed;
  if (state.previous) out << ", before " << *state.previous;
  return out;
}

ModelOperation random_operation(const Share& share, std::mt19937& random) {
  std::array<int, kMethods.size()> weights{};
  std::transform(kMethods.begin(), kMethods.end(), weights.begin(),
                 [](const Method& method) { return method.weight; });
  std::discrete_distribution<std::size_t> kind(weights.begin(), weights.end());
  ModelOperation operation;
  operation.method = kMethods[kind(random)].name;
  operation.version = random() % share.components.size();
  operation.replicas = std::uniform_int_distribution<int>(0, kReplicasMost)(random);
  operation.params = params_of(operation, share);
  return operation;
}

std::optional<ModelState> after(const ModelState& before, const ModelOperation& operation,
                                const Share& share) {
  const auto* method = std::find_if(kMethods.begin(), kMethods.end(), [&](const Method& known) {
    return known.name == operation.method;
  });
  return method->effect(before, operation, share);
}

ModelState observed(const wire::Json& listing, const wire::Json& description, const Share& share) {
  ModelState state;
  for (const wire::Json& component : listing.at("components").as_array()) {
    for (std::size_t i = 0; i < share.components.size(); ++i)
      if (component.at("id").as_string() == share.components[i]) state.installed[i] = true;
  }
  for (const wire::Json& deployment : listing.at("deployments").as_array()) {
    if (deployment.at("id").as_string() != share.deployment) continue;
    state.running = deployment.at("state").as_string() == "running";
    state.deployed = {version_of(deployment, share), replicas_of(deployment)};
  }
  if (description.is_object() && description.at("previous").is_object()) {
    const wire::Json& previous = description.at("previous");
    state.previous = {version_of(previous, share), replicas_of(previous)};
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
