// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/replacement.h"

#include "model/interface_fit.h"
#include "wit/interface_name.h"

namespace arcella::model {
namespace {

// `wasi:cli/run` and `wasi:http/incoming-handler`, whose version is the toolchain's.
bool is_what_makes_its_kind(const InterfaceItem& item) {
  return item.name.starts_with("wasi:cli/") || item.name.starts_with("wasi:http/");
}

// The same name; of an interface with a version the nearest that may serve in its place.
const InterfaceItem* counterpart(const InterfaceItem& lost, const Component& after) {
  for (const InterfaceItem& item : after.exports) {
    if (item.name == lost.name) return &item;
  }
  auto wanted = wit::InterfaceName::parse(lost.name);
  if (!wanted.has_value()) return nullptr;
  for (const InterfaceItem& item : after.exports) {
    auto offered = wit::InterfaceName::parse(item.name);
    if (offered.has_value() && wit::serves(*offered, *wanted)) return &item;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> lost_exports(const Component& before, const Component& after) {
  std::vector<std::string> lost;
  for (const InterfaceItem& item : before.exports) {
    if (is_what_makes_its_kind(item)) continue;
    if (const InterfaceItem* other = counterpart(item, after)) {
      for (const std::string& line : misfits(item, *other)) lost.push_back(item.name + ": " + line);
    } else {
      lost.push_back(item.name + " is gone");
    }
  }
  return lost;
}

}  // namespace arcella::model
