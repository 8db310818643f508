// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deploy_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "base/limits.h"
#include "base/unique_fd.h"
#include "manifest/file_names.h"
#include "runtime/deployment_files.h"
#include "store/archive.h"
#include "store/module_repository.h"
#include "wire/utf8.h"

namespace arcella::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReportSuffix = ".error";
constexpr std::array<std::string_view, 6> kIgnoredSuffixes{"~",    ".tmp",   ".part",
                                                           ".swp", ".error", ".crdownload"};

// The change time is in it because a file can be rewritten in place with its old size and its old
// modification time; the inode because another file can be moved over it.
std::string stamp_of(const struct stat& status) {
  auto nanoseconds = [](const timespec& time) {
    return std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec);
  };
  return std::to_string(status.st_size) + ":" + nanoseconds(status.st_mtim) + ":" +
         nanoseconds(status.st_ctim) + ":" + std::to_string(status.st_ino);
}

// A read lease is given only while nobody has the file open for writing. It is given back at once;
// should a writer come in between, the kernel holds him until then and tells us by a signal, which
// has to be one that does nothing.
Look::State writers_of(int fd) {
  if (::fcntl(fd, F_SETSIG, SIGURG) != 0) return Look::State::Unknown;
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) != 0) {
    return errno == EAGAIN ? Look::State::Busy : Look::State::Unknown;
  }
  (void)::fcntl(fd, F_SETLEASE, F_UNLCK);
  return Look::State::There;
}

struct FileLook {
  Look::State state = Look::State::Absent;
  struct stat status{};
};

FileLook look_at_file(const std::string& path) {
  FileLook look;
  if (::lstat(path.c_str(), &look.status) != 0) return look;
  look.state = Look::State::There;
  if (!S_ISREG(look.status.st_mode)) return look;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // Who may not read it finds out, with the right words, when it is to be read.
  if (!file.valid()) return look;
  look.state = writers_of(file.get());
  if (::fstat(file.get(), &look.status) != 0) look.state = Look::State::Absent;
  return look;
}

// A bundle is as busy as its busiest file, and its stamp has all of theirs.
Look look_at_bundle(const std::string& path) {
  Look bundle;
  auto names = names_in(path);
  if (!names.has_value()) {
    bundle.state =
        names.error().code() == ErrorCode::NotFound ? Look::State::Absent : Look::State::There;
    bundle.entry.problem = names.error().message();
    return bundle;
  }
  bundle.state = Look::State::There;
  if (names->size() > limits::kHotDeployEntriesMax) {
    bundle.entry.problem = "the folder has more than " +
                           std::to_string(limits::kHotDeployEntriesMax) +
                           " entries: that is no component";
    return bundle;
  }
  bundle.entry.kind = EntryKind::Bundle;
  std::string stamps;
  for (const std::string& name : *names) {
    const FileLook file = look_at_file(path + "/" + name);
    if (file.state == Look::State::Busy) return {Look::State::Busy, {}};
    if (file.state == Look::State::Unknown) bundle.state = file.state;
    if (file.state == Look::State::Absent) continue;
    // A folder in it changes with its own entries, which are not the package's.
    if (S_ISREG(file.status.st_mode)) stamps += name + "=" + stamp_of(file.status) + ";";
  }
  bundle.entry.stamp = store::ModuleRepository::content_hash(std::as_bytes(std::span(stamps)));
  return bundle;
}

std::string problem_of(mode_t mode, std::string_view name) {
  if (S_ISLNK(mode)) {
    return "a link: put the file itself here, as changes of what it points to are not seen";
  }
  if (S_ISDIR(mode)) return "a folder with the name of a file: rename it";
  if (!S_ISREG(mode)) return "neither a file nor a folder";
  if (name.ends_with(".toml")) return "a deployment's file is named <id>.deployment.toml";
  return "expected a .wasm, a folder with one, a .tar.gz, or <id>.deployment.toml";
}

}  // namespace

bool is_package(EntryKind kind) noexcept {
  return kind == EntryKind::Wasm || kind == EntryKind::Bundle || kind == EntryKind::Archive;
}

bool is_ignored(std::string_view name) {
  const bool is_temporary =
      std::any_of(kIgnoredSuffixes.begin(), kIgnoredSuffixes.end(),
                  [name](std::string_view suffix) { return name.ends_with(suffix); });
  return name.starts_with('.') || is_temporary || !wire::is_utf8(name);
}

EntryKind kind_of(std::string_view name, bool is_folder) {
  EntryKind by_name = EntryKind::Other;
  if (name.ends_with(".wasm")) by_name = EntryKind::Wasm;
  if (store::is_archive_name(name)) by_name = EntryKind::Archive;
  if (const auto manifest = manifest::recognise(name)) {
    const bool is_deployment = manifest->kind == manifest::FileKind::Deployment;
    by_name = is_deployment ? EntryKind::Deployment : EntryKind::Companion;
  }
  if (!is_folder) return by_name;
  return by_name == EntryKind::Other ? EntryKind::Bundle : EntryKind::Other;
}

std::string wasm_of_companion(std::string_view name) {
  const auto manifest = manifest::recognise(name);
  if (!manifest || manifest->kind == manifest::FileKind::Deployment || manifest->stem.empty())
    return {};
  return manifest->stem + ".wasm";
}

Look look_at(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  FileLook file = look_at_file(path);
  if (file.state == Look::State::Absent || file.state == Look::State::Busy) return {file.state, {}};
  const mode_t mode = file.status.st_mode;
  if (S_ISDIR(mode) && kind_of(name, true) == EntryKind::Bundle) return look_at_bundle(path);
  Look look{file.state, {}};
  look.entry.stamp = stamp_of(file.status);
  if (S_ISREG(mode)) look.entry.kind = kind_of(name, false);
  if (look.entry.kind == EntryKind::Other) look.entry.problem = problem_of(mode, name);
  if (look.entry.kind == EntryKind::Deployment) {
    auto files = read_deployment_files({path});
    if (files.has_value()) look.entry.component = files->front().spec.component;
  }
  return look;
}

void remove_orphan_reports(const std::string& folder) {
  std::error_code error;
  std::vector<fs::path> orphans;
  fs::directory_iterator iterator(folder, error);
  for (; !error && iterator != fs::directory_iterator(); iterator.increment(error)) {
    fs::path file = iterator->path();
    if (file.extension() != kReportSuffix || orphans.size() >= limits::kHotDeployEntriesMax)
      continue;
    std::error_code unknown;
    const bool is_report = fs::is_regular_file(iterator->symlink_status(unknown));
    if (is_report && !fs::exists(fs::symlink_status(file.parent_path() / file.stem(), unknown)))
      orphans.push_back(std::move(file));
  }
  for (const fs::path& orphan : orphans) ::unlink(orphan.c_str());
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator iterator(folder, error);
  for (; !error && iterator != fs::directory_iterator(); iterator.increment(error)) {
    std::string name = iterator->path().filename().string();
    if (!is_ignored(name)) names.push_back(std::move(name));
    if (names.size() > limits::kHotDeployListedMax) {
      return fail(
          ErrorCode::LimitExceeded,
          folder + ": more than " + std::to_string(limits::kHotDeployListedMax) + " entries");
    }
  }
  if (error) return fail(Error::from_errno(error.value(), folder));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace arcella::runtime
