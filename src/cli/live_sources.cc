// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/live_sources.h"

#include <filesystem>
#include <map>
#include <utility>

#include "alme_proto/methods.h"
#include "alme_proto/views_json.h"
#include "base/limits.h"
#include "model/component.h"

namespace arcella::cli {
namespace {

namespace fs = std::filesystem;

// "add: func(a: u32, b: u32) -> u32" -> {"add", the whole}. Methods of resources ("[method]...")
// are called through a handle that no command line has.
struct Exported {
  std::string interface_name;
  std::string function;
  std::string text;
};

Result<std::vector<Exported>> exported_functions(const wire::Json& described) {
  ARCELLA_TRY(auto reader, wire::FieldReader::of(described, "result"));
  ARCELLA_TRY(auto component, reader.object("component"));
  ARCELLA_TRY(auto exports, component.objects("exports"));
  std::vector<Exported> found;
  for (const wire::FieldReader& entry : exports) {
    ARCELLA_TRY(auto name, entry.string("name"));
    ARCELLA_TRY(auto functions, entry.strings("functions"));
    for (std::string& text : functions) {
      if (text.starts_with('[') || name.starts_with("wasi:")) continue;
      std::string function(model::function_name(text));
      found.push_back({name, std::move(function), std::move(text)});
    }
  }
  return found;
}

}  // namespace

std::vector<Candidate> LiveSources::names(Place place, const Daemon& daemon) {
  return ask_names(place, daemon).value_or(std::vector<Candidate>());
}

std::vector<Candidate> LiveSources::functions(const std::string& deployment, const Daemon& daemon) {
  return ask_functions(deployment, daemon).value_or(std::vector<Candidate>());
}

Result<wire::Json> LiveSources::ask(std::string_view method, wire::Json params,
                                    const Daemon& daemon) {
  ARCELLA_TRY(auto place, place_of_daemon(daemon.home, daemon.socket, environment_));
  ARCELLA_TRY(Client * client, connection_.client(place.socket, place.home));
  CallOptions options;
  options.deadline = limits::kCompletionTimeout;
  return client->call(method, std::move(params), options);
}

Result<std::vector<Candidate>> LiveSources::ask_names(Place place, const Daemon& daemon) {
  alme_proto::ListParams params;
  params.what.components = place == Place::Component;
  params.what.deployments = place == Place::Deployment || place == Place::Group;
  params.what.instances = place == Place::Instance;
  ARCELLA_TRY(auto result, ask("list", params.to_json(), daemon));
  ARCELLA_TRY(auto listing, alme_proto::listing_from_json(result));
  std::vector<Candidate> found;
  found.reserve(listing.components.size() + listing.instances.size() + listing.deployments.size());
  for (const model::ComponentView& view : listing.components) {
    found.push_back({view.id, view.description, true});
  }
  for (const model::InstanceView& view : listing.instances) {
    found.push_back({view.id, std::string(model::to_string(view.state)), true});
  }
  for (const model::DeploymentView& view : listing.deployments) {
    if (place == Place::Deployment) {
      found.push_back({view.id, view.state + ", " + view.module_id, true});
    } else if (!view.group.empty()) {
      found.push_back({view.group, "", true});
    }
  }
  return found;
}

Result<std::vector<Candidate>> LiveSources::ask_functions(const std::string& deployment,
                                                          const Daemon& daemon) {
  ARCELLA_TRY(auto described, ask("describe", alme_proto::IdParams{deployment}.to_json(), daemon));
  ARCELLA_TRY(auto reader, wire::FieldReader::of(described, "result"));
  ARCELLA_TRY(auto view, reader.object("deployment"));
  ARCELLA_TRY(auto component, view.string("module_id"));
  ARCELLA_TRY(auto exports, ask("describe", alme_proto::IdParams{component}.to_json(), daemon));
  ARCELLA_TRY(auto functions, exported_functions(exports));
  std::map<std::string, int> how_many;
  for (const Exported& function : functions) ++how_many[function.function];
  std::vector<Candidate> found;
  for (Exported& function : functions) {
    // A name that two interfaces have is none without its interface.
    const bool unique = how_many[function.function] == 1;
    found.push_back({unique ? function.function
                            : model::full_function_name(function.interface_name, function.function),
                     std::move(function.text), true});
  }
  return found;
}

std::vector<Candidate> LiveSources::files(const std::string& partial, Place place) {
  const std::size_t slash = partial.rfind('/');
  const std::string typed = slash == std::string::npos ? "" : partial.substr(0, slash + 1);
  const std::string start = partial.substr(typed.size());
  std::error_code error;
  fs::directory_iterator entry(absolute_path(typed.empty() ? "." : typed, environment_.folder),
                               fs::directory_options::skip_permission_denied, error);
  std::vector<Candidate> found;
  for (int looked = 0; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (++looked > limits::kCompletionFilesMax) break;
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(start)) continue;
    if (name.front() == '.' && !start.starts_with('.')) continue;  // hidden until asked for
    std::error_code no_status;
    const bool folder = entry->is_directory(no_status);
    if (place == Place::Folder && !folder) continue;
    found.push_back({typed + name + (folder ? "/" : ""), "", !folder});
  }
  return found;
}

}  // namespace arcella::cli
