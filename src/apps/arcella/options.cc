// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "apps/arcella/options.h"

#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "base/version.h"

namespace arcella::apps {
namespace {

constexpr std::string_view kHelp =
    "arcella: runs the Arcella daemon in the foreground\n"
    "\n"
    "Usage: arcella [OPTIONS]\n"
    "\n"
    "  --home DIR              its home, made if it is not there (ARCELLA_HOME, else ~/.arcella)\n"
    "  --set KEY=VALUE         a value of the configuration, over files and environment\n"
    "  --log-level LEVEL       --set log.level=LEVEL: debug, info, warn, error or off (info)\n"
    "  --log-format FORMAT     --set log.format=FORMAT: text or json (text)\n"
    "  --worker-program PATH   arcella-worker (beside this program)\n"
    "  --ready-fd N            write a newline to descriptor N when ready, and close it\n"
    "  --help, --version\n"
    "\n"
    "The configuration is <home>/cfg/*.toml, then variables such as ARCELLA_LOG_LEVEL, then "
    "flags;\n"
    "`arcella-cli config` shows it. The log goes to standard error.\n"
    "SIGTERM and SIGINT stop guests, workers and the daemon; a second one leaves at once. SIGHUP\n"
    "reads the configuration again.\n"
    "Exit status: `arcella-cli help exit-codes`.\n";

constexpr std::array<std::string_view, 8> kNames{
    "--home",           "--set",      "--log-level", "--log-format",
    "--worker-program", "--ready-fd", "--help",      "--version"};

std::string absolute(const std::string& path, const std::string& folder) {
  std::string text = (std::filesystem::path(folder) / path).lexically_normal().string();
  if (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

Result<int> parse_fd(const std::string& text) {
  int number = -1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  // 0 to 2 are the standard ones, which stay open.
  if (error != std::errc() || stop != end || number < 3) {
    return fail(ErrorCode::InvalidParams,
                "--ready-fd: '" + inert(text) + "' is no descriptor from 3 up");
  }
  return number;
}

Error unknown_option(std::string_view word) {
  return {ErrorCode::InvalidParams, "there is no option '" + inert(word) + "'" +
                                        did_you_mean(word, kNames, "`arcella --help` lists them")};
}

Result<manifest::ConfigSetting> parse_set(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return fail(ErrorCode::InvalidParams,
                "--set '" + inert(text) + "': expected KEY=VALUE, as in --set log.level=debug");
  }
  return manifest::read_config_flag(text.substr(0, equals), text.substr(equals + 1), "--set");
}

Result<void> apply(std::string_view name, const std::string& value, DaemonOptions& options) {
  if (name == "--home") {
    options.home = value;
  } else if (name == "--worker-program") {
    options.worker_program = value;
  } else if (name == "--set") {
    ARCELLA_TRY(auto setting, parse_set(value));
    options.settings.push_back(std::move(setting));
  } else if (name == "--log-level") {
    ARCELLA_TRY(auto setting, manifest::read_config_flag("log.level", value, name));
    options.settings.push_back(std::move(setting));
  } else if (name == "--log-format") {
    ARCELLA_TRY(auto setting, manifest::read_config_flag("log.format", value, name));
    options.settings.push_back(std::move(setting));
  } else {
    ARCELLA_TRY(options.ready_fd, parse_fd(value));
  }
  return {};
}

}  // namespace

Result<std::variant<DaemonOptions, PrintedText>> parse_options(
    std::span<const std::string> words, const DaemonEnvironment& environment) {
  using Outcome = std::variant<DaemonOptions, PrintedText>;
  DaemonOptions options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") return Outcome(PrintedText{std::string(kHelp)});
    if (word == "--version") {
      return Outcome(PrintedText{"arcella " + std::string(version()) + "\n"});
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    bool known = false;
    for (std::string_view candidate : kNames) known = known || candidate == name;
    if (!known) return fail(unknown_option(name));
    if (equals != std::string::npos) {
      ARCELLA_TRY_VOID(apply(name, word.substr(equals + 1), options));
    } else if (i + 1 < words.size()) {
      ARCELLA_TRY_VOID(apply(name, words[++i], options));
    } else {
      return fail(ErrorCode::InvalidParams, name + " needs a value");
    }
  }
  if (options.home.empty()) options.home = environment.arcella_home;
  if (options.home.empty() && environment.user_home.empty()) {
    return fail(ErrorCode::InvalidParams,
                "which home? neither --home nor ARCELLA_HOME nor HOME is set");
  }
  if (options.home.empty()) options.home = environment.user_home + "/.arcella";
  options.home = absolute(options.home, environment.folder);
  if (options.worker_program.empty()) {
    options.worker_program =
        (std::filesystem::path(environment.program).parent_path() / "arcella-worker").string();
  }
  options.worker_program = absolute(options.worker_program, environment.folder);
  return Outcome(std::move(options));
}

}  // namespace arcella::apps
