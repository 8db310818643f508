// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// JSON-RPC 2.0 objects as plain types, to and from JSON: requests, notifications, responses,
// errors, batches. Knows no method. An error object is {"code": ALME number, "message": one line,
// "data": {"code": "not-found", "detail": "..."}}; `detail` only when there is some.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace arcella::wire {

// null, a whole number, or a string. Fractions are refused (the standard advises against them):
// they do not compare.
using RpcId = std::variant<std::monostate, std::int64_t, std::string>;

struct RpcRequest {
  std::optional<RpcId> id;  // nullopt: a notification, which is never answered
  std::string method;
  Json params;  // an object, an array, or null when absent
};

struct RpcResponse {
  RpcId id;  // null when the request's could not be read
  Result<Json> outcome;
};

// A request that is none: what is to be answered.
struct RefusedRequest {
  RpcId id;
  Error error;
};

// What one frame from a client asks for.
struct RpcCalls {
  bool batch = false;  // the answers go into one array; none at all if there is nothing to answer
  std::vector<std::variant<RpcRequest, RefusedRequest>> calls;  // one if not a batch
};
// Never fails: what is wrong is a RefusedRequest. An empty batch, or one of more than
// limits::kRpcBatchMax, is one refused call and no batch.
[[nodiscard]] RpcCalls read_calls(Json value);
// The request in one JSON value; InvalidRequest. For notifications that come from the server.
[[nodiscard]] Result<RpcRequest> read_request(Json value);
// InvalidRequest if it is no response. An error object with an unknown code becomes Internal and
// keeps its message.
[[nodiscard]] Result<RpcResponse> read_response(Json value);

[[nodiscard]] Json to_json(RpcRequest request);
[[nodiscard]] Json to_json(RpcResponse response);
// The array that answers a batch.
[[nodiscard]] Json to_json(std::vector<RpcResponse> responses);
[[nodiscard]] Json error_to_json(const Error& error);
[[nodiscard]] Error error_from_json(const Json& object);

}  // namespace arcella::wire
