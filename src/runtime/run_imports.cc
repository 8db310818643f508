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

RunImports::RunImports(RuntimeCore& core, model::Deployment deployment, model::Component component)
    : core_(core),
      deployment_(std::move(deployment)),
      component_(std::move(component)),
      handles_(std::make_shared<host::Handles>()),
      scope_(core.io.get_executor()) {}

RunImports::~RunImports() = default;

aio::Task<Result<supervisor::CommandImports>> RunImports::begin() {
  Together alone;
  ARCELLA_CO_TRY_VOID(co_await wait_for_providers(core_, deployment_, std::move(alone)));
  ARCELLA_CO_TRY(auto imports, open());
  if (!port_) co_return imports;
  for (const ToldImport& wanted : to_bind()) co_await bind(wanted);
  scope_.spawn(follow());
  co_return imports;
}

aio::Task<void> RunImports::stop() {
  scope_.cancel();
  co_await scope_.join();
  if (port_) port_->close("the command has ended");
}

Result<supervisor::CommandImports> RunImports::open() {
  supervisor::CommandImports imports;
  for (const ToldImport& wanted : to_bind()) {
    ipc::RunImport& one = imports.imports.emplace_back();
    one.import = wanted.binding.import;
    one.route.route = static_cast<std::uint32_t>(routes_.size());
    one.route.functions = imported_functions(component_, one.import);
    // Whoever serves it at the time has its own, shorter one.
    one.route.call_timeout_ms = limits::kCallTimeoutMax.count();
    routes_.emplace(one.import, one.route.route);
  }
  if (routes_.empty()) return imports;
  ARCELLA_TRY(auto ends, aio::socket_pair());
  auto lost = [](const Error& why) {
    log::debug("runtime", "the data socket of a command", {{"error", why.message()}});
  };
  ARCELLA_TRY(port_, host::CallPort::open(ipc::DataEnd(std::move(ends.first)), core_.places.pool(),
                                          host::CallPort::Side::Daemon, lost));
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
  const std::vector<std::string> functions = imported_functions(component_, binding.import);
  const auto callee = co_await core_.reconciler.callee_of(wanted, functions);
  const auto numbers = callee.and_then(
      [&](auto& known) { return host::numbers_of(*known, binding.exported, functions); });
  const std::uint32_t route = routes_.at(binding.import);
  if (numbers.has_value()) {
    port_->serve(route, std::make_shared<host::Route>(route, *callee, *numbers, handles_));
  } else {
    port_->serve(route, std::make_shared<host::Nobody>(numbers.error().message()));
  }
}

}  // namespace arcella::runtime
