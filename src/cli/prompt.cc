// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/prompt.h"

#include <utility>

#include "base/limits.h"
#include "wire/json.h"

namespace arcella::cli {
namespace {

Result<int> ask_running(Connection& connection, const Environment& environment) {
  ARCELLA_TRY(auto place, place_of_daemon("", "", environment));
  ARCELLA_TRY(Client * client, connection.client(place.socket, place.home));
  CallOptions options;
  options.deadline = limits::kShellPromptTimeout;
  ARCELLA_TRY(auto status, client->call("status", nullptr, options));
  ARCELLA_TRY(auto reader, wire::FieldReader::of(status, "status"));
  ARCELLA_TRY(auto running, reader.integer("running", 0, limits::kDeploymentsMax));
  return static_cast<int>(running);
}

}  // namespace

DaemonState ask_state(Connection& connection, const Environment& environment) {
  auto running = ask_running(connection, environment);
  if (running.has_value()) return {DaemonState::Kind::Answers, *running};
  const bool absent = running.error().code() == ErrorCode::Unavailable;
  return {absent ? DaemonState::Kind::Absent : DaemonState::Kind::Silent, 0};
}

std::string prompt_text(const DaemonState& state) {
  switch (state.kind) {
    case DaemonState::Kind::Answers:
      return "arcella[" + std::to_string(state.running) + " running]> ";
    case DaemonState::Kind::Absent:
      return "arcella[no daemon]> ";
    case DaemonState::Kind::Silent:
      break;
  }
  return "arcella[no answer]> ";
}

}  // namespace arcella::cli
