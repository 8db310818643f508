// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/legacy.h"

#include <array>

#include "alme_proto/methods.h"
#include "alme_proto/views_json.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace arcella::alme_proto {
namespace {

using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

enum class Command { Ping, Status, LogTail, List, Install, Deploy, Start, Stop };
struct CommandName {
  std::string_view name;
  Command command;
};
// Both spellings of two of them are in the field.
constexpr std::array<CommandName, 10> kCommands{{
    {"ping", Command::Ping},
    {"Ping", Command::Ping},
    {"module:status", Command::Status},
    {"status", Command::Status},
    {"log:tail", Command::LogTail},
    {"module:list", Command::List},
    {"module:install", Command::Install},
    {"module:deploy", Command::Deploy},
    {"module:start", Command::Start},
    {"module:stop", Command::Stop},
}};

std::optional<Command> command_of(std::string_view name) {
  for (const CommandName& known : kCommands) {
    if (known.name == name) return known.command;
  }
  return std::nullopt;
}

Json success(std::string message, Json data) {
  JsonObject object;
  object["success"] = true;
  object["message"] = std::move(message);
  if (!data.is_null()) object["data"] = std::move(data);
  return object;
}

// "calc@1.0.0" -> {"name": "calc", "version": "1.0.0"}
Json module_id(std::string_view id) {
  const std::size_t at = id.find('@');
  JsonObject object;
  object["name"] = id.substr(0, at);
  object["version"] = at == std::string_view::npos ? std::string_view() : id.substr(at + 1);
  return object;
}

Result<Json> status_data(const Json& result) {
  ARCELLA_TRY(auto reader, FieldReader::of(result, "status"));
  JsonObject data;
  ARCELLA_TRY(auto version, reader.string("version"));
  ARCELLA_TRY(auto start_time, reader.string("start_time"));
  data["version"] = std::move(version);
  data["pid"] = reader.raw().at("pid");
  data["start_time"] = std::move(start_time);
  data["uptime"] = reader.raw().at("uptime_seconds");
  // Texts in the dialect, not lists.
  std::string groups;
  ARCELLA_TRY(auto workers, reader.objects("workers"));
  for (const FieldReader& worker : workers) {
    ARCELLA_TRY(auto group, worker.string("group"));
    if (!groups.empty()) groups += ", ";
    groups += group;
  }
  data["worker_groups"] = std::move(groups);
  data["modules"] = wire::to_text(reader.raw().at("components"));
  ARCELLA_TRY(auto home, reader.string("home"));
  data["socket_path"] = home + "/alme";
  return Json(std::move(data));
}

Result<Json> list_data(const Json& result) {
  ARCELLA_TRY(auto listing, listing_from_json(result));
  JsonArray modules;
  for (const model::ComponentView& component : listing.components) {
    JsonObject entry;
    entry["module_id"] = module_id(component.id);
    entry["kind"] = model::to_string(component.kind);
    entry["description"] = component.description;
    JsonArray deployments;
    for (const model::DeploymentView& deployment : listing.deployments) {
      if (deployment.module_id == component.id) deployments.emplace_back(deployment.id);
    }
    entry["deployments"] = std::move(deployments);
    modules.push_back(std::move(entry));
  }
  return Json(std::move(modules));
}

Result<Json> log_data(const Json& result) {
  ARCELLA_TRY(auto tail, log_tail_from_json(result));
  JsonArray lines;
  for (const model::LogLine& line : tail.lines) {
    lines.emplace_back(to_timestamp(line.time_ms) + " " + line.instance +
                       (line.stderr_stream ? " stderr: " : " stdout: ") + line.text);
  }
  JsonObject data;
  data["lines"] = std::move(lines);
  return Json(std::move(data));
}

Result<Json> answer_of(Command command, const LegacyCall& call, const Json& result) {
  switch (command) {
    case Command::Ping:
      return success("pong", nullptr);
    case Command::Status: {
      ARCELLA_TRY(auto data, status_data(result));
      return success("Arcella runtime is active", std::move(data));
    }
    case Command::LogTail: {
      ARCELLA_TRY(auto data, log_data(result));
      return success("Log tail retrieved", std::move(data));
    }
    case Command::List: {
      ARCELLA_TRY(auto data, list_data(result));
      return success("Module list", std::move(data));
    }
    case Command::Install: {
      ARCELLA_TRY(auto reader, FieldReader::of(result, "install"));
      ARCELLA_TRY(auto id, reader.string("id"));
      JsonObject data;
      data["module_id"] = module_id(id);
      return success("Module " + id + " is installed", std::move(data));
    }
    case Command::Deploy: {
      ARCELLA_TRY(auto listing, listing_from_json(result));
      if (listing.deployments.empty()) {
        return fail(ErrorCode::Internal, "deploy gave no deployment");
      }
      const model::DeploymentView& made = listing.deployments.front();
      JsonObject data;
      data["module_id"] = module_id(made.module_id);
      data["deployment_id"] = made.id;
      return success("Module " + made.module_id + " is deployed as " + made.id, std::move(data));
    }
    case Command::Start:
    case Command::Stop: {
      ARCELLA_TRY(auto view, deployment_from_json(result));
      JsonObject data;
      data["deployment_id"] = view.id;
      data["status"] = view.state;
      const std::string_view done = command == Command::Start ? " is started" : " is stopped";
      return success("Module " + call.argument + std::string(done), std::move(data));
    }
  }
  return fail(ErrorCode::Internal, "a command of the older dialect without an answer");
}

Result<LegacyCall> with_string(const FieldReader& args, std::string_view method,
                               std::string_view key, std::string_view param) {
  ARCELLA_TRY(auto value, args.string(key));
  LegacyCall call{std::string(method), nullptr, value};
  JsonObject params;
  params[param] = std::move(value);
  call.params = std::move(params);
  return call;
}

}  // namespace

