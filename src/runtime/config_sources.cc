// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/config_sources.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/limits.h"

namespace arcella::runtime {
namespace {

constexpr std::string_view kFirstFile = "arcella.toml";

// The names of the files, in the order in which they are read. A folder that is not there has none.
Result<std::vector<std::string>> files_of(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename().string();
    // What begins with a dot is an editor's.
    if (name.ends_with(".toml") && name.front() != '.') names.push_back(std::move(name));
  }
  if (error) return fail(Error::from_errno(error.value(), "reading '" + folder + "'"));
  if (names.size() > static_cast<std::size_t>(limits::kConfigFilesMax)) {
    return fail(ErrorCode::InvalidManifest, "'" + folder + "' holds more than " +
                                                std::to_string(limits::kConfigFilesMax) +
                                                " files of configuration");
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a != kFirstFile, a) < std::pair(b != kFirstFile, b);
  });
  return names;
}

// Takes over what is right, collects what is wrong.
class Collector {
 public:
  void add(manifest::Parsed<std::vector<manifest::ConfigSetting>> parsed) {
    if (parsed.value) config_.apply(*parsed.value);
    std::move(parsed.diagnostics.begin(), parsed.diagnostics.end(),
              std::back_inserter(diagnostics_));
  }
  void add_file(const std::string& path) {
    auto text = read_file(path, limits::kManifestBytesMax);
    if (text.has_value()) {
      add(manifest::read_config_file(*text, path));
    } else {
      diagnostics_.push_back({path, 0, 0, text.error().message()});
    }
  }
  Result<manifest::LoadedConfig> take() {
    if (!diagnostics_.empty()) return fail(manifest::to_error(diagnostics_));
    return std::move(config_);
  }

 private:
  manifest::LoadedConfig config_;
  std::vector<manifest::Diagnostic> diagnostics_;
};

}  // namespace

Result<manifest::LoadedConfig> load_config(const ConfigSources& sources) {
  const std::string folder = sources.home + "/cfg";
  ARCELLA_TRY(auto names, files_of(folder));
  Collector collector;
  for (const std::string& name : names) collector.add_file(folder + "/" + name);
  collector.add(manifest::read_config_environment(sources.environment));
  collector.add({sources.flags, {}});
  return collector.take();
}

}  // namespace arcella::runtime
