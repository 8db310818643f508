// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/daemon_config.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "base/text.h"

namespace arcella::manifest {
namespace {

using model::ConfigValue;
using enum NeedsRestart;

Result<std::string> check_level(std::string_view text) {
  ARCELLA_TRY_VOID(log::parse_level(text));
  return std::string(text);
}

Result<std::string> check_format(std::string_view text) {
  ARCELLA_TRY_VOID(log::parse_format(text));
  return std::string(text);
}

// The first word of a line in the log. A name that nothing logs under would be a silent mistake.
constexpr std::array<std::string_view, 15> kModules{
    "aio", "alme",       "alme_proto", "arcella", "base",  "cli",        "engine", "host",
    "ipc", "hot_deploy", "manifest",   "runtime", "store", "supervisor", "worker"};

Result<void> check_module(std::string_view name) {
  if (std::find(kModules.begin(), kModules.end(), name) != kModules.end()) return {};
  return fail(ErrorCode::InvalidParams,
              "there is no module '" + inert(name) + "'" +
                  did_you_mean(name, kModules, "there are " + join(kModules, ", ")));
}

Result<std::map<std::string, log::Level, std::less<>>> parse_modules(std::string_view text) {
  std::map<std::string, log::Level, std::less<>> levels;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return fail(ErrorCode::InvalidParams,
                  "'" + inert(pair) + "': expected MODULE=LEVEL, with commas between several");
    }
    ARCELLA_TRY_VOID(check_module(pair.substr(0, equals)));
    ARCELLA_TRY(levels[std::string(pair.substr(0, equals))],
                log::parse_level(pair.substr(equals + 1)));
  }
  return levels;
}

Result<std::string> check_modules(std::string_view text) {
  ARCELLA_TRY_VOID(parse_modules(text));
  std::vector<std::string> pairs;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    pairs.emplace_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  std::sort(pairs.begin(), pairs.end());
  return join(pairs, ",");
}

Result<std::string> check_path(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::InvalidParams, "a path has no NUL in it");
  }
  return std::string(text);
}

constexpr std::array<ConfigKey, 14> kKeys{{
    {.name = "log.level",
     .field = &DaemonConfig::log_level,
     .needs_restart = No,
     .values = "`debug`, `info`, `warn`, `error`, `off`",
     .effect = "What the daemon logs; workers have what held when it was started",
     .check = check_level},
    {.name = "log.format",
     .field = &DaemonConfig::log_format,
     .needs_restart = No,
     .values = "`text`, `json`",
     .effect = "Lines for people, or one JSON object per line",
     .check = check_format},
    {.name = "log.modules",
     .field = &DaemonConfig::log_modules,
     .needs_restart = No,
     .values = "a table: module = level",
     .effect = "Levels of single modules (the word before the colon), instead of `log.level`",
     .check = check_modules,
     .is_table = true},
    {.name = "log.file",
     .field = &DaemonConfig::log_file,
     .needs_restart = No,
     .values = "a path, from the home; empty: none",
     .effect = "The daemon's log goes there too, besides standard error",
     .check = check_path},
    {.name = "log.max_bytes",
     .field = &DaemonConfig::log_max_bytes,
     .needs_restart = No,
     .values = "64 KiB to 4 GiB",
     .effect = "`log.file` is rotated before it is larger",
     .min = limits::kLogFileBytesMin,
     .max = limits::kLogFileBytesMax},
    {.name = "log.files_kept",
     .field = &DaemonConfig::log_files_kept,
     .needs_restart = No,
     .values = "1 to 100",
     .effect = "So many files are there of `log.file`, the one that is written included",
     .min = 1,
     .max = limits::kLogFilesKeptMax},
    {.name = "guest_logs.ring_bytes",
     .field = &DaemonConfig::guest_logs_ring_bytes,
     .needs_restart = No,
     .values = "16 KiB to 256 MiB",
     .effect = "What of each instance's output is kept in memory",
     .min = limits::kLogRingBytesMin,
     .max = limits::kLogRingBytesMax},
    {.name = "guest_logs.file_bytes",
     .field = &DaemonConfig::guest_logs_file_bytes,
     .needs_restart = No,
     .values = "64 KiB to 4 GiB",
     .effect = "`logs/guests/<deployment>.log` is rotated before it is larger",
     .min = limits::kLogFileBytesMin,
     .max = limits::kLogFileBytesMax},
    {.name = "guest_logs.files_kept",
     .field = &DaemonConfig::guest_logs_files_kept,
     .needs_restart = No,
     .values = "0 to 100; 0: no files",
     .effect = "So many files are there per deployment, the one that is written included",
     .min = 0,
     .max = limits::kLogFilesKeptMax},
    {.name = "engine.instances_max",
     .field = &DaemonConfig::engine_instances_max,
     .needs_restart = Yes,
     .values = "1 to 10000",
     .effect = "Instances that one process can hold: replicas and http requests at the same time",
     .min = 1,
     .max = limits::kReplicasMax},
    {.name = "engine.http_threads",
     .field = &DaemonConfig::engine_http_threads,
     .needs_restart = Yes,
     .values = "0 to 256; 0: one per core",
     .effect = "Threads of a process that serve http",
     .min = 0,
     .max = limits::kEngineHttpThreadsMax},
    {.name = "limits.replicas_max",
     .field = &DaemonConfig::limits_replicas_max,
     .needs_restart = No,
     .values = "0 to 10000",
     .effect = "`deploy` and `scale` refuse more; what runs already stays",
     .min = 0,
     .max = limits::kReplicasMax},
    {.name = "limits.shutdown_timeout_seconds",
     .field = &DaemonConfig::limits_shutdown_timeout_seconds,
     .needs_restart = No,
     .values = "1 to 3600",
     .effect = "For all guests to stop when the daemon ends; then they are killed",
     .min = 1,
     .max = limits::kShutdownTimeoutMax.count()},
    {.name = "hot_deploy.enabled",
     .field = &DaemonConfig::hot_deploy_enabled,
     .needs_restart = Yes,
     .values = "`true`, `false`",
     .effect = "What is put into `deploy/` is installed and deployed"},
}};

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) {
    return fail(ErrorCode::InvalidParams, "expected a whole number, found '" + inert(text) + "'");
  }
  return number;
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(ErrorCode::InvalidParams, "expected true or false, found '" + inert(text) + "'");
}

