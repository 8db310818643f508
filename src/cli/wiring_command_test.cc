// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/wiring_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/testing/fake_daemon.h"
#include "cli/wiring_text.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string answer(const std::string& result) {
  return R"({"jsonrpc":"2.0","id":1,"result":)" + result + "}\n";
}

constexpr const char* kDiag =
    R"({"deployment":"web","imports":[)"
    R"({"import":"wasi:io/poll@0.2.6","state":"host","provider":null,"export":null,"version":null,)"
    R"("why":"the host offers it","refused":[]},)"
    R"({"import":"demo:calc/ops@1.0.0","state":"bound","provider":"calc",)"
    R"("export":"demo:calc/ops@1.2.0","version":"1.2.0","why":"the highest version","refused":[)"
    R"({"deployment":"old","reason":"exports it at 0.9.0"}]},)"
    R"({"import":"demo:log/log@1.0.0\u001b","state":"unresolved","provider":null,"export":null,)"
    R"("version":null,"why":"nobody exports it","refused":[]},)"
    R"({"import":"demo:calc/types@1.0.0","state":"types","provider":null,"export":null,)"
    R"("version":null,"why":"types","refused":[]}]})";
constexpr const char* kGraph =
    R"({"nodes":[{"id":"calc","state":"running"},{"id":"web","state":"stopped"}],"edges":[)"
    R"({"consumer":"web","import":"demo:calc/ops@1.0.0","provider":"calc",)"
    R"("export":"demo:calc/ops@1.0.0","why":"the only candidate","state":"bound"},)"
    R"({"consumer":"web","import":"demo:log/log@1.0.0","provider":null,"export":null,)"
    R"("why":"nobody exports it","state":"optional"}]})";

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
  std::vector<std::string> heard;
};
Outcome run(std::vector<std::string> words, const std::string& result) {
  testing::FakeDaemon daemon({answer(result)});
  words.insert(words.begin(), {"--home", daemon.home()});
  std::ostringstream out;
  std::ostringstream err;
  Surroundings surroundings{out, err, "/here", Colour::Off, false};
  Outcome outcome;
  outcome.status = run_program(words, {"", "/home/user", "/here"}, surroundings);
  daemon.join();
  outcome.out = out.str();
  outcome.err = err.str();
  outcome.heard = daemon.heard();
  return outcome;
}

TEST(DiagCommand, SaysWhoServesEachImportAndWhoCannot) {
  const Outcome outcome = run({"diag", "web"}, kDiag);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "web\n"
            "  demo:calc/ops@1.0.0: bound to calc (demo:calc/ops@1.2.0), the highest version\n"
            "    old: exports it at 0.9.0\n"
            "  demo:log/log@1.0.0\\x1b: unresolved: nobody exports it\n"
            "  only types: demo:calc/types@1.0.0\n"
            "  from the host: wasi:io/poll@0.2.6\n");
  EXPECT_THAT(outcome.heard, ElementsAre(HasSubstr(R"("params":{"deployment":"web"})")));
  EXPECT_EQ(run({"diag", "web"}, R"({"deployment":"web","imports":[]})").out,
            "web imports nothing\n");
}

TEST(DiagCommand, JsonIsTheDaemonsAnswer) {
  EXPECT_EQ(run({"diag", "web", "--json"}, kDiag).out, std::string(kDiag) + "\n");
}

TEST(GraphCommand, ShowsEachDeploymentWithWhatItUses) {
  EXPECT_EQ(run({"graph"}, kGraph).out,
            "calc: running\n"
            "web: stopped\n"
            "  demo:calc/ops@1.0.0: bound to calc, the only candidate\n"
            "  demo:log/log@1.0.0: optional: nobody exports it\n");
  EXPECT_EQ(run({"graph"}, R"({"nodes":[],"edges":[]})").out, "no deployments\n");
}

TEST(GraphCommand, DotIsForGraphviz) {
  EXPECT_EQ(run({"graph", "--dot"}, kGraph).out,
            "digraph arcella {\n"
            "  rankdir=LR;\n"
            "  node [shape=box];\n"
            "  \"calc\" [label=\"calc\\nrunning\"];\n"
            "  \"web\" [label=\"web\\nstopped\", style=dashed];\n"
            "  \"demo:log/log@1.0.0\" [shape=plaintext, label=\"demo:log/log@1.0.0\\nnobody\"];\n"
            "  \"web\" -> \"calc\" [label=\"demo:calc/ops@1.0.0\"];\n"
            "  \"web\" -> \"demo:log/log@1.0.0\" [style=dashed, color=gray];\n"
            "}\n");
}

TEST(GraphCommand, TakesOneFormOnly) {
  const Outcome outcome = run({"graph", "--dot", "--json"}, kGraph);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("give one of them"));
  EXPECT_THAT(outcome.heard, IsEmpty());
}

TEST(WiringText, NamesCannotLeaveTheirQuotes) {
  model::WiringGraph graph;
  const auto id = model::DeploymentId::parse("web").value();
  graph.edges = {{id, {.import = "a\"]; \n\\"}}};
  EXPECT_THAT(render_dot(graph), HasSubstr(R"(-> "a\"]; \\n\\")"));
}

TEST(WiringText, ColoursWhatMatters) {
  const auto id = model::DeploymentId::parse("web").value();
  EXPECT_THAT(
      render_graph({.nodes = {{id, "running"}}, .edges = {{id, {.import = "a:b/c"}}}}, Colour::On),
      HasSubstr("\x1b[31munresolved\x1b[0m"));
}

}  // namespace
}  // namespace arcella::cli
