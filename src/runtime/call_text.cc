// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/call_text.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/limits.h"
#include "base/text.h"

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
    case engine::Outcome::NotReady:
      return ErrorCode::Unavailable;
    case engine::Outcome::Returned:
    case engine::Outcome::Trapped:
    case engine::Outcome::Exited:
      break;
  }
  return ErrorCode::GuestTrapped;
}

// `ns:pkg/iface@1.0.0#add`, `ns:pkg/iface#add`, `iface#add`: what the engine takes.
std::vector<std::string> written_with_interface(const std::string& full) {
  const std::size_t hash = full.find('#');
  if (hash == std::string::npos) return {full};
  const std::string function = full.substr(hash);
  const std::string unversioned = full.substr(0, std::min(full.find('@'), hash));
  const std::size_t slash = unversioned.rfind('/');
  const std::string bare = slash == std::string::npos ? unversioned : unversioned.substr(slash + 1);
  return {full, unversioned + function, bare + function};
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

std::optional<std::string> nearest_function(std::string_view wanted,
                                            const std::vector<model::InterfaceItem>& exports) {
  // Comparing costs the product of the lengths, on the control thread.
  if (wanted.size() > limits::kNameLengthMax) return std::nullopt;
  // How one may write a function, and what to say for it.
  std::map<std::string, std::string> names;
  std::set<std::string, std::less<>> used;
  const bool with_interface = wanted.find('#') != std::string_view::npos;
  for (const model::InterfaceItem& item : exports) {
    for (const std::string& signature : item.functions) {
      const std::string function(model::function_name(signature));
      const std::string full =
          item.name == function ? function : model::full_function_name(item.name, function);
      if (with_interface) {
        for (const std::string& name : written_with_interface(full)) names.emplace(name, name);
      } else if (used.insert(function).second) {
        names.emplace(function, function);
      } else {
        names[function] = full;
      }
    }
  }
  if (names.contains(std::string(wanted))) return std::nullopt;  // known, and not unique
  std::vector<std::string_view> candidates;
  for (const auto& [name, said] : names) candidates.push_back(name);
  auto near = nearest_name(wanted, candidates);
  if (!near) return std::nullopt;
  return names.find(std::string(*near))->second;
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
