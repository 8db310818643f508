// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// docs/alme-protocol.md is the specification: what the code knows, it has to say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "alme_proto/methods.h"
#include "base/error.h"
#include "base/file.h"
#include "model/event.h"

namespace arcella::alme_proto {
namespace {

using ::testing::HasSubstr;

// The rows of its tables.
std::vector<std::string> rows() {
  auto text = read_file("docs/alme-protocol.md", 1U << 20);  // tests run in the source root
  EXPECT_TRUE(text.has_value());
  std::vector<std::string> found;
  std::istringstream lines(text.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| ")) found.push_back(line);
  }
  return found;
}

std::string in_backticks(std::string_view name) {
  return "`" + std::string(name) + "`";
}

// The row whose first cell names it; empty if none does.
std::string row_of(std::string_view name) {
  for (const std::string& row : rows()) {
    const std::string cell = row.substr(0, row.find('|', 1));
    if (cell.find(in_backticks(name)) != std::string::npos) return row;
  }
  return {};
}

TEST(ProtocolDocument, ListsEveryErrorCodeWithItsNumberAndExitStatus) {
  for (int i = 0; i < kErrorCodeCount; ++i) {
    const ErrorTraits& traits = traits_of(static_cast<ErrorCode>(i));
    EXPECT_THAT(row_of(traits.name), HasSubstr("| " + in_backticks(traits.name) + " | " +
                                               std::to_string(traits.alme_code) + " | " +
                                               std::to_string(traits.exit_status) + " |"));
  }
}

TEST(ProtocolDocument, ListsNoErrorCodeThatThereIsNot) {
  const std::regex code_row(R"(^\| `([a-z-]+)` \| (-32\d\d\d) \|)");
  int found = 0;
  for (const std::string& row : rows()) {
    std::smatch match;
    if (!std::regex_search(row, match, code_row)) continue;
    ++found;
    const ErrorTraits& traits = traits_of(error_code_from_name(match[1].str()));
    EXPECT_EQ(std::to_string(traits.alme_code), match[2].str()) << row;
  }
  EXPECT_EQ(found, kErrorCodeCount);
}

TEST(ProtocolDocument, ListsEveryMethodWithItsParams) {
  for (const MethodInfo& method : methods()) {
    const std::string row = row_of(method.name);
    EXPECT_FALSE(row.empty()) << method.name;
    for (const std::string_view param : method.params) {
      const std::string plain = in_backticks(param);
      const std::string optional = in_backticks(std::string(param) + "?");
      EXPECT_TRUE(row.find(plain) != std::string::npos || row.find(optional) != std::string::npos)
          << method.name << ": " << param;
    }
  }
}

TEST(ProtocolDocument, ListsEveryKindOfEvent) {
  for (int i = 0; i < model::kEventKindCount; ++i) {
    const std::string_view name = model::to_string(static_cast<model::EventKind>(i));
    EXPECT_FALSE(row_of(name).empty()) << name;
  }
}

}  // namespace
}  // namespace arcella::alme_proto
