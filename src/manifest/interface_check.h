// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string_view>
#include <vector>

#include "manifest/diagnostic.h"
#include "model/component.h"

namespace arcella::manifest {

// What component.toml states against what the binary has, each difference at its entry: an
// interface or function that the binary lacks, and one that the file does not state. An entry may
// leave out the version or its last numbers, or the interface of a package (`logger:log@1.0`). What
// is said to be optional is imported.
// WASI need not be stated: toolchains add it. The names of a core module (`memory`, `_start`,
// `wasi_snapshot_preview1.fd_write`) are no interfaces, so nothing is compared.
// `text` is a component.toml that was read without diagnostics.
[[nodiscard]] std::vector<Diagnostic> check_interfaces(std::string_view text, std::string_view file,
                                                       const model::Inspection& inspection);

}  // namespace arcella::manifest
