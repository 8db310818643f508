// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/tab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "cli/testing/fake_sources.h"

namespace arcella::cli {
namespace {

using testing::FakeSources;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// The line after TAB at its end; with what is shown behind it.
std::string after(std::string line, std::size_t shown = 0) {
  FakeSources sources;
  const TabEffect effect = tab(line, sources, {});
  EXPECT_THAT(effect.shown, SizeIs(shown)) << line;
  if (effect.replacement.empty()) return line;
  line.replace(effect.start, std::string::npos, effect.replacement);
  return line;
}

TEST(Tab, TheOnlyCandidateIsPutInWithASpace) {
  EXPECT_EQ(after("und"), "undeploy ");
  EXPECT_EQ(after("start gr"), "start greeter ");
  EXPECT_EQ(after("start 'gr"), "start 'greeter' ");
  EXPECT_EQ(after("call calc ad"), "call calc add ");
}

TEST(Tab, SeveralCandidatesGoAsFarAsTheyAgree) {
  EXPECT_EQ(after("start c"), "start calc");
  EXPECT_EQ(after("start calc", 2), "start calc");
  EXPECT_EQ(after("start \"c"), "start \"calc");
}

TEST(Tab, NamesWithBlanksAreQuotedAndFoldersStayOpen) {
  EXPECT_EQ(after("install my"), "install 'my file.wasm' ");
  EXPECT_EQ(after("install my\\ f"), "install 'my file.wasm' ");
  EXPECT_EQ(after("install exa"), "install examples/");
}

TEST(Tab, NothingFitsAndNothingChanges) {
  EXPECT_EQ(after("start zzz"), "start zzz");
  EXPECT_EQ(after("# und"), "# und");
}

TEST(CandidatesText, StandsInColumnsThatFit) {
  const std::vector<Candidate> names{{"calc", ""}, {"greeter", ""}, {"x", ""}};
  EXPECT_EQ(candidates_text(names, 20), "calc     greeter\nx\n");
  EXPECT_EQ(candidates_text(names, 80), "calc     greeter  x\n");
}

TEST(CandidatesText, NotesStandBesideTheirNames) {
  const std::vector<Candidate> names{{"calc", "running"}, {"greeter", "a long reason"}};
  EXPECT_EQ(candidates_text(names, 80), "calc     running\ngreeter  a long reason\n");
  EXPECT_EQ(candidates_text(names, 12), "calc     ru\u2026\ngreeter  a \u2026\n");
}

TEST(CandidatesText, IsBounded) {
  const std::vector<Candidate> many(limits::kShellCandidatesShownMax + 3, Candidate{"name", ""});
  EXPECT_THAT(candidates_text(many, 80), HasSubstr("... and 3 more\n"));
}

}  // namespace
}  // namespace arcella::cli
