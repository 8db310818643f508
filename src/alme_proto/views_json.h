// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The views of model/views.h as JSON, in the shapes of docs/alme-protocol.md. A field that does not
// apply (the group of a deployment in main, the pid of an instance that lives nowhere) is null.
// What the command line lays out in tables is also read back; the rest it prints as it comes.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/views.h"
#include "wire/json.h"

namespace arcella::alme_proto {

[[nodiscard]] wire::Json to_json(const model::ComponentView& view);
[[nodiscard]] wire::Json to_json(const model::DeploymentView& view);
[[nodiscard]] wire::Json to_json(const model::InstanceView& view);
[[nodiscard]] wire::Json to_json(const model::WorkerView& view);
[[nodiscard]] wire::Json to_json(const model::HotDeployView& view);
// Only the sections that are selected.
[[nodiscard]] wire::Json to_json(const model::Listing& listing,
                                 const model::ListSelection& selection);
[[nodiscard]] wire::Json to_json(const model::PlatformStatus& status);
[[nodiscard]] wire::Json to_json(const model::ComponentDetails& details);
[[nodiscard]] wire::Json to_json(const model::DeploymentDetails& details);
[[nodiscard]] wire::Json to_json(const model::LogLine& line);
[[nodiscard]] wire::Json to_json(const model::LogTail& tail);
// {"deployments": [...]}
[[nodiscard]] wire::Json to_json(const std::vector<model::DeploymentView>& deployments);
// The result of `deploy`: the same, and what is to be said of its files.
[[nodiscard]] wire::Json deployed_to_json(const std::vector<model::DeploymentView>& deployments,
                                          const std::vector<std::string>& notes);

// A section that is absent is empty.
[[nodiscard]] Result<model::Listing> listing_from_json(const wire::Json& value);
[[nodiscard]] Result<model::DeploymentView> deployment_from_json(const wire::Json& value);
[[nodiscard]] Result<model::LogLine> log_line_from_json(const wire::Json& value);
[[nodiscard]] Result<model::LogTail> log_tail_from_json(const wire::Json& value);

// 2026-01-31T12:00:00Z. UTC. With milliseconds: base/timestamp.h.
[[nodiscard]] std::string rfc3339(std::int64_t seconds);

}  // namespace arcella::alme_proto
