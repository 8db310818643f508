// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/worker_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <string>

#include "aio/task_scope.h"
#include "aio/testing/run.h"
#include "base/result.h"

namespace arcella::aio {
namespace {

Result<std::string> thread_name() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return std::string(name.data());
}

Task<> hop(WorkerPool& pool) {
  auto here = std::this_thread::get_id();
  auto there = here;
  auto work = [&there] {
    there = std::this_thread::get_id();
    return thread_name();
  };
  auto name = co_await pool.run(std::move(work));
  EXPECT_EQ(name.value_or(""), "files");
  EXPECT_NE(there, here);
  EXPECT_EQ(std::this_thread::get_id(), here) << "the coroutine goes on where it was";
  auto failing = []() -> Result<std::unique_ptr<int>> { return fail(ErrorCode::NoSpace, "full"); };
  auto failed = co_await pool.run(failing);
  EXPECT_EQ(failed.error().code(), ErrorCode::NoSpace);
}
TEST(WorkerPool, RunsTheWorkThereAndComesBackHere) {
  Loop loop;
  WorkerPool pool("files", 2);
  testing::run(loop, hop(pool));
}

Task<> append(WorkerPool& pool, std::string& text, char letter) {
  auto work = [&text, letter] {
    text += letter;
    return true;
  };
  co_await pool.run(work);
}
Task<> in_order(Loop& loop, WorkerPool& pool) {
  TaskScope scope(loop.executor());
  std::string text;
  for (char letter = 'a'; letter <= 'z'; ++letter) scope.spawn(append(pool, text, letter));
  co_await scope.join();
  EXPECT_EQ(text, "abcdefghijklmnopqrstuvwxyz");
}
TEST(WorkerPool, OneThreadKeepsTheOrder) {
  Loop loop;
  WorkerPool pool("store", 1);
  testing::run(loop, in_order(loop, pool));
}

Task<> cancelled(Loop& loop, WorkerPool& pool) {
  TaskScope scope(loop.executor());
  std::string text;
  scope.spawn(append(pool, text, 'x'));
  scope.cancel();
  co_await scope.join();
  EXPECT_EQ(text, "x");
}
TEST(WorkerPool, WorkIsFinishedEvenWhenItsCallerIsCancelled) {
  Loop loop;
  WorkerPool pool("store", 1);
  testing::run(loop, cancelled(loop, pool));
}

}  // namespace
}  // namespace arcella::aio
