// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A folder by its descriptor, and what is done beneath it by name: openat and its kin, one name at
// a time, symbolic links never followed. A folder that is moved or replaced under us cannot lead us
// elsewhere.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::store {

// Thread: any, one at a time. Errors name the path.
class Folder {
 public:
  // The folder at `path`, made (0700) if it is not there; its parent must exist.
  static Result<Folder> open(const std::string& path);

  [[nodiscard]] Result<Folder> subfolder(const std::string& name) const;
  Result<Folder> make_subfolder(const std::string& name) const;  // 0700; AlreadyExists
  // NotFound; InvalidParams if it is no regular file, or a symbolic link.
  [[nodiscard]] Result<UniqueFd> open_file(const std::string& name) const;
  Result<UniqueFd> create_file(const std::string& name) const;  // 0600; AlreadyExists
  // A whole file, on the disk when this returns.
  Result<void> write_file(const std::string& name, std::string_view bytes) const;

  // Within the folder. AlreadyExists if `to` is there.
  Result<void> rename_new(const std::string& from, const std::string& to) const;
  // Within the folder. Replaces the file `to`.
  Result<void> rename_over(const std::string& from, const std::string& to) const;
  // Both names must be there; each becomes the other, in one step.
  Result<void> exchange(const std::string& one, const std::string& other) const;
  // A file, link or folder with all that is in it; not there is fine.
  Result<void> remove(const std::string& name) const;
  // Makes renames and removals durable.
  Result<void> sync() const;

  [[nodiscard]] bool has(const std::string& name) const noexcept;
  [[nodiscard]] Result<std::vector<std::string>> names() const;
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }

 private:
  Folder(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  [[nodiscard]] Error error(std::string_view verb, const std::string& name) const;
  Result<void> remove_tree(const std::string& name, int depth) const;

  UniqueFd fd_;
  std::string path_;  // for messages only
};

// All of `bytes`; retries what the system cuts short. `what` begins the error.
Result<void> write_all(const UniqueFd& fd, std::string_view bytes, const std::string& what);

}  // namespace arcella::store
