// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Who serves whom, as text: for people, and for the tools of Graphviz. Pure; everything that a
// component or the daemon names is made inert.
#pragma once

#include <string>
#include <vector>

#include "cli/render.h"
#include "model/binding.h"

namespace arcella::cli {

// A line for each import, below it who cannot serve it and why; at the end what the host offers.
[[nodiscard]] std::string render_diag(const std::string& deployment,
                                      const std::vector<model::ImportResolution>& imports,
                                      Colour colour);
// Each deployment with what it uses below it.
[[nodiscard]] std::string render_graph(const model::WiringGraph& graph, Colour colour);
// A digraph: consumer -> provider; what nobody provides is a node of its own.
[[nodiscard]] std::string render_dot(const model::WiringGraph& graph);

}  // namespace arcella::cli
