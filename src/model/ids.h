// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The names of things, as distinct types, so that a deployment's id is never taken for a
// component's. Each is made only by parse(), which holds the grammar (design.md section 1); a value
// of these types is therefore safe as a file name.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace arcella::model {

// A string that passed `Tag::parse`'s grammar. Values: copied, compared, hashed.
template <class Tag>
class Name {
 public:
  // InvalidParams with what is wrong and what a name looks like.
  static Result<Name> parse(std::string_view text);
  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// [A-Za-z0-9_-]{1,128}, both.
using DeploymentId = Name<struct DeploymentIdTag>;
using GroupName = Name<struct GroupNameTag>;
template <>
Result<DeploymentId> DeploymentId::parse(std::string_view text);
template <>
Result<GroupName> GroupName::parse(std::string_view text);

// `name@x.y.z`: name as above, three decimal numbers without leading zeros, no pre-release.
class ComponentId {
 public:
  static Result<ComponentId> parse(std::string_view text);
  static Result<ComponentId> make(std::string_view name, std::string_view version);
  [[nodiscard]] const std::string& str() const noexcept { return text_; }  // "name@x.y.z"
  [[nodiscard]] std::string_view name() const noexcept {
    return std::string_view(text_).substr(0, at_);
  }
  [[nodiscard]] std::string_view version() const noexcept {
    return std::string_view(text_).substr(at_ + 1);
  }
  friend auto operator<=>(const ComponentId& a, const ComponentId& b) {
    return a.text_ <=> b.text_;
  }
  friend bool operator==(const ComponentId& a, const ComponentId& b) { return a.text_ == b.text_; }

 private:
  ComponentId(std::string text, std::size_t at) : text_(std::move(text)), at_(at) {}
  std::string text_;
  std::size_t at_;
};

// `deployment/index`: one replica.
struct InstanceId {
  DeploymentId deployment;
  int index = 0;
  [[nodiscard]] std::string str() const { return deployment.str() + "/" + std::to_string(index); }
  static Result<InstanceId> parse(std::string_view text);
  friend auto operator<=>(const InstanceId&, const InstanceId&) = default;
};

}  // namespace arcella::model

template <class Tag>
struct std::hash<arcella::model::Name<Tag>> {
  std::size_t operator()(const arcella::model::Name<Tag>& name) const noexcept {
    return std::hash<std::string>{}(name.str());
  }
};
template <>
struct std::hash<arcella::model::ComponentId> {
  std::size_t operator()(const arcella::model::ComponentId& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
