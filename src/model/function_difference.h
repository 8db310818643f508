// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "model/component.h"

namespace arcella::model {

// In what do functions of one name differ, told to a person with the names that the types have. The
// texts may come from hostile binaries: the work is linear in them. Pure; both interfaces outlive
// it.
class FunctionDifference {
 public:
  FunctionDifference(const InterfaceItem& wanted, const InterfaceItem& offered);

  // Of two functions by their numbers, which have shapes, and not the same. A line, of the first
  // difference: "function 'add': parameter 'b': type 'point' is 'record { x: u64 }' instead of
  // 'record { x: u32 }'".
  [[nodiscard]] std::string of(std::size_t wanted, std::size_t offered) const;

  using NamedTypes = std::unordered_map<std::string_view, const NamedType*>;
  // A parameter, or the result, which has no name.
  struct Part {
    std::string_view name;
    std::string_view type;
  };

 private:
  struct TypedPart {
    Part part;
    std::string_view shape;
  };
  [[nodiscard]] std::string of_part(const TypedPart& wanted, const TypedPart& offered) const;
  // Of two texts of unequal shapes, the named type that makes the difference. nullopt: they differ
  // outside of names.
  [[nodiscard]] std::optional<std::string> cause(std::string_view wanted, std::string_view offered,
                                                 int depth) const;
  [[nodiscard]] std::string of_types(const NamedType& wanted, const NamedType& offered,
                                     int depth) const;

  const InterfaceItem& wanted_;
  const InterfaceItem& offered_;
  NamedTypes wanted_types_;
  NamedTypes offered_types_;
};

}  // namespace arcella::model
