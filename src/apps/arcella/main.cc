// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The daemon: constructs the runtime and ALME, runs until it is asked to stop, takes both down in
// reverse order.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <systemd/sd-daemon.h>

#include "aio/event.h"
#include "aio/loop.h"
#include "alme/method_table.h"
#include "alme/server.h"
#include "apps/arcella/options.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "runtime/arcella_runtime.h"

namespace arcella::apps {
namespace {

constexpr std::string_view kSocketName = "alme";

void announce_ready(const DaemonOptions& options, MonotonicTime started, const Clock& clock) {
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock.monotonic_now() - started);
  log::info("arcella", "ready",
            {{"version", version()},
             {"home", options.home},
             {"pid", ::getpid()},
             {"took_ms", took.count()}});
  ::sd_notify(0, "READY=1");
  if (options.ready_fd) {
    // A reader that went away has no use for the news.
    [[maybe_unused]] const ssize_t written = ::write(*options.ready_fd, "\n", 1);
    ::close(*options.ready_fd);
  }
}

// Guests first, then whoever asked for the shutdown sees the connection close: by then the home is
// free again.
aio::Task<> take_down(alme::Server& server, std::unique_ptr<runtime::ArcellaRuntime> runtime) {
  log::info("arcella", "shutting down");
  ::sd_notify(0, "STOPPING=1");
  server.refuse();
  co_await runtime->stop();
  co_await server.idle();
  runtime.reset();
  co_await server.stop();
}

aio::Task<Result<void>> serve(aio::Loop& loop, const Clock& clock, const DaemonOptions& options,
                              aio::Event& stop_asked) {
  const MonotonicTime started = clock.monotonic_now();
  runtime::RuntimeConfig config;
  config.home = options.home;
  config.worker_program = options.worker_program;
  config.version = std::string(version());
  ARCELLA_CO_TRY(auto runtime, runtime::ArcellaRuntime::open(loop.io(), clock, std::move(config)));

  alme::MethodTable table;
  alme::add_component_methods(table, *runtime);
  alme::add_deployment_methods(table, *runtime);
  alme::add_update_methods(table, *runtime);
  alme::add_platform_methods(table, *runtime, [&stop_asked] { stop_asked.set(); });
  const std::string socket = options.home + "/" + std::string(kSocketName);
  auto server = alme::Server::listen(loop.executor(), table, socket);
  if (!server.has_value()) {
    co_await runtime->stop();
    co_return fail(std::move(server).error());
  }
  runtime->restore();
  announce_ready(options, started, clock);
  co_await stop_asked.wait_uncancelled();
  co_await take_down(**server, std::move(runtime));
  log::info("arcella", "gone");
  co_return Result<void>();
}

int report(const Error& error) {
  std::string text = "arcella: " + inert(error.message()) + "\n";
  if (!error.detail().empty()) text += error.detail() + "\n";
  std::fputs(text.c_str(), stderr);
  return traits_of(error.code()).exit_status;
}

int run_daemon(const DaemonOptions& options) {
  log::configure(options.log);
  if (options.ready_fd) ::fcntl(*options.ready_fd, F_SETFD, FD_CLOEXEC);  // it is not the workers'
  ::umask(0077);  // nothing that the daemon makes is anybody else's to read
  aio::ignore_broken_pipes();
  if (auto made = make_dir_0700(options.home); !made.has_value()) return report(made.error());
  SystemClock clock;
  aio::Loop loop;
  aio::Event stop_asked(loop.executor());
  loop.on_signals({SIGTERM, SIGINT, SIGHUP}, [&stop_asked](int signal) {
    if (stop_asked.is_set())
      ::_exit(128 + signal);  // a second time: somebody does not want to wait
    stop_asked.set();
  });
  const Result<void> served = loop.run(serve(loop, clock, options, stop_asked));
  return served.has_value() ? 0 : report(served.error());
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
  return run_daemon(std::get<DaemonOptions>(*parsed));
}
