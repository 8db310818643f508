// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// docs/manifest-reference.md against the readers: every key that is read has a row, every row is a
// key that is read, every example passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "base/file.h"
#include "manifest/manifests.h"

namespace arcella::manifest {
namespace {

using ::testing::IsEmpty;

using Read = std::vector<Diagnostic> (*)(std::string_view text);

std::vector<Diagnostic> component(std::string_view text) {
  return read_component_manifest(text, "f").diagnostics;
}
std::vector<Diagnostic> recommended(std::string_view text) {
  return read_deployment_template(text, "f").diagnostics;
}
std::vector<Diagnostic> deployment(std::string_view text) {
  return read_deployment_spec(text, "f", model::DeploymentId::parse("web").value(), "/")
      .diagnostics;
}

struct Section {
  std::string_view heading;
  Read read;
};
constexpr Section kSections[] = {{"## component.toml", component},
                                 {"## deployment-template.toml", recommended},
                                 {"## ID.deployment.toml", deployment}};

// The lines below a heading, up to the next one of its rank.
std::vector<std::string> lines_of(std::string_view heading) {
  auto page = read_file("docs/manifest-reference.md", std::size_t{1} << 20U);
  EXPECT_TRUE(page.has_value());
  std::istringstream stream(page.value_or(""));
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("## ")) inside = line == heading;
    if (inside) lines.push_back(line);
  }
  return lines;
}

// The words in backticks of the first cell of each row.
std::set<std::string> documented(std::string_view heading) {
  std::set<std::string> keys;
  for (const std::string& line : lines_of(heading)) {
    if (!line.starts_with("| `")) continue;
    std::string cell = line.substr(0, line.find(" | ", 2));
    for (std::size_t open = cell.find('`'); open != std::string::npos;) {
      std::size_t close = cell.find('`', open + 1);
      keys.insert(cell.substr(open + 1, close - open - 1));
      open = cell.find('`', close + 1);
    }
  }
  return keys;
}

std::vector<std::string> examples(std::string_view heading) {
  std::vector<std::string> found;
  bool inside = false;
  for (const std::string& line : lines_of(heading)) {
    if (line.starts_with("```")) {
      inside = line == "```toml";
      if (inside) found.emplace_back();
    } else if (inside) {
      found.back() += line + "\n";
    }
  }
  return found;
}

// What the reader says it knows when a table holds a key that is like none of them; nothing if it
// is no table with keys of its own.
std::vector<std::string> known_in(Read read, const std::string& path, const std::string& header) {
  for (const Diagnostic& one : read(header + "\"~\" = 1\n")) {
    const std::string stranger = path.empty() ? "~" : path + ".~";
    if (one.message != stranger + ": unknown key") continue;
    std::string list = one.hint.substr(one.hint.find("known are ") + 10);
    std::vector<std::string> keys;
    for (std::size_t comma = 0; comma != std::string::npos;) {
      comma = list.find(", ");
      keys.push_back(list.substr(0, comma));
      if (comma != std::string::npos) list.erase(0, comma + 2);
    }
    return keys;
  }
  return {};
}

void collect(Read read, const std::string& path, std::set<std::string>& leaves) {
  std::vector<std::string> keys;
  if (path.empty()) {
    keys = known_in(read, path, "");
  } else {
    keys = known_in(read, path, "[" + path + "]\n");
    if (keys.empty()) keys = known_in(read, path, "[[" + path + "]]\n");
  }
  if (keys.empty()) leaves.insert(path);
  for (const std::string& key : keys) collect(read, path.empty() ? key : path + "." + key, leaves);
}

TEST(ReferencePage, HasARowForEachKeyAndNoOther) {
  for (const Section& section : kSections) {
    std::set<std::string> read;
    collect(section.read, "", read);
    EXPECT_GT(read.size(), 7U) << section.heading;
    EXPECT_THAT(documented(section.heading), ::testing::ContainerEq(read)) << section.heading;
  }
}

TEST(ReferencePage, ItsExamplesPass) {
  for (const Section& section : kSections) {
    EXPECT_FALSE(examples(section.heading).empty()) << section.heading;
    for (const std::string& example : examples(section.heading)) {
      std::vector<std::string> said;
      for (const Diagnostic& one : section.read(example)) said.push_back(one.str());
      EXPECT_THAT(said, IsEmpty()) << example;
    }
  }
}

}  // namespace
}  // namespace arcella::manifest
