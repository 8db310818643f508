// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// arcella-worker as a real process: the test is its daemon and speaks to it over the two sockets,
// so that what a worker does is seen without one of ours between.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "ipc/control_message.h"
#include "ipc/data_frame.h"
#include "ipc/job_message.h"
#include "ipc/shared_memory.h"
#include "support/process.h"
#include "wire/frame_codec.h"

namespace arcella::integration {
namespace {

using Clock = std::chrono::steady_clock;

std::pair<UniqueFd, UniqueFd> socket_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const timeval limit{kDeadline.count(), 0};
  ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}
std::pair<UniqueFd, UniqueFd> pipe_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}
UniqueFd memory_file() {
  return UniqueFd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
}
std::string read_to_end(const UniqueFd& fd) {
  std::string all;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::read(fd.get(), buffer.data(), buffer.size())) > 0) {
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return all;
}

// Starts the worker with `fds` as its descriptors 3, 4, ...
std::unique_ptr<Process> start_worker(std::vector<std::string> words, std::vector<UniqueFd> fds,
                                      ProcessOptions options = {}) {
  // Out of the way of the numbers they are to have.
  std::vector<UniqueFd> high;
  for (const UniqueFd& fd : fds) high.emplace_back(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 50));
  options.prepare = [&high] {
    for (std::size_t i = 0; i < high.size(); ++i) {
      if (::dup2(high[i].get(), 3 + static_cast<int>(i)) < 0) return false;
    }
    return true;
  };
  words.insert(words.begin(), program_path("arcella-worker"));
  return std::make_unique<Process>(words, options);
}

