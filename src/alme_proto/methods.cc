// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/methods.h"

#include <array>
#include <limits>

#include "base/limits.h"
#include "base/text.h"

namespace arcella::alme_proto {
namespace {

using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::array<std::string_view, 3> kInstall{"path", "id", "progress"};
constexpr std::array<std::string_view, 2> kDeploy{"paths", "dry_run"};
constexpr std::array<std::string_view, 1> kDiag{"deployment"};
constexpr std::array<std::string_view, 2> kUndeploy{"deployment", "force"};
constexpr std::array<std::string_view, 4> kStart{"deployment", "deployments", "group", "progress"};
constexpr std::array<std::string_view, 3> kStop{"deployment", "deployments", "group"};
constexpr std::array<std::string_view, 3> kScale{"deployment", "replicas", "progress"};
constexpr std::array<std::string_view, 1> kId{"id"};
constexpr std::array<std::string_view, 1> kList{"what"};
constexpr std::array<std::string_view, 5> kCall{"deployment", "function", "args", "instance",
                                                "timeout_ms"};
constexpr std::array<std::string_view, 6> kRun{"target", "args",       "env",
                                               "mounts", "timeout_ms", "stdio"};
constexpr std::array<std::string_view, 5> kLogs{"deployment", "instance", "lines", "follow",
                                                "since_ms"};
constexpr std::array<std::string_view, 4> kEvents{"deployment", "lines", "since_ms", "follow"};
constexpr std::array<std::string_view, 1> kCancel{"request"};
constexpr std::array<std::string_view, 5> kUpdate{"target", "path", "to", "force", "progress"};
constexpr std::array<std::string_view, 2> kRollback{"deployment", "progress"};

constexpr std::array<MethodInfo, 24> kMethods{{
    {"ping", "answers at once", {}},
    {"install", "adds a component to the platform; nothing runs", kInstall},
    {"remove", "deletes a component that no deployment uses", kId},
    {"deploy", "stores or changes deployments, all or none", kDeploy},
    {"undeploy", "stops and deletes a deployment", kUndeploy},
    {"start", "runs all replicas of a deployment, or of a group's", kStart},
    {"stop", "stops all replicas of a deployment, or of a group's, gracefully", kStop},
    {"scale", "changes the number of replicas in place", kScale},
    {"update", "moves deployments to another version of their component", kUpdate},
    {"rollback", "takes a deployment back to its previous generation", kRollback},
    {"call", "calls an exported function", kCall},
    {"run", "runs a command once, to its end", kRun},
    {"list", "components, deployments, instances, workers, bindings", kList},
    {"status", "the daemon and its workers", {}},
    {"describe", "everything about a component or a deployment", kId},
    {"wit", "the WIT of a component", kId},
    {"diag", "who serves each import of a deployment, or why nobody does", kDiag},
    {"graph", "which deployment uses which", {}},
    {"logs", "what guests wrote to stdout and stderr", kLogs},
    {"events", "what happened on the platform, and why", kEvents},
    {"config", "what the daemon is set to, and where each value comes from", {}},
    {"reload", "reads the configuration again", {}},
    {"cancel", "takes back a request of the same connection", kCancel},
    {"shutdown", "stops guests, workers and the daemon", {}},
}};

// What no bound of ours limits, but an int has to hold.
constexpr std::int64_t kIntMax = std::numeric_limits<int>::max();

Result<std::optional<int>> optional_int(const FieldReader& reader, std::string_view key,
                                        std::int64_t min, std::int64_t max) {
  ARCELLA_TRY(auto number, reader.optional_integer(key, min, max));
  if (!number) return std::optional<int>();
  return std::optional<int>(static_cast<int>(*number));
}

Result<std::chrono::milliseconds> timeout_of(const FieldReader& reader) {
  ARCELLA_TRY(auto number,
              reader.optional_integer("timeout_ms", 0, limits::kCallTimeoutMax.count()));
  return std::chrono::milliseconds(number.value_or(0));
}

JsonArray strings(const std::vector<std::string>& values) {
  JsonArray array;
  array.reserve(values.size());
  for (const std::string& value : values) array.emplace_back(value);
  return array;
}

}  // namespace

std::span<const MethodInfo> methods() noexcept {
  return kMethods;
}

Result<const MethodInfo*> find_method(std::string_view name) {
  std::array<std::string_view, kMethods.size()> names;
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i].name == name) return &kMethods[i];
    names[i] = kMethods[i].name;
  }
  name = name.substr(0, limits::kNameLengthMax);
  return fail(ErrorCode::MethodNotFound,
              "there is no method '" + inert(name) + "'" + did_you_mean(name, names));
}

