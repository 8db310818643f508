// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/diagnostic.h"

#include "base/check.h"

namespace arcella::manifest {

std::string Diagnostic::str() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line) + ":" + std::to_string(column);
  return text + ": " + message;
}

Error to_error(const std::vector<Diagnostic>& diagnostics) {
  ARCELLA_CHECK(!diagnostics.empty(), "an error has a reason");
  std::string message = diagnostics.front().str();
  if (diagnostics.size() > 1) {
    message += " (and " + std::to_string(diagnostics.size() - 1) + " more)";
  }
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!all.empty()) all += '\n';
    all += diagnostic.str();
  }
  return Error(ErrorCode::InvalidManifest, std::move(message)).with_detail(std::move(all));
}

}  // namespace arcella::manifest
