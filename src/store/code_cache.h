// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Compiled artifacts in <home>/cache/, named by content hash and engine fingerprint, each with a
// keyed MAC. Loading altered native code is arbitrary code execution, so an artifact is copied into
// a sealed memfd and the MAC is checked on that memfd: the bytes that are checked are the bytes
// that are mapped. The key lies in <home>/state/cache.key (0600, made on first use). A wrong MAC or
// a truncated file is a miss, reported once and compiled again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::store {

// Thread: the runtime's blocking thread.
class CodeCache {
 public:
  static Result<CodeCache> open(const std::string& home);
  ~CodeCache();
  CodeCache(CodeCache&&) noexcept;
  CodeCache& operator=(CodeCache&&) noexcept;

  // A sealed memfd (write, grow, shrink and seal sealed) with verified bytes, or nullopt: not
  // there, or not to be trusted.
  [[nodiscard]] Result<std::optional<UniqueFd>> find(std::string_view content_hash,
                                                     std::string_view fingerprint) const;
  // Copies `artifact` (from the compile helper) into the cache: temporary file, MAC, sync, rename;
  // and returns the sealed memfd of it.
  Result<UniqueFd> put(std::string_view content_hash, std::string_view fingerprint,
                       const UniqueFd& artifact) const;
  // Removes the artifacts of a content, of all engines.
  Result<void> remove(std::string_view content_hash) const;
  // Removes the artifacts of all other contents: what a crash has left of an install, or of a
  // removal.
  Result<void> remove_unknown(const std::vector<std::string>& content_hashes) const;

 private:
  struct Impl;
  explicit CodeCache(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::store