Result<Json> named_params(const MethodInfo& method, const Json& params) {
  if (params.is_null()) return Json(JsonObject());
  JsonObject object;
  if (const JsonArray* array = params.if_array()) {
    if (array->size() > method.params.size()) {
      return fail(ErrorCode::InvalidParams, "params: " + std::string(method.name) +
                                                " takes at most " +
                                                std::to_string(method.params.size()) +
                                                " values, found " + std::to_string(array->size()));
    }
    for (std::size_t i = 0; i < array->size(); ++i) object[method.params[i]] = (*array)[i];
    return Json(std::move(object));
  }
  const JsonObject* given = params.if_object();
  if (given == nullptr) {
    return fail(ErrorCode::InvalidParams, "params: expected an object or an array");
  }
  for (const auto& field : *given) {
    bool known = false;
    for (std::string_view name : method.params)
      known = known || name == std::string_view(field.key());
    if (known) continue;
    const std::string_view key = std::string_view(field.key()).substr(0, limits::kNameLengthMax);
    std::string message = "params." + inert(key) + ": " + std::string(method.name);
    message += method.params.empty() ? " takes no params" : " has no such param";
    message += did_you_mean(key, method.params,
                            method.params.empty() ? "" : "it takes " + join(method.params, ", "));
    return fail(ErrorCode::InvalidParams, std::move(message));
  }
  return params;
}

Result<InstallParams> InstallParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  InstallParams result;
  ARCELLA_TRY(result.path, reader.string("path"));
  ARCELLA_TRY(result.id, reader.optional_string("id"));
  return result;
}
Json InstallParams::to_json() const {
  JsonObject object;
  object["path"] = path;
  if (id) object["id"] = *id;
  return object;
}

Result<DeployParams> DeployParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  DeployParams result;
  ARCELLA_TRY(result.paths, reader.strings("paths"));
  if (result.paths.empty()) {
    return fail(ErrorCode::InvalidParams, "params.paths: expected at least one file");
  }
  ARCELLA_TRY(result.dry_run, reader.boolean_or("dry_run", false));
  return result;
}
Json DeployParams::to_json() const {
  JsonObject object;
  object["paths"] = strings(paths);
  if (dry_run) object["dry_run"] = true;
  return object;
}

Result<DeploymentParams> DeploymentParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  DeploymentParams result;
  ARCELLA_TRY(result.deployment, reader.string("deployment"));
  return result;
}
Json DeploymentParams::to_json() const {
  JsonObject object;
  object["deployment"] = deployment;
  return object;
}

Result<ScaleParams> ScaleParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  ScaleParams result;
  ARCELLA_TRY(result.deployment, reader.string("deployment"));
  ARCELLA_TRY(auto replicas, reader.integer("replicas", 0, limits::kReplicasMax));
  result.replicas = static_cast<int>(replicas);
  return result;
}
Json ScaleParams::to_json() const {
  JsonObject object;
  object["deployment"] = deployment;
  object["replicas"] = replicas;
  return object;
}

Result<IdParams> IdParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  IdParams result;
  ARCELLA_TRY(result.id, reader.string("id"));
  return result;
}
Json IdParams::to_json() const {
  JsonObject object;
  object["id"] = id;
  return object;
}

Result<void> select_section(model::ListSelection& what, std::string_view name) {
  static constexpr std::array<std::string_view, 5> kSections{"components", "deployments",
                                                             "instances", "workers", "bindings"};
  if (name == kSections[0]) {
    what.components = true;
  } else if (name == kSections[1]) {
    what.deployments = true;
  } else if (name == kSections[2]) {
    what.instances = true;
  } else if (name == kSections[3]) {
    what.workers = true;
  } else if (name == kSections[4]) {
    what.bindings = true;
  } else {
    name = name.substr(0, limits::kNameLengthMax);
    return fail(ErrorCode::InvalidParams,
                "there is no list of '" + inert(name) + "'" +
                    did_you_mean(name, kSections, "there are " + join(kSections, ", ")));
  }
  return {};
}

model::ListSelection effective(model::ListSelection selection) noexcept {
  if (selection.components || selection.deployments || selection.instances || selection.workers ||
      selection.bindings) {
    return selection;
  }
  return {.components = true,
          .deployments = true,
          .instances = true,
          .workers = true,
          .bindings = true};
}

