// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/worker_links.h"

#include <algorithm>

#include "base/limits.h"
#include "base/log.h"

namespace arcella::runtime {
namespace {

bool is_of(const WorkerLinks::Groups& groups, const model::GroupName& group) {
  return groups.first == group || groups.second == group;
}

WorkerLinks::Groups groups_of(model::GroupName one, model::GroupName other) {
  if (other < one) std::swap(one, other);
  return {std::move(one), std::move(other)};
}

const model::GroupName& other_of(const WorkerLinks::Groups& groups, const model::GroupName& group) {
  return groups.first == group ? groups.second : groups.first;
}

}  // namespace

WorkerLinks::WorkerLinks(boost::asio::io_context& io, supervisor::WorkerManager& manager)
    : io_(io), manager_(manager), scope_(io.get_executor()) {}

WorkerLinks::~WorkerLinks() = default;

aio::Task<Result<WorkerLinks::Number>> WorkerLinks::lend(Loan loan) {
  Groups groups = groups_of(loan.consumer_group, loan.provider_group);
  ARCELLA_CO_TRY(const Number number, co_await between(std::move(groups)));
  // Before it is lent: it may be unloaded meanwhile.
  const LinkPtr link = links_.at(number);
  link->consumers.emplace(loan.consumer_group, loan.consumer);
  ipc::LendExport lend{0, number, loan.route, std::move(loan.consumer), std::move(loan.provider)};
  lend.exported = std::move(loan.exported);
  lend.functions = std::move(loan.functions);
  ipc::ToWorker message = std::move(lend);
  std::vector<UniqueFd> none;
  auto lent = co_await ask(std::move(loan.provider_group), std::move(message), std::move(none));
  if (!lent.has_value()) {
    // Others would wait as long.
    if (lent.error().code() == ErrorCode::DeadlineExceeded) spoil(number);
    co_return fail(std::move(lent).error());
  }
  if (!has(number)) co_return fail(ErrorCode::Unavailable, "the link has gone");
  co_return number;
}

aio::Task<Result<WorkerLinks::Number>> WorkerLinks::between(Groups groups) {
  while (true) {
    if (spoiled_.contains(groups))
      co_return fail(ErrorCode::Unavailable, "the link between the two workers was lost");
    auto known = by_groups_.find(groups);
    if (known == by_groups_.end()) co_return co_await open(std::move(groups));
    LinkPtr link = links_.at(known->second);
    if (link->open) co_return known->second;
    ARCELLA_CO_TRY_VOID(co_await link->settled.wait());
    // Opened by another that wants it too; or not, and then whoever looks first tries again.
  }
}

aio::Task<Result<WorkerLinks::Number>> WorkerLinks::open(Groups groups) {
  for (const model::GroupName* group : {&groups.first, &groups.second}) {
    if (count_of(*group) >= limits::kWorkerLinksMax)
      co_return fail(ErrorCode::LimitExceeded, "worker " + group->str() + " has too many links");
  }
  const Number number = ++last_;
  LinkPtr link = std::make_shared<Link>(groups, io_.get_executor());
  links_.emplace(number, link);
  by_groups_.emplace(groups, number);
  auto handed = co_await hand_over(groups, number);
  if (!has(number)) co_return fail(ErrorCode::Unavailable, "the link has gone");
  if (!handed.has_value()) {
    // Whoever has an end already sees the other one closed.
    spoil(number);
    co_return fail(std::move(handed).error());
  }
  link->open = true;
  link->settled.set();
  log::debug("runtime", "two workers have a link",
             {{"link", number}, {"one", groups.first.str()}, {"other", groups.second.str()}});
  co_return number;
}

aio::Task<Result<void>> WorkerLinks::hand_over(Groups groups, Number number) {
  ARCELLA_CO_TRY(auto ends, ipc::make_data_channel());
  ARCELLA_CO_TRY_VOID(co_await hand_end_over(groups.first, number, std::move(ends.first)));
  co_return co_await hand_end_over(groups.second, number, std::move(ends.second));
}

aio::Task<Result<void>> WorkerLinks::hand_end_over(model::GroupName group, Number number,
                                                   ipc::DataEnd end) {
  ipc::ToWorker message = ipc::OpenLink{0, number, end.first};
  std::vector<UniqueFd> fds;
  fds.push_back(std::move(end.socket));
  fds.push_back(std::move(end.memory));
  co_return co_await ask(std::move(group), std::move(message), std::move(fds));
}

aio::Task<Result<void>> WorkerLinks::ask(model::GroupName group, ipc::ToWorker message,
                                         std::vector<UniqueFd> fds) {
  auto reply = co_await manager_.request(std::move(group), std::move(message), std::move(fds),
                                         limits::kResolveTimeout);
  if (!reply.has_value()) co_return fail(std::move(reply).error());
  co_return Result<void>();
}

aio::Task<void> WorkerLinks::tell(model::GroupName group, ipc::ToWorker message) {
  std::vector<UniqueFd> none;
  auto told = co_await ask(std::move(group), std::move(message), std::move(none));
  if (!told.has_value())
    log::debug("runtime", "a worker was told of a link", {{"error", told.error().message()}});
}

void WorkerLinks::withdraw(Number link, const model::GroupName& consumer_group,
                           const model::DeploymentId& consumer, std::uint32_t route) {
  const auto known = links_.find(link);
  if (known == links_.end()) return;
  ipc::ToWorker message = ipc::LendExport{0, link, route, consumer};
  scope_.spawn(tell(other_of(known->second->groups, consumer_group), std::move(message)));
}

void WorkerLinks::forget(const model::GroupName& consumer_group,
                         const model::DeploymentId& consumer) {
  for (const auto& [number, link] : links_) {
    if (link->consumers.erase({consumer_group, consumer}) == 0) continue;
    ipc::ToWorker message = ipc::ForgetConsumer{0, number, consumer};
    scope_.spawn(tell(other_of(link->groups, consumer_group), std::move(message)));
  }
}

std::optional<WorkerLinks::Groups> WorkerLinks::on_lost(const model::GroupName& group,
                                                        const ipc::LinkLost& lost) {
  const auto known = links_.find(lost.link);
  if (known == links_.end() || !is_of(known->second->groups, group)) return std::nullopt;
  Groups groups = known->second->groups;
  // A worker that has just died closes its links first, which is nobody's fault.
  log::write(lost.broken ? log::Level::Warn : log::Level::Info, "runtime",
             "a link is lost: until one of the two workers is started again, calls between them go "
             "through the daemon",
             {{"one", groups.first.str()},
              {"other", groups.second.str()},
              {"told_by", group.str()},
              {"reason", lost.message}});
  spoil(lost.link);
  return groups;
}

void WorkerLinks::on_up(const model::GroupName& group) {
  std::erase_if(spoiled_, [&](const Groups& groups) { return is_of(groups, group); });
}

void WorkerLinks::on_down(const model::GroupName& group) {
  std::vector<Number> gone;
  for (const auto& [number, link] : links_) {
    if (is_of(link->groups, group)) gone.push_back(number);
  }
  for (const Number number : gone) erase(number);
}

std::size_t WorkerLinks::count_of(const model::GroupName& group) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_groups_, [&](const auto& entry) { return is_of(entry.first, group); }));
}

void WorkerLinks::erase(Number number) {
  auto gone = links_.extract(number);
  if (gone.empty()) return;
  by_groups_.erase(gone.mapped()->groups);
  gone.mapped()->settled.set();
}

void WorkerLinks::spoil(Number number) {
  const auto known = links_.find(number);
  if (known == links_.end()) return;
  spoiled_.insert(known->second->groups);
  erase(number);
}

aio::Task<void> WorkerLinks::stop() {
  scope_.cancel();
  co_await scope_.join();
}

}  // namespace arcella::runtime
