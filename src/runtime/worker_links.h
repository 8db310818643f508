// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The links between workers: for two groups one data channel of their own, made when the first
// import of the one is to lead directly to a deployment of the other (docs/decisions/0019). The
// daemon has no end of it; it makes the pair of sockets, gives both away, and says what may be
// called. A pair of groups whose link is lost has none until one of the two is started again, so a
// worker that breaks its links again and again makes no work.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "aio/event.h"
#include "aio/task.h"
#include "aio/task_scope.h"
#include "base/error.h"
#include "base/result.h"
#include "ipc/control_message.h"
#include "ipc/data_end.h"
#include "model/ids.h"
#include "supervisor/worker_manager.h"

namespace arcella::runtime {

// Owner: PlaceTable.  Thread: control.  Stop: co_await stop() before destruction, when the workers
// have ended.
class WorkerLinks {
 public:
  using Number = std::uint64_t;  // never 0, never used again
  // The two groups, the smaller name first.
  using Groups = std::pair<model::GroupName, model::GroupName>;

  // What a consumer in one worker may call of a provider in another.
  struct Loan {
    model::GroupName consumer_group;
    model::DeploymentId consumer;
    std::uint32_t route = 0;  // of the consumer's worker: no two of its imports have the same
    model::GroupName provider_group;
    model::DeploymentId provider;
    std::string exported;
    std::vector<std::string> functions;  // without the interface
  };

  WorkerLinks(boost::asio::io_context& io, supervisor::WorkerManager& manager);
  ~WorkerLinks();
  WorkerLinks(const WorkerLinks&) = delete;
  WorkerLinks& operator=(const WorkerLinks&) = delete;

  // The consumer's worker may call by this link from now on. Unavailable: a worker is not up, or
  // the two had a link and lost it; LimitExceeded: limits::kWorkerLinksMax; what the provider's
  // worker answers.
  aio::Task<Result<Number>> lend(Loan loan);
  [[nodiscard]] bool has(Number link) const { return links_.contains(link); }
  // The consumer's import leads elsewhere. Does not wait; no-op if the link has gone.
  void withdraw(Number link, const model::GroupName& consumer_group,
                const model::DeploymentId& consumer, std::uint32_t route);
  // The consumer is unloaded. Does not wait.
  void forget(const model::GroupName& consumer_group, const model::DeploymentId& consumer);

  // What a worker says (untrusted): whose link it was; nothing, if the worker has no such link.
  std::optional<Groups> on_lost(const model::GroupName& group, const ipc::LinkLost& lost);
  // A new process, which has broken nothing yet.
  void on_up(const model::GroupName& group);
  // The worker is gone, and its links with it.
  void on_down(const model::GroupName& group);

  aio::Task<void> stop();

 private:
  struct Link {
    Link(Groups between, const boost::asio::any_io_executor& executor)
        : groups(std::move(between)), settled(executor) {}
    const Groups groups;
    bool open = false;   // both workers have their end
    aio::Event settled;  // it is open, or forgotten
    // Who was lent anything: the group is the consumer's.
    std::set<std::pair<model::GroupName, model::DeploymentId>> consumers;
  };
  using LinkPtr = std::shared_ptr<Link>;  // the table, and who waits for it to be settled

  aio::Task<Result<Number>> between(Groups groups);
  aio::Task<Result<Number>> open(Groups groups);
  aio::Task<Result<void>> hand_over(Groups groups, Number number);
  aio::Task<Result<void>> hand_end_over(model::GroupName group, Number number, ipc::DataEnd end);
  aio::Task<Result<void>> ask(model::GroupName group, ipc::ToWorker message,
                              std::vector<UniqueFd> fds);
  aio::Task<void> tell(model::GroupName group, ipc::ToWorker message);
  [[nodiscard]] std::size_t count_of(const model::GroupName& group) const;
  void erase(Number number);
  // It is lost, and its pair gets no other for now.
  void spoil(Number number);

  boost::asio::io_context& io_;
  supervisor::WorkerManager& manager_;
  std::map<Number, LinkPtr> links_;
  std::map<Groups, Number> by_groups_;
  std::set<Groups> spoiled_;  // had a link and lost it
  Number last_ = 0;
  aio::TaskScope scope_;
};

}  // namespace arcella::runtime
