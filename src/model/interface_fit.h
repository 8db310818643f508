// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Does an exported interface serve who uses it? Asked by `update` of what an export becomes, and of
// an import and what is offered for it. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/component.h"
#include "wit/interface_name.h"

namespace arcella::model {

// What a caller that knows `wanted` would miss in `offered`, a line each: a function that is not
// there or is another. What `offered` has beyond that is no loss, and the names of the two
// interfaces are not looked at (wit::serves). Functions are compared by their shapes; where one has
// none, by their signatures.
[[nodiscard]] std::vector<std::string> misfits(const InterfaceItem& wanted,
                                               const InterfaceItem& offered);

// Why an export cannot serve an import of the same name, in words that follow on its exporter's;
// empty: it can. Versions first, then types.
struct NamedItem {
  const InterfaceItem& item;
  const wit::InterfaceName& name;
};
[[nodiscard]] std::string why_unfit(const NamedItem& wanted, const NamedItem& offered);

}  // namespace arcella::model
