// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What `arcella-worker compile` and `arcella-worker run` exchange with the daemon;
// docs/ipc-protocol.md, "Jobs". Each is one JSON text: the compile helper writes its report to a
// pipe, the runner gets one frame and answers one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ipc/import_route.h"
#include "model/component.h"
#include "model/fusion.h"
#include "model/run_spec.h"

namespace arcella::ipc {

struct CompileReport {
  model::Inspection inspection;
  std::string fingerprint;  // of the engine that the artifact is for; empty without one
  std::uint64_t artifact_bytes = 0;
};
// The report, or why there is none.
[[nodiscard]] std::string encode(const CompileReport& report);
[[nodiscard]] std::string encode_compile_error(const Error& error);
// The helper's report or its error. InvalidRequest if it is neither. Untrusted.
[[nodiscard]] Result<CompileReport> decode_compile_report(std::string_view json);

// What is joined when components are composed: an argument of the helper for each.
[[nodiscard]] std::string encode(const model::Plug& plug);
[[nodiscard]] Result<model::Plug> decode_plug(std::string_view json);

// An interface that the command imports, and where calls of it go on the runner's data socket.
struct RunImport {
  std::string import;  // as the binary names it
  ImportRoute route;
  friend bool operator==(const RunImport&, const RunImport&) = default;
};
struct RunCommand {
  model::RunSpec spec;
  std::int64_t deadline_ms = 0;         // 0: none
  std::vector<RunImport> imports = {};  // none: the runner has no data socket
};
[[nodiscard]] std::string encode(const RunCommand& command);
[[nodiscard]] Result<RunCommand> decode_run_command(std::string_view json);

struct RunEnded {
  int exit_status = 0;
  std::string failure;  // not empty: trap, deadline or limit
  std::string backtrace;
};
[[nodiscard]] std::string encode(const RunEnded& ended);
[[nodiscard]] Result<RunEnded> decode_run_ended(std::string_view json);  // untrusted

}  // namespace arcella::ipc
