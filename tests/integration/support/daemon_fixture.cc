// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/daemon_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

namespace arcella::integration {

AlmeConnection::AlmeConnection(const std::string& socket)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket_.get(), name, sizeof address) != 0) socket_.reset();
  timeval limit{};
  limit.tv_sec = kDeadline.count();
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

void AlmeConnection::send(std::string_view line) {
  std::string bytes = wire::LineCodec::encode(line);
  EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

std::optional<std::string> AlmeConnection::read() {
  for (;;) {
    auto line = codec_.next();
    if (!line.has_value()) return std::nullopt;
    if (*line) return std::string(**line);
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return std::nullopt;
    codec_.feed(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  }
}

std::optional<wire::Json> AlmeConnection::try_ask(std::string_view method,
                                                  const wire::Json& params) {
  wire::JsonObject request;
  request["jsonrpc"] = "2.0";
  request["id"] = ++last_id_;
  request["method"] = method;
  if (!params.is_null()) request["params"] = params;
  const std::string bytes = wire::LineCodec::encode(wire::to_text(request));
  // A lost connection shows when the answer is read.
  (void)::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::optional<std::string> line = read();
  if (!line) return std::nullopt;
  auto answer = wire::parse_json(*line);
  EXPECT_TRUE(answer.has_value()) << *line;
  if (!answer.has_value()) return std::nullopt;
  return *answer;
}

wire::Json AlmeConnection::ask(std::string_view method, const wire::Json& params) {
  std::optional<wire::Json> answer = try_ask(method, params);
  if (!answer) {
    ADD_FAILURE() << method << ": no answer";
    return nullptr;
  }
  wire::JsonObject& object = answer->as_object();
  return object.contains("result") ? object["result"] : object["error"];
}

void DaemonTest::TearDown() {
  if (!daemon_) return;
  daemon_->kill(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0) << "the daemon ends gracefully";
  daemon_.reset();
  // The adapter turns a panic into an error, so that nobody else might notice.
  EXPECT_EQ(daemon_log().find("panicked at"), std::string::npos);
  if (HasFailure()) std::cerr << "--- the daemon's log\n" << daemon_log() << "---\n";
}

std::vector<std::string> DaemonTest::daemon_words() const {
  // The variables are for the daemon alone, so it is started by way of env(1).
  std::vector<std::string> words{"/usr/bin/env"};
  words.insert(words.end(), environment_.begin(), environment_.end());
  words.insert(words.end(), {program_path("arcella"), "--home", home()});
  words.insert(words.end(), flags_.begin(), flags_.end());
  return words;
}

bool DaemonTest::start_daemon(const ProcessOptions& how) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return false;
  const UniqueFd ready(pipe[0]);
  UniqueFd child_end(pipe[1]);
  const std::string log = folder_.path() + "/daemon.log";
  const UniqueFd log_file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ProcessOptions options = how;
  options.extra_fd = child_end.get();
  options.stdout_fd = log_file.get();
  if (options.stderr_fd < 0) options.stderr_fd = log_file.get();
  std::vector<std::string> words = daemon_words();
  words.insert(words.end(), {"--ready-fd", "3"});
  daemon_ = std::make_unique<Process>(words, options);
  child_end.reset();
  pollfd entry{ready.get(), POLLIN, 0};
  char byte = 0;
  const bool said =
      ::poll(&entry, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) == 1 &&
      ::read(ready.get(), &byte, 1) == 1;
  if (!said) {
    std::cerr << "the daemon is not ready\n" << daemon_log();
    daemon_.reset();
  }
  return said;
}

ProgramResult DaemonTest::start_second_daemon() {
  return run_to_end({program_path("arcella"), "--home", home()});
}

void DaemonTest::kill_daemon(int signal) {
  daemon_->kill(signal);
  EXPECT_NE(daemon_->wait(), -1);
  daemon_.reset();
}

ProgramResult DaemonTest::cli(const std::vector<std::string>& words, std::string_view input) {
  std::vector<std::string> argv{program_path("arcella-cli"), "--home", home()};
  argv.insert(argv.end(), words.begin(), words.end());
  return run_to_end(argv, input, folder_.path());
}

wire::Json DaemonTest::cli_json(std::vector<std::string> words) {
  words.insert(words.begin(), "--json");
  const ProgramResult result = cli(words);
  EXPECT_EQ(result.status, 0) << words[1] << ": " << result.err;
  EXPECT_EQ(result.err, "");
  auto parsed = wire::parse_json(result.out.substr(0, result.out.find('\n')));
  EXPECT_TRUE(parsed.has_value()) << result.out;
  return parsed.has_value() ? *parsed : wire::Json();
}

void DaemonTest::install(std::string_view example) {
  const std::string folder(example);
  const std::string name = folder.substr(folder.rfind('/') + 1);
  const std::string path = source_path("examples/" + folder + "/" + name + ".wasm");
  ASSERT_EQ(cli_json({"install", path}).as_object()["id"].as_string(), name + "@1.0.0");
}
void DaemonTest::deploy(const std::string& file) {
  ASSERT_EQ(cli_json({"deploy", file}).as_object()["deployments"].as_array().size(), 1U);
}
void DaemonTest::put(const std::string& name, const std::string& example, std::string_view rest) {
  deploy(folder_.write(name + ".deployment.toml", "[deployment]\nmodule_id = \"" + example +
                                                      "@1.0.0\"\n" + std::string(rest)));
}
void DaemonTest::start(const std::string& deployment) {
  const wire::Json view = cli_json({"start", deployment});
  ASSERT_TRUE(view.is_object());
}

std::string DaemonTest::state() {
  wire::Json listing = cli_json({"list"});
  if (!listing.is_object()) return {};
  listing.as_object().erase("workers");
  for (wire::Json& instance : listing.as_object()["instances"].as_array()) {
    instance.as_object().erase("pid");
  }
  return wire::to_text(listing);
}

wire::Json DaemonTest::deployment(std::string_view id) {
  const wire::Json listing = cli_json({"list", "deployments"});
  for (const wire::Json& entry : listing.at("deployments").as_array()) {
    if (entry.at("id").as_string() == id) return entry;
  }
  return wire::JsonObject{{"state", "gone"}};
}

std::vector<wire::Json> DaemonTest::instances_of(std::string_view deployment) {
  std::vector<wire::Json> found;
  const std::string prefix = std::string(deployment) + "/";
  const wire::Json listing = cli_json({"list", "instances"});
  for (const wire::Json& entry : listing.at("instances").as_array()) {
    if (std::string_view(entry.at("id").as_string()).starts_with(prefix)) found.push_back(entry);
  }
  return found;
}

std::int64_t DaemonTest::pid_of(std::string_view deployment) {
  const auto instances = instances_of(deployment);
  if (instances.empty() || instances[0].at("pid").is_null()) return 0;
  return instances[0].at("pid").as_int64();
}
bool DaemonTest::signal(std::string_view deployment, int number) {
  const auto pid = static_cast<pid_t>(pid_of(deployment));
  return pid > 0 && ::kill(pid, number) == 0;
}

std::string DaemonTest::daemon_log() const {
  std::ifstream file(folder_.path() + "/daemon.log", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

::testing::AssertionResult is_one_line(const ProgramResult& result) {
  std::string_view rest = result.err;
  if (!rest.starts_with("arcella")) {
    return ::testing::AssertionFailure()
           << "does not begin with the program's name: " << result.err;
  }
  bool first = true;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (!first && !line.starts_with("  ")) {
      return ::testing::AssertionFailure() << "more than one line: " << result.err;
    }
    first = false;
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return ::testing::AssertionSuccess() << result.err;
}

}  // namespace arcella::integration
