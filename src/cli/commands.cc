// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/commands.h"

#include <unistd.h>

#include <array>
#include <ostream>
#include <utility>

#include "alme_proto/change_params.h"
#include "alme_proto/config_json.h"
#include "alme_proto/methods.h"
#include "alme_proto/views_json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/event_command.h"
#include "cli/progress_bar.h"
#include "cli/since.h"
#include "cli/wiring_command.h"

namespace arcella::cli {
namespace {

using wire::Json;
using wire::JsonObject;

struct Context {
  const Arguments& arguments;
  Surroundings& here;
  Client& client;

  void print_json(const Json& value) const { here.out << wire::to_text(value) << '\n'; }
};

std::chrono::milliseconds timeout_of(const Arguments& arguments) {
  return std::chrono::milliseconds(arguments.timeout_ms.value_or(0));
}

Result<int> ping(Context& context) {
  ARCELLA_TRY(auto result, context.client.call("ping", nullptr));
  if (context.arguments.json) {
    context.print_json(result);
  } else {
    context.here.out << "pong\n";
  }
  return 0;
}

Result<int> install(Context& context) {
  const std::string path = absolute_path(context.arguments.target, context.here.folder);
  alme_proto::InstallParams params{path, context.arguments.id};
  auto result = call_watched(context.client, context.here, "install", params.to_json());
  if (!result.has_value()) return fail(std::move(result).error());
  if (context.arguments.json) {
    context.print_json(*result);
    return 0;
  }
  ARCELLA_TRY(auto reader, wire::FieldReader::of(*result, "result"));
  ARCELLA_TRY(auto id, reader.string("id"));
  ARCELLA_TRY(auto kind, reader.string("kind"));
  context.here.out << "installed " << inert(id) << " (" << inert(kind) << ")\n";
  return 0;
}

Result<int> show_plan(Context& context, const Json& result) {
  ARCELLA_TRY(auto plan, alme_proto::DeployPlan::from_json(result));
  for (const model::PlannedChange& change : plan.changes) {
    context.here.out << inert(change.deployment) << ": " << inert(change.change);
    if (change.scaled)
      context.here.out << " " << change.scaled->from << " -> " << change.scaled->to;
    context.here.out << "\n";
    for (const std::string& action : change.actions)
      context.here.out << "  " << inert(action) << "\n";
  }
  return 0;
}

Result<int> deploy(Context& context) {
  alme_proto::DeployParams params;
  for (const std::string& file : context.arguments.words) {
    params.paths.push_back(absolute_path(file, context.here.folder));
  }
  params.dry_run = context.arguments.dry_run;
  ARCELLA_TRY(auto result, context.client.call("deploy", params.to_json()));
  if (context.arguments.json) {
    context.print_json(result);
    return 0;
  }
  if (params.dry_run) return show_plan(context, result);
  ARCELLA_TRY(auto listing, alme_proto::listing_from_json(result));
  ARCELLA_TRY(auto reader, wire::FieldReader::of(result, "result"));
  ARCELLA_TRY(auto notes, reader.strings_or_empty("notes"));
  for (const std::string& note : notes) context.here.err << "note: " << inert(note) << "\n";
  for (const model::DeploymentView& view : listing.deployments) {
    context.here.out << "deployed " << inert(view.id) << " (" << inert(view.module_id)
                     << "): " << inert(view.state) << "\n";
  }
  return 0;
}

Result<void> show_deployment(Context& context, const Json& result) {
  ARCELLA_TRY(auto view, alme_proto::deployment_from_json(result));
  context.here.out << render_deployment(view, context.here.colour);
  return {};
}

// scale, start and stop of one: the answer is the deployment.
Result<int> change(Context& context, std::string_view method, Json params) {
  const bool tells_progress = method != "stop";
  ARCELLA_TRY(auto result,
              tells_progress ? call_watched(context.client, context.here, method, std::move(params))
                             : context.client.call(method, std::move(params)));
  if (context.arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY_VOID(show_deployment(context, result));
  return 0;
}

// start, stop: one deployment, several, or a group's.
Result<int> change_each(Context& context, std::string_view method) {
  const Arguments& arguments = context.arguments;
  if (arguments.words.size() == 1) {
    const alme_proto::StartParams params{arguments.words.front(), {}, {}};
    return change(context, method, params.to_json());
  }
  const alme_proto::StartParams params{{}, arguments.words, arguments.group};
  ARCELLA_TRY(auto result, context.client.call(method, params.to_json()));
  if (arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto listing, alme_proto::listing_from_json(result));
  for (const model::DeploymentView& view : listing.deployments)
    context.here.out << render_deployment(view, context.here.colour);
  return 0;
}

// The answer is the id of what is gone.
Result<void> show_undeployed(Context& context, const Json& result) {
  ARCELLA_TRY(auto reader, wire::FieldReader::of(result, "result"));
  ARCELLA_TRY(auto id, reader.string("id"));
  context.here.out << "undeployed " << inert(id) << "\n";
  return {};
}

// Each of several is asked for by itself, also after a failure: each is reported, the exit status
// is the first failure's.
Result<int> undeploy(Context& context) {
  const Arguments& arguments = context.arguments;
  auto ask = [&](const std::string& deployment) {
    return context.client.call("undeploy",
                               alme_proto::UndeployParams{deployment, arguments.force}.to_json());
  };
  if (arguments.json && arguments.words.size() == 1) {
    ARCELLA_TRY(auto result, ask(arguments.words.front()));
    context.print_json(result);
    return 0;
  }
  int status = 0;
  wire::JsonArray results;
  for (const std::string& deployment : arguments.words) {
    auto result = ask(deployment);
    auto shown = result.has_value() ? Result<void>() : fail(result.error());
    if (result.has_value() && !arguments.json) shown = show_undeployed(context, *result);
    if (result.has_value() && arguments.json) results.push_back(std::move(*result));
    if (shown.has_value()) continue;
    context.here.err << render_error(shown.error());
    if (status == 0) status = traits_of(shown.error().code()).exit_status;
  }
  if (arguments.json) {
    JsonObject object;
    object["undeployed"] = std::move(results);
    context.print_json(object);
  }
  return status;
}

// remove: also says what can no longer be rolled back.
Result<int> remove(Context& context) {
  const alme_proto::IdParams params{context.arguments.target};
  ARCELLA_TRY(auto result, context.client.call("remove", params.to_json()));
  if (context.arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto reader, wire::FieldReader::of(result, "result"));
  ARCELLA_TRY(auto dropped, reader.strings_or_empty("dropped_generations_of"));
  context.here.out << "removed " << inert(params.id);
  if (!dropped.empty())
    context.here.out << "; no longer to be rolled back: " << inert(join(dropped, ", "));
  context.here.out << "\n";
  return 0;
}

Result<int> update(Context& context) {
  const Arguments& arguments = context.arguments;
  alme_proto::UpdateParams params;
  params.target = arguments.target;
  if (arguments.path) params.path = absolute_path(*arguments.path, context.here.folder);
  params.to = arguments.to;
  params.force = arguments.force;
  ARCELLA_TRY(auto result, call_watched(context.client, context.here, "update", params.to_json()));
  if (arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto outcome, alme_proto::UpdateResult::from_json(result));
  if (outcome.deployments.empty())
    context.here.out << inert(outcome.component) << " is installed; no deployment uses "
                     << inert(params.target) << "\n";
  for (const model::DeploymentView& view : outcome.deployments) {
    context.here.out << "updated to " << inert(outcome.component) << ": "
                     << render_deployment(view, context.here.colour);
  }
  return 0;
}

Result<int> rollback(Context& context) {
  const alme_proto::DeploymentParams params{context.arguments.target};
  ARCELLA_TRY(auto result,
              call_watched(context.client, context.here, "rollback", params.to_json()));
  if (context.arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto view, alme_proto::deployment_from_json(result));
  context.here.out << "rolled back to " << inert(view.module_id) << ": "
                   << render_deployment(view, context.here.colour);
  return 0;
}

Result<int> call(Context& context) {
  const Arguments& arguments = context.arguments;
  alme_proto::CallParams params;
  params.deployment = arguments.target;
  params.timeout = timeout_of(arguments);
  if (arguments.instance) params.instance = static_cast<int>(*arguments.instance);
  const std::vector<std::string>& words = arguments.words;
  if (words.size() == 1) {
    ARCELLA_TRY(auto split, alme_proto::split_call(words.front()));
    params.function = std::move(split.first);
    params.arguments = std::move(split.second);
  } else {
    if (words.front().find('(') != std::string::npos) {
      return fail(ErrorCode::InvalidParams,
                  "write the call as one word, 'add(20, 22)', or as several without parentheses");
    }
    params.function = words.front();
    params.arguments = join(std::span(words).subspan(1), ", ");
  }
  ARCELLA_TRY(auto result, context.client.call("call", params.to_json()));
  if (arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto reader, wire::FieldReader::of(result, "result"));
  ARCELLA_TRY(auto text, reader.string("result"));
  context.here.out << text << "\n";
  return 0;
}

Result<int> run(Context& context) {
  const Arguments& arguments = context.arguments;
  alme_proto::RunParams params;
  params.target = arguments.target;
  params.args = arguments.words;
  params.timeout = timeout_of(arguments);
  params.stdio = !arguments.json;
  for (const std::string& text : arguments.env) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return fail(ErrorCode::InvalidParams, "--env '" + inert(text) + "': expected NAME=VALUE");
    }
    params.env.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const std::string& text : arguments.mounts) {
    ARCELLA_TRY(auto mount, parse_mount(text, context.here.folder));
    params.mounts.push_back(std::move(mount));
  }
  constexpr std::array<int, 3> kStdio{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  const std::span<const int> fds =
      params.stdio ? std::span<const int>(kStdio) : std::span<const int>();
  ARCELLA_TRY(auto result, context.client.call("run", params.to_json(), fds));
  ARCELLA_TRY(auto outcome, alme_proto::RunResult::from_json(result));
  if (arguments.json) context.print_json(result);
  if (outcome.failure.empty()) return outcome.exit_status;
  if (arguments.json) return traits_of(ErrorCode::GuestTrapped).exit_status;
  Error error(ErrorCode::GuestTrapped, outcome.failure);
  return fail(std::move(error).with_detail(std::move(outcome.backtrace)));
}

Result<int> list(Context& context) {
  alme_proto::ListParams params;
  for (const std::string& word : context.arguments.words) {
    ARCELLA_TRY_VOID(alme_proto::select_section(params.what, word));
  }
  ARCELLA_TRY(auto result, context.client.call("list", params.to_json()));
  if (context.arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto listing, alme_proto::listing_from_json(result));
  context.here.out << render_listing(listing, alme_proto::effective(params.what),
                                     context.here.colour, context.here.width);
  return 0;
}

// status, describe.
Result<int> show(Context& context, std::string_view method, Json params) {
  ARCELLA_TRY(auto result, context.client.call(method, std::move(params)));
  if (context.arguments.json) {
    context.print_json(result);
  } else {
    context.here.out << render_tree(result);
  }
  return 0;
}

Result<int> wit(Context& context) {
  ARCELLA_TRY(auto result,
              context.client.call("wit", alme_proto::IdParams{context.arguments.target}.to_json()));
  if (context.arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto reader, wire::FieldReader::of(result, "result"));
  ARCELLA_TRY(auto text, reader.string("wit"));
  context.here.out << text;
  if (text.empty() || text.back() != '\n') context.here.out << '\n';
  return 0;
}

Result<int> follow(Context& context) {
  for (;;) {
    ARCELLA_TRY(auto notification, context.client.next_notification());
    if (notification.method != alme_proto::kLogNotification) continue;
    if (context.arguments.json) {
      context.print_json(notification.params);
    } else {
      ARCELLA_TRY(auto line, alme_proto::log_line_from_json(notification.params));
      context.here.out << render_log_line(line, context.here.colour);
    }
    context.here.out.flush();
  }
}

Result<int> logs(Context& context) {
  const Arguments& arguments = context.arguments;
  alme_proto::LogsParams params;
  if (!arguments.target.empty()) params.deployment = arguments.target;
  if (arguments.instance) params.instance = static_cast<int>(*arguments.instance);
  params.lines = static_cast<int>(arguments.lines);
  params.follow = arguments.follow;
  if (arguments.since) {
    ARCELLA_TRY(params.since_ms, parse_since(*arguments.since, std::chrono::system_clock::now()));
  }
  ARCELLA_TRY(auto result, context.client.call("logs", params.to_json()));
  if (arguments.json) {
    context.print_json(result);
  } else {
    ARCELLA_TRY(auto tail, alme_proto::log_tail_from_json(result));
    for (const model::LogLine& line : tail.lines) {
      context.here.out << render_log_line(line, context.here.colour);
    }
  }
  context.here.out.flush();
  if (!arguments.follow) return 0;
  return follow(context);
}

Result<int> config(Context& context) {
  ARCELLA_TRY(auto result, context.client.call("config", nullptr));
  if (context.arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto values, alme_proto::config_from_json(result));
  context.here.out << render_config(values, context.here.colour);
  return 0;
}

Result<int> reload(Context& context) {
  ARCELLA_TRY(auto result, context.client.call("reload", nullptr));
  if (context.arguments.json) {
    context.print_json(result);
    return 0;
  }
  ARCELLA_TRY(auto outcome, alme_proto::reload_from_json(result));
  context.here.out << render_reload(outcome);
  return 0;
}

// The daemon keeps this connection until it is gone.
Result<int> shutdown(Context& context) {
  ARCELLA_TRY(auto result, context.client.call("shutdown", nullptr));
  while (context.client.next_notification().has_value()) {
  }
  if (context.arguments.json) {
    context.print_json(result);
  } else {
    context.here.out << "the daemon has shut down\n";
  }
  return 0;
}

Result<int> dispatch(Context& context) {
  const std::string& target = context.arguments.target;
  const alme_proto::IdParams id{target};
  switch (context.arguments.command->verb) {
    case Verb::Ping:
      return ping(context);
    case Verb::Install:
      return install(context);
    case Verb::Remove:
      return remove(context);
    case Verb::Deploy:
      return deploy(context);
    case Verb::Undeploy:
      return undeploy(context);
    case Verb::Start:
      return change_each(context, "start");
    case Verb::Stop:
      return change_each(context, "stop");
    case Verb::Scale: {
      const auto replicas = static_cast<int>(context.arguments.replicas);
      return change(context, "scale", alme_proto::ScaleParams{target, replicas}.to_json());
    }
    case Verb::Update:
      return update(context);
    case Verb::Rollback:
      return rollback(context);
    case Verb::Call:
      return call(context);
    case Verb::Run:
      return run(context);
    case Verb::List:
      return list(context);
    case Verb::Status:
      return show(context, "status", nullptr);
    case Verb::Describe:
      return show(context, "describe", id.to_json());
    case Verb::Wit:
      return wit(context);
    case Verb::Diag:
      return show_diag(context.arguments, context.here, context.client);
    case Verb::Graph:
      return show_graph(context.arguments, context.here, context.client);
    case Verb::Logs:
      return logs(context);
    case Verb::Events:
      return show_events(context.arguments, context.here, context.client);
    case Verb::Config:
      return config(context);
    case Verb::Reload:
      return reload(context);
    case Verb::Shutdown:
      return shutdown(context);
    case Verb::Check:
    case Verb::Init:
    case Verb::Shell:
    case Verb::Completions:
    case Verb::Help:
      break;  // no daemon's business: program.cc
  }
  return fail(ErrorCode::Internal, "a command that nobody carries out");
}

}  // namespace

Result<model::Mount> parse_mount(const std::string& text, const std::string& folder) {
  model::Mount mount;
  std::string rest = text;
  if (rest.size() > 3 && rest.ends_with(":rw")) {
    mount.writable = true;
    rest.resize(rest.size() - 3);
  } else if (rest.size() > 3 && rest.ends_with(":ro")) {
    rest.resize(rest.size() - 3);
  }
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == rest.size()) {
    return fail(ErrorCode::InvalidParams,
                "--mount '" + inert(text) + "': expected HOST:GUEST or HOST:GUEST:rw");
  }
  mount.host = absolute_path(rest.substr(0, colon), folder);
  mount.guest = rest.substr(colon + 1);
  return mount;
}

Result<int> carry_out(const Arguments& arguments, Surroundings& surroundings,
                      Connection& connection) {
  ARCELLA_TRY(Client * client, connection.client(arguments.socket, arguments.home));
  Context context{arguments, surroundings, *client};
  return dispatch(context);
}

}  // namespace arcella::cli