std::string shown(const ConfigValue& value) {
  return std::holds_alternative<std::string>(value)
             ? "the string \"" + inert(std::get<std::string>(value)) + "\""
             : model::to_string(value);
}

}  // namespace

std::string_view ConfigKey::section() const noexcept {
  return name.substr(0, name.find('.'));
}

std::string_view ConfigKey::key() const noexcept {
  return name.substr(name.find('.') + 1);
}

std::string ConfigKey::environment_name() const {
  std::string text = "ARCELLA_" + std::string(name);
  for (char& c : text) {
    c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return text;
}

std::span<const ConfigKey> config_keys() noexcept {
  return kKeys;
}

Result<const ConfigKey*> find_config_key(std::string_view name) {
  std::array<std::string_view, kKeys.size()> names;
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (kKeys[i].name == name) return &kKeys[i];
    names[i] = kKeys[i].name;
  }
  return fail(ErrorCode::InvalidParams,
              "there is no key '" + inert(name) + "'" +
                  did_you_mean(name, names, "docs/operating.md lists them"));
}

ConfigValue value_of(const DaemonConfig& config, const ConfigKey& key) {
  return std::visit([&config](auto field) { return ConfigValue(config.*field); }, key.field);
}

Result<void> set_value(DaemonConfig& config, const ConfigKey& key, const ConfigValue& value) {
  if (const auto* text = std::get_if<std::string DaemonConfig::*>(&key.field)) {
    const auto* given = std::get_if<std::string>(&value);
    if (given == nullptr) {
      return fail(ErrorCode::InvalidParams, "expected a string in quotes, found " + shown(value));
    }
    ARCELLA_TRY(config.**text, key.check(*given));
  } else if (const auto* number = std::get_if<std::int64_t DaemonConfig::*>(&key.field)) {
    const auto* given = std::get_if<std::int64_t>(&value);
    if (given == nullptr) {
      return fail(ErrorCode::InvalidParams, "expected a whole number, found " + shown(value));
    }
    if (*given < key.min || *given > key.max) {
      return fail(ErrorCode::InvalidParams, shown(value) + " is not in " + std::to_string(key.min) +
                                                ".." + std::to_string(key.max));
    }
    config.** number = *given;
  } else {
    const auto* given = std::get_if<bool>(&value);
    if (given == nullptr) {
      return fail(ErrorCode::InvalidParams, "expected true or false, found " + shown(value));
    }
    config.*std::get<bool DaemonConfig::*>(key.field) = *given;
  }
  return {};
}

Result<ConfigValue> parse_value(const ConfigKey& key, std::string_view text) {
  ConfigValue value = std::string(text);
  if (std::holds_alternative<std::int64_t DaemonConfig::*>(key.field)) {
    ARCELLA_TRY(value, parse_integer(text));
  } else if (std::holds_alternative<bool DaemonConfig::*>(key.field)) {
    ARCELLA_TRY(value, parse_boolean(text));
  }
  DaemonConfig checked;
  ARCELLA_TRY_VOID(set_value(checked, key, value));
  return value_of(checked, key);
}

log::Options log_options(const DaemonConfig& config, const std::string& home) {
  log::Options options;
  options.level = log::parse_level(config.log_level).value();
  options.format = log::parse_format(config.log_format).value();
  options.modules = parse_modules(config.log_modules).value();
  if (!config.log_file.empty()) {
    options.file = config.log_file.front() == '/' ? config.log_file : home + "/" + config.log_file;
  }
  options.rotation.bytes_max = static_cast<std::size_t>(config.log_max_bytes);
  options.rotation.files_kept = static_cast<int>(config.log_files_kept);
  return options;
}

std::string documentation_row(const ConfigKey& key) {
  const std::string preset = model::to_string(value_of(DaemonConfig(), key));
  std::string row = "| `" + std::string(key.name) + "` | ";
  row += preset.empty() ? "" : "`" + preset + "`";
  row += " | " + std::string(key.values) + " | " + std::string(key.effect);
  if (key.needs_restart == Yes) row += " (restart)";
  return row + " |";
}

}  // namespace arcella::manifest
