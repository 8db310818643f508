// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Imports and what they are bound to (model/binding.h) as JSON, in the shapes of
// docs/alme-protocol.md: the results of `diag` and `graph`, and a section of `list`.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/binding.h"
#include "wire/json.h"

namespace arcella::alme_proto {

// The result of `diag`.
struct DiagResult {
  std::string deployment;
  std::vector<model::ImportResolution> imports;
  static Result<DiagResult> from_json(const wire::Json& result);
  [[nodiscard]] wire::Json to_json() const;
};

// An entry of `list` "bindings": what is Bound.
[[nodiscard]] wire::Json to_json(const model::Binding& binding);
[[nodiscard]] Result<model::Binding> bound_from(const wire::FieldReader& reader);

// The result of `graph`.
[[nodiscard]] wire::Json to_json(const model::WiringGraph& graph);
[[nodiscard]] Result<model::WiringGraph> graph_from_json(const wire::Json& result);

}  // namespace arcella::alme_proto
