// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A platform of maps: packages are what a test says lies at a path. Every change is noted in
// `done`, and an operation whose words are in `failing` fails.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "manifest/file_names.h"
#include "runtime/hot_deploy_operations.h"
#include "runtime/testing/samples.h"

namespace arcella::runtime::testing {

struct FakePackage {
  std::string id;
  std::string content;
  std::vector<std::string> deployments = {};
  bool runnable = true;
  bool nameless = false;
};

class FakeHotDeployOperations final : public HotDeployOperations {
 public:
  std::map<std::string, FakePackage> packages;           // by path
  std::map<std::string, std::string> module_ids;         // of deployment files, by path
  std::map<model::ComponentId, std::string> components;  // -> content
  std::map<model::DeploymentId, model::ComponentId> deployments;
  std::map<std::string, ErrorCode> failing;
  std::map<std::string, std::string> reports;
  std::vector<std::string> done;
  HotDeployRecords saved;

  aio::Task<Result<PackageFacts>> examine(PackageSource source) override {
    const FakePackage& package = packages.at(source.path);
    if (auto error = failure("examine " + package.content)) co_return fail(*error);
    PackageFacts facts(package.nameless ? *source.fallback_id : component_id(package.id));
    facts.named_by_file = package.nameless;
    auto there = components.find(facts.id);
    facts.installed = there != components.end();
    facts.same = facts.installed && there->second == package.content;
    facts.runnable = package.runnable;
    for (const std::string& name : package.deployments) {
      facts.deployments.push_back(file_of(name, facts.id.str()));
    }
    co_return facts;
  }
  aio::Task<Result<DeploymentFile>> read_deployment(std::string path) override {
    const std::string& module_id = module_ids.at(path);
    if (module_id.empty()) co_return fail(ErrorCode::InvalidManifest, path + ": line 1: bad");
    std::string name = path.substr(path.rfind('/') + 1);
    co_return file_of(name.substr(0, name.find('.')), module_id);
  }

  aio::Task<Result<void>> install(PackageSource source) override {
    return keep("install", std::move(source));
  }
  aio::Task<Result<void>> replace(PackageSource source) override {
    return keep("replace", std::move(source));
  }
  aio::Task<Result<void>> put(std::vector<DeploymentFile> files) override {
    for (const DeploymentFile& file : files) {
      const model::DeploymentSpec& spec = file.spec;
      if (auto error = note("put " + spec.id.str() + " " + spec.component.str()))
        co_return fail(*error);
      deployments.insert_or_assign(spec.id, spec.component);
    }
    co_return Result<void>();
  }
  aio::Task<Result<void>> update(model::DeploymentId id, model::ComponentId to) override {
    if (auto error = note("update " + id.str() + " " + to.str())) co_return fail(*error);
    deployments.insert_or_assign(id, to);
    co_return Result<void>();
  }
  aio::Task<Result<void>> start(model::DeploymentId id) override {
    if (auto error = note("start " + id.str())) co_return fail(*error);
    co_return Result<void>();
  }
  aio::Task<Result<void>> undeploy(model::DeploymentId id) override {
    if (auto error = note("undeploy " + id.str())) co_return fail(*error);
    deployments.erase(id);
    co_return Result<void>();
  }
  aio::Task<Result<void>> remove(model::ComponentId id) override {
    if (auto error = note("remove " + id.str())) co_return fail(*error);
    components.erase(id);
    co_return Result<void>();
  }

  [[nodiscard]] bool has(const model::ComponentId& id) const override {
    return components.contains(id);
  }
  [[nodiscard]] std::optional<model::ComponentId> component_of(
      const model::DeploymentId& id) const override {
    auto found = deployments.find(id);
    if (found == deployments.end()) return std::nullopt;
    return found->second;
  }
  [[nodiscard]] std::vector<model::DeploymentId> deployments_of(
      const model::ComponentId& id) const override {
    std::vector<model::DeploymentId> ids;
    for (const auto& [deployment, component] : deployments) {
      if (component == id) ids.push_back(deployment);
    }
    return ids;
  }

  [[nodiscard]] bool is_used(const model::ComponentId& id) const override {
    return !deployments_of(id).empty();
  }

  aio::Task<Result<void>> save(const HotDeployRecords& records) override {
    if (auto error = failure("save")) co_return fail(*error);
    saved = records;
    co_return Result<void>();
  }
  aio::Task<void> report(std::string file, std::string text) override {
    if (text.empty()) {
      reports.erase(file);
    } else {
      reports[file] = std::move(text);
    }
    co_return;
  }

  // What was done since the last call.
  std::vector<std::string> take_done() { return std::exchange(done, {}); }

 private:
  static DeploymentFile file_of(const std::string& id, const std::string& component) {
    return DeploymentFile{manifest::deployment_file_name(id), "",
                          sample_deployment(id, component, "group").spec};
  }
  std::optional<Error> failure(const std::string& words) const {
    auto found = failing.find(words);
    if (found == failing.end()) return std::nullopt;
    return Error(found->second, words + " fails");
  }
  std::optional<Error> note(const std::string& words) {
    if (auto error = failure(words)) return error;
    done.push_back(words);
    return std::nullopt;
  }
  aio::Task<Result<void>> keep(std::string verb, PackageSource source) {
    const FakePackage& package = packages.at(source.path);
    const model::ComponentId id = package.nameless ? *source.fallback_id : component_id(package.id);
    if (auto error = note(verb + " " + id.str())) co_return fail(*error);
    components.insert_or_assign(id, package.content);
    co_return Result<void>();
  }
};

}  // namespace arcella::runtime::testing
