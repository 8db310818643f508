// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/call_text.h"

namespace arcella::runtime {
namespace {

std::string_view trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

ErrorCode code_of(engine::Outcome outcome) {
  switch (outcome) {
    case engine::Outcome::BadArguments:
      return ErrorCode::InvalidParams;
    case engine::Outcome::TimedOut:
      return ErrorCode::DeadlineExceeded;
    case engine::Outcome::OutOfFuel:
    case engine::Outcome::MemoryLimit:
      return ErrorCode::LimitExceeded;
    case engine::Outcome::Cancelled:
      return ErrorCode::Cancelled;
    case engine::Outcome::Unavailable:
      return ErrorCode::Unavailable;
    case engine::Outcome::Returned:
    case engine::Outcome::Trapped:
    case engine::Outcome::Exited:
      break;
  }
  return ErrorCode::GuestTrapped;
}

}  // namespace

Result<CallText> split_call(std::string_view function, std::string_view arguments) {
  function = trimmed(function);
  arguments = trimmed(arguments);
  std::size_t open = function.find('(');
  if (open == std::string_view::npos) {
    if (function.empty())
      return fail(ErrorCode::InvalidParams, "which function? Write it as in `add(20, 22)`");
    return CallText{std::string(function), std::string(arguments)};
  }
  if (function.back() != ')') {
    return fail(ErrorCode::InvalidParams,
                "the call has no `)` at its end; write it as in `add(20, 22)`");
  }
  if (!arguments.empty()) {
    return fail(ErrorCode::InvalidParams,
                "the arguments are given twice: in parentheses and apart");
  }
  std::string_view name = trimmed(function.substr(0, open));
  if (name.empty())
    return fail(ErrorCode::InvalidParams, "which function? Write it as in `add(20, 22)`");
  std::string_view inner = function.substr(open + 1, function.size() - open - 2);
  return CallText{std::string(name), std::string(trimmed(inner))};
}

Result<std::string> result_of(const engine::CallOutcome& outcome) {
  if (outcome.outcome == engine::Outcome::Returned) {
    // WAVE is text.
    return std::string(reinterpret_cast<const char*>(outcome.payload.data()),
                       outcome.payload.size());
  }
  std::string message = outcome.message;
  if (outcome.outcome == engine::Outcome::Exited) {
    message = "the component ended itself with status " + std::to_string(outcome.exit_status);
  }
  return fail(Error(code_of(outcome.outcome), std::move(message)).with_detail(outcome.backtrace));
}

}  // namespace arcella::runtime
