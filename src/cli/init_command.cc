// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/init_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/starter_manifests.h"
#include "wire/json.h"

namespace arcella::cli {
namespace {

namespace fs = std::filesystem;

Result<void> write_new(const std::string& path, std::string_view text) {
  constexpr mode_t kReadableByAll = 0644;  // as an editor makes it: sources, nothing secret
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadableByAll));
  if (!file.valid()) {
    if (errno == EEXIST) return fail(ErrorCode::AlreadyExists, path + ": is there already");
    return fail(Error::from_errno(errno, path));
  }
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(Error::from_errno(errno, path));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> refuse_to_overwrite(const std::vector<StarterFile>& files, const fs::path& folder) {
  for (const StarterFile& file : files) {
    std::error_code error;
    const fs::path path = folder / file.name;
    if (!fs::exists(fs::symlink_status(path, error))) continue;
    return fail(ErrorCode::AlreadyExists, path.string() +
                                              ": is there already, and init overwrites nothing; "
                                              "give another --folder");
  }
  return {};
}

// All of them or, as far as the disk lets us, none.
Result<std::vector<std::string>> write_all(const std::vector<StarterFile>& files,
                                           const fs::path& folder) {
  std::vector<std::string> written;
  for (const StarterFile& file : files) {
    const std::string path = (folder / file.name).string();
    auto done = write_new(path, file.text);
    if (done.has_value()) {
      written.push_back(path);
      continue;
    }
    std::error_code ignored;
    if (done.error().code() != ErrorCode::AlreadyExists) fs::remove(path, ignored);
    for (const std::string& earlier : written) fs::remove(earlier, ignored);
    return fail(std::move(done).error());
  }
  return written;
}

}  // namespace

Result<int> init(const Arguments& arguments, Surroundings& surroundings) {
  const std::string& name = arguments.target;
  ARCELLA_TRY(auto files, starter_manifests(name, arguments.kind, arguments.core));
  const std::string shown = arguments.into.value_or(name);
  const fs::path folder = absolute_path(shown, surroundings.folder);
  ARCELLA_TRY_VOID(refuse_to_overwrite(files, folder));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(Error::from_errno(error.value(), folder.string()));
  ARCELLA_TRY(auto written, write_all(files, folder));
  if (arguments.json) {
    wire::JsonArray paths;
    for (const std::string& path : written) paths.emplace_back(path);
    wire::JsonObject result;
    result["files"] = std::move(paths);
    surroundings.out << wire::to_text(result) << '\n';
    return 0;
  }
  for (const StarterFile& file : files) {
    surroundings.out << "wrote " << inert((fs::path(shown) / file.name).string()) << '\n';
  }
  surroundings.out << "put " << name << ".wasm beside them, then: arcella-cli install "
                   << inert(shown) << '\n';
  return 0;
}

}  // namespace arcella::cli
