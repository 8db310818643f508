// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/hot_deploy.h"

#include <algorithm>

#include "base/limits.h"
#include "base/log.h"
#include "base/semver.h"
#include "base/text.h"
#include "manifest/file_names.h"
#include "manifest/manifests.h"

namespace arcella::runtime {
namespace {

using Kind = HotDeployStep::Kind;

// What trying again can mend: the state of the platform or of the machine. What is wrong with the
// file itself is tried again when the file changes.
bool may_mend_itself(ErrorCode code) {
  switch (code) {
    case ErrorCode::Conflict:
    case ErrorCode::AlreadyExists:
    case ErrorCode::Unresolved:
    case ErrorCode::AddressInUse:
    case ErrorCode::DeadlineExceeded:
    case ErrorCode::Unavailable:
    case ErrorCode::PermissionDenied:
    case ErrorCode::NoSpace:
    case ErrorCode::Io:
      return true;
    default:
      return false;
  }
}

std::chrono::milliseconds retry_delay(int tries) {
  auto delay = limits::kHotDeployRetryDelay;
  for (int i = 1; i < tries && delay < limits::kHotDeployRetryDelayMax; ++i) delay *= 2;
  return std::min(delay, limits::kHotDeployRetryDelayMax);
}

// What a package gets that brings no deployment and has no file for one.
Result<DeploymentFile> default_deployment(const model::ComponentId& component,
                                          const std::string& package, const std::string& folder) {
  ARCELLA_TRY(auto id, model::DeploymentId::parse(component.name()));
  DeploymentFile file{
      package + " (its default deployment; write " + manifest::deployment_file_name(id.str()) +
          " to change it)",
      "[deployment]\nmodule_id = \"" + component.str() + "\"\ngroup = \"default\"\n",
      {id, component}};
  auto parsed = manifest::read_deployment_spec(file.text, file.path, id, folder);
  if (!parsed.value) return fail(manifest::to_error(parsed.diagnostics));
  file.spec = std::move(*parsed.value);
  return file;
}

bool is_higher(const model::ComponentId& a, const model::ComponentId& b) {
  auto left = Version::parse(a.version());
  auto right = Version::parse(b.version());
  return a.name() == b.name() && left.has_value() && right.has_value() && *left > *right;
}

std::string list_of(const std::set<model::DeploymentId>& ids) {
  std::vector<std::string> names;
  for (const model::DeploymentId& id : ids) names.push_back(id.str());
  return join(names, ", ");
}

}  // namespace

void HotDeploy::see(const std::string& file, FolderEntry entry) {
  unsettled_.erase(file);
  content_.insert_or_assign(file, std::move(entry));
}

void HotDeploy::see_gone(const std::string& file) {
  unsettled_.erase(file);
  content_.erase(file);
}

std::set<std::string> HotDeploy::known_names() const {
  std::set<std::string> names = unsettled_;
  for (const auto& [file, entry] : content_) names.insert(file);
  for (const auto& [file, record] : records_.files) names.insert(file);
  return names;
}

// --- steps ---

aio::Task<Result<bool>> HotDeploy::step() {
  co_await sweep();
  auto next = next_step(records_, content_, held());
  if (!next) {
    co_await forget_stale_failures();
    co_return false;
  }
  std::string file = next->file;
  std::string stamp = stamp_of(content_, file);
  working_on_ = file;
  Result<void> done = co_await carry_out(*next);
  if (!done.has_value() && done.error().code() == ErrorCode::Cancelled)
    co_return fail(std::move(done).error());
  std::string report;
  if (done.has_value()) {
    failures_.erase(file);
    retry_what_waited_for(next->kind);
  } else {
    report = note_failure(*next, std::move(stamp), done.error());
  }
  // Also when nothing is known to have failed: an earlier daemon may have left its report.
  co_await operations_.report(std::move(file), std::move(report));
  working_on_.clear();
  co_return true;
}

aio::Task<Result<void>> HotDeploy::carry_out(HotDeployStep step) {
  switch (step.kind) {
    case Kind::DropDeployment:
      return drop_deployment(std::move(step.file));
    case Kind::BringPackage:
      return bring_package(std::move(step.file));
    case Kind::BringDeployment:
      return bring_deployment(std::move(step.file));
    case Kind::DropPackage:
      break;
  }
  return drop_package(std::move(step.file));
}

// What stands in the report beside the file.
std::string HotDeploy::note_failure(const HotDeployStep& step, std::string stamp,
                                    const Error& error) {
  Failure& noted = failures_[step.file];
  noted.tries = noted.stamp == stamp ? noted.tries + 1 : 1;
  noted.stamp = std::move(stamp);
  noted.code = error.code();
  noted.message = error.message();
  noted.waiting = step.kind == Kind::BringDeployment && error.code() == ErrorCode::NotFound;
  noted.retry_at.reset();
  if (may_mend_itself(error.code()) && noted.tries <= limits::kHotDeployRetriesMax)
    noted.retry_at = clock_.monotonic_now() + retry_delay(noted.tries);
  log::write(noted.waiting ? log::Level::Info : log::Level::Warn, "hot_deploy", noted.message,
             {{"file", step.file}, {"try", noted.tries}});
  if (noted.waiting) return {};
  std::string text = error.message() + "\n";
  if (!error.detail().empty()) text += error.detail() + "\n";
  return text;
}

// A deployment waits for its component; and a package whose default deployment was refused needs
// none once there is a file for it.
void HotDeploy::retry_what_waited_for(Kind done) {
  for (auto& [file, failure] : failures_) {
    auto record = records_.files.find(file);
    const bool is_package = record != records_.files.end() && record->second.component;
    if (done == Kind::BringPackage ? failure.waiting : done == Kind::BringDeployment && is_package)
      failure.retry_at = clock_.monotonic_now();
  }
}

// Those of files that are no more, and never were anything; and those that no step took up although
// they are due.
aio::Task<void> HotDeploy::forget_stale_failures() {
  const MonotonicTime now = clock_.monotonic_now();
  std::vector<std::string> stale;
  for (const auto& [file, failure] : failures_) {
    if (unsettled_.contains(file)) continue;
    const bool is_gone = !content_.contains(file) && !records_.files.contains(file);
    if (is_gone || (failure.retry_at && *failure.retry_at <= now)) stale.push_back(file);
  }
  for (const std::string& file : stale) {
    failures_.erase(file);
    std::string nothing;
    co_await operations_.report(file, std::move(nothing));
  }
}

std::set<std::string> HotDeploy::held() const {
  std::set<std::string> files = unsettled_;
  const MonotonicTime now = clock_.monotonic_now();
  for (const auto& [file, failure] : failures_) {
    const bool due = failure.retry_at && *failure.retry_at <= now;
    if (!due && failure.stamp == stamp_of(content_, file)) files.insert(file);
  }
  return files;
}

std::optional<MonotonicTime> HotDeploy::next_retry() const {
  std::optional<MonotonicTime> next;
  for (const auto& [file, failure] : failures_) {
    if (unsettled_.contains(file) || !failure.retry_at) continue;
    if (!next || *failure.retry_at < *next) next = failure.retry_at;
  }
  return next;
}

// --- packages ---

PackageSource HotDeploy::source_of(const std::string& file) const {
  PackageSource source;
  source.path = folder_ + "/" + file;
  if (content_.at(file).kind == EntryKind::Wasm) {
    source.fallback_id = id_by_file(content_, file);
    if (!shared_manifests_apply(content_)) source.beside = ManifestsBeside::NamedAfterFile;
  }
  return source;
}

aio::Task<Result<void>> HotDeploy::bring_package(std::string file) {
  const std::string stamp = stamp_of(content_, file);
  PackageSource source = source_of(file);
  ARCELLA_CO_TRY(PackageFacts facts, co_await operations_.examine(source));
  const bool owned = records_.components.contains(facts.id);
  if (facts.installed && !facts.same && !owned) {
    co_return fail(ErrorCode::AlreadyExists,
                   "component '" + facts.id.str() +
                       "' is installed with other content, and not from this folder: raise the "
                       "version, or remove it (`arcella-cli remove " +
                       facts.id.str() + "`)");
  }
  const FileRecord before = records_.files[file];
  auto done = co_await bring_component(file, source, facts);
  if (done.has_value()) done = co_await bring_its_deployments(file, before, facts);
  if (!done.has_value()) co_return done;
  records_.files[file].stamp = stamp;
  log::info("hot_deploy", "brought in", {{"file", file}, {"component", facts.id.str()}});
  co_return co_await save();
}

aio::Task<Result<void>> HotDeploy::bring_component(std::string file, PackageSource source,
                                                   const PackageFacts& facts) {
  const HotDeployRecords before = records_;
  FileRecord& record = records_.files[file];
  const bool is_new = record == FileRecord();
  record.stamp.clear();
  record.component = facts.id;
  record.named_by_file = facts.named_by_file;
  if (!facts.installed) records_.components.insert(facts.id);
  Result<void> done = co_await save();
  if (done.has_value() && !facts.installed) done = co_await operations_.install(source);
  if (done.has_value() && facts.installed && !facts.same)
    done = co_await operations_.replace(source);
  if (done.has_value() || done.error().code() == ErrorCode::Cancelled) co_return done;
  // Nothing has changed but the claims: as before, and what the file stood for goes on.
  if (is_new) {
    records_.files.erase(file);
  } else {
    records_.files[file] = before.files.at(file);
  }
  if (!before.components.contains(facts.id)) records_.components.erase(facts.id);
  auto restored = co_await save();
  if (!restored.has_value()) log::warn("hot_deploy", restored.error().message(), {{"file", file}});
  co_return done;
}

Result<void> HotDeploy::may_claim(const std::string& file, const model::DeploymentId& id) const {
  const std::string* owner = records_.owner_of(id);
  if (owner != nullptr && *owner != file) {
    return fail(ErrorCode::Conflict, "deployment '" + id.str() + "' comes from " + inert(*owner) +
                                         " already: rename one of them");
  }
  if (owner == nullptr && operations_.component_of(id)) {
    return fail(ErrorCode::Conflict,
                "deployment '" + id.str() +
                    "' is there and did not come from this folder: undeploy it "
                    "first, or rename the file");
  }
  return {};
}

// What the package brings, or the default one, unless a file of the folder or somebody's hand has
// made one for it.
Result<std::vector<DeploymentFile>> HotDeploy::deployments_for(const std::string& file,
                                                               const PackageFacts& facts) const {
  for (const DeploymentFile& deployment : facts.deployments) {
    ARCELLA_TRY_VOID(may_claim(file, deployment.spec.id));
  }
  if (!facts.deployments.empty()) return facts.deployments;
  if (!facts.runnable || has_deployment_file(content_, facts.id))
    return std::vector<DeploymentFile>();
  ARCELLA_TRY(DeploymentFile made, default_deployment(facts.id, folder_ + "/" + file, folder_));
  const std::string* owner = records_.owner_of(made.spec.id);
  const bool taken =
      owner != nullptr ? *owner != file : operations_.component_of(made.spec.id).has_value();
  if (taken) return std::vector<DeploymentFile>();
  return std::vector<DeploymentFile>{std::move(made)};
}

aio::Task<Result<void>> HotDeploy::bring_its_deployments(std::string file, FileRecord before,
                                                         const PackageFacts& facts) {
  ARCELLA_CO_TRY(auto wanted, deployments_for(file, facts));
  std::set<model::DeploymentId> ids;
  for (const DeploymentFile& deployment : wanted) ids.insert(deployment.spec.id);
  FileRecord& record = records_.files[file];
  record.deployments.insert(ids.begin(), ids.end());
  record.by_default = facts.deployments.empty();
  if (!wanted.empty()) {
    ARCELLA_CO_TRY_VOID(co_await save());
    ARCELLA_CO_TRY_VOID(co_await operations_.put(std::move(wanted)));
  }
  if (before.component && is_higher(facts.id, *before.component)) {
    ARCELLA_CO_TRY_VOID(co_await follow(*before.component, facts.id));
  }
  for (const model::DeploymentId& id : ids) {
    ARCELLA_CO_TRY_VOID(co_await operations_.start(id));
  }
  std::set<model::DeploymentId> dropped;
  for (const model::DeploymentId& id : before.deployments) {
    // One that now has a file of its own runs on, until that takes it over.
    const bool moves_out = content_.contains(manifest::deployment_file_name(id.str()));
    if (!ids.contains(id)) (moves_out ? ids : dropped).insert(id);
  }
  ARCELLA_CO_TRY_VOID(co_await undeploy(std::move(dropped)));
  records_.files[file].by_default = facts.deployments.empty() && !ids.empty();
  records_.files[file].deployments = std::move(ids);
  co_return Result<void>();
}

// The package has become a higher version: so do the folder's other deployments of it.
aio::Task<Result<void>> HotDeploy::follow(const model::ComponentId& from,
                                          const model::ComponentId& to) {
  if (records_.wants(from)) co_return Result<void>();
  for (const model::DeploymentId& id : operations_.deployments_of(from)) {
    if (records_.owner_of(id) == nullptr) continue;
    ARCELLA_CO_TRY_VOID(co_await operations_.update(id, to));
  }
  co_return Result<void>();
}

aio::Task<Result<void>> HotDeploy::drop_package(std::string file) {
  const FileRecord& record = records_.files.at(file);
  std::set<model::DeploymentId> ids = record.deployments;
  const bool wanted_by_another =
      std::any_of(records_.files.begin(), records_.files.end(), [&](const auto& other) {
        return other.first != file && other.second.component == record.component;
      });
  if (record.component && !wanted_by_another) {
    for (const model::DeploymentId& id : operations_.deployments_of(*record.component)) {
      if (records_.owner_of(id) != nullptr) ids.insert(id);
    }
  }
  ARCELLA_CO_TRY_VOID(co_await undeploy(ids));
  records_.files.erase(file);
  for (auto& [other, entry] : records_.files) {
    // Its file is still there, and waits for the component from now on.
    if (std::erase_if(entry.deployments, [&ids](const auto& id) { return ids.contains(id); }) > 0)
      entry.stamp.clear();
  }
  log::info("hot_deploy", "taken out", {{"file", file}});
  co_return co_await save();
}

// --- deployments ---

aio::Task<Result<void>> HotDeploy::bring_deployment(std::string file) {
  const std::string stamp = stamp_of(content_, file);
  std::string path = folder_ + "/" + file;
  ARCELLA_CO_TRY(DeploymentFile deployment, co_await operations_.read_deployment(std::move(path)));
  const model::DeploymentId id = deployment.spec.id;
  const model::ComponentId component = deployment.spec.component;
  const std::string* owner = records_.owner_of(id);
  if (owner == nullptr || !records_.files.at(*owner).by_default) {
    ARCELLA_CO_TRY_VOID(may_claim(file, id));
  }
  if (!operations_.has(component)) {
    co_return fail(ErrorCode::NotFound, "component '" + component.str() +
                                            "' is not installed: put it into this folder, or "
                                            "install it (`arcella-cli install PATH`)");
  }
  if (owner != nullptr && *owner != file) records_.files.at(*owner).deployments.erase(id);
  FileRecord& record = records_.files[file];
  record.stamp.clear();
  record.deployments.insert(id);
  ARCELLA_CO_TRY_VOID(co_await save());
  std::vector<DeploymentFile> files;
  files.push_back(deployment);
  ARCELLA_CO_TRY_VOID(co_await operations_.put(std::move(files)));
  ARCELLA_CO_TRY_VOID(co_await drop_default_beside(deployment));
  ARCELLA_CO_TRY_VOID(co_await operations_.start(id));
  records_.files[file].stamp = stamp;
  log::info("hot_deploy", "deployed", {{"file", file}, {"deployment", id.str()}});
  co_return co_await save();
}

// A package that came before its deployment's file got the default one, which now has served its
// time.
aio::Task<Result<void>> HotDeploy::drop_default_beside(const DeploymentFile& deployment) {
  std::set<model::DeploymentId> dropped;
  for (const auto& [file, record] : records_.files) {
    if (!record.by_default || record.component != deployment.spec.component) continue;
    dropped.insert(record.deployments.begin(), record.deployments.end());
  }
  ARCELLA_CO_TRY_VOID(co_await undeploy(dropped));
  for (auto& [file, record] : records_.files) {
    if (record.by_default)
      std::erase_if(record.deployments, [&](const auto& id) { return dropped.contains(id); });
  }
  co_return Result<void>();
}

aio::Task<Result<void>> HotDeploy::drop_deployment(std::string file) {
  std::set<model::DeploymentId> ids = records_.files.at(file).deployments;
  ARCELLA_CO_TRY_VOID(co_await undeploy(std::move(ids)));
  records_.files.erase(file);
  log::info("hot_deploy", "taken out", {{"file", file}});
  co_return co_await save();
}

// That one is gone already, by hand, is fine.
aio::Task<Result<void>> HotDeploy::undeploy(std::set<model::DeploymentId> ids) {
  for (const model::DeploymentId& id : ids) {
    if (!operations_.component_of(id)) continue;
    auto done = co_await operations_.undeploy(id);
    if (!done.has_value() && done.error().code() != ErrorCode::NotFound) co_return done;
  }
  co_return Result<void>();
}

// --- records ---

aio::Task<void> HotDeploy::sweep() {
  const std::set<model::ComponentId> components = records_.components;
  for (const model::ComponentId& id : components) {
    if (records_.wants(id) || operations_.is_used(id)) continue;
    auto removed = co_await operations_.remove(id);
    if (!removed.has_value() && removed.error().code() != ErrorCode::NotFound) continue;
    records_.components.erase(id);
    auto saved = co_await save();
    if (!saved.has_value())
      log::warn("hot_deploy", saved.error().message(), {{"component", id.str()}});
  }
}

aio::Task<Result<void>> HotDeploy::save() {
  return operations_.save(records_);
}

aio::Task<Result<void>> HotDeploy::release(std::set<model::ComponentId> components,
                                           std::set<model::DeploymentId> deployments) {
  HotDeployRecords after = records_;
  for (const model::ComponentId& id : components) after.components.erase(id);
  for (auto& [file, record] : after.files) {
    std::erase_if(record.deployments, [&](const auto& id) { return deployments.contains(id); });
  }
  for (auto& [file, failure] : failures_) {
    if (failure.waiting || may_mend_itself(failure.code)) failure.retry_at = clock_.monotonic_now();
  }
  if (after == records_) co_return Result<void>();
  records_ = std::move(after);
  co_return co_await save();
}

// --- status ---

std::vector<model::HotDeployView> HotDeploy::status() const {
  std::vector<model::HotDeployView> views;
  for (const auto& [file, entry] : content_) {
    if (entry.kind == EntryKind::Companion) {
      const std::string wasm = wasm_of_companion(file);
      const bool applies =
          wasm.empty() ? shared_manifests_apply(content_) : content_.contains(wasm);
      if (applies) continue;  // it shows in what its .wasm has become
    }
    views.push_back(view_of(file, entry));
  }
  for (const auto& [file, failure] : failures_) {
    if (!content_.contains(file) && records_.files.contains(file))
      views.push_back({file, "failed", failure.message});
  }
  return views;
}

model::HotDeployView HotDeploy::view_of(const std::string& file, const FolderEntry& entry) const {
  if (entry.kind == EntryKind::Other) return {file, "ignored", entry.problem};
  if (entry.kind == EntryKind::Companion) {
    const std::string wasm = wasm_of_companion(file);
    if (!wasm.empty()) return {file, "waiting", "for " + wasm};
    return {file, "ignored",
            "there is not exactly one .wasm here that it could speak of: name it <name>." + file +
                ", or put both into a folder"};
  }
  if (file == working_on_) return {file, "working", {}};
  auto failure = failures_.find(file);
  if (failure != failures_.end() && failure->second.stamp == stamp_of(content_, file)) {
    return {file, failure->second.waiting ? "waiting" : "failed", failure->second.message};
  }
  return view_of_record(file, entry);
}

// What it runs is being replaced: neither the old nor the new is a thing to say before it is up.
bool HotDeploy::is_moving(const model::ComponentId& component) const {
  auto worked_on = records_.files.find(working_on_);
  return worked_on != records_.files.end() && worked_on->second.component &&
         worked_on->second.component->name() == component.name();
}

model::HotDeployView HotDeploy::view_of_record(const std::string& file,
                                               const FolderEntry& entry) const {
  auto known = records_.files.find(file);
  if (known == records_.files.end() || known->second.stamp != stamp_of(content_, file))
    return {file, "waiting", "for its turn"};
  const FileRecord& record = known->second;
  if (record.component) {
    const std::string what = record.component->str();
    if (record.deployments.empty()) return {file, "installed", what};
    return {file, "deployed", what + " as " + list_of(record.deployments)};
  }
  if (record.deployments.empty()) return {file, "ignored", "it was taken over by hand"};
  const model::DeploymentId& id = *record.deployments.begin();
  auto component = operations_.component_of(id);
  if (!component) return {file, "ignored", "it was undeployed by hand"};
  if (is_moving(*component)) return {file, "working", {}};
  std::string message = component->str() + " as " + id.str();
  if (entry.component && *component != *entry.component)
    message += ", updated from what the file says";
  return {file, "deployed", std::move(message)};
}

}  // namespace arcella::runtime
