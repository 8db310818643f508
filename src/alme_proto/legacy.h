// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The platform's older dialect: `{"cmd": "module:install", "args": {"path": ...}}` is answered with
// `{"success": true, "message": "...", "data": {...}}`. It has no ids and no error codes; each
// command is an operation of methods.h under another name, so this file only translates there and
// back. Specification: docs/alme-protocol.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace arcella::alme_proto {

struct LegacyRequest {
  std::string command;
  wire::Json args;  // null when absent
};
// A line with `cmd` and without `jsonrpc`; nullopt for any other, which is JSON-RPC's to judge.
[[nodiscard]] std::optional<LegacyRequest> as_legacy(const wire::Json& line);

struct LegacyCall {
  std::string method;  // of methods.h
  wire::Json params;
  std::string argument;  // the id that the message names
};
// MethodNotFound or InvalidParams, in the dialect's own words.
[[nodiscard]] Result<LegacyCall> translate(const LegacyRequest& request);

// The answer's line for what `call.method` gave.
[[nodiscard]] wire::Json legacy_answer(const LegacyRequest& request, const LegacyCall& call,
                                       const Result<wire::Json>& result);
[[nodiscard]] wire::Json legacy_failure(const Error& error);

}  // namespace arcella::alme_proto