struct Compiled {
  Result<ipc::CompileReport> report;
  UniqueFd artifact;
};
Compiled compile(const std::string& path, std::vector<std::string> flags = {}) {
  UniqueFd artifact = memory_file();
  auto [reader, writer] = pipe_pair();
  std::vector<UniqueFd> fds;
  fds.emplace_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(fds[0].valid()) << path;
  fds.push_back(std::move(artifact.duplicate().value()));
  fds.push_back(std::move(writer));
  flags.insert(flags.begin(), "compile");
  const auto process = start_worker(flags, std::move(fds));
  const std::string report = read_to_end(reader);
  EXPECT_EQ(process->wait(), 0);
  ::fcntl(artifact.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
  return {ipc::decode_compile_report(report), std::move(artifact)};
}

model::RunSpec spec_of(const std::string& deployment, model::Kind kind = model::Kind::Service) {
  return {.deployment = *model::DeploymentId::parse(deployment),
          .program = deployment,
          .kind = kind,
          .args = {},
          .env = {},
          .mounts = {},
          .allowed_hosts = {},
          .entrypoint = {},
          .shutdown = {},
          .fuel = {}};
}

class WorkerProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    auto [control_here, control_there] = socket_pair();
    auto [data_here, data_there] = socket_pair();
    control = std::move(control_here);
    data = std::move(data_here);
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(control_there));
    fds.push_back(std::move(data_there));
    fds.push_back(ipc::SharedMemory::make().value());
    process = start_worker({"serve", "--group", "test"}, std::move(fds));
    const auto hello = receive_as<ipc::Hello>();
    ASSERT_EQ(hello.protocol, ipc::kProtocolVersion);
    ASSERT_EQ(hello.pid, process->pid());
    ASSERT_FALSE(hello.fingerprint.empty());
  }

  void send(const ipc::ToWorker& message, const std::vector<int>& fds = {}) {
    std::string frame = wire::LengthCodec::encode(ipc::encode(message));
    iovec part{frame.data(), frame.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    std::array<char, CMSG_SPACE(sizeof(int) * 4)> space{};
    if (!fds.empty()) {
      header.msg_control = space.data();
      header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
      cmsghdr* rights = CMSG_FIRSTHDR(&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
      std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(int) * fds.size());
    }
    ASSERT_EQ(::sendmsg(control.get(), &header, MSG_NOSIGNAL), static_cast<ssize_t>(frame.size()));
  }
  std::optional<ipc::FromWorker> receive() {
    while (true) {
      auto frame = codec.next();
      if (!frame) return std::nullopt;
      if (*frame) {
        auto message = ipc::decode_from_worker(**frame);
        EXPECT_TRUE(message) << message.error().message();
        if (!message) return std::nullopt;
        return std::move(*message);
      }
      std::array<char, 64 << 10> buffer;
      const ssize_t got = ::recv(control.get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) return std::nullopt;
      codec.feed(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
  }
  template <class Message>
  Message receive_as() {
    auto message = receive();
    EXPECT_TRUE(message.has_value());
    Message* wanted = message ? std::get_if<Message>(&*message) : nullptr;
    EXPECT_NE(wanted, nullptr);
    if (wanted == nullptr) std::abort();  // nothing that follows could make sense
    return std::move(*wanted);
  }
  // Sends a request and takes messages until its Reply is there.
  ipc::Reply ask(ipc::ToWorker message, const std::vector<int>& fds = {}) {
    const std::uint64_t request = ++last_request;
    std::visit(
        [&](auto& each) {
          if constexpr (requires { each.request; }) each.request = request;
        },
        message);
    send(message, fds);
    while (true) {
      auto received = receive();
      if (!received) {
        ADD_FAILURE() << "the worker closed the channel";
        return {};
      }
      if (auto* reply = std::get_if<ipc::Reply>(&*received)) {
        EXPECT_EQ(reply->request, request);
        return std::move(*reply);
      }
      keep(std::move(*received));
    }
  }
  void keep(ipc::FromWorker message) {
    if (auto* report = std::get_if<ipc::InstanceReported>(&message))
      reports.push_back(std::move(*report));
    if (auto* output = std::get_if<ipc::Output>(&message)) lines.push_back(std::move(*output));
  }
  void wait_for_reports(std::size_t count) {
    while (reports.size() < count) {
      auto received = receive();
      ASSERT_TRUE(received) << reports.size() << " of " << count << " reports came";
      keep(std::move(*received));
    }
  }
  void load(const model::RunSpec& spec, const UniqueFd& artifact, std::uint32_t slot) {
    const auto reply = ask(ipc::LoadDeployment{0, slot, spec}, {artifact.get()});
    ASSERT_FALSE(reply.error) << reply.error->message();
  }
  void start(const model::RunSpec& spec, int count) {
    const auto reply = ask(ipc::StartInstances{0, spec.deployment, 0, count});
    ASSERT_FALSE(reply.error) << reply.error->message();
  }

  void send_call(ipc::DataHeader header, std::string_view arguments) {
    header.length = static_cast<std::uint32_t>(arguments.size());
    const auto head = ipc::encode(header);
    std::string bytes(reinterpret_cast<const char*>(head.data()), head.size());
    bytes += arguments;
    ASSERT_EQ(::send(data.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  std::pair<ipc::DataHeader, std::string> receive_result() {
    std::array<std::byte, ipc::kDataHeaderBytes> head{};
    EXPECT_EQ(::recv(data.get(), head.data(), head.size(), MSG_WAITALL),
              static_cast<ssize_t>(head.size()));
    const auto header = ipc::decode(head);
    EXPECT_TRUE(header);
    std::string payload(header->length, '\0');
    if (!payload.empty()) {
      EXPECT_EQ(::recv(data.get(), payload.data(), payload.size(), MSG_WAITALL),
                static_cast<ssize_t>(payload.size()));
    }
    return {*header, payload};
  }

  UniqueFd control;
  UniqueFd data;
  wire::LengthCodec codec{limits::kControlFrameBytesMax};
  std::unique_ptr<Process> process;
  std::uint64_t last_request = 0;
  std::vector<ipc::InstanceReported> reports;
  std::vector<ipc::Output> lines;
};

TEST_F(WorkerProcess, ServesAThousandReplicasAndTheirCalls) {
  auto calc = compile(source_path("examples/calc/calc.wasm"));
  ASSERT_TRUE(calc.report) << calc.report.error().message();
  const auto spec = spec_of("calc");
  load(spec, calc.artifact, 7);
  const auto begin = Clock::now();
  start(spec, 1000);
  wait_for_reports(1000);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  RecordProperty("thousand_replicas_ms", static_cast<int>(took.count()));
  EXPECT_LT(took,
            std::chrono::seconds(5));  // the bench holds it to one; here a sanitizer may be at work
  for (const auto& report : reports)
    ASSERT_EQ(report.event, model::InstanceEvent::Started) << report.message;

  const auto add = ask(ipc::ResolveFunction{0, spec.deployment, "add"});
  ASSERT_FALSE(add.error) << add.error->message();
  ipc::DataHeader header;
  header.slot = 7;
  header.function = static_cast<std::uint32_t>(add.value);
  for (std::uint64_t request = 1; request <= 500; ++request) {
    header.request = request;
    header.index = request % 2 == 0 ? static_cast<std::int32_t>(request) : -1;
    send_call(header, "20, " + std::to_string(request));
    const auto [result, payload] = receive_result();
    ASSERT_EQ(result.request, request);
    ASSERT_EQ(result.encoding_or_outcome, 0) << payload;
    ASSERT_EQ(payload, std::to_string(20 + request));
  }
  const auto statistics = ask(ipc::QueryStatistics{0, spec.deployment});
  EXPECT_NE(statistics.text.find("\"calls\":500"), std::string::npos) << statistics.text;

  send(ipc::Shutdown{5000});
  EXPECT_EQ(process->wait(), 0);
}

TEST_F(WorkerProcess, TellsOfACrashAndGoesOn) {
  auto crasher = compile(source_path("examples/crasher/crasher.wasm"));
  ASSERT_TRUE(crasher.report);
  const auto spec = spec_of("crasher");
  load(spec, crasher.artifact, 1);
  start(spec, 2);
  wait_for_reports(2);
  const auto crash = ask(ipc::ResolveFunction{0, spec.deployment, "crash"});
  ipc::DataHeader header;
  header.request = 5;
  header.slot = 1;
  header.index = 1;
  header.function = static_cast<std::uint32_t>(crash.value);
  send_call(header, "");
  const auto [result, payload] = receive_result();
  EXPECT_EQ(result.encoding_or_outcome, static_cast<std::uint8_t>(ipc::DataOutcome::Trapped));
  EXPECT_NE(payload.find('\0'), std::string::npos);
  wait_for_reports(3);
  EXPECT_EQ(reports[2].event, model::InstanceEvent::Crashed);
  EXPECT_EQ(reports[2].instance.index, 1);
  EXPECT_FALSE(reports[2].backtrace.empty());

  const auto divide = ask(ipc::ResolveFunction{0, spec.deployment, "divide"});
  header.index = -1;
  header.function = static_cast<std::uint32_t>(divide.value);
  send_call(header, "6, 3");
  EXPECT_EQ(receive_result().second, "2");
  EXPECT_TRUE(ask(ipc::UnloadDeployment{0, spec.deployment}).error);
  ASSERT_FALSE(ask(ipc::StopInstances{0, spec.deployment, 0, 2, 1000}).error);
  wait_for_reports(5);
  EXPECT_FALSE(ask(ipc::UnloadDeployment{0, spec.deployment}).error);
  send_call(header, "6, 3");
  EXPECT_EQ(receive_result().first.encoding_or_outcome,
            static_cast<std::uint8_t>(ipc::DataOutcome::NotReady));
}

TEST_F(WorkerProcess, PassesTheLinesOfACommandBeforeItsEnd) {
  auto hello = compile(source_path("examples/hello-core/hello-core.wasm"));
  ASSERT_TRUE(hello.report);
  EXPECT_EQ(hello.report->inspection.kind, model::Kind::Command);
  auto spec = spec_of("hello", model::Kind::Command);
  spec.args = {"a\x1b[2J"};
  load(spec, hello.artifact, 1);
  start(spec, 1);
  wait_for_reports(2);
  EXPECT_EQ(reports[1].event, model::InstanceEvent::EndedWell);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].text, "Hello from a core module");
  EXPECT_EQ(lines[1].text, "argument 1: a\\x1b[2J");
}

TEST_F(WorkerProcess, CancelsACall) {
  auto spinner = compile(source_path("examples/spinner/spinner.wasm"));
  ASSERT_TRUE(spinner.report);
  auto spec = spec_of("spinner");
  spec.call_timeout = kDeadline;
  load(spec, spinner.artifact, 1);
  start(spec, 1);
  wait_for_reports(1);
  const auto spin = ask(ipc::ResolveFunction{0, spec.deployment, "spin"});
  ipc::DataHeader header;
  header.request = 77;
  header.slot = 1;
  header.function = static_cast<std::uint32_t>(spin.value);
  send_call(header, "");
  ipc::DataHeader cancel;
  cancel.kind = ipc::DataKind::Cancel;
  cancel.request = 77;
  send_call(cancel, "");
  EXPECT_EQ(receive_result().first.encoding_or_outcome,
            static_cast<std::uint8_t>(ipc::DataOutcome::Cancelled));
}

TEST_F(WorkerProcess, ShutsDownAnEndlessLoopAtTheDeadline) {
  auto spinner = compile(source_path("examples/spinner/spinner.wasm"));
  ASSERT_TRUE(spinner.report);
  auto spec = spec_of("spinner");
  spec.call_timeout = kDeadline;
  load(spec, spinner.artifact, 1);
  start(spec, 1);
  wait_for_reports(1);
  const auto spin = ask(ipc::ResolveFunction{0, spec.deployment, "spin"});
  ipc::DataHeader header;
  header.slot = 1;
  header.function = static_cast<std::uint32_t>(spin.value);
  send_call(header, "");
  EXPECT_TRUE(eventually([&] {
    return ask(ipc::QueryStatistics{0, spec.deployment}).text.find("\"in_flight\":1") !=
           std::string::npos;
  }));
  send(ipc::Shutdown{50});
  EXPECT_EQ(receive_result().first.encoding_or_outcome,
            static_cast<std::uint8_t>(ipc::DataOutcome::Cancelled));
  EXPECT_EQ(process->wait(), 0);
}

TEST_F(WorkerProcess, EndsWithItsDaemon) {
  control.reset();
  EXPECT_EQ(process->wait(), 1);
}

TEST_F(WorkerProcess, RefusesAMessageWithoutItsArtifact) {
  const auto spec = spec_of("calc");
  const auto reply = ask(ipc::LoadDeployment{0, 1, spec});
  ASSERT_TRUE(reply.error);
  EXPECT_EQ(reply.error->code(), ErrorCode::InvalidRequest);
  EXPECT_EQ(ask(ipc::StartInstances{0, spec.deployment, 0, 1}).error->code(), ErrorCode::NotFound);
}

TEST(CompileProcess, ReportsWhatABinaryIs) {
  const auto calc = compile(source_path("examples/calc/calc.wasm"));
  ASSERT_TRUE(calc.report) << calc.report.error().message();
  EXPECT_EQ(calc.report->inspection.kind, model::Kind::Service);
  EXPECT_GT(calc.report->artifact_bytes, 0U);
  EXPECT_FALSE(calc.report->fingerprint.empty());
  struct stat status{};
  ASSERT_EQ(::fstat(calc.artifact.get(), &status), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), calc.report->artifact_bytes);

  const auto looked_at = compile(source_path("examples/calc/calc.wasm"), {"--inspect-only"});
  ASSERT_TRUE(looked_at.report);
  EXPECT_EQ(looked_at.report->inspection, calc.report->inspection);
  EXPECT_EQ(looked_at.report->artifact_bytes, 0U);
}

TEST(CompileProcess, RefusesWhatIsNoWasm) {
  const TemporaryFolder folder;
  for (const std::string content : {"", "not wasm at all", "\0asm\x0d\0\1\0broken"}) {
    const auto compiled = compile(folder.write("bad.wasm", content));
    ASSERT_FALSE(compiled.report);
    EXPECT_EQ(compiled.report.error().code(), ErrorCode::InvalidComponent)
        << compiled.report.error().message();
    EXPECT_FALSE(compiled.report.error().message().empty());
  }
}

struct Ran {
  ipc::RunEnded ended;
  std::string out;
  int status = -1;
};
Ran run(const UniqueFd& artifact, const ipc::RunCommand& command) {
  auto [control, control_there] = socket_pair();
  auto [reader, writer] = pipe_pair();
  std::vector<UniqueFd> fds;
  fds.push_back(std::move(artifact.duplicate().value()));
  fds.push_back(std::move(control_there));
  ProcessOptions options;
  options.stdout_fd = writer.get();
  const auto process = start_worker({"run"}, std::move(fds), options);
  writer.reset();
  const std::string frame = wire::LengthCodec::encode(ipc::encode(command));
  EXPECT_EQ(::send(control.get(), frame.data(), frame.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(frame.size()));
  Ran ran;
  ran.out = read_to_end(reader);
  wire::LengthCodec codec(limits::kControlFrameBytesMax);
  codec.feed(read_to_end(control));
  const auto answer = codec.next();
  EXPECT_TRUE(answer && *answer);
  if (answer && *answer) {
    const auto ended = ipc::decode_run_ended(**answer);
    EXPECT_TRUE(ended);
    ran.ended = ended.value_or(ipc::RunEnded{});
  }
  ran.status = process->wait();
  return ran;
}

TEST(RunProcess, RunsACommandOnTheCallersStdio) {
  const auto hello = compile(source_path("examples/hello-core/hello-core.wasm"));
  ASSERT_TRUE(hello.report);
  auto spec = spec_of("hello", model::Kind::Command);
  spec.args = {"--exit", "7"};
  const auto begin = Clock::now();
  const Ran ran = run(hello.artifact, {spec, 0});
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  RecordProperty("run_us", static_cast<int>(took.count()));
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.ended.exit_status, 7);
  EXPECT_EQ(ran.ended.failure, "");
  EXPECT_EQ(ran.out, "Hello from a core module\nargument 1: --exit\nargument 2: 7\n");
}

TEST(RunProcess, SaysWhyACommandDidNotRun) {
  const auto calc = compile(source_path("examples/calc/calc.wasm"));
  ASSERT_TRUE(calc.report);
  const Ran ran = run(calc.artifact, {spec_of("calc", model::Kind::Command), 0});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.ended.exit_status, 134);
  EXPECT_FALSE(ran.ended.failure.empty());
}

}  // namespace
}  // namespace arcella::integration
