// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A tar archive, plain or gzip, read into memory: what somebody packed is not believed. Only
// regular files and folders with plain relative names; everything else (links, devices, `..`,
// absolute names, names with control characters or that are not UTF-8, a name twice, sparse files)
// refuses the whole archive, and so does more than the bounds allow. Nothing is written anywhere.
// The door to libarchive.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace arcella::store {

struct ArchiveLimits {
  int entries_max = limits::kArchiveEntriesMax;
  std::size_t bytes_max = limits::kArchiveBytesMax;  // unpacked, with tar's own headers
  std::size_t file_bytes_max = limits::kArchiveFileBytesMax;
};

struct ArchiveFile {
  std::string path;  // as in the archive, without a leading `./`
  std::string bytes;
};

// How many bytes a file may have to be of use; 0: it is of none, and only checked.
using ArchiveRoom = std::function<std::size_t(std::string_view path)>;

// The files that are of use, in the archive's order. Blocking; up to `bytes_max` of memory.
// InvalidComponent or LimitExceeded name the entry and what to do.
[[nodiscard]] Result<std::vector<ArchiveFile>> read_archive(const std::string& path,
                                                            const ArchiveRoom& room,
                                                            const ArchiveLimits& bounds = {});

// By its name: .tar.gz, .tgz, .tar.
[[nodiscard]] bool is_archive_name(std::string_view name);

}  // namespace arcella::store
