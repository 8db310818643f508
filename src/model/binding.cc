// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/binding.h"

namespace arcella::model {

std::string_view to_string(ImportState state) noexcept {
  switch (state) {
    case ImportState::Host:
      return "host";
    case ImportState::Platform:
      return "platform";
    case ImportState::TypesOnly:
      return "types";
    case ImportState::Bound:
      return "bound";
    case ImportState::Fused:
      return "fused";
    case ImportState::Optional:
      return "optional";
    case ImportState::Unresolved:
      return "unresolved";
  }
  return "?";
}

std::optional<ImportState> import_state_from(std::string_view text) noexcept {
  for (ImportState state :
       {ImportState::Host, ImportState::Platform, ImportState::TypesOnly, ImportState::Bound,
        ImportState::Fused, ImportState::Optional, ImportState::Unresolved}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

}  // namespace arcella::model
