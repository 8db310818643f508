// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The daemon reads these files from whoever may deploy: nothing that they hold costs more than a
// bounded answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "manifest/manifests.h"

namespace arcella::manifest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<Diagnostic> read(std::string_view text) {
  return read_deployment_spec(text, "d", model::DeploymentId::parse("d").value(), "/").diagnostics;
}
std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  while (times-- > 0) text += part;
  return text;
}
// As many as a file can hold.
std::string filled(std::string_view part) {
  return repeated(part, (limits::kManifestBytesMax - 100) / part.size());
}

TEST(HostileManifest, DepthIsBoundedHoweverItIsWritten) {
  const std::vector<std::string> openings{"[", "{a=", "[{a=", "{a.a.a.a=[", "{\"\"='',a=["};
  for (const std::string& opening : openings) {
    const auto diagnostics = read("deployment = " + filled(opening));
    ASSERT_THAT(diagnostics, SizeIs(1)) << opening;
    EXPECT_EQ(diagnostics[0].line, 1) << opening;
  }
  for (const std::string& header : {"[" + filled("a.") + "a]", "[[" + filled("a . ") + "a]]"}) {
    ASSERT_THAT(read(header), SizeIs(1));
    EXPECT_THAT(read(header)[0].message, HasSubstr("more than 32 parts"));
  }
}

TEST(HostileManifest, TheDeepestThatPassesIsReadWithoutHarm) {
  const std::string dots = repeated("a.", limits::kManifestDepthMax - 1) + "a";
  const std::string deep = repeated("{" + dots + "=", limits::kManifestDepthMax - 1);
  const auto diagnostics =
      read("deployment = " + deep + "1" + repeated("}", limits::kManifestDepthMax - 1));
  EXPECT_THAT(diagnostics, SizeIs(2));  // module_id, and the key that nobody knows
}

TEST(HostileManifest, MistakesAreShownUpToABoundAndCounted) {
  std::string text = "[deployment]\nmodule_id = 'a@1.0.0'\n";
  for (int i = 0; i < 20'000; ++i) text += "k" + std::to_string(i) + "=1\n";
  const auto diagnostics = read(text);
  ASSERT_THAT(diagnostics, SizeIs(limits::kManifestDiagnosticsMax + 1));
  EXPECT_EQ(diagnostics.back().message, "19900 more mistakes are not shown");
  EXPECT_LT(to_error(diagnostics).detail().size(), std::size_t{64} << 10U);
}

TEST(HostileManifest, AMessageIsShortHoweverLongTheKeyIs) {
  const std::string key = filled("\xc3\xa9");
  const auto diagnostics = read("[deployment]\nmodule_id = 'a@1.0.0'\n\"" + key + "\" = 1\n");
  ASSERT_THAT(diagnostics, SizeIs(1));
  const std::string& message = diagnostics[0].message;
  EXPECT_LE(message.size(), limits::kDiagnosticBytesMax + 3);
  EXPECT_EQ(message.substr(message.size() - 5), "\xc3\xa9...");
}

TEST(HostileManifest, ListsAndTextsAreBounded) {
  const auto expect = [](const std::string& lines, const char* words) {
    const auto diagnostics = read("[deployment]\nmodule_id = 'a@1.0.0'\n" + lines);
    ASSERT_THAT(diagnostics, SizeIs(1)) << words;
    EXPECT_THAT(diagnostics[0].message, HasSubstr(words));
  };
  const std::size_t many = limits::kManifestEntriesMax + 1;
  expect("args = [" + repeated("'a',", many) + "]", "args: has 1001 entries, more than 1000");
  std::string variables = "[deployment.env]\n";
  for (std::size_t i = 0; i < many; ++i) variables += "V" + std::to_string(i) + "=''\n";
  expect(variables, "env: has 1001 entries, more than 1000");
  expect(repeated("[[deployment.mounts]]\n", limits::kMountsMax + 1),
         "mounts: has 65 entries, more than 64");
  expect("fuse_with = [" + repeated("'a',", limits::kFusedMax + 1) + "]",
         "fuse_with: has 17 entries, more than 16");
  expect("args = ['" + repeated("a", limits::kManifestValueBytesMax + 1) + "']",
         "args: has 131073 bytes, more than 131072");
  expect("[deployment.http]\nroute.path = '/" + repeated("a", limits::kManifestTextBytesMax) + "'",
         "path: has 4097 bytes, more than 4096");
}

TEST(HostileManifest, ControlCharactersAreWrittenOut) {
  for (const Diagnostic& diagnostic :
       read("[deployment]\nmodule_id=\"a\\u001b[31m\\u009b\"\n\"k\\u0007\\n\"=1\ngroup=\"\\r\"\n"
            "[deployment.update]\nstrategy=\"\\u001b]0;x\"\n[deployment.http]\n"
            "route.host=\"\\u0000\"\n[deployment.wiring]\n\"a:b\\u001b\"=\"\\u001b\"\n")) {
    for (char c : diagnostic.str()) EXPECT_FALSE(c >= 0 && c < ' ') << diagnostic.str();
    EXPECT_THAT(diagnostic.str(), Not(HasSubstr("\xc2\x9b")));
  }
}

}  // namespace
}  // namespace arcella::manifest
