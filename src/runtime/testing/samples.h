// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Components and deployments for tests, with one thing said and everything else ordinary.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "runtime/registry.h"

namespace arcella::runtime::testing {

inline model::DeploymentId deployment_id(std::string_view text) {
  return model::DeploymentId::parse(text).value();
}
inline model::ComponentId component_id(std::string_view text) {
  return model::ComponentId::parse(text).value();
}
inline model::GroupName group_name(std::string_view text) {
  return model::GroupName::parse(text).value();
}

// The interface that a sample component exports, and its one function.
inline const std::string kOps = "demo:calc/ops@1.0.0";
inline const std::string kAdd = "add: func(a: u32, b: u32) -> u32";

inline model::Component sample_component(std::string_view id,
                                         model::Kind kind = model::Kind::Service) {
  model::Component component{.id = component_id(id), .description = {}};
  component.kind = kind;
  component.exports.push_back({kOps, {kAdd}});
  component.content_hash = "00";
  component.wit = "package demo:calc;";
  return component;
}

// In the worker of `group`; in main when it is empty.
inline model::Deployment sample_deployment(std::string_view id, std::string_view component,
                                           std::string_view group, int replicas = 1) {
  model::DeploymentSpec spec{.id = deployment_id(id),
                             .component = component_id(component),
                             .group = {},
                             .args = {},
                             .overrides = {},
                             .env = {},
                             .allowed_hosts = {},
                             .mounts = {},
                             .http_listen = {},
                             .restart = {}};
  spec.replicas = replicas;
  model::Policy policy;
  if (group.empty()) {
    policy.isolation = model::Isolation::Main;
    policy.trusted = true;
    policy.async = true;
  } else {
    spec.group = group_name(group);
  }
  return {std::move(spec), std::move(policy)};
}

}  // namespace arcella::runtime::testing
