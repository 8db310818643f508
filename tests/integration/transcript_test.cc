// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Replays tests/transcripts/*.alme against a real daemon. A transcript is a conversation on one
// connection:
//   > line that the client sends       < line that the daemon answers       # remark
// ${EXAMPLES} stands for the folder of the examples, ${HOME} for the daemon's home. In an answer
// "*" as a value stands for any value, and a field "...": true of an object lets it have more
// fields than are shown.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

bool matches(const wire::Json& expected, const wire::Json& actual) {
  if (expected.is_string() && expected.get_string() == "*") return true;
  if (const auto* object = expected.if_object()) {
    const auto* other = actual.if_object();
    if (other == nullptr) return false;
    const bool open = object->contains("...");
    if (!open && object->size() != other->size()) return false;
    for (const auto& field : *object) {
      if (field.key() == "...") continue;
      const wire::Json* value = other->if_contains(field.key());
      if (value == nullptr || !matches(field.value(), *value)) return false;
    }
    return true;
  }
  if (const auto* array = expected.if_array()) {
    const auto* other = actual.if_array();
    if (other == nullptr || other->size() != array->size()) return false;
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (!matches((*array)[i], (*other)[i])) return false;
    }
    return true;
  }
  return expected == actual;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::vector<std::string> transcripts() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/transcripts"))) {
    if (entry.path().extension() == ".alme") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Transcript : public DaemonTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(Transcript, IsAnsweredAsWritten) {
  std::ifstream file(source_path("tests/transcripts/" + GetParam() + ".alme"));
  ASSERT_TRUE(file.is_open());
  AlmeConnection alme(socket());
  ASSERT_TRUE(alme.connected());
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    replace_all(line, "${EXAMPLES}", source_path("examples"));
    replace_all(line, "${HOME}", home());
    if (line.empty() || line.front() == '#') continue;
    const std::string text = line.size() > 2 ? line.substr(2) : "";
    if (line.front() == '>') {
      alme.send(text);
      continue;
    }
    ASSERT_EQ(line.front(), '<') << GetParam() << ":" << number;
    auto expected = wire::parse_json(text);
    ASSERT_TRUE(expected.has_value())
        << GetParam() << ":" << number << ": " << expected.error().message();
    const auto answer = alme.read();
    ASSERT_TRUE(answer.has_value()) << GetParam() << ":" << number << ": no answer";
    auto actual = wire::parse_json(*answer);
    ASSERT_TRUE(actual.has_value());
    EXPECT_TRUE(matches(*expected, *actual))
        << GetParam() << ":" << number << "\nexpected " << text << "\n     got " << *answer;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Transcript, ::testing::ValuesIn(transcripts()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace arcella::integration
