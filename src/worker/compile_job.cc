// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/compile_job.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "engine/compose.h"
#include "engine/description.h"
#include "engine/wrap.h"
#include "ipc/handshake.h"
#include "ipc/job_message.h"
#include "worker/inherited_fd.h"
#include "worker/sandbox.h"

namespace arcella::worker {
namespace {

// The file may change under us: it is read once, from its start, and never mapped.
Result<std::vector<std::byte>> read_wasm(const UniqueFd& wasm) {
  struct stat status{};
  if (::fstat(wasm.get(), &status) != 0) return fail(Error::from_errno(errno, "the wasm file"));
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::InvalidRequest, "the wasm is not a regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limits::kWasmBytesMax) {
    return fail(ErrorCode::LimitExceeded, "the file has " + std::to_string(size) +
                                              " bytes; a component may have " +
                                              std::to_string(limits::kWasmBytesMax));
  }
  std::vector<std::byte> bytes(size);
  std::size_t got = 0;
  while (got < size) {
    const ssize_t count =
        ::pread(wasm.get(), bytes.data() + got, size - got, static_cast<off_t>(got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Error::from_errno(errno, "reading the wasm file"));
    if (count == 0) break;  // it was cut meanwhile; the parser says what is missing
    got += static_cast<std::size_t>(count);
  }
  bytes.resize(got);
  return bytes;
}

Result<void> write_all(int fd, std::span<const std::byte> bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Error::from_errno(errno, what));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

std::vector<model::InterfaceItem> items_of(std::vector<engine::Item> items) {
  std::vector<model::InterfaceItem> plain;
  plain.reserve(items.size());
  for (engine::Item& item : items) {
    model::InterfaceItem one{std::move(item.name), std::move(item.functions)};
    one.shapes = std::move(item.shapes);
    for (engine::NamedType& type : item.types) {
      one.types.push_back(
          {std::move(type.name), std::move(type.definition), std::move(type.shape)});
    }
    plain.push_back(std::move(one));
  }
  return plain;
}

model::Kind kind_of(engine::Kind kind) {
  switch (kind) {
    case engine::Kind::Service:
      return model::Kind::Service;
    case engine::Kind::Command:
      return model::Kind::Command;
    case engine::Kind::Http:
      return model::Kind::Http;
  }
  return model::Kind::Service;
}

model::Inspection inspection_of(engine::Description description) {
  model::Inspection inspection;
  inspection.format = description.format == engine::Format::CoreModule ? model::Format::CoreModule
                                                                       : model::Format::Component;
  inspection.kind = kind_of(description.kind);
  inspection.runnable = description.runnable;
  inspection.needs_concurrency = description.needs_concurrency;
  inspection.metadata_name = std::move(description.metadata_name);
  inspection.metadata_version = std::move(description.metadata_version);
  inspection.imports = items_of(std::move(description.imports));
  inspection.exports = items_of(std::move(description.exports));
  inspection.wit = std::move(description.wit);
  return inspection;
}

// All files, as one component.
Result<std::vector<std::byte>> composed(std::vector<std::byte> first,
                                        const CompileOptions& options) {
  std::vector<std::vector<std::byte>> members{std::move(first)};
  std::size_t total = members.front().size();
  for (int i = 0; i < options.compose_with; ++i) {
    ARCELLA_TRY(const UniqueFd wasm,
                inherited_fd(ipc::kComposeFirstFd + i, "a wasm file to compose with"));
    ARCELLA_TRY(std::vector<std::byte> bytes, read_wasm(wasm));
    // Before the next is read: together they have to be one component.
    total += bytes.size();
    if (total > limits::kWasmBytesMax) {
      return fail(ErrorCode::LimitExceeded, "what is composed has more than " +
                                                std::to_string(limits::kWasmBytesMax) + " bytes");
    }
    members.push_back(std::move(bytes));
  }
  std::vector<engine::Joint> joints;
  for (const std::string& text : options.joints) {
    ARCELLA_TRY(model::Plug plug, ipc::decode_plug(text));
    joints.push_back({plug.into, std::move(plug.import), plug.from, std::move(plug.exported)});
  }
  return engine::compose(members, joints);
}

Result<ipc::CompileReport> wrapped(std::span<const std::byte> module, const std::string& wit) {
  ARCELLA_TRY(const UniqueFd artifact, inherited_fd(ipc::kCompileArtifactFd, "the artifact file"));
  ARCELLA_TRY(const std::vector<std::byte> component, engine::wrap(module, wit));
  ARCELLA_TRY_VOID(write_all(artifact.get(), component, "writing the component"));
  ipc::CompileReport report;
  report.artifact_bytes = component.size();
  return report;
}

Result<ipc::CompileReport> make_report(const CompileOptions& options) {
  ARCELLA_TRY(const UniqueFd wasm, inherited_fd(ipc::kCompileWasmFd, "the wasm file"));
  ARCELLA_TRY(std::vector<std::byte> bytes, read_wasm(wasm));
  ipc::CompileReport report;
  if (!options.wrap.empty()) return wrapped(bytes, options.wrap);
  if (options.compose_with > 0) {
    // What it is like the daemon knows of its parts.
    ARCELLA_TRY(bytes, composed(std::move(bytes), options));
  } else {
    ARCELLA_TRY(engine::Description description, engine::describe(bytes));
    report.inspection = inspection_of(std::move(description));
  }
  if (options.inspect_only) return report;

  ARCELLA_TRY(const UniqueFd artifact, inherited_fd(ipc::kCompileArtifactFd, "the artifact file"));
  engine::EngineConfig config;
  config.traits = options.traits;
  config.use = engine::EngineUse::Compile;
  ARCELLA_TRY(const auto engine, engine::Engine::create(config));
  ARCELLA_TRY(const std::vector<std::byte> code, engine->compile(bytes));
  ARCELLA_TRY_VOID(write_all(artifact.get(), code, "writing the artifact"));
  ARCELLA_TRY(report.fingerprint, engine::engine_fingerprint(options.traits));
  report.artifact_bytes = code.size();
  return report;
}

}  // namespace

int compile(const CompileOptions& options) {
  const auto report_pipe = inherited_fd(ipc::kCompileReportFd, "the report's pipe");
  if (!report_pipe) {
    log::error("worker", report_pipe.error().message());
    return 2;
  }
  for (const SandboxMeasure& measure : enter_sandbox()) {
    if (!measure.active) log::warn("worker", "no " + measure.name + ": " + measure.reason);
  }
  const auto report = make_report(options);
  const std::string text =
      report ? ipc::encode(*report) : ipc::encode_compile_error(report.error());
  const auto written =
      write_all(report_pipe->get(), std::as_bytes(std::span(text)), "writing the report");
  if (written) return 0;
  log::error("worker", written.error().message());
  return 1;
}

}  // namespace arcella::worker
