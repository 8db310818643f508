// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/platform_answers.h"

#include <utility>

namespace arcella::runtime {

std::vector<model::DeploymentView> RuntimeAnswers::deployments() const {
  std::vector<model::DeploymentView> views;
  for (const auto& [id, record] : core_.registry.deployments()) views.push_back(view_of(record));
  return views;
}

std::vector<model::Event> RuntimeAnswers::events(std::size_t count) const {
  return core_.events.tail({{}, {}, count}).events;
}

aio::Task<Result<std::string>> RuntimeAnswers::call(std::string deployment, std::string function,
                                                    std::string arguments,
                                                    std::chrono::milliseconds timeout,
                                                    host::CallChainPtr caller) {
  CallRequest request{
      std::move(deployment), {}, std::move(function), std::move(arguments), timeout};
  co_return co_await calls_.call(std::move(request), std::move(caller));
}

}  // namespace arcella::runtime
