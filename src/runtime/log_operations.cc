// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/log_operations.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/limits.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

aio::Task<Result<LogAnswer>> LogOperations::logs(LogQuery query) {
  const auto lines = static_cast<std::size_t>(std::max(query.lines, 0));
  const GuestLogs::Query one{query.index, lines, query.since_ms};
  std::vector<model::DeploymentId> ids;
  std::optional<model::DeploymentId> named;
  if (query.deployment) {
    ARCELLA_CO_TRY(const DeploymentRecord* record,
                   core_.registry.find_deployment(*query.deployment));
    named = record->deployment.spec.id;
    ids.push_back(*named);
  } else {
    for (const auto& [id, record] : core_.registry.deployments()) ids.push_back(id);
  }
  // What takes time first: the files.
  std::map<model::DeploymentId, std::vector<model::LogLine>> older;
  std::size_t bytes_left = limits::kGuestLogReadBytesMax;
  for (const model::DeploymentId& id : ids) {
    const DeploymentRecord* record = core_.registry.find(id);
    if (record == nullptr || !core_.logs.needs_file(*record, one)) continue;
    older[id] = co_await core_.logs.read_file(id, one, bytes_left);
  }
  // From here on nothing is awaited: the rings have all that came since, and the follower hears
  // what comes next.
  LogAnswer answer;
  for (const model::DeploymentId& id : ids) {
    const DeploymentRecord* record = core_.registry.find(id);
    if (record == nullptr) continue;
    model::LogTail tail = core_.logs.tail(*record, one, std::move(older[id]));
    answer.tail.dropped += tail.dropped;
    std::move(tail.lines.begin(), tail.lines.end(), std::back_inserter(answer.tail.lines));
  }
  if (ids.size() > 1) sort_and_cut(answer.tail.lines, lines);
  if (query.follower) {
    answer.following = core_.logs.follow(named, query.index, std::move(query.follower));
  }
  co_return answer;
}

}  // namespace arcella::runtime
