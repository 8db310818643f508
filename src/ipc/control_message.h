// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Everything that daemon and worker say to each other on the control channel, as plain types, to
// and from JSON. A frame is a little-endian u32 length and that many bytes of JSON `{"type": "...",
// ...}`; descriptors travel beside the frame (SCM_RIGHTS). The worker is untrusted:
// decode_from_worker() checks every field, the runtime checks every name. Specification:
// docs/ipc-protocol.md. kProtocolVersion changes with any incompatible change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ipc/import_route.h"
#include "model/instance_lifecycle.h"
#include "model/run_spec.h"

namespace arcella::ipc {

inline constexpr int kProtocolVersion = 5;

// --- daemon -> worker; each with `request` is answered by one Reply ---

// Beside it: the artifact's descriptor, then for kind http the listening socket's.
struct LoadDeployment {
  std::uint64_t request = 0;
  std::uint32_t slot = 0;  // the deployment's number on the data channel, chosen by the daemon
  model::RunSpec spec;
};
struct UnloadDeployment {
  std::uint64_t request = 0;
  model::DeploymentId deployment;
};
struct StartInstances {
  std::uint64_t request = 0;
  model::DeploymentId deployment;
  int first = 0;
  int count = 0;
};
struct StopInstances {
  std::uint64_t request = 0;
  model::DeploymentId deployment;
  int first = 0;
  int count = 0;
  std::int64_t deadline_ms = 0;
};
// Answered by a Reply whose `value` is the function's number.
struct ResolveFunction {
  std::uint64_t request = 0;
  model::DeploymentId deployment;
  std::string function;
};
// Answered by a Reply whose `value` is unused and `text` a JSON object (calls, failed,
// memory_bytes, in_flight, handles, last_failure).
struct QueryStatistics {
  std::uint64_t request = 0;
  model::DeploymentId deployment;
};
// Whom an import of `deployment` leads to from now on: `provider`, loaded in the same worker, or
// whoever `route` leads to, at the daemon or, if it is not 0, at the other end of `link`, by the
// export `exported`; without either, calls of it are answered with `why_not`.
struct BindImport {
  std::uint64_t request = 0;
  model::DeploymentId deployment;
  std::string import;
  std::optional<model::DeploymentId> provider = {};
  std::optional<ImportRoute> route = {};
  std::string exported = {};
  std::string why_not = {};
  std::uint64_t link = 0;
};
// Beside it: the socket and the memory of a data channel whose other end another worker gets.
struct OpenLink {
  std::uint64_t request = 0;
  std::uint64_t link = 0;  // not 0; never used again
  bool first = false;      // which half of the memory is its own
};
// Calls with `route` as their slot that come over `link` are of `consumer`, and go to these
// functions of the export `exported` of `provider`, loaded in this worker, by their place in the
// list. Without a provider: to nobody from limits::kLinkRouteGrace on; handles are served as
// before.
struct LendExport {
  std::uint64_t request = 0;
  std::uint64_t link = 0;
  std::uint32_t route = 0;
  model::DeploymentId consumer;  // of the worker at the other end
  std::optional<model::DeploymentId> provider = {};
  std::string exported = {};
  std::vector<std::string> functions = {};  // without the interface
};
// It is unloaded: what it was lent over `link` ends, and what it held is dropped.
struct ForgetConsumer {
  std::uint64_t request = 0;
  std::uint64_t link = 0;
  model::DeploymentId consumer;
};
struct Shutdown {
  std::int64_t deadline_ms = 0;
};
using ToWorker =
    std::variant<LoadDeployment, UnloadDeployment, StartInstances, StopInstances, ResolveFunction,
                 QueryStatistics, BindImport, OpenLink, LendExport, ForgetConsumer, Shutdown>;

// --- worker -> daemon ---

struct Hello {  // the first message; the worker is ready
  int protocol = kProtocolVersion;
  std::int64_t pid = 0;
  std::string fingerprint;  // of its engine
};
struct Reply {
  std::uint64_t request = 0;
  std::optional<Error> error;
  std::uint64_t value = 0;
  std::string text;
};
struct InstanceReported {
  model::InstanceId instance;
  model::InstanceEvent event = model::InstanceEvent::Started;
  int exit_status = 0;
  std::string message;
  std::string backtrace;
};
// One line of a guest's output without its line end; cut and marked at limits::kLogLineBytesMax.
struct Output {
  model::InstanceId instance;
  bool stderr_stream = false;
  std::string text;           // made valid UTF-8, control characters inert
  std::uint64_t dropped = 0;  // bytes lost before it because the daemon read too slowly
};
// The link has ended and was closed here; all that went over it has ended too.
struct LinkLost {
  std::uint64_t link = 0;
  bool broken = false;  // the peer broke a rule, rather than to go away
  std::string message;  // one line
};
using FromWorker = std::variant<Hello, Reply, InstanceReported, Output, LinkLost>;

[[nodiscard]] std::string encode(const ToWorker& message);
[[nodiscard]] std::string encode(const FromWorker& message);
[[nodiscard]] Result<ToWorker> decode_from_daemon(std::string_view json);
[[nodiscard]] Result<FromWorker> decode_from_worker(std::string_view json);

}  // namespace arcella::ipc
