// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/worker_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aio/await.h"
#include "aio/testing/run.h"
#include "base/limits.h"
#include "base/testing/fake_clock.h"
#include "ipc/control_channel.h"
#include "ipc/handshake.h"
#include "runtime/testing/samples.h"
#include "supervisor/testing/fake_spawner.h"

namespace arcella::runtime {
namespace {

using testing::deployment_id;
using ::testing::ElementsAre;
using testing::group_name;
using ::testing::IsEmpty;
using Number = WorkerLinks::Number;
using Journal = std::vector<std::string>;

class Nobody final : public supervisor::WorkerListener {
 public:
  void on_worker_up(const model::GroupName&, ipc::DataEnd) override {}
  void on_worker_down(const model::GroupName&, const std::string&, bool,
                      std::optional<std::chrono::milliseconds>) override {}
  void on_worker_message(const model::GroupName&, ipc::FromWorker) override {}
};

// A worker that does all that it is told, or refuses the next that it is told, and writes it down.
class FakeWorker {
 public:
  FakeWorker(const boost::asio::any_io_executor& executor,
             supervisor::testing::FakeProcess& process)
      : control(executor, process.take_fd(ipc::kServeControlFd)) {
    (void)control.send(ipc::Hello{ipc::kProtocolVersion, process.pid, "fake"});
  }

  aio::Task<> serve() {
    while (true) {
      auto received = co_await control.receive();
      if (!received.has_value()) co_return;
      ipc::Reply reply;
      if (const auto* open = std::get_if<ipc::OpenLink>(&received->message)) {
        reply.request = open->request;
        told.push_back("open " + std::to_string(open->link));
        EXPECT_EQ(received->fds.size(), 2U);
        links[open->link] = std::move(received->fds.at(0));
        firsts.push_back(open->first);
      } else if (const auto* lend = std::get_if<ipc::LendExport>(&received->message)) {
        reply.request = lend->request;
        told.push_back((lend->provider ? "lend " : "withdraw ") + std::to_string(lend->link) + " " +
                       lend->consumer.str() + " " + std::to_string(lend->route));
      } else if (const auto* forget = std::get_if<ipc::ForgetConsumer>(&received->message)) {
        reply.request = forget->request;
        told.push_back("forget " + std::to_string(forget->link) + " " + forget->consumer.str());
      }
      if (std::exchange(refuses, false)) reply.error = Error(ErrorCode::NotFound, "no");
      (void)control.send(reply);
    }
  }
  Journal take() { return std::exchange(told, {}); }

  ipc::WorkerControlChannel control;
  std::map<Number, UniqueFd> links;
  std::vector<bool> firsts;
  Journal told;
  bool refuses = false;
};

struct Fixture {
  Fixture() : spawner(loop.executor()), manager(loop.io(), clock, nobody, config(), spawner) {}
  static supervisor::WorkerManagerConfig config() {
    supervisor::WorkerManagerConfig result;
    result.worker_program = "/opt/arcella-worker";
    result.ready_timeout = std::chrono::hours(1);
    return result;
  }

  // A worker of the group is up when this returns.
  aio::Task<FakeWorker*> start(std::string name) {
    aio::TaskScope scope(loop.executor());
    const std::size_t before = spawner.processes.size();
    scope.spawn(ensure(name));
    while (spawner.processes.size() == before) co_await aio::yield();
    auto& worker = workers[name];
    worker = std::make_unique<FakeWorker>(loop.executor(), *spawner.processes.back());
    tasks.spawn(worker->serve());
    co_await scope.join();
    links.on_up(group_name(name));
    co_return worker.get();
  }
  aio::Task<> ensure(std::string name) {
    model::GroupName group = group_name(name);
    model::WorkerTraits traits;
    auto up = co_await manager.ensure_up(std::move(group), traits);
    EXPECT_TRUE(up.has_value()) << up.error().message();
  }
  aio::Task<> stop() {
    co_await manager.stop_all(std::chrono::milliseconds(0));
    co_await links.stop();
    co_await tasks.join();
  }
  static WorkerLinks::Loan loan(std::string_view from, std::string_view to,
                                std::string_view consumer = "shop", std::uint32_t route = 3) {
    return {group_name(from),      deployment_id(consumer), route,  group_name(to),
            deployment_id("calc"), "demo:calc/ops@1.0.0",   {"add"}};
  }
  // A task of its own, for some at once.
  aio::Task<> lend_into(Result<Number>& result, WorkerLinks::Loan what) {
    result = co_await links.lend(std::move(what));
  }
  // Until the workers have been told what does not wait for an answer.
  aio::Task<> until_told(FakeWorker& worker, std::size_t count) {
    while (worker.told.size() < count) co_await aio::yield();
  }

