// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/run_imports.h"

#include <cstdint>
#include <utility>

#include "aio/unix_socket.h"
#include "base/limits.h"
#include "base/log.h"
#include "host/remote_callee.h"
#include "runtime/deployment_waits.h"

namespace arcella::runtime {

RunImports::RunImports(RuntimeCore& core, model::Deployment deployment,
                       model::Component component)
    : core_(core),
      deployment_(std::move(deployment)),
      component_(std::move(component)),
      imports_(std::make_shared<host::Imports>(core.places.pool(), deployment_.spec.provider_wait)),
      scope_(core.io.get_executor()) {}

RunImports::~RunImports() = default;

aio::Task<Result<supervisor::CommandImports>> RunImports::begin() {
  Together alone;
  ARCELLA_CO_TRY_VOID(co_await wait_for_providers(core_, deployment_, std::move(alone)));
  ARCELLA_CO_TRY(auto imports, open());
  for (const ToldImport& wanted : to_bind()) co_await bind(wanted);
  if (port_) scope_.spawn(follow());
  co_return imports;
}

aio::Task<void> RunImports::stop() {
  scope_.cancel();
  co_await scope_.join();
  if (port_) port_->close("the command has ended");
  imports_->close("the command has ended");
}

Result<supervisor::CommandImports> RunImports::open() {
  supervisor::CommandImports imports;
  std::vector<engine::ImportedFunction> functions;
  std::vector<std::vector<std::uint32_t>> numbers;
  for (const ToldImport& wanted : to_bind()) {
    const std::string& interface = wanted.binding.import;
    ipc::RunImport& one = imports.imports.emplace_back();
    one.import = interface;
    one.route.route = static_cast<std::uint32_t>(numbers.size());
    one.route.functions = imported_functions(component_, interface);
    // Whoever serves it at the time has its own, shorter one.
    one.route.call_timeout_ms = limits::kCallTimeoutMax.count();
    std::vector<std::uint32_t>& mine = numbers.emplace_back();
    for (const std::string& function : one.route.functions) {
      mine.push_back(static_cast<std::uint32_t>(functions.size()));
      functions.push_back({interface, function});
    }
  }
  if (numbers.empty()) return imports;
  imports_->set_functions(functions);
  ARCELLA_TRY(auto ends, aio::socket_pair());
  auto lost = [](const Error& why) {
    log::debug("runtime", "the data socket of a command", {{"error", why.message()}});
  };
  ARCELLA_TRY(port_, host::CallPort::open(std::move(ends.first), core_.places.pool(),
                                          host::CallPort::Side::Daemon, lost));
  for (std::uint32_t route = 0; route < numbers.size(); ++route) {
    port_->serve(route, std::make_shared<host::ImportedInterface>(imports_, numbers[route]));
  }
  imports.data = std::move(ends.second);
  return imports;
}

aio::Task<void> RunImports::follow() {
  while (true) {
    const std::vector<ToldImport> missing = to_bind();
    for (const ToldImport& wanted : missing) co_await bind(wanted);
    // Looking and waiting in one turn of the loop: a change while something was bound is not
    // missed.
    if (!missing.empty()) continue;
    const auto changed = co_await core_.reconciler.changed().wait();
    if (!changed.has_value()) co_return;
  }
}

std::vector<ToldImport> RunImports::to_bind() const {
  std::vector<ToldImport> missing;
  // Removed while it runs: what it is bound to stays.
  if (core_.registry.find(deployment_.spec.component) == nullptr) return missing;
  for (ToldImport& wanted : wanted_imports_of(core_.registry, deployment_)) {
    const auto told = told_.find(wanted.binding.import);
    if (told == told_.end() || told->second != wanted) missing.push_back(std::move(wanted));
  }
  return missing;
}

// What cannot be bound as it should leads to nobody, and says why, until something changes.
aio::Task<void> RunImports::bind(ToldImport wanted) {
  const host::ImportBinding& binding = wanted.binding;
  told_.insert_or_assign(binding.import, wanted);
  if (wanted.platform) {
    auto served = imports_->bind(binding.import, core_.reconciler.platform(), binding.exported);
    if (!served.has_value()) imports_->unbind(binding.import, served.error().message());
    co_return;
  }
  if (!binding.provider) {
    imports_->unbind(binding.import, binding.why_not);
    co_return;
  }
  std::vector<std::string> names;
  for (const std::string& function : imported_functions(component_, binding.import))
    names.push_back(model::full_function_name(binding.exported, function));
  auto callee =
      co_await core_.places.at(wanted.provider_place).callee(*binding.provider, std::move(names));
  const auto bound = callee.has_value() ? imports_->bind(binding.import, *callee, binding.exported)
                                        : Result<void>(fail(callee.error()));
  if (!bound.has_value()) imports_->unbind(binding.import, bound.error().message());
}

}  // namespace arcella::runtime
