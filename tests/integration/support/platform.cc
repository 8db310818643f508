// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/platform.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "base/check.h"
#include "base/file.h"
#include "support/state_dump.h"

namespace arcella::integration {
namespace {

namespace fs = std::filesystem;

// Empty when it cannot be read: a process that has just ended still has its entry in /proc.
std::string content_of(const fs::path& path) {
  constexpr std::size_t kBytesMax = 1U << 30;
  return read_file(path, kBytesMax).value_or(std::string());
}

bool is_at_rest(const wire::Json& listing) {
  bool empty_ones = false;  // without replicas, or given up: they keep their worker
  for (const wire::Json& deployment : listing.at("deployments").as_array()) {
    std::string_view state = deployment.at("state").as_string();
    if (state == "starting" || state == "stopping" || state == "degraded") return false;
    bool whole = deployment.at("ready").as_int64() == deployment.at("replicas").as_int64();
    if (state == "running" && !whole) return false;
    bool without = state == "running" && deployment.at("replicas").as_int64() == 0;
    empty_ones = empty_ones || without || state == "failed";
  }
  for (const wire::Json& worker : listing.at("workers").as_array()) {
    std::string_view state = worker.at("state").as_string();
    bool idle = state == "up" && worker.at("instances").as_int64() == 0 && !empty_ones;
    if (idle || (state != "up" && state != "down")) return false;
  }
  return true;
}

// That a replica has ended is history, which a restart of the daemon forgets.
bool is_history(const wire::Json& entry) {
  return entry.as_object().contains("pid") && entry.at("state").as_string() == "completed";
}

std::string without_moments(wire::Json entry) {
  for (const char* key : {"pid", "installed_at", "restarts"}) entry.as_object().erase(key);
  return wire::to_text(entry);
}

// Code of an installed component may be in the cache or not: it is compiled again where it is
// missing.
bool is_cached_code(const std::string& path, const std::string& rows) {
  constexpr std::string_view kFolder = "cache/";
  if (!path.starts_with(kFolder) || path.find('-') == std::string::npos) return false;
  return rows.find("content_hash=" +
                   path.substr(kFolder.size(), path.find('-') - kFolder.size())) !=
         std::string::npos;
}

// "path size" of what must be the same after a crash; the size where the content is ours alone.
std::vector<std::string> files_of(const std::string& home, const std::string& rows) {
  std::vector<std::string> lines;
  std::error_code vanished;  // SQLite's own files come and go
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(home)) {
    std::string path = entry.path().lexically_relative(home).string();
    bool of_sqlite = path.starts_with("state/arcella.db");
    bool of_this_life = path == "alme" || path.starts_with("logs/");
    if (is_cached_code(path, rows)) continue;
    if (of_this_life || (of_sqlite && path != "state/arcella.db")) continue;
    bool sized = entry.is_regular_file(vanished) && !of_sqlite && !path.starts_with("run/");
    lines.push_back("file " + path +
                    (sized ? " " + std::to_string(entry.file_size(vanished)) : ""));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Daemons and workers with this parent; those that have ended and were not reaped too.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    // "pid (name) state parent ...": the name may hold anything, so from its last bracket on.
    const std::string stat = content_of(entry.path() / "stat");
    std::istringstream rest(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
    char state = 0;
    pid_t its_parent = 0;
    rest >> state >> its_parent;
    const bool ours = stat.find("(arcella)") != std::string::npos ||
                      stat.find("(arcella-worker)") != std::string::npos;
    if (rest && ours && its_parent == parent) found.push_back(pid);
  }
  return found;
}

}  // namespace

Platform::Platform(std::string home) : home_(std::move(home)) {
  ARCELLA_CHECK(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, "orphans come to us");
}

Platform::~Platform() {
  if (!daemon_) return;
  EXPECT_TRUE(kill());
}

bool Platform::start(const std::vector<std::string>& environment) {
  std::array<int, 2> pipe{};
  ARCELLA_CHECK(::pipe2(pipe.data(), O_CLOEXEC) == 0, "a pipe");
  const UniqueFd ready(pipe[0]);
  UniqueFd child_end(pipe[1]);
  const UniqueFd log_file(
      ::open((home_ + ".log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ProcessOptions options;
  options.extra_fd = child_end.get();
  options.stdout_fd = log_file.get();
  options.stderr_fd = log_file.get();
  std::vector<std::string> argv{"/usr/bin/env"};
  argv.insert(argv.end(), environment.begin(), environment.end());
  argv.insert(argv.end(), {program_path("arcella"), "--home", home_, "--ready-fd", "3",
                           "--log-level", "debug"});
  daemon_ = std::make_unique<Process>(argv, options);
  child_end.reset();
  pollfd entry{ready.get(), POLLIN, 0};
  char byte = 0;
  const auto limit = std::chrono::milliseconds(kDeadline).count();
  return ::poll(&entry, 1, static_cast<int>(limit)) == 1 && ::read(ready.get(), &byte, 1) == 1;
}

bool Platform::ends_within(std::chrono::milliseconds time) {
  return daemon_->wait(time) != -1;
}

bool Platform::kill() {
  daemon_->kill(SIGKILL);
  daemon_->wait();
  daemon_.reset();
  return eventually([] { return orphans().empty(); });
}

int Platform::end() {
  daemon_->kill(SIGTERM);
  int status = daemon_->wait();
  daemon_.reset();
  return status;
}

ProgramResult Platform::cli(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{program_path("arcella-cli"), "--home", home_};
  argv.insert(argv.end(), words.begin(), words.end());
  return run_to_end(argv);
}

wire::Json Platform::ask(std::vector<std::string> words) const {
  words.insert(words.begin(), "--json");
  const ProgramResult result = cli(words);
  auto parsed = wire::parse_json(result.out.substr(0, result.out.find('\n')));
  return result.status == 0 && parsed.has_value() ? *parsed : wire::Json();
}

bool Platform::settle() const {
  return eventually([this] {
    const wire::Json listing = ask({"list"});
    return listing.is_object() && is_at_rest(listing);
  });
}

std::string Platform::snapshot() const {
  const wire::Json listing = ask({"list"});
  if (!listing.is_object()) return "no daemon answers\n";
  std::ostringstream text;
  for (const char* kind : {"components", "deployments", "instances"}) {
    for (const wire::Json& entry : listing.at(kind).as_array()) {
      if (!is_history(entry)) text << kind << " " << without_moments(entry) << "\n";
    }
  }
  for (const std::string& row : rows_of(home_ + "/state/arcella.db")) text << row << "\n";
  for (const std::string& file : files_of(home_, text.str())) text << file << "\n";
  return text.str();
}

std::string Platform::unanswered() const {
  std::string complaints;
  const wire::Json listing = ask({"list", "deployments"});
  if (!listing.is_object()) return "no daemon answers\n";
  for (const wire::Json& deployment : listing.at("deployments").as_array()) {
    if (!std::string_view(deployment.at("module_id").as_string()).starts_with("calc@")) continue;
    if (deployment.at("state").as_string() != "running") continue;
    if (deployment.at("replicas").as_int64() == 0) continue;
    const std::string id(deployment.at("id").as_string());
    const ProgramResult call = cli({"call", id, "add(20, 22)"});
    if (call.out != "42\n") complaints += id + ": " + call.err;
  }
  return complaints;
}

std::string Platform::log() const {
  return content_of(home_ + ".log");
}

std::string Platform::last_line() const {
  std::string text = log();
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

std::string records_of(const std::string& snapshot) {
  std::istringstream lines(snapshot);
  std::string records;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("file ")) records += line + "\n";
  return records;
}

void copy_home(const std::string& from, const std::string& to) {
  fs::create_directory(to, from);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(from)) {
    const fs::path target = fs::path(to) / entry.path().lexically_relative(from);
    if (entry.is_directory()) fs::create_directory(target, entry.path());
    if (entry.is_regular_file()) fs::copy_file(entry.path(), target);
  }
}

std::vector<pid_t> orphans() {
  std::vector<pid_t> found = children_of(::getpid());
  std::erase_if(found, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  return found;
}

bool kill_a_worker(pid_t daemon, std::size_t choice) {
  const std::vector<pid_t> workers = children_of(daemon);
  if (workers.empty()) return false;
  const pid_t chosen = workers[choice % workers.size()];
  const UniqueFd worker(static_cast<int>(::syscall(SYS_pidfd_open, chosen, 0)));
  // The descriptor is of what still is a child of the daemon, not of who has its number now.
  const std::vector<pid_t> still = children_of(daemon);
  if (!worker.valid() || std::find(still.begin(), still.end(), chosen) == still.end()) return false;
  return ::syscall(SYS_pidfd_send_signal, worker.get(), SIGKILL, nullptr, 0) == 0;
}

}  // namespace arcella::integration
