// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The JSON text columns of the state database, to and from the model. Members that are absent have
// their default, so that a newer program reads what an older one wrote; members that are unknown
// are an error, as a newer schema is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/component.h"
#include "model/deployment.h"

namespace arcella::store {

[[nodiscard]] std::string to_document(const model::PolicyFields& fields);
[[nodiscard]] Result<model::PolicyFields> policy_fields_from(std::string_view document);

// All but what has columns of its own: id, content_hash, installed_at.
[[nodiscard]] std::string to_document(const model::Component& component);
[[nodiscard]] Result<void> read_document(std::string_view document, model::Component& component);

// All but id, component and replicas.
[[nodiscard]] std::string to_document(const model::DeploymentSpec& spec);
[[nodiscard]] Result<void> read_document(std::string_view document, model::DeploymentSpec& spec);

}  // namespace arcella::store
