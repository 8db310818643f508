// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What `list` and `describe` show of the registry.
#include <algorithm>

#include "runtime/listen_socket.h"
#include "runtime/registry.h"

namespace arcella::runtime {
namespace {

using model::InstanceState;

std::string state_of_running(const DeploymentRecord& record) {
  int replicas = record.deployment.spec.replicas;
  int ready = count_in(record, InstanceState::Ready);
  if (!record.failure.empty()) return ready > 0 ? "degraded" : "failed";
  int completed = count_in(record, InstanceState::Completed);
  if (ready + completed >= replicas) return completed > 0 && ready == 0 ? "completed" : "running";
  bool failed = count_in(record, InstanceState::Failed) > 0;
  return ready > 0 || failed ? "degraded" : "starting";
}

std::string reason_of(const DeploymentRecord& record) {
  if (!record.failure.empty() || record.desired != model::Desired::Running) return record.failure;
  for (const InstanceRecord& instance : record.instances) {
    if (instance.state == InstanceState::Failed && !instance.reason.empty()) return instance.reason;
  }
  return {};
}

std::string listen_of(const DeploymentRecord& record) {
  if (!record.deployment.spec.http_listen) return {};
  return record.listener.valid() ? bound_address(record.listener)
                                 : to_string(*record.deployment.spec.http_listen);
}

}  // namespace

std::string state_of(const DeploymentRecord& record) {
  switch (record.desired) {
    case model::Desired::Running:
      return state_of_running(record);
    case model::Desired::Completed:
      return "completed";
    case model::Desired::Stopped:
      break;
  }
  return any_alive(record) ? "stopping" : "stopped";
}

model::DeploymentView view_of(const DeploymentRecord& record) {
  const model::DeploymentSpec& spec = record.deployment.spec;
  model::DeploymentView view;
  view.id = spec.id.str();
  view.module_id = spec.component.str();
  view.state = state_of(record);
  view.kind = record.kind;
  view.replicas = spec.replicas;
  view.ready = count_in(record, InstanceState::Ready);
  view.isolation = record.deployment.policy.isolation;
  if (model::Place place = place_of(record.deployment)) view.group = place->str();
  view.listen = listen_of(record);
  view.generation = record.generation;
  view.restarts = record.restarts;
  view.reason = reason_of(record);
  return view;
}

model::ComponentView view_of(const ComponentRecord& record, std::size_t deployments) {
  const model::Component& component = record.component;
  model::ComponentView view;
  view.id = component.id.str();
  view.kind = component.kind;
  view.format = component.format;
  view.description = component.description;
  view.wasm_bytes = component.wasm_bytes;
  view.installed_at = component.installed_at;
  view.deployments = static_cast<int>(deployments);
  return view;
}

std::vector<model::InstanceView> instance_views(const DeploymentRecord& record, std::int64_t pid) {
  std::vector<model::InstanceView> views;
  views.reserve(record.instances.size());
  for (std::size_t i = 0; i < record.instances.size(); ++i) {
    const InstanceRecord& instance = record.instances[i];
    if (instance.state == InstanceState::Stopped) continue;
    model::InstanceView view;
    view.id = model::InstanceId{record.deployment.spec.id, static_cast<int>(i)}.str();
    view.state = instance.state;
    view.pid = is_alive(instance.state) ? pid : 0;
    view.restarts = instance.restarts;
    view.reason = instance.reason;
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace arcella::runtime
