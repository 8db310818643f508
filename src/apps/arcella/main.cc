// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The daemon: constructs the runtime and ALME, runs until it is asked to stop, takes both down in
// reverse order.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "aio/event.h"
#include "aio/loop.h"
#include "aio/task_scope.h"
#include "alme/method_table.h"
#include "alme/server.h"
#include "apps/arcella/options.h"
#include "apps/arcella/service.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "runtime/arcella_runtime.h"
#include "runtime/config_sources.h"
#include "runtime/home_lock.h"

namespace arcella::apps {
namespace {

constexpr std::string_view kSocketName = "alme";
constexpr std::string_view kStopping = "stopping guests and workers";

std::string status_text(const runtime::ArcellaRuntime& runtime) {
  const model::PlatformStatus status = runtime.status();
  return std::to_string(status.running) + " of " + std::to_string(status.deployments) +
         " deployments run, " + std::to_string(status.instances_ready) + " instances are ready";
}

void announce_ready(const DaemonOptions& options, const runtime::ArcellaRuntime& runtime,
                    MonotonicTime started, const Clock& clock) {
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock.monotonic_now() - started);
  log::info("arcella", "ready",
            {{"version", version()},
             {"home", options.home},
             {"pid", ::getpid()},
             {"took_ms", took.count()}});
  tell_ready(status_text(runtime));
  if (options.ready_fd) {
    // A reader that went away has no use for the news.
    [[maybe_unused]] const ssize_t written = ::write(*options.ready_fd, "\n", 1);
    ::close(*options.ready_fd);
  }
}

// Whoever asks for it: ALME, or SIGHUP.
aio::Task<Result<model::ReloadOutcome>> reload(runtime::ArcellaRuntime& runtime) {
  tell_reloading();
  auto outcome = co_await runtime.reload();
  tell_ready(status_text(runtime));
  co_return outcome;
}

// Nobody waits for the answer to a signal: the log has it.
aio::Task<> reload_by_signal(runtime::ArcellaRuntime& runtime) {
  const auto outcome = co_await reload(runtime);
  if (outcome.has_value()) co_return;
  log::error("arcella", "the configuration stays as it was: " + outcome.error().message(),
             {{"detail", outcome.error().detail()}});
}

// Guests first, then whoever asked for the shutdown sees the connection close: by then the home is
// free again.
aio::Task<> take_down(alme::Server& server, std::unique_ptr<runtime::ArcellaRuntime> runtime) {
  log::info("arcella", "shutting down");
  tell_stopping(std::string(kStopping));
  server.refuse();
  co_await runtime->stop();
  co_await server.idle();
  runtime.reset();
  co_await server.stop();
}

// What signals ask for.
struct Asked {
  explicit Asked(const boost::asio::any_io_executor& executor) : stop(executor) {}
  aio::Event stop;
  std::function<void()> reload;  // empty until there is something to reload
};

aio::Task<Result<void>> serve(aio::Loop& loop, const Clock& clock, const DaemonOptions& options,
                              runtime::RuntimeConfig config, Asked& asked) {
  const MonotonicTime started = clock.monotonic_now();
  ARCELLA_CO_TRY(auto runtime, runtime::ArcellaRuntime::open(loop.io(), clock, std::move(config)));
  runtime::ArcellaRuntime& platform = *runtime;

  alme::MethodTable table;
  alme::add_component_methods(table, platform);
  alme::add_deployment_methods(table, platform);
  alme::add_update_methods(table, platform);
  alme::add_event_methods(table, platform);
  alme::add_platform_methods(table, platform, [&asked] { asked.stop.set(); });
  alme::add_config_methods(table, platform, [&platform] { return reload(platform); });
  const std::string socket = options.home + "/" + std::string(kSocketName);
  auto server = alme::Server::listen(loop.executor(), table, socket);
  if (!server.has_value()) {
    co_await runtime->stop();
    co_return fail(std::move(server).error());
  }
  platform.restore();
  aio::TaskScope reloads(loop.executor());
  asked.reload = [&reloads, &platform] { reloads.spawn(reload_by_signal(platform)); };
  announce_ready(options, platform, started, clock);
  aio::TaskScope heart(loop.executor());
  if (const auto interval = watchdog_interval()) {
    // The heart goes on while everything else is taken down.
    auto status = [&runtime] { return runtime ? status_text(*runtime) : std::string(kStopping); };
    heart.spawn(beat(*interval, std::move(status)));
  }
  co_await asked.stop.wait_uncancelled();
  asked.reload = nullptr;
  reloads.close();
  co_await reloads.join();
  co_await take_down(**server, std::move(runtime));
  heart.cancel();
  co_await heart.join();
  log::info("arcella", "gone");
  co_return Result<void>();
}

// A client, a listener or a worker is a descriptor or two: the soft limit of a shell (1024) is less
// than what we promise. Workers and helpers get their own.
void raise_descriptor_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

int report(const Error& error) {
  std::string text = "arcella: " + inert(error.message()) + "\n";
  if (!error.detail().empty()) text += error.detail() + "\n";
  std::fputs(text.c_str(), stderr);
  return traits_of(error.code()).exit_status;
}

int run_daemon(const DaemonOptions& options, manifest::Environment environment) {
  runtime::RuntimeConfig config;
  config.home = options.home;
  config.worker_program = options.worker_program;
  config.version = std::string(version());
  config.sources = {options.home, std::move(environment), options.settings};
  if (options.ready_fd) ::fcntl(*options.ready_fd, F_SETFD, FD_CLOEXEC);  // it is not the workers'
  raise_descriptor_limit();
  ::umask(0077);  // nothing that the daemon makes is anybody else's to read
  aio::ignore_broken_pipes();
  auto loaded = runtime::load_config(config.sources);
  if (!loaded.has_value()) return report(loaded.error());
  config.loaded = std::move(*loaded);
  if (auto made = runtime::prepare_home(options.home); !made.has_value())
    return report(made.error());
  auto logs = log::configure(manifest::log_options(config.loaded.config, options.home));
  if (!logs.has_value()) return report(std::move(logs).error().with_context("log.file"));
  SystemClock clock;
  aio::Loop loop;
  Asked asked(loop.executor());
  loop.on_signals({SIGTERM, SIGINT, SIGHUP}, [&asked](int signal) {
    if (signal == SIGHUP) {
      if (asked.reload) asked.reload();
      return;
    }
    if (asked.stop.is_set())
      ::_exit(128 + signal);  // a second time: somebody does not want to wait
    asked.stop.set();
  });
  const Result<void> served = loop.run(serve(loop, clock, options, std::move(config), asked));
  return served.has_value() ? 0 : report(served.error());
}

// What concerns us of it. Before there is a second thread.
manifest::Environment our_environment() {
  manifest::Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (text.starts_with("ARCELLA_") && equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

std::string variable(const char* name) {
  // Before there is a second thread.
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace
}  // namespace arcella::apps

int main(int argc, char** argv) {
  using namespace arcella::apps;
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  std::error_code unknown;  // an empty path then leads to an error that names what was looked for
  DaemonEnvironment environment;
  environment.arcella_home = variable("ARCELLA_HOME");
  environment.user_home = variable("HOME");
  environment.folder = std::filesystem::current_path(unknown).string();
  environment.program = std::filesystem::read_symlink("/proc/self/exe", unknown).string();
  auto parsed = parse_options(words, environment);
  if (!parsed.has_value()) return report(parsed.error());
  if (const auto* printed = std::get_if<PrintedText>(&*parsed)) {
    std::fputs(printed->text.c_str(), stdout);
    return 0;
  }
  if (auto armed = arcella::arm_crash_point(variable("ARCELLA_CRASH_AT")); !armed.has_value())
    return report(armed.error());
  return run_daemon(std::get<DaemonOptions>(*parsed), our_environment());
}
