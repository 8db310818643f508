// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The operations of ALME: their names and what each takes, as plain types, to and from JSON.
// Results are the views of model/views.h (views_json.h) and the few types below. Specification:
// docs/alme-protocol.md. To add an operation: its line in kMethods (methods.cc), its params here,
// its handler in alme/, its command in cli/, its section in the specification.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/views.h"
#include "wire/json.h"
#include "wire/json_rpc.h"

namespace arcella::alme_proto {

struct MethodInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const std::string_view> params;  // in the order in which an array gives them
};
[[nodiscard]] std::span<const MethodInfo> methods() noexcept;
// MethodNotFound naming the nearest one.
[[nodiscard]] Result<const MethodInfo*> find_method(std::string_view name);
// The params as an object with known keys only: an array is taken by position, null is no params.
[[nodiscard]] Result<wire::Json> named_params(const MethodInfo& method, const wire::Json& params);

struct InstallParams {
  std::string path;               // absolute
  std::optional<std::string> id;  // overrides what file and binary say
  static Result<InstallParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};

struct DeployParams {
  std::vector<std::string> paths;  // absolute, at least one
  bool dry_run = false;            // only says what would be done
  static Result<DeployParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};

// rollback, diag.
struct DeploymentParams {
  std::string deployment;
  static Result<DeploymentParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};

struct ScaleParams {
  std::string deployment;
  int replicas = 0;
  static Result<ScaleParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};

// remove (a component), describe and wit (a component or a deployment).
struct IdParams {
  std::string id;
  static Result<IdParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};

struct ListParams {
  model::ListSelection what;
  static Result<ListParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};
// Adds the section that is called `name` ("components", ...); InvalidParams with the nearest for
// any other.
Result<void> select_section(model::ListSelection& what, std::string_view name);
// `selection`, or all of them when none is set.
[[nodiscard]] model::ListSelection effective(model::ListSelection selection) noexcept;

struct CallParams {
  std::string deployment;
  std::optional<int> instance;
  std::string function;                  // without parentheses
  std::string arguments;                 // WAVE, without the parentheses
  std::chrono::milliseconds timeout{0};  // 0: the deployment's
  static Result<CallParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};
// `add(20, 22)` -> {"add", "20, 22"}; a text without parentheses is a function without arguments.
// InvalidParams when a parenthesis is open.
[[nodiscard]] Result<std::pair<std::string, std::string>> split_call(std::string_view text);

struct RunParams {
  std::string target;  // component id, its bare name if unique, or a deployment id
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<model::Mount> mounts;
  std::chrono::milliseconds timeout{0};  // 0: none
  bool stdio = false;  // stdin, stdout and stderr come as descriptors beside the line
  static Result<RunParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};
struct RunResult {
  int exit_status = 0;
  std::string failure;  // trap or limit; empty when the guest ended by itself
  std::string backtrace;
  std::optional<std::string> stdout_text;  // only without descriptors
  std::optional<std::string> stderr_text;
  static Result<RunResult> from_json(const wire::Json& result);
  [[nodiscard]] wire::Json to_json() const;
};

struct LogsParams {
  std::optional<std::string> deployment;  // none: all
  std::optional<int> instance;
  int lines = 100;
  bool follow = false;
  std::optional<std::int64_t> since_ms = {};  // since the epoch
  static Result<LogsParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};
inline constexpr std::string_view kLogNotification = "logs.line";

// Takes back a pending request of the same connection, or ends its subscription.
struct CancelParams {
  wire::RpcId request;  // the id of that request; not null
  static Result<CancelParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};

}  // namespace arcella::alme_proto