std::optional<LegacyRequest> as_legacy(const Json& line) {
  const JsonObject* object = line.if_object();
  if (object == nullptr || object->contains("jsonrpc")) return std::nullopt;
  const Json* command = object->if_contains("cmd");
  if (command == nullptr) return std::nullopt;
  LegacyRequest request;
  // A `cmd` that is no string is the dialect's, and no command of it.
  request.command = command->is_string() ? std::string(std::string_view(command->get_string()))
                                         : wire::to_text(*command);
  if (const Json* args = object->if_contains("args")) request.args = *args;
  return request;
}

Result<LegacyCall> translate(const LegacyRequest& request) {
  const std::optional<Command> command = command_of(request.command);
  if (!command) {
    const std::string_view name =
        std::string_view(request.command).substr(0, limits::kNameLengthMax);
    std::array<std::string_view, kCommands.size()> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = kCommands[i].name;
    return fail(ErrorCode::MethodNotFound,
                "Unknown command '" + inert(name) + "'" + did_you_mean(name, names));
  }
  const Json empty = JsonObject();
  ARCELLA_TRY(auto args, FieldReader::of(request.args.is_null() ? empty : request.args, "args"));
  switch (*command) {
    case Command::Ping:
      return LegacyCall{"ping", nullptr, {}};
    case Command::Status:
      return LegacyCall{"status", nullptr, {}};
    case Command::List:
      return LegacyCall{"list", nullptr, {}};
    case Command::LogTail: {
      ARCELLA_TRY(auto lines, args.optional_integer("n", 0, limits::kLogLinesPerQueryMax));
      JsonObject params;
      params["lines"] = lines.value_or(100);
      return LegacyCall{"logs", std::move(params), {}};
    }
    case Command::Install:
      return with_string(args, "install", "path", "path");
    case Command::Deploy: {
      ARCELLA_TRY(auto file, args.string("file"));
      JsonObject params;
      params["paths"] = JsonArray{Json(file)};
      return LegacyCall{"deploy", std::move(params), std::move(file)};
    }
    case Command::Start:
      return with_string(args, "start", "deployment_id", "deployment");
    case Command::Stop:
      return with_string(args, "stop", "deployment_id", "deployment");
  }
  return fail(ErrorCode::Internal, "a command of the older dialect without a translation");
}

Json legacy_answer(const LegacyRequest& request, const LegacyCall& call,
                   const Result<Json>& result) {
  if (!result.has_value()) return legacy_failure(result.error());
  const std::optional<Command> command = command_of(request.command);
  if (!command) {
    return legacy_failure(Error(ErrorCode::Internal, "an answer to an unknown command"));
  }
  auto answer = answer_of(*command, call, *result);
  if (!answer.has_value()) return legacy_failure(answer.error());
  return std::move(*answer);
}

Json legacy_failure(const Error& error) {
  JsonObject object;
  object["success"] = false;
  object["message"] = error.message();
  return object;
}

}  // namespace arcella::alme_proto
