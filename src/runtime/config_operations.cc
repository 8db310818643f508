// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/config_operations.h"

#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

std::vector<model::ConfigEntry> ConfigOperations::values() const {
  return core_.settings.entries();
}

aio::Task<Result<model::ReloadOutcome>> ConfigOperations::reload() {
  auto read = [this] { return load_config(core_.config.sources); };
  ARCELLA_CO_TRY(auto next, co_await core_.files_pool.run(std::move(read)));
  model::ReloadOutcome outcome;
  manifest::LoadedConfig now = manifest::reloaded(core_.settings, next, outcome);
  ARCELLA_CO_TRY_VOID(log::configure(manifest::log_options(now.config, core_.config.home)));
  core_.settings = std::move(now);
  core_.logs.configure(core_.settings.config);
  log::info("runtime", "the configuration was read again",
            {{"applied", join(outcome.applied, ",")},
             {"needs_restart", join(outcome.needs_restart, ",")}});
  co_return outcome;
}

}  // namespace arcella::runtime
