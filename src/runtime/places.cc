// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/places.h"

#include <utility>
#include <variant>

namespace arcella::runtime {

PlaceTable::PlaceTable(boost::asio::io_context& io, const Clock& clock, aio::WorkerPool& blocking,
                       PlaceListener& listener, supervisor::WorkerManagerConfig config,
                       engine::EngineConfig main_config)
    : io_(io),
      listener_(listener),
      manager_(io, clock, *this, std::move(config)),
      links_(io, manager_),
      main_(io, blocking, *pool_, listener, main_config) {}

// The pool goes when nothing begins in it any more, and before the engine of its last guests.
PlaceTable::~PlaceTable() {
  workers_.clear();
  main_.let_go();
  pool_.reset();
}

WorkerBackend& PlaceTable::worker(const model::GroupName& group) {
  return workers_.try_emplace(group, io_, *pool_, manager_, links_, group).first->second;
}

InstanceBackend& PlaceTable::at(const model::Place& place) {
  if (!place) return main_;
  return worker(*place);
}

PlaceStatus PlaceTable::status(const model::Place& place) const {
  if (!place) return main_.status();
  auto known = workers_.find(*place);
  return known == workers_.end() ? PlaceStatus() : known->second.status();
}

std::vector<model::ObservedWorker> PlaceTable::workers() const {
  std::vector<model::ObservedWorker> result;
  for (const supervisor::WorkerStatus& worker : manager_.status()) {
    result.push_back({worker.group, worker.state, worker.traits});
  }
  return result;
}

aio::Task<void> PlaceTable::stop(std::chrono::milliseconds deadline) {
  co_await manager_.stop_all(deadline);
  co_await links_.stop();
}

void PlaceTable::on_worker_up(const model::GroupName& group, ipc::DataEnd data) {
  worker(group).on_up(std::move(data));
  links_.on_up(group);
  listener_.on_place_up(group);
}

void PlaceTable::on_worker_down(const model::GroupName& group, const std::string& reason,
                                bool failed, std::optional<std::chrono::milliseconds> retry_in) {
  auto known = workers_.find(group);
  if (known != workers_.end()) known->second.on_down(reason);
  links_.on_down(group);
  PlaceLoss loss = failed ? PlaceLoss::Failed : retry_in ? PlaceLoss::Retrying : PlaceLoss::Asked;
  listener_.on_place_down(group, reason, loss);
}

void PlaceTable::on_worker_message(const model::GroupName& group, ipc::FromWorker message) {
  if (auto* reported = std::get_if<ipc::InstanceReported>(&message)) {
    host::InstanceReport report{.instance = std::move(reported->instance),
                                .event = reported->event,
                                .exit_status = reported->exit_status,
                                .message = std::move(reported->message),
                                .backtrace = std::move(reported->backtrace)};
    listener_.on_report(group, std::move(report));
  } else if (auto* printed = std::get_if<ipc::Output>(&message)) {
    GuestOutput output(std::move(printed->instance), printed->stderr_stream);
    output.text = std::move(printed->text);
    output.text += '\n';  // a message is one whole line
    output.dropped = printed->dropped;
    listener_.on_output(group, std::move(output));
  } else if (const auto* lost = std::get_if<ipc::LinkLost>(&message)) {
    if (const auto groups = links_.on_lost(group, *lost))
      listener_.on_link_lost(groups->first, groups->second);
  }
}

}  // namespace arcella::runtime
