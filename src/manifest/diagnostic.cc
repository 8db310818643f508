// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/diagnostic.h"

#include "base/check.h"

namespace arcella::manifest {

std::string_view to_string(Severity severity) noexcept {
  return severity == Severity::Error ? "error" : "note";
}

std::string Diagnostic::where() const {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Diagnostic::str() const {
  std::string text = where() + ": " + message;
  if (!hint.empty()) text += "; " + hint;
  return text;
}

Error to_error(const std::vector<Diagnostic>& diagnostics) {
  ARCELLA_CHECK(!diagnostics.empty(), "an error has a reason");
  std::string message = diagnostics.front().str();
  if (diagnostics.size() == 1) return {ErrorCode::InvalidManifest, std::move(message)};
  message += " (and " + std::to_string(diagnostics.size() - 1) + " more)";
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!all.empty()) all += '\n';
    all += diagnostic.str();
  }
  return Error(ErrorCode::InvalidManifest, std::move(message)).with_detail(std::move(all));
}

}  // namespace arcella::manifest