  aio::Loop loop;
  arcella::testing::FakeClock clock;
  Nobody nobody;
  supervisor::testing::FakeSpawner spawner;
  supervisor::WorkerManager manager;
  WorkerLinks links{loop.io(), manager};
  std::map<std::string, std::unique_ptr<FakeWorker>> workers;
  aio::TaskScope tasks{loop.executor()};
};

aio::Task<> makes_one_of_each_pair(Fixture& fixture) {
  FakeWorker& web = *co_await fixture.start("web");
  FakeWorker& math = *co_await fixture.start("math");
  aio::TaskScope scope(fixture.loop.executor());
  Result<Number> first = fail(ErrorCode::Internal, "");
  Result<Number> second = first;
  scope.spawn(fixture.lend_into(first, Fixture::loan("web", "math", "shop", 3)));
  scope.spawn(fixture.lend_into(second, Fixture::loan("web", "math", "cart", 4)));
  co_await scope.join();
  EXPECT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(*first, *second) << "who came second has waited for it";
  WorkerLinks::Loan back_loan = Fixture::loan("math", "web", "adder", 1);
  auto back = co_await fixture.links.lend(std::move(back_loan));
  EXPECT_EQ(*back, *first) << "it serves both directions";
  EXPECT_THAT(web.take(), ElementsAre("open 1", "lend 1 adder 1"));
  EXPECT_THAT(math.take(), ElementsAre("open 1", "lend 1 shop 3", "lend 1 cart 4"));
  EXPECT_NE(web.firsts, math.firsts) << "each has a half of the memory";
  EXPECT_EQ(::send(web.links[1].get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(::recv(math.links[1].get(), &byte, 1, 0), 1) << "both ends of one socket";

  fixture.links.withdraw(1, group_name("web"), deployment_id("shop"), 3);
  fixture.links.forget(group_name("web"), deployment_id("cart"));
  fixture.links.forget(group_name("web"), deployment_id("adder"));  // of another worker
  co_await fixture.until_told(math, 2);
  EXPECT_THAT(math.take(), ElementsAre("withdraw 1 shop 3", "forget 1 cart"));
  EXPECT_THAT(web.take(), IsEmpty());
  co_await fixture.stop();
}
TEST(WorkerLinks, MakesOneOfEachPairAndSaysWhatMayBeCalled) {
  Fixture fixture;
  aio::testing::run(fixture.loop, makes_one_of_each_pair(fixture));
}

aio::Task<> is_believed_of_its_own(Fixture& fixture) {
  co_await fixture.start("web");
  co_await fixture.start("math");
  co_await fixture.start("other");
  WorkerLinks::Loan one = Fixture::loan("web", "math");
  WorkerLinks::Loan two = one;
  WorkerLinks::Loan three = one;
  WorkerLinks::Loan apart = Fixture::loan("other", "math");
  auto link = co_await fixture.links.lend(std::move(one));
  const ipc::LinkLost lost{*link, true, "nonsense"};
  EXPECT_FALSE(fixture.links.on_lost(group_name("other"), lost)) << "it has no such link";
  EXPECT_FALSE(fixture.links.on_lost(group_name("web"), {99, true, ""}));
  EXPECT_TRUE(fixture.links.has(*link));
  const auto groups = fixture.links.on_lost(group_name("web"), lost);
  EXPECT_EQ(groups, WorkerLinks::Groups(group_name("math"), group_name("web")));
  EXPECT_FALSE(fixture.links.has(*link));
  EXPECT_FALSE(fixture.links.on_lost(group_name("math"), lost)) << "the other end tells it too";
  auto again = co_await fixture.links.lend(std::move(two));
  EXPECT_EQ(again.error().code(), ErrorCode::Unavailable) << "the pair has had its chance";
  auto others = co_await fixture.links.lend(std::move(apart));
  EXPECT_TRUE(others.has_value());
  fixture.links.on_down(group_name("web"));
  fixture.links.on_up(group_name("web"));
  auto anew = co_await fixture.links.lend(std::move(three));
  EXPECT_TRUE(anew.has_value() && *anew > *link);
  EXPECT_TRUE(fixture.links.has(*others));
  co_await fixture.stop();
}
TEST(WorkerLinks, AWorkerIsBelievedOfItsOwnLinksAndTheirPairIsLeftAlone) {
  Fixture fixture;
  aio::testing::run(fixture.loop, is_believed_of_its_own(fixture));
}

aio::Task<> fails(Fixture& fixture) {
  FakeWorker& web = *co_await fixture.start("web");
  FakeWorker& math = *co_await fixture.start("math");
  math.refuses = true;
  WorkerLinks::Loan one = Fixture::loan("web", "math");
  WorkerLinks::Loan two = one;
  WorkerLinks::Loan three = one;
  auto refused = co_await fixture.links.lend(std::move(one));
  EXPECT_EQ(refused.error().code(), ErrorCode::NotFound);
  EXPECT_THAT(web.take(), IsEmpty()) << "the first end was not taken";
  fixture.links.on_up(group_name("web"));
  auto lent = co_await fixture.links.lend(std::move(two));
  EXPECT_TRUE(lent.has_value());
  math.refuses = true;
  auto lacks = co_await fixture.links.lend(std::move(three));
  EXPECT_EQ(lacks.error().code(), ErrorCode::NotFound);
  EXPECT_TRUE(fixture.links.has(*lent)) << "the link is as good as before";
  fixture.links.on_down(group_name("math"));
  EXPECT_FALSE(fixture.links.has(*lent));
  WorkerLinks::Loan nowhere = Fixture::loan("web", "gone");
  auto gone = co_await fixture.links.lend(std::move(nowhere));
  EXPECT_EQ(gone.error().code(), ErrorCode::Unavailable);
  co_await fixture.stop();
}
TEST(WorkerLinks, AWorkerThatRefusesCostsNobodyElse) {
  Fixture fixture;
  aio::testing::run(fixture.loop, fails(fixture));
}

aio::Task<> is_bounded(Fixture& fixture) {
  co_await fixture.start("web");
  for (std::size_t i = 0; i <= limits::kWorkerLinksMax; ++i) {
    const std::string group = "g" + std::to_string(i);
    co_await fixture.start(group);
    WorkerLinks::Loan next = Fixture::loan("web", group);
    auto lent = co_await fixture.links.lend(std::move(next));
    EXPECT_EQ(lent.has_value(), i < limits::kWorkerLinksMax);
    if (!lent.has_value()) EXPECT_EQ(lent.error().code(), ErrorCode::LimitExceeded);
  }
  co_await fixture.stop();
}
TEST(WorkerLinks, AreBounded) {
  Fixture fixture;
  aio::testing::run(fixture.loop, is_bounded(fixture));
}

}  // namespace
}  // namespace arcella::runtime
