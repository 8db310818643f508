// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What lies in the hot-deploy folder: what each entry is by its name, whether somebody still writes
// it, and a stamp that changes with its content. It only looks; what follows from it is decided by
// runtime/hot_deploy_plan.h. Blocking.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace arcella::runtime {

enum class EntryKind {
  Wasm,
  Bundle,      // a folder
  Archive,     // .tar.gz, .tgz, .tar
  Deployment,  // <id>.deployment.toml
  Companion,   // a manifest that belongs to a .wasm beside it
  Other,       // nothing that can be deployed; `problem` says why
};
// A component comes with it.
[[nodiscard]] bool is_package(EntryKind kind) noexcept;

struct FolderEntry {
  EntryKind kind = EntryKind::Other;
  std::string stamp;
  std::optional<model::ComponentId> component;  // Deployment: what it deploys, if it can be read
  std::string problem;                          // Other
};
using FolderContent = std::map<std::string, FolderEntry>;

// Hidden files, editors' and downloaders' temporary files, the reports that we write ourselves, and
// names that are not UTF-8, which nobody could be told of.
[[nodiscard]] bool is_ignored(std::string_view name);
// By the name alone; a folder is a Bundle.
[[nodiscard]] EntryKind kind_of(std::string_view name, bool is_folder);
// `<stem>.wasm` of a Companion; empty for one that does not say (`component.toml`).
[[nodiscard]] std::string wasm_of_companion(std::string_view name);

struct Look {
  enum class State {
    Absent,
    Busy,     // somebody has it open for writing: the end of that is an event
    There,    // and nobody writes it
    Unknown,  // it is there, and the kernel does not tell whether somebody writes it
  };
  State state = State::Absent;
  FolderEntry entry;  // There, Unknown
};
[[nodiscard]] Look look_at(const std::string& folder, const std::string& name);

// The names of all entries that are not ignored, sorted. An error is not an empty folder.
[[nodiscard]] Result<std::vector<std::string>> names_in(const std::string& folder);

// Removes the reports (`<file>.error`) of files that are no more. Best effort.
void remove_orphan_reports(const std::string& folder);

}  // namespace arcella::runtime
