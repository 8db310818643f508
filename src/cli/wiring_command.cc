// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/wiring_command.h"

#include <ostream>

#include "alme_proto/binding_json.h"
#include "alme_proto/methods.h"
#include "cli/wiring_text.h"

namespace arcella::cli {

Result<int> show_diag(const Arguments& arguments, Surroundings& surroundings, Client& client) {
  const alme_proto::DeploymentParams params{arguments.target};
  ARCELLA_TRY(auto result, client.call("diag", params.to_json()));
  if (arguments.json) {
    surroundings.out << wire::to_text(result) << '\n';
    return 0;
  }
  ARCELLA_TRY(auto diag, alme_proto::DiagResult::from_json(result));
  surroundings.out << render_diag(diag.deployment, diag.imports, surroundings.colour);
  return 0;
}

Result<int> show_graph(const Arguments& arguments, Surroundings& surroundings, Client& client) {
  if (arguments.json && arguments.dot) {
    return fail(ErrorCode::InvalidParams, "--dot and --json are two forms: give one of them");
  }
  ARCELLA_TRY(auto result, client.call("graph", nullptr));
  if (arguments.json) {
    surroundings.out << wire::to_text(result) << '\n';
    return 0;
  }
  ARCELLA_TRY(auto graph, alme_proto::graph_from_json(result));
  surroundings.out << (arguments.dot ? render_dot(graph)
                                     : render_graph(graph, surroundings.colour));
  return 0;
}

}  // namespace arcella::cli
