// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What may be set of the daemon. One table of keys says everything about each: its name, type and
// bounds, its default, whether a running daemon can change it, and what it does. The reader of
// files, the names of environment variables, `arcella-cli config` and the table of
// docs/operating.md all follow from it.
//
// To add a key: a field with its default in DaemonConfig, its line in kKeys (daemon_config.cc), its
// row in docs/operating.md (a test compares), and the code that it has an effect on.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "model/config_view.h"

namespace arcella::manifest {

// Every value, checked. Texts are in their one canonical form.
struct DaemonConfig {
  std::string log_level = "info";
  std::string log_format = "text";
  std::string log_modules;  // "alme=warn,store=debug", by name
  std::string log_file;     // empty: none; relative to the home
  std::int64_t log_max_bytes = limits::kLogFileBytesDefault;
  std::int64_t log_files_kept = limits::kLogFilesKeptDefault;
  std::int64_t guest_logs_ring_bytes = limits::kLogRingBytesPerInstance;
  std::int64_t guest_logs_file_bytes = limits::kLogFileBytesDefault;
  std::int64_t guest_logs_files_kept = limits::kLogFilesKeptDefault;
  std::int64_t engine_instances_max = limits::kEngineInstancesDefault;
  std::int64_t engine_http_threads = 0;
  std::int64_t limits_replicas_max = limits::kReplicasMax;
  std::int64_t limits_shutdown_timeout_seconds = limits::kShutdownTimeoutDefault.count();
  bool hot_deploy_enabled = true;
};

enum class NeedsRestart { No, Yes };

struct ConfigKey {
  using Field =
      std::variant<std::string DaemonConfig::*, std::int64_t DaemonConfig::*, bool DaemonConfig::*>;
  // How a text is checked and brought into its canonical form; the value, or why it is none.
  using Check = Result<std::string> (*)(std::string_view text);

  std::string_view name;  // "<section>.<key>"
  Field field;
  NeedsRestart needs_restart;
  std::string_view values;  // for people: what may stand there
  std::string_view effect;  // one line
  std::int64_t min = 0;     // of a number
  std::int64_t max = 0;
  Check check = nullptr;  // of a text
  bool is_table = false;  // a text that is written as a table of texts in a file, joined a=b,c=d

  [[nodiscard]] std::string_view section() const noexcept;
  [[nodiscard]] std::string_view key() const noexcept;
  [[nodiscard]] std::string environment_name() const;  // ARCELLA_<SECTION>_<KEY>
};

[[nodiscard]] std::span<const ConfigKey> config_keys() noexcept;
// InvalidParams with the nearest.
[[nodiscard]] Result<const ConfigKey*> find_config_key(std::string_view name);

[[nodiscard]] model::ConfigValue value_of(const DaemonConfig& config, const ConfigKey& key);
// Checks the value's type and bounds. InvalidParams, without the key's name.
[[nodiscard]] Result<void> set_value(DaemonConfig& config, const ConfigKey& key,
                                     const model::ConfigValue& value);
// What an environment variable or a flag says, as a value of the key's type. InvalidParams.
[[nodiscard]] Result<model::ConfigValue> parse_value(const ConfigKey& key, std::string_view text);

// What the log is to be; `home` is where a relative file starts.
[[nodiscard]] log::Options log_options(const DaemonConfig& config, const std::string& home);

// A row of the table in docs/operating.md.
[[nodiscard]] std::string documentation_row(const ConfigKey& key);

}  // namespace arcella::manifest
