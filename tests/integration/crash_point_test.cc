// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The daemon is killed at every crash point that an operation passes, at each of its passages, and
// started again: its state is then the one before or the one after, nothing is left over, guests
// answer, and the operation can be repeated. Which points those are is not written down here but
// heard from the daemon: it runs the operation once and logs what it passes.
#include "base/crash_point.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "support/operations.h"

namespace arcella::integration {
namespace {

struct Passage {
  std::string point;
  int number = 0;  // counted from the start of the daemon
  [[nodiscard]] std::string arming() const {
    return "ARCELLA_CRASH_AT=" + point + ":" + std::to_string(number);
  }
};

// What an operation does when nothing goes wrong.
struct Course {
  std::string before;
  std::string after;
  std::vector<Passage> passages;  // of the operation and of what follows from it
};

// The lines of the log in which the daemon armed with "log" says what it passes.
std::vector<Passage> passages_in(const std::string& log) {
  constexpr std::string_view kMark = "crash: passed point=";
  std::vector<Passage> passages;
  std::map<std::string, int> counts;
  for (std::size_t at = log.find(kMark); at != std::string::npos; at = log.find(kMark, at)) {
    at += kMark.size();
    const std::string point = log.substr(at, log.find('\n', at) - at);
    passages.push_back({point, ++counts[point]});
  }
  return passages;
}

// An operation, and as many copies of its home as it takes.
class Scene {
 public:
  explicit Scene(const Operation& operation)
      : operation_(operation), prepared_(prepare_home(operation, original())) {}

  // A home of its own, as the operation wants to find it.
  std::string fresh_home() {
    std::string home = folder_.path() + "/home" + std::to_string(++homes_);
    if (!operation_.preparation.empty()) copy_home(original(), home);
    return home;
  }
  [[nodiscard]] bool is_start() const { return operation_.command.empty(); }
  [[nodiscard]] const Operation& operation() const { return operation_; }

  Course undisturbed() {
    Course course;
    Platform platform(fresh_home());
    EXPECT_TRUE(platform.start({"ARCELLA_CRASH_AT=log"})) << platform.log();
    EXPECT_TRUE(platform.settle());
    course.before = platform.snapshot();
    const std::size_t earlier = is_start() ? 0 : passages_in(platform.log()).size();
    if (!is_start()) {
      const ProgramResult result = platform.cli(operation_.command);
      EXPECT_EQ(result.status, operation_.status) << result.err;
      EXPECT_TRUE(platform.settle());
    }
    course.after = platform.snapshot();
    if (is_start()) {
      EXPECT_EQ(course.after, prepared_);
    }
    course.passages = passages_in(platform.log());
    course.passages.erase(course.passages.begin(),
                          course.passages.begin() + static_cast<std::ptrdiff_t>(earlier));
    EXPECT_EQ(platform.end(), 0);
    return course;
  }

 private:
  [[nodiscard]] std::string original() const { return folder_.path() + "/original"; }

  const Operation& operation_;
  TemporaryFolder folder_;
  const std::string prepared_;
  int homes_ = 0;
};

class CrashPointTest : public ::testing::TestWithParam<Operation> {
 protected:
  void crash_at(const Passage& passage, const Course& course) {
    SCOPED_TRACE(passage.arming());
    Platform platform(scene_.fresh_home());
    const bool started = platform.start({passage.arming()});
    if (!scene_.is_start()) {
      ASSERT_TRUE(started && platform.settle()) << platform.log();
      (void)platform.cli(GetParam().command);  // the daemon may die before or after it answers
    }
    ASSERT_TRUE(platform.ends_within(kDeadline)) << "it was not killed\n" << platform.log();
    ASSERT_TRUE(platform.kill()) << "processes are left over";

    ASSERT_TRUE(platform.start()) << platform.log();
    EXPECT_TRUE(platform.settle()) << platform.log();
    const std::string found = platform.snapshot();
    EXPECT_THAT(found, ::testing::AnyOf(course.before, course.after)) << platform.log();
    EXPECT_EQ(platform.unanswered(), "");
    if (!scene_.is_start()) repeat(platform, course, found);
    EXPECT_EQ(platform.end(), 0);
  }

  void repeat(Platform& platform, const Course& course, const std::string& found) {
    const Operation& operation = GetParam();
    if (found == course.after && !operation.repeatable) return;
    const int expected = found == course.before ? operation.status : operation.status_again;
    const ProgramResult again = platform.cli(operation.command);
    EXPECT_EQ(again.status, expected) << again.err;
    EXPECT_TRUE(platform.settle());
    EXPECT_EQ(platform.snapshot(), course.after);
    EXPECT_EQ(platform.unanswered(), "");
  }

  Scene scene_{GetParam()};
};

TEST_P(CrashPointTest, LeavesTheStateBeforeOrTheStateAfter) {
  const Course course = scene_.undisturbed();
  ASSERT_FALSE(HasFailure());
  ASSERT_FALSE(course.passages.empty());
  for (const Passage& passage : course.passages) {
    crash_at(passage, course);
    if (HasFatalFailure()) return;
  }
}

std::vector<Operation> operations_that_run(bool always) {
  std::vector<Operation> chosen = operations();
  std::erase_if(chosen,
                [always](const Operation& operation) { return operation.always != always; });
  return chosen;
}
std::string name_of(const ::testing::TestParamInfo<Operation>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Always, CrashPointTest, ::testing::ValuesIn(operations_that_run(true)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Slow, CrashPointTest, ::testing::ValuesIn(operations_that_run(false)),
                         name_of);

TEST(CrashPoints, EachIsPassedBySomeOperation) {
  std::set<std::string> never(kCrashPoints.begin(), kCrashPoints.end());
  for (const Operation& operation : operations()) {
    Scene scene(operation);
    for (const Passage& passage : scene.undisturbed().passages) never.erase(passage.point);
  }
  EXPECT_THAT(never, ::testing::IsEmpty()) << "an operation that passes them is missing from "
                                              "support/operations.cc, or the point has moved";
}

}  // namespace
}  // namespace arcella::integration
