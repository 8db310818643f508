// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Every call to the operating system that an operation makes, made to fail: the first in one run,
// the second in the next, until a run has fewer calls than that. Each run ends with the operation
// done, or with one line, a proper exit status and the state as it was; the daemon still answers, a
// crash right after does not bring half of it back, and without the fault the operation succeeds.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <new>

#include "base/check.h"
#include "support/daemon_fixture.h"
#include "support/fail_at/fault_control.h"
#include "support/operations.h"

namespace arcella::integration {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ARCELLA_SANITIZED 1
#endif
#endif
#ifdef ARCELLA_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
constexpr int kBug = 1;  // the exit status of a bug in Arcella

struct Trial {
  Operation operation;
  Fault fault;
};
std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::None:
      return "None";
    case Fault::DiskFull:
      return "DiskFull";
    case Fault::InputOutput:
      return "InputOutput";
    case Fault::NoDescriptors:
      return "NoDescriptors";
    case Fault::ShortWrite:
      return "ShortWrite";
  }
  return "";
}
std::ostream& operator<<(std::ostream& out, const Trial& trial) {
  return out << trial.operation.name << name_of(trial.fault);
}

// The page that is shared with the library in the daemon.
class SharedControl {
 public:
  explicit SharedControl(const std::string& path) : path_(path) {
    const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ARCELLA_CHECK(::ftruncate(file.get(), sizeof(FaultControl)) == 0, "a page");
    void* page =
        ::mmap(nullptr, sizeof(FaultControl), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    ARCELLA_CHECK(page != MAP_FAILED, "a shared page");
    control_ = new (page) FaultControl();
  }
  ~SharedControl() { ::munmap(control_, sizeof(FaultControl)); }
  SharedControl(const SharedControl&) = delete;
  SharedControl& operator=(const SharedControl&) = delete;

  void arm(const std::string& home, Fault fault, std::int64_t at) {
    home.copy(control_->home.data(), control_->home.size() - 1);
    control_->home[home.size()] = '\0';
    control_->at = at;
    control_->calls = 0;
    control_->faults = 0;
    control_->fault = fault;
  }
  void disarm() { control_->fault = Fault::None; }
  [[nodiscard]] bool came() const { return control_->faults > 0; }
  [[nodiscard]] std::vector<std::string> environment() const {
    return {"LD_PRELOAD=" ARCELLA_FAIL_AT_LIBRARY, "ARCELLA_FAULTS=" + path_};
  }

 private:
  const std::string path_;
  FaultControl* control_ = nullptr;
};

class FailAt : public ::testing::TestWithParam<Trial> {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer wants to be the first library in the daemon";
    prepared_ = prepare_home(operation(), original());
    ASSERT_NE(prepared_, "");
    Platform platform(fresh_home());
    ASSERT_TRUE(platform.start());
    ASSERT_TRUE(platform.settle());
    before_ = is_start() ? prepared_ : platform.snapshot();
    if (!is_start()) {
      EXPECT_EQ(platform.cli(operation().command).status, operation().status);
    }
    EXPECT_TRUE(platform.settle());
    after_ = is_start() ? prepared_ : platform.snapshot();
    EXPECT_EQ(platform.end(), 0);
  }

  [[nodiscard]] const Operation& operation() const { return GetParam().operation; }
  [[nodiscard]] bool is_start() const { return operation().command.empty(); }
  [[nodiscard]] std::string original() const { return folder_.path() + "/original"; }
  std::string fresh_home() {
    std::string home = folder_.path() + "/home" + std::to_string(++homes_);
    if (!operation().preparation.empty()) copy_home(original(), home);
    return home;
  }

