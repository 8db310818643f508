// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/interface_fit.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "model/function_difference.h"

namespace arcella::model {
namespace {

bool has_shapes(const InterfaceItem& item) {
  return item.shapes.size() == item.functions.size();
}

std::string version_text(const wit::InterfaceName& name) {
  return name.version ? name.version->to_string() : "no version";
}

std::string why_not_version(const wit::InterfaceName& offered, const wit::InterfaceName& wanted) {
  std::string text = "exports it at " + version_text(offered);
  const bool older =
      offered.version && wanted.version && wit::same_track(*offered.version, *wanted.version);
  return text + (older ? ", older than " : ", which is not compatible with ") +
         version_text(wanted);
}

std::string why_not_types(std::vector<std::string> missed) {
  const std::size_t all = missed.size();
  if (all > limits::kMisfitsShownMax) missed.resize(limits::kMisfitsShownMax);
  std::string text = "does not fit: " + join(missed, "; ");
  if (all > missed.size()) text += "; and " + std::to_string(all - missed.size()) + " more";
  return text;
}

}  // namespace

std::vector<std::string> misfits(const InterfaceItem& wanted, const InterfaceItem& offered) {
  std::unordered_map<std::string_view, std::size_t> there;
  for (std::size_t i = 0; i < offered.functions.size(); ++i)
    there.emplace(function_name(offered.functions[i]), i);
  const bool by_shape = has_shapes(wanted) && has_shapes(offered);
  std::optional<FunctionDifference> difference;
  std::vector<std::string> missed;
  for (std::size_t i = 0; i < wanted.functions.size(); ++i) {
    const std::string& signature = wanted.functions[i];
    auto found = there.find(function_name(signature));
    if (found == there.end()) {
      missed.push_back("'" + signature + "' is missing");
      continue;
    }
    const std::size_t other = found->second;
    if (by_shape) {
      if (wanted.shapes[i] == offered.shapes[other]) continue;
      if (!difference) difference.emplace(wanted, offered);
      missed.push_back(difference->of(i, other));
    } else if (signature != offered.functions[other]) {
      missed.push_back("'" + offered.functions[other] + "' instead of '" + signature + "'");
    }
  }
  return missed;
}

std::string why_unfit(const NamedItem& wanted, const NamedItem& offered) {
  if (!wit::serves(offered.name, wanted.name)) return why_not_version(offered.name, wanted.name);
  std::vector<std::string> missed = misfits(wanted.item, offered.item);
  return missed.empty() ? std::string() : why_not_types(std::move(missed));
}

}  // namespace arcella::model
