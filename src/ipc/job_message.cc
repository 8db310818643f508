// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/job_message.h"

#include <limits>
#include <utility>

#include "base/limits.h"
#include "ipc/error_codec.h"
#include "ipc/inspection.h"
#include "ipc/run_spec_codec.h"
#include "ipc/untrusted_text.h"
#include "wire/json.h"

namespace arcella::ipc {
namespace {

// What the peer says is wrong with what it sent: not the caller's parameters.
template <class T>
Result<T> as_protocol_error(Result<T> result, std::string_view from) {
  if (result.has_value() || result.error().code() == ErrorCode::LimitExceeded) return result;
  return fail(ErrorCode::InvalidRequest, std::string(from) + ": " + result.error().message());
}

Result<CompileReport> read_report(const wire::FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"inspection", "fingerprint", "artifact_bytes"}));
  ARCELLA_TRY(auto inspection_fields, fields.object("inspection"));
  CompileReport report;
  ARCELLA_TRY(report.inspection, inspection_from_json(*fields.raw().if_contains("inspection")));
  ARCELLA_TRY(std::string fingerprint, fields.string("fingerprint"));
  if (fingerprint.size() > limits::kFingerprintBytesMax) {
    return fail(ErrorCode::InvalidRequest, "fingerprint: too long");
  }
  report.fingerprint = harmless_line(fingerprint, limits::kFingerprintBytesMax);
  ARCELLA_TRY(std::int64_t bytes,
              fields.integer("artifact_bytes", 0, std::int64_t{limits::kArtifactBytesMax}));
  report.artifact_bytes = static_cast<std::uint64_t>(bytes);
  return report;
}

Result<std::vector<RunImport>> read_imports(const wire::FieldReader& fields) {
  std::vector<RunImport> imports;
  ARCELLA_TRY(auto objects, fields.objects("imports"));
  for (const wire::FieldReader& object : objects) {
    ARCELLA_TRY_VOID(object.only({"import", "route"}));
    RunImport& one = imports.emplace_back();
    ARCELLA_TRY(one.import, object.string("import"));
    ARCELLA_TRY(auto route, object.object("route"));
    ARCELLA_TRY(one.route, import_route_from(route));
  }
  return imports;
}

Result<model::Plug> read_plug(std::string_view json) {
  ARCELLA_TRY(auto value, wire::parse_json(json));
  ARCELLA_TRY(auto fields, wire::FieldReader::of(value, ""));
  ARCELLA_TRY_VOID(fields.only({"into", "import", "from", "exported"}));
  model::Plug plug;
  ARCELLA_TRY(const std::int64_t into, fields.integer("into", 0, limits::kFusedMax));
  ARCELLA_TRY(const std::int64_t from, fields.integer("from", 0, limits::kFusedMax));
  ARCELLA_TRY(plug.import, fields.string("import"));
  ARCELLA_TRY(plug.exported, fields.string("exported"));
  plug.into = static_cast<std::size_t>(into);
  plug.from = static_cast<std::size_t>(from);
  return plug;
}

Result<RunCommand> read_command(std::string_view json) {
  ARCELLA_TRY(auto value, wire::parse_json(json));
  ARCELLA_TRY(auto fields, wire::FieldReader::of(value, ""));
  ARCELLA_TRY_VOID(fields.only({"spec", "deadline_ms", "imports"}));
  ARCELLA_TRY(auto spec_fields, fields.object("spec"));
  ARCELLA_TRY(auto spec, run_spec_from_json(*fields.raw().if_contains("spec")));
  ARCELLA_TRY(std::int64_t deadline,
              fields.integer("deadline_ms", 0, std::numeric_limits<std::int64_t>::max()));
  ARCELLA_TRY(auto imports, read_imports(fields));
  return RunCommand{std::move(spec), deadline, std::move(imports)};
}

Result<RunEnded> read_ended(std::string_view json) {
  ARCELLA_TRY(auto value, wire::parse_json(json));
  ARCELLA_TRY(auto fields, wire::FieldReader::of(value, ""));
  ARCELLA_TRY_VOID(fields.only({"exit_status", "failure", "backtrace"}));
  ARCELLA_TRY(std::int64_t status, fields.integer("exit_status", std::numeric_limits<int>::min(),
                                                  std::numeric_limits<int>::max()));
  ARCELLA_TRY(std::string failure, fields.string("failure"));
  ARCELLA_TRY(std::string backtrace, fields.string("backtrace"));
  return RunEnded{static_cast<int>(status), harmless_line(failure, limits::kFailureMessageBytesMax),
                  harmless_lines(backtrace, limits::kFailureBacktraceBytesMax)};
}

}  // namespace

std::string encode(const CompileReport& report) {
  wire::JsonObject object;
  object["inspection"] = to_json(report.inspection);
  object["fingerprint"] = report.fingerprint;
  object["artifact_bytes"] = report.artifact_bytes;
  return wire::to_text(object);
}

std::string encode_compile_error(const Error& error) {
  return wire::to_text(wire::JsonObject{{"error", to_json(error)}});
}

Result<CompileReport> decode_compile_report(std::string_view json) {
  constexpr std::string_view kFrom = "the compile helper";
  ARCELLA_TRY(auto value, as_protocol_error(wire::parse_json(json), kFrom));
  ARCELLA_TRY(auto fields, as_protocol_error(wire::FieldReader::of(value, ""), kFrom));
  if (!fields.has("error")) return as_protocol_error(read_report(fields), kFrom);
  ARCELLA_TRY(auto error_fields, as_protocol_error(fields.object("error"), kFrom));
  ARCELLA_TRY(auto error, as_protocol_error(error_from_json(error_fields), kFrom));
  return fail(std::move(error));
}

std::string encode(const model::Plug& plug) {
  wire::JsonObject object;
  object["into"] = plug.into;
  object["import"] = plug.import;
  object["from"] = plug.from;
  object["exported"] = plug.exported;
  return wire::to_text(object);
}

Result<model::Plug> decode_plug(std::string_view json) {
  return as_protocol_error(read_plug(json), "the daemon");
}

std::string encode(const RunCommand& command) {
  wire::JsonObject object;
  object["spec"] = to_json(command.spec);
  object["deadline_ms"] = command.deadline_ms;
  wire::JsonArray imports;
  for (const RunImport& one : command.imports)
    imports.push_back(wire::JsonObject{{"import", one.import}, {"route", to_json(one.route)}});
  object["imports"] = std::move(imports);
  return wire::to_text(object);
}

Result<RunCommand> decode_run_command(std::string_view json) {
  return as_protocol_error(read_command(json), "the daemon");
}

std::string encode(const RunEnded& ended) {
  wire::JsonObject object;
  object["exit_status"] = ended.exit_status;
  object["failure"] = cut(ended.failure, limits::kFailureMessageBytesMax);
  object["backtrace"] = cut(ended.backtrace, limits::kFailureBacktraceBytesMax);
  return wire::to_text(object);
}

Result<RunEnded> decode_run_ended(std::string_view json) {
  return as_protocol_error(read_ended(json), "the runner");
}

}  // namespace arcella::ipc
