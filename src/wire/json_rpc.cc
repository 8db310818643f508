// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wire/json_rpc.h"

#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace arcella::wire {
namespace {

Unexpected invalid(std::string message) {
  return fail(ErrorCode::InvalidRequest, std::move(message));
}

Result<RpcId> read_id(const Json& value) {
  if (value.is_null()) return RpcId();
  if (value.is_int64()) return RpcId(value.get_int64());
  if (value.is_string()) return RpcId(std::string(value.get_string()));
  return invalid("id: expected a string, a whole number of 64 bits or null");
}

// The id of something that is refused, so that the client can tell which: null when there is none
// to read.
RpcId id_or_null(const Json& value) {
  const JsonObject* object = value.if_object();
  const Json* id = object == nullptr ? nullptr : object->if_contains("id");
  return id == nullptr ? RpcId() : read_id(*id).value_or(RpcId());
}

Result<void> check_version(const JsonObject& object) {
  const Json* version = object.if_contains("jsonrpc");
  if (version == nullptr || !version->is_string() || version->get_string() != "2.0") {
    return invalid("jsonrpc: expected \"2.0\"");
  }
  return {};
}

Json id_to_json(const RpcId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return *number;
  if (const auto* text = std::get_if<std::string>(&id)) return Json(boost::json::string(*text));
  return nullptr;
}

// The code for the number of a peer that sends no `data.code`.
ErrorCode code_from_number(std::int64_t number) {
  for (int i = 0; i < kErrorCodeCount; ++i) {
    auto code = static_cast<ErrorCode>(i);
    if (traits_of(code).alme_code == number) return code;
  }
  return ErrorCode::Internal;
}

}  // namespace

Result<RpcRequest> read_request(Json value) {
  JsonObject* object = value.if_object();
  if (object == nullptr) return invalid("a request is an object");
  ARCELLA_TRY_VOID(check_version(*object));
  RpcRequest request;
  if (const Json* id = object->if_contains("id")) {
    ARCELLA_TRY(request.id, read_id(*id));
  }
  const Json* method = object->if_contains("method");
  if (method == nullptr || !method->is_string()) return invalid("method: expected a string");
  request.method = method->get_string();
  if (Json* params = object->if_contains("params")) {
    if (!params->is_object() && !params->is_array()) {
      return invalid("params: expected an object or an array");
    }
    request.params = std::move(*params);
  }
  for (const auto& member : *object) {
    std::string_view key = member.key();
    if (key != "jsonrpc" && key != "id" && key != "method" && key != "params") {
      return invalid(inert(key) + ": a request has no such member");
    }
  }
  return request;
}

RpcCalls read_calls(Json value) {
  RpcCalls result;
  auto add = [&result](Json one) {
    RpcId id = id_or_null(one);
    Result<RpcRequest> request = read_request(std::move(one));
    if (request.has_value()) {
      result.calls.emplace_back(std::move(request).value());
    } else {
      result.calls.emplace_back(RefusedRequest{std::move(id), std::move(request).error()});
    }
  };
  JsonArray* batch = value.if_array();
  if (batch == nullptr) {
    add(std::move(value));
  } else if (batch->empty()) {
    Error error(ErrorCode::InvalidRequest, "an empty batch asks for nothing");
    result.calls.emplace_back(RefusedRequest{RpcId(), std::move(error)});
  } else if (batch->size() > limits::kRpcBatchMax) {
    Error error(ErrorCode::LimitExceeded,
                "a batch holds at most " + std::to_string(limits::kRpcBatchMax) + " requests");
    result.calls.emplace_back(RefusedRequest{RpcId(), std::move(error)});
  } else {
    result.batch = true;
    for (Json& one : *batch) add(std::move(one));
  }
  return result;
}

Result<RpcResponse> read_response(Json value) {
  JsonObject* object = value.if_object();
  if (object == nullptr) return invalid("a response is an object");
  ARCELLA_TRY_VOID(check_version(*object));
  const Json* id_value = object->if_contains("id");
  if (id_value == nullptr) return invalid("id: missing");
  ARCELLA_TRY(RpcId id, read_id(*id_value));
  Json* result = object->if_contains("result");
  const Json* error = object->if_contains("error");
  if ((result == nullptr) == (error == nullptr)) {
    return invalid("a response has either a result or an error");
  }
  if (result != nullptr) return RpcResponse{std::move(id), std::move(*result)};
  if (!error->is_object()) return invalid("error: expected an object");
  return RpcResponse{std::move(id), fail(error_from_json(*error))};
}

Json to_json(RpcRequest request) {
  JsonObject object;
  object.emplace("jsonrpc", "2.0");
  if (request.id) object.emplace("id", id_to_json(*request.id));
  object.emplace("method", request.method);
  if (!request.params.is_null()) object.emplace("params", std::move(request.params));
  return object;
}

Json to_json(RpcResponse response) {
  JsonObject object;
  object.emplace("jsonrpc", "2.0");
  object.emplace("id", id_to_json(response.id));
  if (response.outcome.has_value()) {
    object.emplace("result", std::move(response.outcome).value());
  } else {
    object.emplace("error", error_to_json(response.outcome.error()));
  }
  return object;
}

Json to_json(std::vector<RpcResponse> responses) {
  JsonArray array;
  array.reserve(responses.size());
  for (RpcResponse& response : responses) array.push_back(to_json(std::move(response)));
  return array;
}

Json error_to_json(const Error& error) {
  const ErrorTraits& traits = traits_of(error.code());
  JsonObject data;
  data.emplace("code", boost::json::string_view(traits.name.data(), traits.name.size()));
  if (!error.detail().empty()) data.emplace("detail", error.detail());
  JsonObject object;
  object.emplace("code", traits.alme_code);
  object.emplace("message", error.message());
  object.emplace("data", std::move(data));
  return object;
}

Error error_from_json(const Json& value) {
  const JsonObject* object = value.if_object();
  if (object == nullptr)
    return {ErrorCode::Internal, "the peer reports an error without saying which"};
  auto text_of = [](const JsonObject& from, std::string_view key) -> std::optional<std::string> {
    const Json* member = from.if_contains(key);
    if (member == nullptr || !member->is_string()) return std::nullopt;
    return std::string(member->get_string());
  };
  ErrorCode code = ErrorCode::Internal;
  std::string detail;
  const Json* number = object->if_contains("code");
  if (number != nullptr && number->is_int64()) code = code_from_number(number->get_int64());
  const Json* data = object->if_contains("data");
  if (data != nullptr && data->is_object()) {
    if (auto name = text_of(data->get_object(), "code")) code = error_code_from_name(*name);
    detail = text_of(data->get_object(), "detail").value_or("");
  }
  Error error(code, text_of(*object, "message").value_or("unknown error"));
  return std::move(error).with_detail(std::move(detail));
}

}  // namespace arcella::wire
