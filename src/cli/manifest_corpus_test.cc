// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Every file of tests/manifests gives the findings that stand beside it
// (tests/manifests/README.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/commands.h"

namespace arcella::cli {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> cases() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator("tests/manifests")) {
    if (entry.path().extension() == ".toml") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

TEST(ManifestCorpus, EachFileGivesTheFindingsBesideIt) {
  EXPECT_GT(cases().size(), 30U);
  const std::string folder = fs::absolute("tests/manifests").string();
  for (const fs::path& path : cases()) {
    std::ostringstream out;
    std::ostringstream err;
    Surroundings surroundings{out, err, folder, Colour::Off, false};
    const std::vector<std::string> words{"check", path.filename().string()};
    const int status = run_program(words, {"", "/home/user", folder}, surroundings);
    const std::string expected = content(path.string() + ".expected");
    EXPECT_EQ(out.str(), expected) << path << err.str();
    const bool is_wrong = expected.find(": error: ") != std::string::npos;
    EXPECT_EQ(status, is_wrong ? 5 : 0) << path;
  }
}

TEST(ManifestCorpus, TheExamplesPass) {
  for (const auto& entry : fs::directory_iterator("examples")) {
    if (!fs::exists(entry.path() / "component.toml")) continue;
    std::ostringstream out;
    std::ostringstream err;
    Surroundings surroundings{out, err, fs::current_path().string(), Colour::Off, false};
    const std::vector<std::string> words{"check", entry.path().string()};
    EXPECT_EQ(run_program(words, {"", "/home/user", surroundings.folder}, surroundings), 0)
        << out.str();
  }
}

}  // namespace
}  // namespace arcella::cli
