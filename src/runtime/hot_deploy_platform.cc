// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/hot_deploy_platform.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/file.h"
#include "base/log.h"

namespace arcella::runtime {
namespace {

// Relative mounts begin in the bundle; an archive has no folder but the one it lies in.
std::string folder_of(const std::string& package) {
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(package, error);
  return is_folder ? package : std::filesystem::path(package).parent_path().string();
}

template <class T>
Result<void> without_value(Result<T> result) {
  if (!result.has_value()) return fail(std::move(result).error());
  return {};
}

}  // namespace

aio::Task<Result<HotDeployRecords>> HotDeployPlatform::load() {
  auto read = [path = records_path()]() -> Result<HotDeployRecords> {
    auto document = read_file(path, limits::kHotDeployRecordBytesMax);
    if (document.has_value()) return hot_deploy_records_from(*document);
    if (document.error().code() == ErrorCode::NotFound) return HotDeployRecords();
    return fail(std::move(document).error());
  };
  co_return co_await core_.files_pool.run(std::move(read));
}

aio::Task<Result<PackageFacts>> HotDeployPlatform::examine(PackageSource source) {
  source.with_deployments = true;
  const std::string folder = folder_of(source.path);
  ARCELLA_CO_TRY(auto candidate, co_await components_.examine(std::move(source), std::nullopt));
  const Package& package = candidate.content.package;
  PackageFacts facts(candidate.id);
  facts.named_by_file = !choose_id(std::nullopt, package, candidate.inspection).has_value();
  facts.runnable = candidate.inspection.runnable;
  if (const ComponentRecord* there = core_.registry.find(facts.id)) {
    facts.installed = true;
    facts.same = components_.check_same(*there, candidate).has_value();
  }
  std::vector<DeploymentText> texts;
  for (const PackageText& text : package.deployments) {
    texts.push_back({text.name, text.path, folder, text.text});
  }
  ARCELLA_CO_TRY(facts.deployments, parse_deployment_files(std::move(texts)));
  co_return facts;
}

aio::Task<Result<DeploymentFile>> HotDeployPlatform::read_deployment(std::string path) {
  auto read = [&path] { return read_deployment_files({path}); };
  ARCELLA_CO_TRY(auto files, co_await core_.files_pool.run(std::move(read)));
  co_return std::move(files.front());
}

aio::Task<Result<void>> HotDeployPlatform::install(PackageSource source) {
  auto installed = co_await components_.install(std::move(source));
  co_return without_value(std::move(installed));
}

aio::Task<Result<void>> HotDeployPlatform::replace(PackageSource source) {
  return components_.replace(std::move(source));
}

aio::Task<Result<void>> HotDeployPlatform::put(std::vector<DeploymentFile> files) {
  auto views = co_await deployments_.deploy_files(std::move(files));
  co_return without_value(std::move(views));
}

aio::Task<Result<void>> HotDeployPlatform::update(model::DeploymentId id, model::ComponentId to) {
  UpdateRequest request;
  request.target = id.str();
  request.to = to.str();
  PointOfNoReturn begun;
  auto outcome = co_await updates_.update(std::move(request), begun);
  co_return without_value(std::move(outcome));
}

aio::Task<Result<void>> HotDeployPlatform::start(model::DeploymentId id) {
  auto view = co_await deployments_.start(id.str());
  co_return without_value(std::move(view));
}

aio::Task<Result<void>> HotDeployPlatform::undeploy(model::DeploymentId id) {
  // Who takes a file away means it; what is bound to it may lie in the same package.
  constexpr bool kForce = true;
  return deployments_.undeploy(id.str(), kForce);
}

aio::Task<Result<void>> HotDeployPlatform::remove(model::ComponentId id) {
  auto removed = co_await components_.remove(id.str());
  co_return without_value(std::move(removed));
}

bool HotDeployPlatform::has(const model::ComponentId& id) const {
  return core_.registry.find(id) != nullptr;
}

std::optional<model::ComponentId> HotDeployPlatform::component_of(
    const model::DeploymentId& id) const {
  const DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) return std::nullopt;
  return record->deployment.spec.component;
}

std::vector<model::DeploymentId> HotDeployPlatform::deployments_of(
    const model::ComponentId& id) const {
  std::vector<model::DeploymentId> ids;
  for (const auto& [deployment, record] : core_.registry.deployments()) {
    if (record.deployment.spec.component == id) ids.push_back(deployment);
  }
  return ids;
}

bool HotDeployPlatform::is_used(const model::ComponentId& id) const {
  const auto& deployments = core_.registry.deployments();
  return std::any_of(deployments.begin(), deployments.end(), [&id](const auto& entry) {
    const DeploymentRecord& record = entry.second;
    return record.deployment.spec.component == id ||
           (record.previous && record.previous->spec.component == id);
  });
}

aio::Task<Result<void>> HotDeployPlatform::save(const HotDeployRecords& records) {
  // Made now: what is recorded later may not slip into an earlier write.
  auto write = [path = records_path(), document = to_document(records)] {
    return atomic_write(path, document);
  };
  co_return co_await core_.files_pool.run(std::move(write));
}

aio::Task<void> HotDeployPlatform::report(std::string file, std::string text) {
  if (!text.empty()) {
    const std::string first_line = text.substr(0, text.find('\n'));
    core_.events.record(model::EventKind::OperationFailed, file, "hot deploy: " + first_line);
  }
  auto write = [path = folder() + "/" + file + ".error", &text]() -> Result<void> {
    if (!text.empty()) return atomic_write(path, text);
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return fail(Error::from_errno(errno, "removing '" + path + "'"));
  };
  auto written = co_await core_.files_pool.run(std::move(write));
  if (!written.has_value()) log::warn("hot_deploy", written.error().message(), {{"file", file}});
}

}  // namespace arcella::runtime
