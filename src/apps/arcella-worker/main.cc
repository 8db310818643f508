// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <cstdlib>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "base/version.h"
#include "worker/compile_job.h"
#include "worker/run_job.h"
#include "worker/worker.h"

namespace {

constexpr int kUsageStatus = 2;

void add_traits(CLI::App& command, arcella::engine::EngineTraits& traits) {
  command.add_flag("--concurrency", traits.concurrency,
                   "Run WASI 0.3 components and async functions");
  command.add_flag("--fuel", traits.fuel,
                   "Count instructions, so that a call may have a fuel limit");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Runs WebAssembly guests in a process of its own.\n"
      "The arcella daemon starts this program with open descriptors; it does nothing by hand.",
      "arcella-worker");
  app.set_version_flag("--version", "arcella-worker " + std::string(arcella::version()));
  app.require_subcommand(1);
  int status = EXIT_SUCCESS;

  arcella::worker::ServeOptions serve;
  CLI::App* serve_command =
      app.add_subcommand("serve", "Hold the instances of a group until told to stop");
  serve_command->add_option("--group", serve.group, "The group's name")->required();
  add_traits(*serve_command, serve.traits);
  serve_command->add_option("--instances-max", serve.instances_max,
                            "Instances that it can hold at the same time");
  serve_command->add_option("--http-threads", serve.http_threads,
                            "Threads that serve http; 0: one per core");
  serve_command->add_option("--log-level", serve.log_level, "As the daemon's log.level");
  serve_command->add_option("--log-format", serve.log_format, "As the daemon's log.format");
  serve_command->callback([&] { status = arcella::worker::serve(serve); });

  arcella::worker::CompileOptions compile;
  CLI::App* compile_command = app.add_subcommand("compile", "Inspect one .wasm and compile it");
  add_traits(*compile_command, compile.traits);
  compile_command->add_flag("--inspect-only", compile.inspect_only, "Write no artifact");
  compile_command->add_option("--compose-with", compile.compose_with,
                              "Other files that are made into one component with it");
  compile_command->add_option("--joint", compile.joints, "What is joined of them")
      ->allow_extra_args(false);
  compile_command->add_option("--wrap", compile.wrap,
                              "A WIT world: make the core module a component of it instead");
  compile_command->callback([&] { status = arcella::worker::compile(compile); });

  arcella::worker::RunOptions run;
  CLI::App* run_command =
      app.add_subcommand("run", "Run one command to its end on the caller's stdio");
  add_traits(*run_command, run.traits);
  run_command->callback([&] { status = arcella::worker::run_command(run); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::cerr << "arcella-worker: " << error.what() << "\n\n" << app.help();
    return kUsageStatus;
  }
  return status;
}
