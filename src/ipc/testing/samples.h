// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include "model/component.h"
#include "model/run_spec.h"

namespace arcella::ipc::testing {

inline model::RunSpec plain_run_spec() {
  return {.deployment = model::DeploymentId::parse("plain").value(),
          .program = "plain",
          .args = {},
          .env = {},
          .mounts = {},
          .allowed_hosts = {},
          .entrypoint = {},
          .shutdown = {}};
}

// Every field set, none to its default.
inline model::RunSpec full_run_spec() {
  model::RunSpec spec = plain_run_spec();
  spec.deployment = model::DeploymentId::parse("calc-core").value();
  spec.program = "calc";
  spec.kind = model::Kind::Command;
  spec.args = {"--verbose", "", "\xe2\x82\xac\n"};
  spec.env = {{"A", "1"}, {"A", "2"}, {"EMPTY", ""}};
  spec.mounts = {{"/srv/data", "/data", true}, {"/usr/share/dict", "/dict", false}};
  spec.allowed_hosts = {"https://api.example.com"};
  spec.config = {{"greeting", "hello\n"}, {"empty", ""}};
  spec.keys_folder = "/home/state/keys/calc-core";
  spec.entrypoint = "start";
  spec.shutdown = "stop";
  spec.startup_timeout = std::chrono::milliseconds(2500);
  spec.call_timeout = std::chrono::milliseconds(0);
  spec.provider_wait = std::chrono::milliseconds(1500);
  spec.memory_bytes = 4ULL << 30;
  spec.fuel = 1'000'000'000'000;
  return spec;
}

inline model::Inspection full_inspection() {
  model::Inspection inspection;
  inspection.format = model::Format::CoreModule;
  inspection.kind = model::Kind::Http;
  inspection.runnable = true;
  inspection.needs_concurrency = true;
  inspection.metadata_name = "greeter";
  inspection.metadata_version = "1.2.3";
  inspection.imports = {{"wasi:io/streams@0.2.0", {}}};
  inspection.exports = {
      {"examples:calc/ops@1.0.0", {"add: func(a: u32, b: u32) -> u32", "reset: func()"}}};
  inspection.exports[0].shapes = {"func(a: u32, b: u32) -> u32", "func()"};
  inspection.exports[0].types = {{"point", "record { x: number }", "record { x: u32 }"}};
  inspection.wit = "package examples:calc;\n\nworld calc {\n\texport ops;\n}\n";
  return inspection;
}

}  // namespace arcella::ipc::testing
