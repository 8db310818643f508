// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sstream>
#include <utility>

#include "base/limits.h"
#include "base/unique_fd.h"
#include "cli/shell.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

enum class OnFailure { Stop, KeepGoing };

// What a script carries out, where `bad` is an error and a number is an exit status.
struct Script {
  explicit Script(const std::string& text, OnFailure how = OnFailure::Stop) {
    const UniqueFd fd(::memfd_create("script", MFD_CLOEXEC));
    EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::lseek(fd.get(), 0, SEEK_SET);
    std::ostringstream out;
    std::ostringstream err_stream;
    Surroundings surroundings{out, err_stream, "/", Colour::Off, false};
    const Environment environment{"/home", "", "/"};
    auto ran = run_script(
        fd.get(), "setup.arcella", how == OnFailure::KeepGoing, environment, surroundings,
        [this](std::span<const std::string> words, auto&&...) { return carry_out(words); });
    err = err_stream.str();
    if (ran.has_value()) {
      status = *ran;
    } else {
      refused = ran.error().message();
    }
  }
  Result<int> carry_out(std::span<const std::string> words) {
    carried_out.emplace_back(words.begin(), words.end());
    if (words[0] == "bad") return fail(ErrorCode::NotFound, "no such thing");
    return words[0] == "three" ? 3 : 0;
  }

  std::vector<std::vector<std::string>> carried_out;
  int status = -1;
  std::string err;
  std::string refused;
};

TEST(Script, IsOneCommandALine) {
  const Script script("# sets it up\n\n  start calc # now\ncall calc 'add(1, 2)'\nlist");
  EXPECT_EQ(script.status, 0);
  EXPECT_EQ(script.err, "");
  EXPECT_THAT(script.carried_out,
              ElementsAre(ElementsAre("start", "calc"), ElementsAre("call", "calc", "add(1, 2)"),
                          ElementsAre("list")));
}

TEST(Script, StopsAtTheFirstFailureAndNamesItsLine) {
  const Script script("ping\nbad\nlist\n");
  EXPECT_EQ(script.status, 4);
  EXPECT_EQ(script.err, "arcella-cli: setup.arcella:2: no such thing\n");
  EXPECT_THAT(script.carried_out, ElementsAre(ElementsAre("ping"), ElementsAre("bad")));

  const Script guest("three\nlist\n");
  EXPECT_EQ(guest.status, 3);
  EXPECT_EQ(guest.err, "arcella-cli: setup.arcella:1: the command ended with exit status 3\n");
}

TEST(Script, KeepsGoingWhenAskedAndFailsAsTheFirstDid) {
  const Script script("bad\nlist\nthree\nstart 'a\nlist", OnFailure::KeepGoing);
  EXPECT_EQ(script.status, 4);
  EXPECT_EQ(script.carried_out.size(), 4U);
  EXPECT_THAT(script.err, HasSubstr("setup.arcella:3: the command ended"));
  EXPECT_THAT(script.err, HasSubstr("setup.arcella:4: the quote ' is not closed"));
}

TEST(Script, EndsAtExit) {
  for (const char* word : {"exit", "quit"}) {
    const Script script("list\n" + std::string(word) + "\nlist\n");
    EXPECT_EQ(script.status, 0);
    EXPECT_EQ(script.carried_out.size(), 1U);
  }
  EXPECT_EQ(Script("exit 3").status, 2);
  EXPECT_EQ(Script("bad\nexit", OnFailure::KeepGoing).status, 4);
}

TEST(Script, HoldsNoShell) {
  const Script script("shell -f other\n");
  EXPECT_EQ(script.status, 2);
  EXPECT_THAT(script.carried_out, IsEmpty());
}

TEST(Script, LineThatIsTooLongIsRefused) {
  const Script fits("call x '" + std::string(limits::kShellLineBytesMax - 9, 'x') + "'\n");
  EXPECT_EQ(fits.status, 0);
  const Script script("ping\n" + std::string(limits::kShellLineBytesMax + 1, 'x') + "\n");
  EXPECT_THAT(script.refused, HasSubstr("setup.arcella:2: "));
  EXPECT_EQ(script.carried_out.size(), 1U);
}

}  // namespace
}  // namespace arcella::cli
