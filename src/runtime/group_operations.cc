// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/group_operations.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"

namespace arcella::runtime {
namespace {

std::string of_group(const Selection& selection) {
  return selection.group.empty() ? std::string() : " of group '" + selection.group + "'";
}

// What became of each, and of all together.
class Outcomes {
 public:
  void add(const std::string& deployment, Result<model::DeploymentView> result) {
    if (result.has_value()) {
      lines_.push_back(deployment + ": " + result->state);
      views_.push_back(std::move(*result));
      return;
    }
    lines_.push_back(deployment + ": " + result.error().message());
    if (!first_failure_) first_failure_ = result.error();
  }

  Result<std::vector<model::DeploymentView>> whole(const Selection& selection,
                                                   const std::string& done) && {
    if (!first_failure_) return std::move(views_);
    std::size_t failed = lines_.size() - views_.size();
    Error error(first_failure_->code(),
                std::to_string(failed) + " of " + std::to_string(lines_.size()) + " deployments" +
                    of_group(selection) + " did not " + done + ": " + first_failure_->message());
    return fail(std::move(error).with_detail(join(lines_, "\n")));
  }

 private:
  std::vector<model::DeploymentView> views_;
  std::vector<std::string> lines_;
  std::optional<Error> first_failure_;
};

}  // namespace

aio::Task<Result<GroupOperations::Views>> GroupOperations::start(Selection selection) {
  ARCELLA_CO_TRY(auto ids, selected(selection));
  Outcomes outcomes;
  std::set<std::string> failed;
  for (const std::string& id : ids) {
    Together others = together(ids, failed);
    auto started = co_await deployments_.start(id, std::move(others));
    if (!started.has_value()) failed.insert(id);
    outcomes.add(id, std::move(started));
  }
  co_return std::move(outcomes).whole(selection, "start");
}

aio::Task<Result<GroupOperations::Views>> GroupOperations::stop(Selection selection) {
  ARCELLA_CO_TRY(auto ids, selected(selection));
  std::reverse(ids.begin(), ids.end());
  Outcomes outcomes;
  for (const std::string& id : ids) {
    auto stopped = co_await deployments_.stop(id);
    outcomes.add(id, std::move(stopped));
  }
  co_return std::move(outcomes).whole(selection, "stop");
}

// What goes round in circles needs each other before it runs.
Together GroupOperations::together(const std::vector<std::string>& ids,
                                   const std::set<std::string>& failed) const {
  Together result;
  for (const std::string& id : ids) {
    auto record = std::as_const(core_.registry).find_deployment(id);
    if (failed.contains(id) || !record.has_value()) continue;
    result.emplace((*record)->deployment.spec.id, (*record)->deployment);
  }
  return result;
}

Result<std::vector<std::string>> GroupOperations::selected(const Selection& selection) const {
  std::vector<model::DeploymentId> found;
  std::vector<std::string> missing;
  if (!selection.group.empty()) {
    ARCELLA_TRY(found, members(selection.group));
  }
  for (const std::string& id : selection.deployments) {
    auto record = std::as_const(core_.registry).find_deployment(id);
    if (record.has_value()) {
      found.push_back((*record)->deployment.spec.id);
    } else {
      missing.push_back(id);
    }
  }
  std::vector<std::string> ids;
  for (const model::DeploymentId& id : in_start_order(core_.registry, found))
    ids.push_back(id.str());
  ids.insert(ids.end(), missing.begin(), missing.end());
  return ids;
}

Result<std::vector<model::DeploymentId>> GroupOperations::members(const std::string& group) const {
  std::vector<model::DeploymentId> found;
  std::set<std::string> known;
  for (const auto& [id, record] : core_.registry.deployments()) {
    model::Place place = place_of(record.deployment);
    if (!place) continue;
    known.insert(place->str());
    if (place->str() == group) found.push_back(id);
  }
  if (!found.empty()) return found;
  const std::vector<std::string_view> names(known.begin(), known.end());
  return fail(ErrorCode::NotFound,
              "no deployment is in a group '" + inert(group) + "'" + did_you_mean(group, names));
}

}  // namespace arcella::runtime
