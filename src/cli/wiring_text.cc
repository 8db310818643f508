// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/wiring_text.h"

#include <set>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace arcella::cli {
namespace {

using model::ImportResolution;
using model::ImportState;

std::string coloured(std::string_view text, std::string_view code, Colour colour) {
  if (colour == Colour::Off) return std::string(text);
  return std::string(code) + std::string(text) + "\x1b[0m";
}

bool is_served(ImportState state) {
  return state == ImportState::Bound || state == ImportState::Fused;
}

std::string_view colour_of(ImportState state) {
  if (is_served(state)) return "\x1b[32m";
  return state == ImportState::Optional ? "\x1b[33m" : "\x1b[31m";
}

// "bound to calc (demo:calc/ops@1.2.0), the only candidate", "fused with calc, ..."
std::string outcome_of(const ImportResolution& import, Colour colour) {
  const std::string state(model::to_string(import.state));
  std::string text = coloured(state, colour_of(import.state), colour);
  if (!is_served(import.state) || !import.provider) return text + ": " + inert(import.why);
  text += (import.state == ImportState::Fused ? " with " : " to ") + import.provider->str();
  if (import.exported != import.import) text += " (" + inert(import.exported) + ")";
  return text + ", " + inert(import.why);
}

// As one string of DOT, without its quotes.
std::string dot_text(std::string_view text) {
  std::string out;
  for (char c : inert(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string dot_edge(const model::Binding& edge) {
  const ImportResolution& import = edge.import;
  const std::string name = dot_text(import.import);
  std::string out = "  \"" + edge.consumer.str() + "\" -> \"";
  // One store: drawn as one line of double weight.
  const std::string_view fused = import.state == ImportState::Fused ? ", penwidth=3" : "";
  if (import.provider)
    return out.append(import.provider->str())
        .append("\" [label=\"" + name + "\"")
        .append(fused)
        .append("];\n");
  out += name + "\" [style=dashed, color=";
  return out + (import.state == ImportState::Optional ? "gray" : "red") + "];\n";
}

}  // namespace

std::string render_diag(const std::string& deployment, const std::vector<ImportResolution>& imports,
                        Colour colour) {
  if (imports.empty()) return inert(deployment) + " imports nothing\n";
  std::string out = inert(deployment) + "\n";
  std::vector<std::string> host;
  std::vector<std::string> types;
  for (const ImportResolution& import : imports) {
    if (import.state == ImportState::Host) {
      host.push_back(inert(import.import));
    } else if (import.state == ImportState::TypesOnly) {
      types.push_back(inert(import.import));
    } else {
      out += "  " + inert(import.import) + ": " + outcome_of(import, colour) + "\n";
    }
    for (const model::Refusal& refusal : import.refused) {
      out += "    " + inert(refusal.deployment) + ": " + inert(refusal.reason) + "\n";
    }
  }
  if (!types.empty()) out += "  only types: " + join(types, ", ") + "\n";
  if (!host.empty()) out += "  from the host: " + join(host, ", ") + "\n";
  return out;
}

std::string render_graph(const model::WiringGraph& graph, Colour colour) {
  if (graph.nodes.empty()) return "no deployments\n";
  std::string out;
  for (const model::WiringGraph::Node& node : graph.nodes) {
    out += coloured(node.id.str(), "\x1b[1m", colour) + ": " + inert(node.state) + "\n";
    for (const model::Binding& edge : graph.edges) {
      if (edge.consumer != node.id) continue;
      out += "  " + inert(edge.import.import) + ": " + outcome_of(edge.import, colour) + "\n";
    }
  }
  return out;
}

std::string render_dot(const model::WiringGraph& graph) {
  std::string out = "digraph arcella {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const model::WiringGraph::Node& node : graph.nodes) {
    const std::string id = node.id.str();
    out += "  \"" + id + "\" [label=\"" + id + "\\n" + dot_text(node.state) + "\"";
    if (node.state == "stopped") out += ", style=dashed";
    out += "];\n";
  }
  std::set<std::string> lacking;
  for (const model::Binding& edge : graph.edges) {
    if (!edge.import.provider) lacking.insert(dot_text(edge.import.import));
  }
  for (const std::string& name : lacking) {
    out += "  \"" + name + "\" [shape=plaintext, label=\"" + name + "\\nnobody\"];\n";
  }
  for (const model::Binding& edge : graph.edges) out += dot_edge(edge);
  return out + "}\n";
}

}  // namespace arcella::cli
