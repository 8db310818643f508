// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/check_command.h"

#include <algorithm>
#include <ostream>

#include "base/text.h"
#include "cli/manifest_check.h"
#include "wire/json.h"

namespace arcella::cli {
namespace {

using manifest::Diagnostic;
using manifest::Severity;

std::size_t errors_in(const CheckedFile& file) {
  return static_cast<std::size_t>(
      std::count_if(file.findings.begin(), file.findings.end(),
                    [](const Diagnostic& one) { return one.severity == Severity::Error; }));
}

wire::Json to_json(const Diagnostic& finding) {
  wire::JsonObject object;
  object["file"] = finding.file;
  object["line"] = finding.line;
  object["column"] = finding.column;
  object["message"] = finding.message;
  object["hint"] = finding.hint;
  object["severity"] = manifest::to_string(finding.severity);
  return object;
}

// "file:line:column: error: message; hint", as compilers write it.
std::string to_line(const Diagnostic& finding) {
  std::string line = finding.where() + ": " + std::string(manifest::to_string(finding.severity)) +
                     ": " + finding.message;
  if (!finding.hint.empty()) line += "; " + finding.hint;
  return inert(line) + "\n";
}

void print(const std::vector<CheckedFile>& files, bool json, std::ostream& out) {
  if (json) {
    wire::JsonArray all;
    for (const CheckedFile& file : files) {
      for (const Diagnostic& finding : file.findings) all.push_back(to_json(finding));
    }
    out << wire::to_text(all) << '\n';
    return;
  }
  for (const CheckedFile& file : files) {
    for (const Diagnostic& finding : file.findings) out << to_line(finding);
    if (errors_in(file) == 0) out << inert(file.path) << ": ok\n";
  }
}

}  // namespace

Result<int> check(const Arguments& arguments, Surroundings& surroundings) {
  CheckRequest request{arguments.words, arguments.component, surroundings.folder};
  ARCELLA_TRY(auto files, check_manifests(request));
  print(files, arguments.json, surroundings.out);
  std::size_t errors = 0;
  std::size_t wrong_files = 0;
  for (const CheckedFile& file : files) {
    errors += errors_in(file);
    if (errors_in(file) > 0) ++wrong_files;
  }
  if (errors == 0) return 0;
  return fail(ErrorCode::InvalidManifest,
              "check: " + std::to_string(errors) + (errors == 1 ? " mistake" : " mistakes") +
                  " in " + std::to_string(wrong_files) + " of " + std::to_string(files.size()) +
                  (files.size() == 1 ? " file" : " files"));
}

}  // namespace arcella::cli