Result<ListParams> ListParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  ARCELLA_TRY(auto sections, reader.strings_or_empty("what"));
  ListParams result;
  for (const std::string& section : sections) {
    ARCELLA_TRY_VOID(select_section(result.what, section));
  }
  return result;
}
Json ListParams::to_json() const {
  JsonArray sections;
  if (what.components) sections.emplace_back("components");
  if (what.deployments) sections.emplace_back("deployments");
  if (what.instances) sections.emplace_back("instances");
  if (what.workers) sections.emplace_back("workers");
  if (what.bindings) sections.emplace_back("bindings");
  JsonObject object;
  if (!sections.empty()) object["what"] = std::move(sections);
  return object;
}

Result<std::pair<std::string, std::string>> split_call(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  const std::size_t last = text.find_last_not_of(kSpace);
  text =
      first == std::string_view::npos ? std::string_view() : text.substr(first, last - first + 1);
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) {
    if (text.empty()) return fail(ErrorCode::InvalidParams, "which function? e.g. 'add(20, 22)'");
    return std::pair(std::string(text), std::string());
  }
  if (text.back() != ')') {
    return fail(ErrorCode::InvalidParams, "'" + inert(text.substr(0, limits::kNameLengthMax)) +
                                              "': expected ')' at the end, as in 'add(20, 22)'");
  }
  std::string_view name = text.substr(0, open);
  name = name.substr(0, name.find_last_not_of(kSpace) + 1);
  if (name.empty()) {
    return fail(ErrorCode::InvalidParams, "a function's name goes before '(', as in 'add(20, 22)'");
  }
  return std::pair(std::string(name), std::string(text.substr(open + 1, text.size() - open - 2)));
}

Result<CallParams> CallParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  CallParams result;
  ARCELLA_TRY(result.deployment, reader.string("deployment"));
  ARCELLA_TRY(auto function, reader.string("function"));
  ARCELLA_TRY(auto arguments, reader.optional_string("args"));
  ARCELLA_TRY(result.instance, optional_int(reader, "instance", 0, kIntMax));
  ARCELLA_TRY(result.timeout, timeout_of(reader));
  if (arguments) {
    result.function = std::move(function);
    result.arguments = std::move(*arguments);
    return result;
  }
  // Without `args` the function's text may hold them.
  ARCELLA_TRY(auto call, split_call(function));
  result.function = std::move(call.first);
  result.arguments = std::move(call.second);
  return result;
}
Json CallParams::to_json() const {
  JsonObject object;
  object["deployment"] = deployment;
  object["function"] = function;
  object["args"] = arguments;
  if (instance) object["instance"] = *instance;
  if (timeout.count() > 0) object["timeout_ms"] = timeout.count();
  return object;
}

namespace {

Result<std::vector<std::pair<std::string, std::string>>> env_of(const FieldReader& reader) {
  std::vector<std::pair<std::string, std::string>> result;
  if (!reader.has("env") || reader.raw().at("env").is_null()) return result;
  ARCELLA_TRY(auto env, reader.object("env"));
  for (const auto& field : env.raw()) {
    const std::string key(std::string_view(field.key()));
    if (key.empty() || key.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      return fail(
          ErrorCode::InvalidParams,
          env.path() + "." + inert(key) + ": the name of a variable is not empty and has no '='");
    }
    ARCELLA_TRY(auto value, env.string(key));
    result.emplace_back(key, std::move(value));
  }
  return result;
}

Result<std::vector<model::Mount>> mounts_of(const FieldReader& reader) {
  std::vector<model::Mount> result;
  if (!reader.has("mounts") || reader.raw().at("mounts").is_null()) return result;
  ARCELLA_TRY(auto mounts, reader.objects("mounts"));
  for (const FieldReader& mount : mounts) {
    ARCELLA_TRY_VOID(mount.only({"host", "guest", "access"}));
    model::Mount made;
    ARCELLA_TRY(made.host, mount.string("host"));
    ARCELLA_TRY(made.guest, mount.string("guest"));
    ARCELLA_TRY(auto access, mount.optional_string("access"));
    if (access && *access != "read" && *access != "read-write") {
      return fail(ErrorCode::InvalidParams,
                  mount.path() + ".access: expected \"read\" or \"read-write\"");
    }
    if (made.host.empty() || made.host.front() != '/') {
      return fail(ErrorCode::InvalidParams, mount.path() + ".host: expected an absolute path");
    }
    made.writable = access == "read-write";
    result.push_back(std::move(made));
  }
  return result;
}

}  // namespace

