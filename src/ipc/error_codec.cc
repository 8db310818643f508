// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/error_codec.h"

#include <utility>

#include "base/limits.h"
#include "ipc/untrusted_text.h"

namespace arcella::ipc {

wire::Json to_json(const Error& error) {
  wire::JsonObject object;
  object["code"] = traits_of(error.code()).name;
  object["message"] = cut(error.message(), limits::kFailureMessageBytesMax);
  if (!error.detail().empty())
    object["detail"] = cut(error.detail(), limits::kFailureBacktraceBytesMax);
  return object;
}

Result<Error> error_from_json(const wire::FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"code", "message", "detail"}));
  ARCELLA_TRY(std::string code, fields.string("code"));
  ARCELLA_TRY(std::string message, fields.string("message"));
  ARCELLA_TRY(auto detail, fields.optional_string("detail"));
  Error error(error_code_from_name(code), harmless_line(message, limits::kFailureMessageBytesMax));
  if (!detail) return error;
  return std::move(error).with_detail(harmless_lines(*detail, limits::kFailureBacktraceBytesMax));
}

}  // namespace arcella::ipc
