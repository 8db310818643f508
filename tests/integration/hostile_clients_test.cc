// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Clients of ALME that are broken, careless or malicious, against the real daemon: each costs a
// bounded amount, gets an answer or is disconnected, and nobody else notices.
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>

#include "alme_proto/methods.h"
#include "support/daemon_fixture.h"
#include "support/raw_client.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPing = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
constexpr uid_t kNobody = 65534;

class HostileClients : public DaemonTest {
 protected:
  void SetUp() override {
    // A thousand clients are a thousand descriptors of ours as well.
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    DaemonTest::SetUp();
  }
  [[nodiscard]] std::size_t resident_kib() const {
    std::ifstream status("/proc/" + std::to_string(daemon_->pid()) + "/status");
    std::string word;
    std::size_t kib = 0;
    while (status >> word) {
      if (word == "VmRSS:") status >> kib;
    }
    return kib;
  }
  [[nodiscard]] std::ptrdiff_t descriptors() const {
    const std::filesystem::directory_iterator fds("/proc/" + std::to_string(daemon_->pid()) +
                                                  "/fd");
    return std::distance(begin(fds), end(fds));
  }
  // It watches its hot-deploy folder, which it begins to do after it has become ready.
  [[nodiscard]] bool watches() const {
    const std::filesystem::directory_iterator fds("/proc/" + std::to_string(daemon_->pid()) +
                                                  "/fd");
    return std::any_of(begin(fds), end(fds), [](const auto& entry) {
      std::error_code gone;
      return std::filesystem::read_symlink(entry, gone).string().find("inotify") !=
             std::string::npos;
    });
  }
  // Of a daemon whose clients have gone: it has answered one, so the descriptor of its readiness is
  // closed; that one's own is not counted.
  [[nodiscard]] std::ptrdiff_t descriptors_at_rest() {
    AlmeConnection here(socket());
    EXPECT_TRUE(here.ask("ping", nullptr).is_object());
    EXPECT_TRUE(eventually([this] { return watches(); }));
    return descriptors() - 1;
  }
  // Another client is answered, and how fast.
  std::chrono::milliseconds ping_time() {
    const auto before = std::chrono::steady_clock::now();
    AlmeConnection other(socket());
    other.send(kPing);
    const auto answer = other.read();
    EXPECT_TRUE(answer.has_value());
    EXPECT_THAT(answer.value_or(""), HasSubstr("pong"));
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 before);
  }
};

// --- texts ---

TEST_F(HostileClients, MalformedJsonIsAnsweredAndTheConnectionGoesOn) {
  AlmeConnection alme(socket());
  const std::vector<std::string> lines{"{",
                                       "}",
                                       "[",
                                       "{\"jsonrpc\"",
                                       "nul",
                                       "\"",
                                       "\"\\u12",
                                       "{\"a\":1,}",
                                       "[1,]",
                                       "01",
                                       "1e999",
                                       "{\"a\":1,\"a\":2}",
                                       "\xff\xfe",
                                       "\"\xc3\x28\"",
                                       "{'a':1}",
                                       "// x",
                                       "NaN",
                                       "{} {}",
                                       std::string("\"\0\"", 3),
                                       std::string("\0", 1),
                                       "\"\\ud800\""};
  for (const std::string& line : lines) {
    alme.send(line);
    const auto answer = alme.read();
    ASSERT_TRUE(answer.has_value()) << line;
    EXPECT_THAT(*answer, HasSubstr(R"("id":null,"error":{"code":-32700)")) << line;
  }
  for (const char* line :
       {"1", "null", "\"ping\"", "{}", "[1]", "[[]]", R"({"jsonrpc":"2.0"})",
        R"({"jsonrpc":"2.0","method":7,"id":1})", R"({"jsonrpc":"2.0","method":"ping","id":{}})",
        R"({"jsonrpc":"2.0","method":"ping","id":1.5})",
        R"({"jsonrpc":"2.0","method":"ping","id":1,"params":"x"})",
        R"({"jsonrpc":"2.0","method":"ping","id":1,"extra":1})"}) {
    alme.send(line);
    EXPECT_THAT(alme.read().value_or(""), HasSubstr("-32600")) << line;
  }
  alme.send(kPing);
  EXPECT_THAT(alme.read().value_or(""), HasSubstr("pong"));
}