  // False when the operation was over before call number `at`.
  bool fail_at(std::int64_t at) {
    SCOPED_TRACE("call " + std::to_string(at));
    Platform platform(fresh_home());
    if (is_start()) return fail_start(platform, at);
    EXPECT_TRUE(platform.start(control_.environment()) && platform.settle()) << platform.log();
    control_.arm(platform.home(), GetParam().fault, at);
    const ProgramResult result = platform.cli(operation().command);
    EXPECT_FALSE(platform.ends_within(std::chrono::milliseconds(0))) << platform.log();
    control_.disarm();
    const bool came = control_.came();
    const std::string expected = expected_after(result);
    EXPECT_TRUE(platform.settle()) << result.err << platform.log();
    EXPECT_EQ(platform.cli({"ping"}).status, 0);
    EXPECT_EQ(records_of(platform.snapshot()), records_of(expected)) << platform.log();
    // Every other time the daemon goes on, so that it has to live with what is left.
    if (at % 2 == 0) crash_and_restart(platform, expected);
    repeat(platform, expected);
    crash_and_restart(platform, after_);
    EXPECT_EQ(platform.end(), 0);
    return came;
  }

  // What the state has to be, by what was answered.
  std::string expected_after(const ProgramResult& result) {
    if (result.status == operation().status) return after_;
    EXPECT_NE(result.status, 0);
    EXPECT_NE(result.status, kBug);
    EXPECT_TRUE(is_one_line(result));
    EXPECT_EQ(result.out, "");
    return before_;
  }

  void crash_and_restart(Platform& platform, const std::string& expected) {
    EXPECT_TRUE(platform.kill());
    EXPECT_TRUE(platform.start(control_.environment()) && platform.settle()) << platform.log();
    EXPECT_EQ(platform.snapshot(), expected) << platform.log();
  }

  void repeat(Platform& platform, const std::string& found) {
    if (found == after_ && !operation().repeatable) return;
    const ProgramResult again = platform.cli(operation().command);
    EXPECT_EQ(again.status,
              found == after_ && after_ != before_ ? operation().status_again : operation().status)
        << again.err;
    EXPECT_TRUE(platform.settle());
    EXPECT_EQ(records_of(platform.snapshot()), records_of(after_));
    EXPECT_EQ(platform.unanswered(), "");
  }

  bool fail_start(Platform& platform, std::int64_t at) {
    control_.arm(platform.home(), GetParam().fault, at);
    const bool started = platform.start(control_.environment());
    const bool settled = !started || platform.settle();
    control_.disarm();
    EXPECT_TRUE(settled) << platform.log();
    if (started) {
      EXPECT_EQ(platform.end(), 0) << platform.log();
    } else {
      EXPECT_TRUE(platform.ends_within(kDeadline));
      EXPECT_THAT(platform.last_line(), ::testing::StartsWith("arcella: "));
      EXPECT_TRUE(platform.kill());
    }
    EXPECT_TRUE(platform.start()) << platform.log();
    EXPECT_TRUE(platform.settle()) << platform.log();
    EXPECT_EQ(platform.snapshot(), after_);
    EXPECT_EQ(platform.unanswered(), "");
    EXPECT_EQ(platform.end(), 0);
    return control_.came();
  }

  TemporaryFolder folder_;
  SharedControl control_{folder_.path() + "/faults"};
  std::string prepared_;
  std::string before_;
  std::string after_;
  int homes_ = 0;
};

TEST_P(FailAt, IsACleanErrorOrNone) {
  std::int64_t at = 1;
  while (fail_at(at) && !HasFailure()) ++at;
  EXPECT_GT(at, 1) << "no call of the operation was of this kind";
}

// The operation with which every run of the tests tries every fault; the others take minutes.
constexpr std::string_view kAlways = "DeployTwo";

std::vector<Trial> trials(bool always) {
  std::vector<Trial> chosen;
  for (const Operation& operation : operations()) {
    if ((operation.name == kAlways) != always) continue;
    for (Fault fault :
         {Fault::DiskFull, Fault::InputOutput, Fault::NoDescriptors, Fault::ShortWrite}) {
      chosen.push_back({operation, fault});
    }
  }
  return chosen;
}
std::string name_of_trial(const ::testing::TestParamInfo<Trial>& info) {
  return info.param.operation.name + std::string(name_of(info.param.fault));
}
INSTANTIATE_TEST_SUITE_P(Always, FailAt, ::testing::ValuesIn(trials(true)), name_of_trial);
INSTANTIATE_TEST_SUITE_P(Slow, FailAt, ::testing::ValuesIn(trials(false)), name_of_trial);

}  // namespace
}  // namespace arcella::integration
