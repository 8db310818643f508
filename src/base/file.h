// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Files as the platform needs them: read whole under a bound, replaced whole or not at all. Every
// error names the path. Blocking: not for the control thread, except while the process starts.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace arcella {

// The whole content of a regular file. A folder, device, pipe or socket is refused (a pipe would
// block, a device never end), and so is a file of more than `bytes_max` (LimitExceeded), before
// memory is spent on it.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::size_t bytes_max);

// Replaces `path` by a file with this content: a temporary file in the same folder, fsync, rename,
// fsync of the folder. After a crash at any point `path` is the old file or the new one; on an
// error it is the old one and nothing is left.
[[nodiscard]] Result<void> atomic_write(const std::filesystem::path& path, std::string_view bytes,
                                        mode_t mode = 0600);

// Removes what a crash in the middle of atomic_write(path) has left beside it.
[[nodiscard]] Result<void> remove_unfinished(const std::filesystem::path& path);

// The names of the entries of a folder that are wanted, sorted. More than `entries_max` in it,
// wanted or not: LimitExceeded, whose message ends in `way_out`.
[[nodiscard]] Result<std::vector<std::string>> folder_entries(
    const std::filesystem::path& folder, std::size_t entries_max,
    const std::function<bool(std::string_view)>& wanted, std::string_view way_out);

// Makes the entries of a folder durable: after a rename into it, or a removal from it.
[[nodiscard]] Result<void> sync_dir(const std::filesystem::path& path);

// Makes the folder `path` with mode 0700, or takes the one that is there: it must be ours, and
// loses whatever rights others had in it. Its parent must exist.
[[nodiscard]] Result<void> make_dir_0700(const std::filesystem::path& path);

}  // namespace arcella