TEST_F(HostileClients, DepthIsBounded) {
  AlmeConnection alme(socket());
  const auto nested = [](std::size_t depth) {
    return R"({"jsonrpc":"2.0","id":1,"method":"list","params":)" + std::string(depth - 1, '[') +
           std::string(depth - 1, ']') + "}";
  };
  alme.send(nested(64));
  EXPECT_THAT(alme.read().value_or(""), HasSubstr("-32602"));  // JSON, and nonsense
  for (const std::size_t depth : {std::size_t{65}, std::size_t{100'000}}) {
    alme.send(nested(depth));
    EXPECT_THAT(alme.read().value_or(""), HasSubstr("nested deeper than 64 levels")) << depth;
  }
  alme.send(std::string(100'000, '{'));
  EXPECT_THAT(alme.read().value_or(""), HasSubstr("-32700"));
}

// Every param of every method with a value of every kind: an answer, never a bug, never a change.
TEST_F(HostileClients, WrongTypesForEveryParam) {
  const std::vector<std::string> values{"null",
                                        "true",
                                        "-1",
                                        "0",
                                        "1.5",
                                        "18446744073709551615",
                                        "1e300",
                                        "\"\"",
                                        "\"x\"",
                                        "\"\\u0000\"",
                                        "\"../../etc/passwd\"",
                                        "\"" + std::string(100'000, 'a') + "\"",
                                        "[]",
                                        "[[]]",
                                        "[null]",
                                        "[\"x\",7]",
                                        "{}",
                                        "{\"a\":{}}",
                                        "{\"\":\"\",\"=\":\"\"}"};
  const std::string before = state();
  AlmeConnection alme(socket());
  int asked = 0;
  for (const alme_proto::MethodInfo& method : alme_proto::methods()) {
    for (const std::string_view param : method.params) {
      for (const std::string& value : values) {
        const std::string id = "\"" + std::to_string(++asked) + "\"";
        alme.send(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + std::string(method.name) +
                  R"(","params":{")" + std::string(param) + "\":" + value + "}}");
        const auto answer = alme.read();
        ASSERT_TRUE(answer.has_value()) << method.name << " " << param << " " << value;
        EXPECT_THAT(*answer, HasSubstr("\"id\":" + id));
        EXPECT_THAT(*answer, Not(HasSubstr("\"internal\"")))
            << method.name << " " << param << " " << value;
      }
    }
  }
  EXPECT_GT(asked, 500);
  EXPECT_EQ(state(), before);
}

TEST_F(HostileClients, UnknownMethodsAndParamsAreRefusedWithTheNearest) {
  AlmeConnection alme(socket());
  const std::vector<std::string> names{
      "", "Ping", "rpc.discover", "ping\\u0000", "\\u001b[2J", std::string(100'000, 'x')};
  for (const std::string& name : names) {
    alme.send(R"({"jsonrpc":"2.0","id":1,"method":")" + name + "\"}");
    const std::string answer = alme.read().value_or("");
    EXPECT_THAT(answer, HasSubstr("-32601")) << name;
    EXPECT_LT(answer.size(), 1000U);
    EXPECT_EQ(answer.find('\x1b'), std::string::npos);
  }
}

// --- bytes ---

TEST_F(HostileClients, EndlessLineIsRefusedAndCostsNoMemory) {
  const std::size_t before = resident_kib();
  RawClient client(socket());
  const std::string piece(1U << 20, 'x');
  std::size_t sent = 0;
  while (sent < (1U << 30) && client.send_some(piece) > 0) sent += piece.size();
  EXPECT_LT(sent, 16U << 20) << "the daemon closes long before the end";
  const std::string answer = client.read_to_end();
  EXPECT_THAT(answer, HasSubstr(R"("id":null,"error":{"code":-32008)"));
  EXPECT_LT(resident_kib(), before + (16U << 10));
  ping_time();
}

TEST_F(HostileClients, LinesOfTheLargestSizeAreTaken) {
  AlmeConnection alme(socket());
  const std::string frame = R"({"jsonrpc":"2.0","id":1,"method":"wit","params":{"id":""}})";
  std::string line = frame;
  line.insert(line.size() - 3, std::string((1U << 20) - frame.size(), 'x'));
  alme.send(line);
  EXPECT_THAT(alme.read().value_or(""), HasSubstr("-32003"));
  line.insert(line.size() - 3, "y");
  alme.send(line);
  EXPECT_THAT(alme.read().value_or(""), HasSubstr("-32008"));
  EXPECT_EQ(alme.read(), std::nullopt);
}

TEST_F(HostileClients, BytesOneAtATimeAreALine) {
  RawClient client(socket());
  for (const char byte : std::string(kPing) + "\n") {
    ASSERT_EQ(client.send_some(std::string_view(&byte, 1)), 1);
  }
  EXPECT_THAT(client.read_line(), HasSubstr("pong"));
}

TEST_F(HostileClients, HalfOpenPeersAreAnsweredOrDropped) {
  const auto before = descriptors_at_rest();
  {
    RawClient asks_and_stops(socket());
    asks_and_stops.send_some(std::string(kPing) + "\n" + kPing + "\n");
    asks_and_stops.shut(SHUT_WR);
    const std::string answers = asks_and_stops.read_to_end();
    EXPECT_EQ(std::count(answers.begin(), answers.end(), '\n'), 2);
    RawClient stops_within_a_line(socket());
    stops_within_a_line.send_some(R"({"jsonrpc":"2.0",)");
    stops_within_a_line.shut(SHUT_WR);
    EXPECT_EQ(stops_within_a_line.read_to_end(), "");
    RawClient does_not_read(socket());
    does_not_read.shut(SHUT_RD);
    does_not_read.send_some(std::string(kPing) + "\n");
    RawClient says_nothing(socket());
    says_nothing.shut(SHUT_RDWR);
  }
  EXPECT_TRUE(eventually([&] { return descriptors() <= before; }));
  ping_time();
}

TEST_F(HostileClients, InterruptedBatchHarmsNobody) {
  install("calc");
  deploy(source_path("examples/calc/calc-math.deployment.toml"));
  start("calc-math");
  const auto before = descriptors_at_rest();
  std::string batch = "[";
  for (int id = 0; id < 99; ++id) {
    batch += R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
             R"-(,"method":"call","params":["calc-math","add(1, 2)"]},)-";
  }
  batch += std::string(kPing) + "]\n";
  for (std::size_t cut = 1; cut <= batch.size(); cut = cut * 3 + 1) {
    RawClient client(socket());
    client.send_some(std::string_view(batch).substr(0, cut));
  }
  {
    RawClient gone_before_the_answer(socket());
    gone_before_the_answer.send_some(batch);
  }
  RawClient patient(socket());
  patient.send_some(batch);
  EXPECT_EQ(patient.read_line().find("error"), std::string::npos);
  EXPECT_EQ(cli({"call", "calc-math", "add(20, 22)"}).out, "42\n");
  EXPECT_TRUE(eventually([&] { return descriptors() <= before + 1; }));
}

// --- descriptors and rights ---

TEST_F(HostileClients, DescriptorsThatNobodyAskedForAreClosed) {
  const auto before = descriptors_at_rest();
  RawClient client(socket());
  for (int round = 0; round < 50; ++round) {
    for (const std::size_t count :
         {std::size_t{1}, std::size_t{3}, std::size_t{16}, std::size_t{17}, std::size_t{253}}) {
      client.send_with_fds(std::string(kPing) + "\n", count);
      EXPECT_THAT(client.read_line(), HasSubstr("pong"));
    }
  }
  // With half a line, with a batch, with nonsense, with a run that wants three.
  client.send_with_fds(R"({"jsonrpc":"2.0",)", 5);
  client.send_with_fds(R"("id":1,"method":"ping"})"
                       "\n",
                       5);
  EXPECT_THAT(client.read_line(), HasSubstr("pong"));
  client.send_with_fds("[" + std::string(kPing) + "]\n", 3);
  EXPECT_THAT(client.read_line(), HasSubstr("pong"));
  client.send_with_fds("nonsense\n", 3);
  EXPECT_THAT(client.read_line(), HasSubstr("-32700"));
  client.send_with_fds(
      R"({"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"x","stdio":true}})"
      "\n",
      2);
  EXPECT_THAT(client.read_line(), HasSubstr("expected three descriptors"));
  // The client itself is left.
  EXPECT_TRUE(eventually([&] { return descriptors() <= before + 1; })) << descriptors() - before;
}

// What another user gets: "refused" (by the file system), "closed" (by the daemon), or an answer.
std::string as_nobody(const std::string& socket) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string heard = "refused";
    if (::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0) {
      RawClient client(socket);
      if (client.connected()) {
        client.send_some(std::string(kPing) + "\n");
        heard = client.read_to_end();
        if (heard.empty()) heard = "closed";
      }
    } else {
      heard = "no other user";
    }
    [[maybe_unused]] const ssize_t written = ::write(pipe[1], heard.data(), heard.size());
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string heard;
  char byte = 0;
  while (::read(pipe[0], &byte, 1) == 1) heard += byte;
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return heard;
}

TEST_F(HostileClients, AnotherUserIsRefusedByTheFolderAndByTheDaemon) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  EXPECT_EQ(as_nobody(socket()), "refused");
  // An administrator has opened the way by mistake: the daemon looks for itself who it is.
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0711), 0);
  ASSERT_EQ(::chmod(home().c_str(), 0711), 0);
  EXPECT_EQ(as_nobody(socket()), "refused");
  ASSERT_EQ(::chmod(socket().c_str(), 0666), 0);
  EXPECT_EQ(as_nobody(socket()), "closed");
  EXPECT_THAT(daemon_log(), HasSubstr("refusing a client of another user"));
  ping_time();
}

// --- numbers ---

TEST_F(HostileClients, TenThousandPipelinedRequestsAreAllAnswered) {
  constexpr int kRequests = 10'000;
  std::string lines;
  for (int id = 0; id < kRequests; ++id) {
    lines += R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":"ping"})" + "\n";
  }
  RawClient client(socket());
  client.send_some(lines);
  std::set<std::int64_t> answered;
  while (answered.size() < kRequests) {
    auto answer = wire::parse_json(client.read_line());
    ASSERT_TRUE(answer.has_value()) << answered.size();
    EXPECT_TRUE(answer->as_object().contains("result"));
    EXPECT_TRUE(answered.insert(answer->at("id").as_int64()).second);
  }
}

TEST_F(HostileClients, AThousandIdleClientsAreNoBurden) {
  const auto fds_before = descriptors_at_rest();
  const std::size_t memory_before = resident_kib();
  std::vector<RawClient> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.emplace_back(socket());
    ASSERT_TRUE(clients.back().connected()) << i;
  }
  EXPECT_TRUE(eventually([&] { return descriptors() >= fds_before + 1000; }));
  EXPECT_LT(ping_time(), std::chrono::seconds(2));
  EXPECT_LT(resident_kib(), memory_before + (64U << 10));
  for (RawClient& client : clients) client.send_some(std::string(kPing) + "\n");
  for (RawClient& client : clients) EXPECT_THAT(client.read_line(), HasSubstr("pong"));
  // The 1024th is one too many.
  for (int i = 0; i < 30; ++i) clients.emplace_back(socket());
  EXPECT_EQ(clients.back().read_to_end(), "");
  clients.clear();
  EXPECT_TRUE(eventually([&] { return descriptors() <= fds_before; }));
  EXPECT_LT(resident_kib(), memory_before + (64U << 10));
  ping_time();
}

