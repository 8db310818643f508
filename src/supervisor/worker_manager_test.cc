// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "supervisor/worker_manager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>

#include <boost/asio/io_context.hpp>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"
#include "base/testing/fake_clock.h"
#include "ipc/control_channel.h"
#include "ipc/handshake.h"
#include "supervisor/testing/fake_spawner.h"

namespace arcella::supervisor {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using How = aio::ExitStatus::How;
using testing::FakeProcess;

const model::GroupName kWeb = model::GroupName::parse("web").value();
const model::DeploymentId kCalc = model::DeploymentId::parse("calc").value();

// Writes down what it hears.
class Listener final : public WorkerListener {
 public:
  void on_worker_up(const model::GroupName& group, ipc::DataEnd data) override {
    channel = std::move(data.socket);
    note("up " + group.str());
  }
  void on_worker_down(const model::GroupName& group, const std::string& reason, bool failed,
                      std::optional<milliseconds> retry_in) override {
    note("down " + group.str() + (failed ? " failed" : "") +
         (retry_in ? " retry " + std::to_string(retry_in->count()) : "") + ": " + reason);
  }
  void on_worker_message(const model::GroupName& group, ipc::FromWorker message) override {
    const auto* output = std::get_if<ipc::Output>(&message);
    note("message " + group.str() + ": " + (output != nullptr ? output->text : "report"));
  }
  void note(std::string text) { heard.push_back(std::move(text)); }
  std::vector<std::string> heard;
  UniqueFd channel;  // the last worker's
};

WorkerManagerConfig config() {
  WorkerManagerConfig result;
  result.worker_program = "/opt/arcella-worker";
  result.home = "/home/arcella";
  result.ready_timeout = hours(1);
  result.restart.delay = milliseconds(1);
  return result;
}

struct Fixture {
  explicit Fixture(WorkerManagerConfig with = config())
      : spawner(loop.executor()), manager(loop.io(), clock, listener, std::move(with), spawner) {}

  FakeProcess& last() { return *spawner.processes.back(); }
  // Until somebody hears `text`; every wait in these tests ends by an event, not by time.
  aio::Task<> until_heard(std::string text) {
    while (std::find(listener.heard.begin(), listener.heard.end(), text) == listener.heard.end()) {
      co_await aio::yield();
    }
  }
  aio::Task<> until_spawned(std::size_t count) {
    while (spawner.processes.size() < count) co_await aio::yield();
  }
  std::size_t times_heard(const std::string& start) const {
    return static_cast<std::size_t>(
        std::count_if(listener.heard.begin(), listener.heard.end(),
                      [&start](const std::string& text) { return text.starts_with(start); }));
  }

