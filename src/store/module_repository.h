// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The files of installed components: <home>/modules/<name@version>/ with component.wasm and its
// manifests, put there by staging in <home>/modules/.staging-*, syncing and one rename, so a folder
// is there whole or not at all.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "model/ids.h"

namespace arcella::store {

// Thread: the runtime's blocking thread (it does file I/O).
class ModuleRepository {
 public:
  // Creates the folder; removes staging folders that a crash left behind.
  static Result<ModuleRepository> open(const std::string& home);

  // `files`: manifest file name -> text, besides the binary. AlreadyExists if the folder is there
  // (a crash between rename and the database leaves one: remove_unknown() clears those at start).
  Result<void> install(const model::ComponentId& id, std::span<const std::byte> wasm,
                       const std::vector<std::pair<std::string, std::string>>& files) const;
  // Other files for a component that is there, in one step. The old ones lie aside until one of the
  // two below (or the next open(), which drops them).
  Result<void> replace(const model::ComponentId& id, std::span<const std::byte> wasm,
                       const std::vector<std::pair<std::string, std::string>>& files) const;
  Result<void> take_back_replacement(const model::ComponentId& id) const;
  Result<void> finish_replacement(const model::ComponentId& id) const;
  [[nodiscard]] Result<UniqueFd> open_wasm(const model::ComponentId& id) const;
  // The hash with which a content is named: SHA-256 or BLAKE2b by the library, hex.
  [[nodiscard]] static std::string content_hash(std::span<const std::byte> bytes);
  Result<void> remove(const model::ComponentId& id) const;
  // Removes folders that are not in `known`.
  Result<void> remove_unknown(const std::vector<model::ComponentId>& known) const;

 private:
  explicit ModuleRepository(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

}  // namespace arcella::store
