// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/binding_json.h"

#include <utility>

namespace arcella::alme_proto {
namespace {

using model::ImportResolution;
using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// `1.2.0` of "demo:calc/ops@1.2.0".
Json version_of(const std::string& interface) {
  const std::size_t at = interface.find('@');
  return at == std::string::npos ? Json(nullptr) : Json(interface.substr(at + 1));
}

void put_provider(JsonObject& object, const ImportResolution& import) {
  object["provider"] = import.provider ? Json(import.provider->str()) : Json(nullptr);
  object["export"] = text_or_null(import.exported);
}

Result<ImportResolution> resolution_from(const FieldReader& reader) {
  ImportResolution import;
  ARCELLA_TRY(import.import, reader.string("import"));
  ARCELLA_TRY(auto provider, reader.optional_string("provider"));
  if (provider) {
    ARCELLA_TRY(import.provider, model::DeploymentId::parse(*provider));
  }
  ARCELLA_TRY(auto exported, reader.optional_string("export"));
  import.exported = std::move(exported).value_or("");
  ARCELLA_TRY(import.why, reader.string("why"));
  return import;
}

// A state that a newer daemon invented is shown as nobody serving it rather than refused.
Result<ImportResolution> resolution_with_state(const FieldReader& reader) {
  ARCELLA_TRY(auto import, resolution_from(reader));
  ARCELLA_TRY(auto state, reader.string("state"));
  import.state = model::import_state_from(state).value_or(model::ImportState::Unresolved);
  return import;
}

Json import_json(const ImportResolution& import) {
  JsonObject object;
  object["import"] = import.import;
  object["state"] = model::to_string(import.state);
  put_provider(object, import);
  object["version"] = version_of(import.exported);
  object["why"] = import.why;
  JsonArray refused;
  for (const model::Refusal& refusal : import.refused) {
    refused.push_back(JsonObject{{"deployment", refusal.deployment}, {"reason", refusal.reason}});
  }
  object["refused"] = std::move(refused);
  return object;
}

}  // namespace

Result<DiagResult> DiagResult::from_json(const Json& result) {
  ARCELLA_TRY(auto reader, FieldReader::of(result, "result"));
  DiagResult made;
  ARCELLA_TRY(made.deployment, reader.string("deployment"));
  ARCELLA_TRY(auto imports, reader.objects("imports"));
  for (const FieldReader& one : imports) {
    ARCELLA_TRY(auto import, resolution_with_state(one));
    ARCELLA_TRY(auto refused, one.objects("refused"));
    for (const FieldReader& refusal : refused) {
      model::Refusal& read = import.refused.emplace_back();
      ARCELLA_TRY(read.deployment, refusal.string("deployment"));
      ARCELLA_TRY(read.reason, refusal.string("reason"));
    }
    made.imports.push_back(std::move(import));
  }
  return made;
}
Json DiagResult::to_json() const {
  JsonArray array;
  for (const ImportResolution& import : imports) array.push_back(import_json(import));
  JsonObject object;
  object["deployment"] = deployment;
  object["imports"] = std::move(array);
  return object;
}

Json to_json(const model::Binding& binding) {
  JsonObject object;
  object["consumer"] = binding.consumer.str();
  object["import"] = binding.import.import;
  put_provider(object, binding.import);
  object["why"] = binding.import.why;
  object["state"] = model::to_string(binding.import.state);
  return object;
}

Result<model::Binding> bound_from(const FieldReader& reader) {
  ARCELLA_TRY(auto consumer, reader.string("consumer"));
  ARCELLA_TRY(auto id, model::DeploymentId::parse(consumer));
  ARCELLA_TRY(auto import, resolution_from(reader));
  ARCELLA_TRY(auto state, reader.optional_string("state"));
  import.state = model::import_state_from(state.value_or("")).value_or(model::ImportState::Bound);
  return model::Binding{std::move(id), std::move(import)};
}

Json to_json(const model::WiringGraph& graph) {
  JsonArray nodes;
  for (const model::WiringGraph::Node& node : graph.nodes) {
    nodes.push_back(JsonObject{{"id", node.id.str()}, {"state", node.state}});
  }
  JsonArray edges;
  for (const model::Binding& edge : graph.edges) {
    edges.push_back(to_json(edge));
  }
  JsonObject object;
  object["nodes"] = std::move(nodes);
  object["edges"] = std::move(edges);
  return object;
}

Result<model::WiringGraph> graph_from_json(const Json& result) {
  ARCELLA_TRY(auto reader, FieldReader::of(result, "result"));
  model::WiringGraph graph;
  ARCELLA_TRY(auto nodes, reader.objects("nodes"));
  for (const FieldReader& node : nodes) {
    ARCELLA_TRY(auto text, node.string("id"));
    ARCELLA_TRY(auto id, model::DeploymentId::parse(text));
    ARCELLA_TRY(auto state, node.string("state"));
    graph.nodes.push_back({std::move(id), std::move(state)});
  }
  ARCELLA_TRY(auto edges, reader.objects("edges"));
  for (const FieldReader& edge : edges) {
    ARCELLA_TRY(auto consumer, edge.string("consumer"));
    ARCELLA_TRY(auto id, model::DeploymentId::parse(consumer));
    ARCELLA_TRY(auto import, resolution_with_state(edge));
    graph.edges.push_back({std::move(id), std::move(import)});
  }
  return graph;
}

}  // namespace arcella::alme_proto
