// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/component_operations.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <string_view>
#include <utility>

#include "aio/await.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/text.h"
#include "manifest/core_world.h"
#include "runtime/operation.h"

namespace arcella::runtime {

namespace {

// How a core module begins; what is a component has another version there.
constexpr std::string_view kCoreModuleHeader("\0asm\1\0\0\0", 8);

// What a helper wrote.
Result<std::string> bytes_of(const UniqueFd& file, std::uint64_t count) {
  std::string bytes(count, '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t some =
        ::pread(file.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) return fail(Error::from_errno(errno, "reading the wrapped module"));
    at += static_cast<std::size_t>(some);
  }
  return bytes;
}

// Duplicates share one offset, and a helper may have read to the end.
Result<UniqueFd> from_its_start(const UniqueFd& file) {
  if (::lseek(file.get(), 0, SEEK_SET) != 0)
    return fail(Error::from_errno(errno, "rewinding a memory file"));
  return file.duplicate();
}

model::Component component_of(model::ComponentId id, const Package& package,
                              model::Inspection inspection, std::string content_hash,
                              WallTime now) {
  model::Component component{.id = std::move(id), .description = package.manifest.description};
  component.format = inspection.format;
  component.kind = inspection.kind;
  component.needs_concurrency = inspection.needs_concurrency;
  component.imports = std::move(inspection.imports);
  component.exports = std::move(inspection.exports);
  component.wit = std::move(inspection.wit);
  component.optional_imports = package.manifest.optional_imports;
  component.capabilities = package.manifest.capabilities;
  component.content_hash = std::move(content_hash);
  component.wasm_bytes = package.wasm.size();
  component.installed_at =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return component;
}

}  // namespace

aio::Task<Result<model::ComponentView>> ComponentOperations::install(InstallRequest request) {
  ARCELLA_CO_TRY(Candidate candidate, co_await examine(std::move(request)));
  co_return co_await install_candidate(std::move(candidate));
}

aio::Task<Result<model::ComponentView>> ComponentOperations::install(PackageSource source) {
  ARCELLA_CO_TRY(Candidate candidate, co_await examine(std::move(source), std::nullopt));
  co_return co_await install_candidate(std::move(candidate));
}

aio::Task<Result<model::ComponentView>> ComponentOperations::install_candidate(
    Candidate candidate) {
  model::ComponentId id = candidate.id;
  KeyedLock::Keys keys{KeyedLock::key(id)};
  ARCELLA_CO_TRY(auto guard, co_await core_.lock.acquire(std::move(keys)));
  if (const ComponentRecord* there = core_.registry.find(id)) {
    ARCELLA_CO_TRY_VOID(check_same(*there, candidate));
    co_return view_of_component(*there);
  }
  std::string path = candidate.content.package.wasm_path;
  ARCELLA_CO_TRY(ComponentRecord record, co_await keep(std::move(candidate)));
  auto row = co_await keep_row(record);
  if (!row.has_value()) {
    co_await drop(id, record.component.content_hash);
    co_return fail(std::move(row).error());
  }
  crash_point("install.row-kept");
  model::ComponentView view = view_of_component(record);
  core_.registry.add(std::move(record));
  core_.events.record(model::EventKind::ComponentInstalled, view.id, path);
  log::info("runtime", "installed", {{"component", view.id}, {"bytes", view.wasm_bytes}});
  co_return view;
}

aio::Task<Result<ComponentOperations::Candidate>> ComponentOperations::examine(
    InstallRequest request) {
  PackageSource source{std::move(request.path)};
  return examine(std::move(source), std::move(request.id), std::move(request.progress));
}

aio::Task<Result<ComponentOperations::Candidate>> ComponentOperations::examine(
    PackageSource source, std::optional<std::string> asked, model::Progress progress) {
  progress.stage("reading");
  std::optional<model::ComponentId> fallback = source.fallback_id;
  ARCELLA_CO_TRY(Content content, co_await read_content(std::move(source)));
  ARCELLA_CO_TRY_VOID(co_await wrap_module(content));
  ARCELLA_CO_TRY_VOID(co_await not_taken_back());
  progress.stage("checking");
  ARCELLA_CO_TRY(model::Inspection inspection, co_await inspect(content));
  crash_point("install.inspected");
  ARCELLA_CO_TRY(model::ComponentId id, choose_id(asked, content.package, inspection, fallback));
  ARCELLA_CO_TRY_VOID(check_stated_interfaces(content.package, inspection));
  co_return Candidate(std::move(content), std::move(inspection), std::move(id),
                      std::move(progress));
}

Result<void> ComponentOperations::check_same(const ComponentRecord& there,
                                             const Candidate& candidate) const {
  const Package& package = candidate.content.package;
  bool same = there.component.content_hash == candidate.content.content_hash &&
              there.component.description == package.manifest.description &&
              there.component.optional_imports == package.manifest.optional_imports &&
              there.component.capabilities == package.manifest.capabilities &&
              there.template_fields == package.template_fields;
  if (same) return {};
  return fail(ErrorCode::AlreadyExists,
              "component '" + there.component.id.str() +
                  "' is installed with other content: raise the version, or remove it "
                  "first");
}

aio::Task<Result<ComponentRecord>> ComponentOperations::keep(Candidate candidate) {
  const Content& content = candidate.content;
  ARCELLA_CO_TRY_VOID(co_await compile_and_keep(candidate));
  auto files = co_await keep_files(candidate.id, content);
  if (!files.has_value()) {
    co_await drop_code(content.content_hash);
    co_return fail(std::move(files).error());
  }
  crash_point("install.files-kept");
  co_return record_of(candidate);
}

ComponentRecord ComponentOperations::record_of(const Candidate& candidate) const {
  const Content& content = candidate.content;
  return {component_of(candidate.id, content.package, candidate.inspection, content.content_hash,
                       core_.clock.wall_now()),
          content.package.template_fields};
}

aio::Task<void> ComponentOperations::drop(model::ComponentId id, std::string content_hash) {
  co_await drop_files(std::move(id));
  crash_point("remove.files-gone");
  co_await drop_code(std::move(content_hash));
}

aio::Task<Result<Content>> ComponentOperations::read_content(PackageSource source) {
  auto read = [&source]() -> Result<Content> {
    ARCELLA_TRY(Package package, read_package(source));
    std::string hash =
        store::ModuleRepository::content_hash(std::as_bytes(std::span(package.wasm)));
    ARCELLA_TRY(UniqueFd wasm, sealed_copy(package.wasm));
    return Content(std::move(package), std::move(hash), std::move(wasm));
  };
  co_return co_await core_.files_pool.run(std::move(read));
}

// A core module whose manifest states types takes part as the component that they make of it: that
// is what is hashed, compiled and kept.
aio::Task<Result<void>> ComponentOperations::wrap_module(Content& content) {
  const bool is_module = std::string_view(content.package.wasm).starts_with(kCoreModuleHeader);
  auto world = manifest::core_world(content.package.manifest);
  if (!world.has_value())
    co_return fail(std::move(world).error().with_context(content.package.manifest_path));
  if (!is_module || !*world) co_return Result<void>();
  ARCELLA_CO_TRY(UniqueFd module, from_its_start(content.wasm));
  auto wrapped =
      co_await supervisor::wrap(core_.config.worker_program, std::move(module), std::move(**world));
  if (!wrapped.has_value())
    co_return fail(std::move(wrapped).error().with_context(content.package.wasm_path));
  if (wrapped->artifact_bytes > limits::kWasmBytesMax)
    co_return fail(ErrorCode::LimitExceeded, "the module is too large as a component");
  auto take = [&content, &wrapped]() -> Result<void> {
    ARCELLA_TRY(content.package.wasm, bytes_of(wrapped->artifact, wrapped->artifact_bytes));
    content.content_hash =
        store::ModuleRepository::content_hash(std::as_bytes(std::span(content.package.wasm)));
    ARCELLA_TRY(content.wasm, sealed_copy(content.package.wasm));
    return {};
  };
  co_return co_await core_.files_pool.run(std::move(take));
}

aio::Task<Result<model::Inspection>> ComponentOperations::inspect(const Content& content) {
  ARCELLA_CO_TRY(UniqueFd wasm, from_its_start(content.wasm));
  auto found = co_await supervisor::compile(core_.config.worker_program, std::move(wasm),
                                            model::WorkerTraits(), true);
  if (!found.has_value())
    co_return fail(std::move(found).error().with_context(content.package.wasm_path));
  co_return std::move(found->inspection);
}

// The last step that can be taken back.
aio::Task<Result<void>> ComponentOperations::compile_and_keep(Candidate& candidate) {
  const Content& content = candidate.content;
  candidate.progress.stage("compiling");
  ARCELLA_CO_TRY(auto compiled, co_await compile(content, candidate.inspection.needs_concurrency));
  ARCELLA_CO_TRY_VOID(co_await not_taken_back());
  candidate.progress.stage("storing");
  auto code = co_await keep_code(content, std::move(compiled));
  if (!code.has_value()) {
    co_await drop_code(content.content_hash);
    co_return fail(std::move(code).error());
  }
  crash_point("install.code-kept");
  co_return Result<void>();
}

aio::Task<Result<supervisor::CompileResult>> ComponentOperations::compile(const Content& content,
                                                                          bool needs_concurrency) {
  model::WorkerTraits traits;
  traits.concurrency = needs_concurrency;
  ARCELLA_CO_TRY(UniqueFd wasm, from_its_start(content.wasm));
  auto compiled =
      co_await supervisor::compile(core_.config.worker_program, std::move(wasm), traits, false);
  if (!compiled.has_value())
    co_return fail(std::move(compiled).error().with_context(content.package.wasm_path));
  crash_point("install.compiled");
  co_return compiled;
}

aio::Task<Result<void>> ComponentOperations::keep_code(const Content& content,
                                                       supervisor::CompileResult compiled) {
  auto keep = [this, &content, &compiled]() -> Result<void> {
    ARCELLA_TRY(UniqueFd kept, core_.home.cache.put(content.content_hash, compiled.fingerprint,
                                                    compiled.artifact));
    return {};
  };
  co_return co_await core_.files_pool.run(std::move(keep));
}

aio::Task<Result<void>> ComponentOperations::keep_files(model::ComponentId id,
                                                        const Content& content) {
  auto keep = [this, &id, &content]() -> Result<void> {
    auto wasm = std::as_bytes(std::span(content.package.wasm));
    auto kept = core_.home.repository.install(id, wasm, content.package.files);
    if (kept.has_value() || kept.error().code() != ErrorCode::AlreadyExists) return kept;
    // Left by an install that could not clean up: there is no row of it.
    ARCELLA_TRY_VOID(core_.home.repository.remove(id));
    return core_.home.repository.install(id, wasm, content.package.files);
  };
  co_return co_await core_.files_pool.run(std::move(keep));
}

aio::Task<Result<void>> ComponentOperations::keep_row(const ComponentRecord& record) {
  auto keep = [this, &record] {
    return core_.home.store->add_component(record.component, record.template_fields);
  };
  co_return co_await core_.state_pool.run(std::move(keep));
}

aio::Task<Result<std::vector<std::string>>> ComponentOperations::remove(std::string component) {
  ARCELLA_CO_TRY(const ComponentRecord* found, core_.registry.find_component(component));
  model::ComponentId id = found->component.id;
  KeyedLock::Keys keys{KeyedLock::key(id)};
  ARCELLA_CO_TRY(auto guard, co_await core_.lock.acquire(std::move(keys)));
  ARCELLA_CO_TRY(const ComponentRecord* record, core_.registry.find_component(id.str()));
  std::vector<std::string> users;
  for (const model::DeploymentId& user : core_.registry.made_of(id)) users.push_back(user.str());
  if (!users.empty()) {
    co_return fail(ErrorCode::Conflict, "component '" + id.str() + "' is used by " +
                                            join(users, ", ") + ": undeploy " +
                                            (users.size() == 1 ? "it" : "them") + " first");
  }
  std::string hash = record->component.content_hash;
  auto forget = [this, &id] { return core_.home.store->remove_component(id); };
  ARCELLA_CO_TRY_VOID(co_await core_.state_pool.run(std::move(forget)));
  crash_point("remove.row-gone");
  std::vector<std::string> without_previous = core_.registry.forget_previous(id);
  core_.registry.remove(id);
  std::string dropped = join(without_previous, ", ");
  core_.events.record(model::EventKind::ComponentRemoved, id.str());
  log::info("runtime", "removed", {{"component", id.str()}, {"previous_generation_of", dropped}});
  co_await drop(std::move(id), std::move(hash));
  crash_point("remove.code-gone");
  co_return without_previous;
}

aio::Task<void> ComponentOperations::drop_files(model::ComponentId id) {
  auto drop = [this, &id] { return core_.home.repository.remove(id); };
  auto dropped = co_await core_.files_pool.run(std::move(drop));
  if (!dropped.has_value()) {
    log::warn("runtime", "files of a component stay behind until the next start",
              {{"component", id.str()}, {"error", dropped.error().message()}});
  }
}

aio::Task<void> ComponentOperations::drop_code(std::string content_hash) {
  const auto& components = core_.registry.components();
  bool used = std::any_of(components.begin(), components.end(), [&content_hash](const auto& entry) {
    return entry.second.component.content_hash == content_hash;
  });
  if (used) co_return;
  auto drop = [this, &content_hash] { return core_.home.cache.remove(content_hash); };
  auto dropped = co_await core_.files_pool.run(std::move(drop));
  if (!dropped.has_value()) {
    log::warn("runtime", "compiled code stays behind in the cache",
              {{"error", dropped.error().message()}});
  }
}

model::ComponentView ComponentOperations::view_of_component(const ComponentRecord& record) const {
  return view_of(record, core_.registry.deployments_of(record.component.id).size());
}

}  // namespace arcella::runtime