Result<RunParams> RunParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  RunParams result;
  ARCELLA_TRY(result.target, reader.string("target"));
  ARCELLA_TRY(result.args, reader.strings_or_empty("args"));
  ARCELLA_TRY(result.env, env_of(reader));
  ARCELLA_TRY(result.mounts, mounts_of(reader));
  ARCELLA_TRY(result.timeout, timeout_of(reader));
  ARCELLA_TRY(result.stdio, reader.boolean_or("stdio", false));
  return result;
}
Json RunParams::to_json() const {
  JsonObject object;
  object["target"] = target;
  if (!args.empty()) object["args"] = strings(args);
  if (!env.empty()) {
    JsonObject variables;
    for (const auto& [name, value] : env) variables[name] = value;
    object["env"] = std::move(variables);
  }
  if (!mounts.empty()) {
    JsonArray array;
    for (const model::Mount& mount : mounts) {
      JsonObject entry;
      entry["host"] = mount.host;
      entry["guest"] = mount.guest;
      entry["access"] = mount.writable ? "read-write" : "read";
      array.push_back(std::move(entry));
    }
    object["mounts"] = std::move(array);
  }
  if (timeout.count() > 0) object["timeout_ms"] = timeout.count();
  if (stdio) object["stdio"] = true;
  return object;
}

Result<RunResult> RunResult::from_json(const Json& result) {
  ARCELLA_TRY(auto reader, FieldReader::of(result, "result"));
  RunResult made;
  ARCELLA_TRY(auto status, reader.integer("exit_status", -kIntMax, kIntMax));
  made.exit_status = static_cast<int>(status);
  ARCELLA_TRY(auto failure, reader.optional_string("failure"));
  ARCELLA_TRY(auto backtrace, reader.optional_string("backtrace"));
  made.failure = failure.value_or("");
  made.backtrace = backtrace.value_or("");
  ARCELLA_TRY(made.stdout_text, reader.optional_string("stdout"));
  ARCELLA_TRY(made.stderr_text, reader.optional_string("stderr"));
  return made;
}
Json RunResult::to_json() const {
  JsonObject object;
  object["exit_status"] = exit_status;
  object["failure"] = failure.empty() ? Json(nullptr) : Json(failure);
  if (!backtrace.empty()) object["backtrace"] = backtrace;
  if (stdout_text) object["stdout"] = *stdout_text;
  if (stderr_text) object["stderr"] = *stderr_text;
  return object;
}

Result<LogsParams> LogsParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  LogsParams result;
  ARCELLA_TRY(result.deployment, reader.optional_string("deployment"));
  ARCELLA_TRY(result.instance, optional_int(reader, "instance", 0, kIntMax));
  if (result.instance && !result.deployment) {
    return fail(ErrorCode::InvalidParams, "params.instance: needs params.deployment");
  }
  ARCELLA_TRY(auto lines, optional_int(reader, "lines", 0, limits::kLogLinesPerQueryMax));
  result.lines = lines.value_or(result.lines);
  ARCELLA_TRY(result.follow, reader.boolean_or("follow", false));
  ARCELLA_TRY(result.since_ms,
              reader.optional_integer("since_ms", 0, std::numeric_limits<std::int64_t>::max()));
  return result;
}
Json LogsParams::to_json() const {
  JsonObject object;
  if (deployment) object["deployment"] = *deployment;
  if (instance) object["instance"] = *instance;
  object["lines"] = lines;
  if (follow) object["follow"] = true;
  if (since_ms) object["since_ms"] = *since_ms;
  return object;
}

Result<CancelParams> CancelParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  const Json* request = reader.raw().if_contains("request");
  CancelParams result;
  if (request != nullptr && request->is_string()) {
    result.request = std::string(std::string_view(request->get_string()));
  } else if (request != nullptr && request->is_int64()) {
    result.request = request->get_int64();
  } else {
    return fail(ErrorCode::InvalidParams,
                "params.request: expected the id of a request, a string or a whole number");
  }
  return result;
}
Json CancelParams::to_json() const {
  JsonObject object;
  if (const auto* number = std::get_if<std::int64_t>(&request)) object["request"] = *number;
  if (const auto* text = std::get_if<std::string>(&request)) object["request"] = *text;
  return object;
}

}  // namespace arcella::alme_proto