  aio::Loop loop;
  arcella::testing::FakeClock clock;
  Listener listener;
  testing::FakeSpawner spawner;
  WorkerManager manager;
};

// The other end of a fake process: a worker that greets and answers.
struct FakeWorker {
  FakeWorker(Fixture& fixture, FakeProcess& process)
      : pid(process.pid),
        control(fixture.loop.executor(), process.take_fd(ipc::kServeControlFd)),
        data(process.take_fd(ipc::kServeDataFd)) {}
  void greet(int protocol = ipc::kProtocolVersion) {
    (void)control.send(ipc::Hello{protocol, pid, "fake"});
  }
  std::int64_t pid;
  ipc::WorkerControlChannel control;
  UniqueFd data;
};

aio::Task<> ensure(Fixture& fixture, Result<void>& result, model::WorkerTraits traits = {}) {
  result = co_await fixture.manager.ensure_up(kWeb, traits);
}

// Starts a worker that is up when this returns.
aio::Task<std::unique_ptr<FakeWorker>> start(Fixture& fixture, model::WorkerTraits traits = {}) {
  aio::TaskScope scope(fixture.loop.executor());
  Result<void> result;
  std::size_t before = fixture.spawner.processes.size();
  scope.spawn(ensure(fixture, result, traits));
  co_await fixture.until_spawned(before + 1);
  auto worker = std::make_unique<FakeWorker>(fixture, fixture.last());
  worker->greet();
  co_await scope.join();
  EXPECT_TRUE(result.has_value()) << result.error().message();
  co_return worker;
}

// Ends everything: processes die at once.
aio::Task<> stop_all(Fixture& fixture) {
  co_await fixture.manager.stop_all(milliseconds(0));
}

aio::Task<> becomes_up(Fixture& fixture) {
  model::WorkerTraits traits{.concurrency = true, .fuel = false};
  auto worker = co_await start(fixture, traits);
  EXPECT_EQ(fixture.listener.heard, (std::vector<std::string>{"up web"}));
  EXPECT_EQ(::send(worker->data.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(::recv(fixture.listener.channel.get(), &byte, 1, 0), 1) << "both ends of one channel";
  const aio::ChildSpec& spec = fixture.last().spec;
  EXPECT_EQ(spec.program, "/opt/arcella-worker");
  EXPECT_EQ(spec.args, (std::vector<std::string>{"serve", "--group", "web", "--concurrency"}));
  EXPECT_EQ(spec.working_folder, "/home/arcella");
  auto status = fixture.manager.status();
  EXPECT_EQ(status.size(), 1U);
  EXPECT_EQ(status[0].state, model::WorkerState::Up);
  EXPECT_EQ(status[0].pid, worker->pid);

  auto again = co_await fixture.manager.ensure_up(kWeb, traits);
  EXPECT_TRUE(again.has_value());
  model::WorkerTraits other;
  auto conflict = co_await fixture.manager.ensure_up(kWeb, other);
  EXPECT_EQ(conflict.error().code(), ErrorCode::Conflict);
  EXPECT_EQ(fixture.spawner.processes.size(), 1U);
  co_await stop_all(fixture);
  EXPECT_TRUE(fixture.manager.status().empty());
  auto after = co_await fixture.manager.ensure_up(kWeb, traits);
  EXPECT_EQ(after.error().code(), ErrorCode::Unavailable);
}
TEST(WorkerManager, AWorkerIsUpWhenItHasGreeted) {
  Fixture fixture;
  aio::testing::run(fixture.loop, becomes_up(fixture));
}

// --- requests ---

aio::Task<> ask(Fixture& fixture, Result<ipc::Reply>& result, milliseconds deadline) {
  ipc::ResolveFunction question{0, kCalc, "add"};
  std::vector<UniqueFd> no_fds;
  result = co_await fixture.manager.request(kWeb, question, std::move(no_fds), deadline);
}
aio::Task<> answers(Fixture& fixture) {
  auto worker = co_await start(fixture);
  aio::TaskScope scope(fixture.loop.executor());
  Result<ipc::Reply> first = fail(ErrorCode::Internal, "");
  Result<ipc::Reply> second = first;
  scope.spawn(ask(fixture, first, hours(1)));
  scope.spawn(ask(fixture, second, hours(1)));
  auto one = co_await worker->control.receive();
  auto two = co_await worker->control.receive();
  auto number_one = std::get<ipc::ResolveFunction>(one->message).request;
  auto number_two = std::get<ipc::ResolveFunction>(two->message).request;
  EXPECT_NE(number_one, number_two);
  (void)worker->control.send(ipc::Reply{999, std::nullopt, 0, ""});  // nobody asked
  (void)worker->control.send(
      ipc::Reply{number_two, Error(ErrorCode::NotFound, "no function add"), 0, ""});
  (void)worker->control.send(ipc::Reply{number_one, std::nullopt, 42, "text"});
  co_await scope.join();
  EXPECT_EQ(first->value, 42U);
  EXPECT_EQ(first->text, "text");
  EXPECT_EQ(second.error().code(), ErrorCode::NotFound);
  co_await stop_all(fixture);
}
TEST(WorkerManager, GivesEachRequestItsReply) {
  Fixture fixture;
  aio::testing::run(fixture.loop, answers(fixture));
}

aio::Task<> passes_descriptors(Fixture& fixture) {
  auto worker = co_await start(fixture);
  aio::TaskScope scope(fixture.loop.executor());
  std::vector<UniqueFd> fds;
  fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ipc::QueryStatistics question{0, kCalc};
  auto reply = co_await fixture.manager.request(kWeb, question, std::move(fds), milliseconds(1));
  EXPECT_EQ(reply.error().code(), ErrorCode::DeadlineExceeded);
  auto received = co_await worker->control.receive();
  EXPECT_EQ(received->fds.size(), 1U);
  auto number = std::get<ipc::QueryStatistics>(received->message).request;
  (void)worker->control.send(ipc::Reply{number, std::nullopt, 0, ""});  // too late: dropped
  (void)worker->control.send(ipc::Output{{kCalc, 0}, false, "hello", 0});
  co_await fixture.until_heard("message web: hello");
  co_await stop_all(fixture);
}
TEST(WorkerManager, ARequestHasADeadlineAndCarriesDescriptors) {
  Fixture fixture;
  aio::testing::run(fixture.loop, passes_descriptors(fixture));
}

aio::Task<> dies_meanwhile(Fixture& fixture) {
  const ipc::QueryStatistics question{0, kCalc};
  std::vector<UniqueFd> no_fds;
  auto none = co_await fixture.manager.request(kWeb, question, std::move(no_fds), hours(1));
  EXPECT_EQ(none.error().code(), ErrorCode::Unavailable);
  auto worker = co_await start(fixture);
  aio::TaskScope scope(fixture.loop.executor());
  Result<ipc::Reply> reply = fail(ErrorCode::Internal, "");
  scope.spawn(ask(fixture, reply, hours(1)));
  (void)co_await worker->control.receive();
  (void)worker->control.send(ipc::Output{{kCalc, 0}, false, "last words", 0});
  worker.reset();
  fixture.last().exit({How::Signalled, SIGSEGV});
  co_await scope.join();
  EXPECT_EQ(reply.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(reply.error().message(), "worker web: killed by signal 11 (SIGSEGV)");
  EXPECT_EQ(fixture.times_heard("message web: last words"), 1U);
  EXPECT_EQ(fixture.listener.heard.back(), "down web retry 1: killed by signal 11 (SIGSEGV)");
  co_await stop_all(fixture);
}
TEST(WorkerManager, WhatADeadWorkerOwesIsUnavailable) {
  Fixture fixture;
  aio::testing::run(fixture.loop, dies_meanwhile(fixture));
}

// --- deaths ---

aio::Task<> restarts(Fixture& fixture) {
  auto first = co_await start(fixture);
  first.reset();
  fixture.last().exit({How::Exited, 1});
  co_await fixture.until_heard("down web retry 1: exited with status 1");
  co_await fixture.until_spawned(2);
  FakeWorker second(fixture, fixture.last());
  second.greet();
  while (fixture.times_heard("up web") < 2) co_await aio::yield();
  EXPECT_EQ(fixture.manager.status(kWeb)->restarts, 1);
  EXPECT_EQ(fixture.manager.status(kWeb)->last_error, "exited with status 1");
  co_await stop_all(fixture);
}
TEST(WorkerManager, StartsADeadWorkerAgain) {
  Fixture fixture;
  aio::testing::run(fixture.loop, restarts(fixture));
}

aio::Task<> gives_up(Fixture& fixture) {
  Result<void> result;
  aio::TaskScope scope(fixture.loop.executor());
  scope.spawn(ensure(fixture, result));
  for (std::size_t life = 1; life <= limits::kRestartAttempts + 1; ++life) {
    co_await fixture.until_spawned(life);
    fixture.last().exit({How::Exited, 2});
  }
  co_await scope.join();
  EXPECT_EQ(result.error().code(), ErrorCode::Unavailable);
  co_await fixture.until_heard("down web failed: exited with status 2");
  // Each delay is twice the one before.
  EXPECT_EQ(fixture.times_heard("down web retry 1:"), 1U);
  EXPECT_EQ(fixture.times_heard("down web retry 16:"), 1U);
  EXPECT_EQ(fixture.manager.status(kWeb)->state, model::WorkerState::Failed);
  for (int i = 0; i < 10; ++i) co_await aio::yield();
  EXPECT_EQ(fixture.spawner.processes.size(), std::size_t{limits::kRestartAttempts} + 1);

  auto by_hand = co_await start(fixture);
  EXPECT_EQ(fixture.manager.status(kWeb)->state, model::WorkerState::Up);
  co_await stop_all(fixture);
}
TEST(WorkerManager, GivesUpOnAWorkerThatDiesTooOften) {
  Fixture fixture;
  aio::testing::run(fixture.loop, gives_up(fixture));
}

aio::Task<> cannot_spawn(Fixture& fixture) {
  fixture.spawner.failure =
      Error(ErrorCode::NotFound, "starting /opt/arcella-worker: no such file");
  const model::WorkerTraits traits;
  auto result = co_await fixture.manager.ensure_up(kWeb, traits);
  EXPECT_EQ(result.error().code(), ErrorCode::Unavailable);
  EXPECT_NE(result.error().message().find("no such file"), std::string::npos);
  EXPECT_EQ(fixture.manager.status(kWeb)->state, model::WorkerState::Backoff);
  fixture.spawner.failure.reset();
  co_await fixture.until_spawned(1);  // by itself
  co_await stop_all(fixture);
}
TEST(WorkerManager, AWorkerThatCannotBeStartedIsTriedAgain) {
  Fixture fixture;
  aio::testing::run(fixture.loop, cannot_spawn(fixture));
}

aio::Task<> silent(Fixture& fixture) {
  const model::WorkerTraits traits;
  auto result = co_await fixture.manager.ensure_up(kWeb, traits);
  EXPECT_EQ(result.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(fixture.spawner.processes[0]->signals, (std::vector<int>{SIGKILL}));
  EXPECT_EQ(fixture.listener.heard[0],
            "down web retry 1: killed, because it was not ready within 5 ms");
  co_await stop_all(fixture);
}
TEST(WorkerManager, KillsAWorkerThatNeverGreets) {
  WorkerManagerConfig hasty = config();
  hasty.ready_timeout = milliseconds(5);
  Fixture fixture(hasty);
  aio::testing::run(fixture.loop, silent(fixture));
}

aio::Task<> other_version(Fixture& fixture) {
  Result<void> result;
  aio::TaskScope scope(fixture.loop.executor());
  scope.spawn(ensure(fixture, result));
  co_await fixture.until_spawned(1);
  FakeWorker worker(fixture, fixture.last());
  worker.greet(ipc::kProtocolVersion + 1);
  co_await scope.join();
  EXPECT_NE(result.error().message().find("of different builds"), std::string::npos)
      << result.error().message();
  EXPECT_EQ(fixture.spawner.processes[0]->signals, (std::vector<int>{SIGKILL}));
  co_await stop_all(fixture);
}
TEST(WorkerManager, KillsAWorkerOfAnotherVersion) {
  Fixture fixture;
  aio::testing::run(fixture.loop, other_version(fixture));
}

aio::Task<> nonsense(Fixture& fixture, bool greet_twice) {
  auto worker = co_await start(fixture);
  if (greet_twice) {
    worker->greet();
  } else {
    fixture.manager.lost_channel(kWeb, Error(ErrorCode::InvalidRequest, "nonsense"));
  }
  while (fixture.times_heard("down web") == 0) co_await aio::yield();
  EXPECT_EQ(fixture.spawner.processes[0]->signals, (std::vector<int>{SIGKILL}));
  EXPECT_NE(fixture.listener.heard.back().find("killed, because of what it sent"),
            std::string::npos);
  co_await stop_all(fixture);
}
TEST(WorkerManager, KillsAWorkerThatBreaksTheProtocol) {
  Fixture control;
  aio::testing::run(control.loop, nonsense(control, true));
  Fixture data;  // whose reader is somebody else
  aio::testing::run(data.loop, nonsense(data, false));
}

aio::Task<> hangs_up(Fixture& fixture) {
  auto worker = co_await start(fixture);
  worker->control.close();  // and lives on
  while (fixture.times_heard("down web") == 0) co_await aio::yield();
  EXPECT_EQ(fixture.spawner.processes[0]->signals, (std::vector<int>{SIGKILL}));
  co_await stop_all(fixture);
}
TEST(WorkerManager, KillsAWorkerThatHangsUp) {
  Fixture fixture;
  aio::testing::run(fixture.loop, hangs_up(fixture));
}

// --- stops ---

aio::Task<> stop_web(Fixture& fixture, milliseconds deadline) {
  co_await fixture.manager.stop(kWeb, deadline);
}
aio::Task<> stops(Fixture& fixture) {
  co_await fixture.manager.stop(kWeb, hours(1));  // none: nothing
  auto worker = co_await start(fixture);
  aio::TaskScope scope(fixture.loop.executor());
  scope.spawn(stop_web(fixture, seconds(7)));
  auto received = co_await worker->control.receive();
  EXPECT_EQ(std::get<ipc::Shutdown>(received->message).deadline_ms, 7000);
  EXPECT_EQ(fixture.manager.status(kWeb)->state, model::WorkerState::Stopping);
  const ipc::QueryStatistics question{0, kCalc};
  std::vector<UniqueFd> no_fds;
  auto refused = co_await fixture.manager.request(kWeb, question, std::move(no_fds), hours(1));
  EXPECT_EQ(refused.error().code(), ErrorCode::Unavailable);
  worker.reset();
  fixture.last().exit({How::Exited, 0});
  co_await scope.join();
  EXPECT_EQ(fixture.listener.heard.back(), "down web: stopped");
  EXPECT_TRUE(fixture.last().signals.empty());

  auto second = co_await start(fixture);
  EXPECT_EQ(fixture.spawner.processes.size(), 2U);
  co_await stop_all(fixture);
}
TEST(WorkerManager, StopsAWorkerByAsking) {
  Fixture fixture;
  aio::testing::run(fixture.loop, stops(fixture));
}

aio::Task<> kills_the_deaf(Fixture& fixture) {
  auto worker = co_await start(fixture);
  co_await fixture.manager.stop(kWeb, milliseconds(1));
  EXPECT_EQ(fixture.spawner.processes[0]->signals, (std::vector<int>{SIGKILL}));
  EXPECT_EQ(fixture.listener.heard.back(), "down web: stopped");
  EXPECT_EQ(fixture.manager.status(kWeb)->state, model::WorkerState::Down);
  co_await stop_all(fixture);
}
TEST(WorkerManager, KillsAWorkerThatDoesNotStop) {
  Fixture fixture;
  aio::testing::run(fixture.loop, kills_the_deaf(fixture));
}

aio::Task<> restart_after_stop(Fixture& fixture) {
  auto worker = co_await start(fixture);
  aio::TaskScope scope(fixture.loop.executor());
  Result<void> result;
  scope.spawn(stop_web(fixture, hours(1)));
  (void)co_await worker->control.receive();
  model::WorkerTraits traits{.concurrency = true, .fuel = true};
  scope.spawn(ensure(fixture, result, traits));
  for (int i = 0; i < 3; ++i) co_await aio::yield();
  EXPECT_EQ(fixture.spawner.processes.size(), 1U);
  worker.reset();
  fixture.last().exit({How::Exited, 0});
  co_await fixture.until_spawned(2);
  FakeWorker next(fixture, fixture.last());
  next.greet();
  co_await scope.join();
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(fixture.manager.status(kWeb)->traits, traits);
  co_await stop_all(fixture);
}
TEST(WorkerManager, AStartDuringAStopWaitsForItsEnd) {
  Fixture fixture;
  aio::testing::run(fixture.loop, restart_after_stop(fixture));
}

aio::Task<> stop_in_backoff(Fixture& fixture) {
  auto worker = co_await start(fixture);
  worker.reset();
  fixture.last().exit({How::Exited, 1});
  co_await fixture.until_heard("down web retry 30000: exited with status 1");
  co_await fixture.manager.stop(kWeb, hours(1));
  EXPECT_EQ(fixture.listener.heard.back(), "down web: stopped");
  co_await stop_all(fixture);
  EXPECT_EQ(fixture.spawner.processes.size(), 1U);
}
TEST(WorkerManager, AStopEndsABackoff) {
  WorkerManagerConfig patient = config();
  patient.restart.delay = hours(1);
  Fixture fixture(patient);
  aio::testing::run(fixture.loop, stop_in_backoff(fixture));
}

}  // namespace
}  // namespace arcella::supervisor