class SlowHostileClients : public HostileClients {};

TEST_F(SlowHostileClients, FloodsThatAreNotReadStopByThemselves) {
  install("calc");
  const std::size_t memory_before = resident_kib();
  const auto fds_before = descriptors_at_rest();
  std::string flood;
  while (flood.size() < (64U << 10)) {  // each is answered with some kilobytes
    flood += R"({"jsonrpc":"2.0","id":1,"method":"wit","params":["calc@1.0.0"]})"
             "\n";
  }
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_back(socket());
  std::chrono::milliseconds slowest{0};
  // Until nothing more is taken from any of them, however often somebody else is served meanwhile.
  for (int quiet_rounds = 0; quiet_rounds < 20;) {
    std::size_t taken = 0;
    for (RawClient& client : clients) taken += client.send_what_fits(flood);
    quiet_rounds = taken == 0 ? quiet_rounds + 1 : 0;
    slowest = std::max(slowest, ping_time());
  }
  EXPECT_LT(slowest, std::chrono::seconds(10));  // a sanitized build on a busy machine
  const std::size_t memory_most = resident_kib();
  EXPECT_LT(memory_most, memory_before + (400U << 10));  // 100 times 2 MiB, a line, and slack
  clients.clear();
  EXPECT_TRUE(eventually([&] { return descriptors() <= fds_before; }));
  EXPECT_TRUE(eventually([&] { return resident_kib() < memory_before + (64U << 10); }))
      << memory_before << " KiB before, " << memory_most << " at most, " << resident_kib()
      << " after";
}

}  // namespace
}  // namespace arcella::integration
