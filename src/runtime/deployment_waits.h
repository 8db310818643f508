// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What an operation on a deployment waits for: each looks at the registry whenever the reconciler
// has changed something, under a deadline of its own. NotFound when the deployment goes meanwhile,
// Cancelled when the daemon stops.
#pragma once

#include "aio/task.h"
#include "base/result.h"
#include "model/deployment.h"
#include "model/ids.h"
#include "runtime/runtime_core.h"
#include "runtime/wiring.h"

namespace arcella::runtime {

// Every import that it cannot do without has a provider; Unresolved when that is not so within its
// provider_wait, at once if that is 0.
aio::Task<Result<void>> wait_for_providers(RuntimeCore& core, model::Deployment deployment,
                                           Together together);
// Its imports lead where they should; at once if it is not loaded.
aio::Task<Result<void>> wait_bound(RuntimeCore& core, model::DeploymentId id);
// A start by hand has ended: every replica is ready or has completed. Else the first failure, or
// DeadlineExceeded.
aio::Task<Result<void>> wait_started(RuntimeCore& core, model::DeploymentId id);
// As many replicas are up as are wanted, no more. GuestTrapped when it was given up.
aio::Task<Result<void>> wait_all_ready(RuntimeCore& core, model::DeploymentId id);
// Nothing of it is alive or loaded any more.
aio::Task<Result<void>> wait_gone(RuntimeCore& core, model::DeploymentId id);
// What ran of an earlier revision is gone, and the present one is loaded. The failure of a start by
// hand ends it too.
aio::Task<Result<void>> wait_replaced(RuntimeCore& core, model::DeploymentId id);

[[nodiscard]] Error deployment_is_gone(const model::DeploymentId& id);
[[nodiscard]] bool all_up(const DeploymentRecord& record);

}  // namespace arcella::runtime
