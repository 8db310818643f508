// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A method table without a platform behind it, whose handlers the test holds: a `call` waits until
// the test lets it go.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "aio/event.h"
#include "alme/method_table.h"

namespace arcella::alme::testing {

// Owner: the test; outlives the sessions.  Thread: the executor's.
class FakeMethods {
 public:
  explicit FakeMethods(const boost::asio::any_io_executor& executor)
      : started(executor), released(executor) {
    table.add_immediate("ping", [](const Invocation&) { return ping(); });
    table.add("status", [](Invocation i) { return broken(std::move(i)); });
    table.add("call", [this](Invocation i) { return wait(std::move(i)); }, OnCancel::Abort);
    table.add("install", [this](Invocation i) { return wait(std::move(i)); });
    table.add("scale", [this](Invocation i) { return wait(std::move(i)); }, OnCancel::AbortIfAsked);
    table.add("run", [this](Invocation i) { return count_fds(std::move(i)); });
    table.add_immediate("wit", [this](const Invocation&) { return big(); });
    table.add("logs", [this](Invocation i) { return follow(std::move(i)); });
  }

  MethodTable table;
  aio::Event started;   // set when a `call` or `install` waits
  aio::Event released;  // lets them go
  int waiting = 0;
  int cancelled = 0;
  int finished = 0;
  std::size_t fds = 0;
  std::size_t wit_bytes = 0;  // how long the answer to `wit` is, and that of what waits
  Notify notify;              // of the last `logs`
  std::weak_ptr<int> subscription;
  model::Progress::Sink progress;  // of the last that waits; empty: nobody asked

 private:
  static Result<Answer> ping() {
    Answer answer;
    answer.result = "pong";
    return answer;
  }
  static aio::Task<Result<Answer>> broken(Invocation) {
    co_return Unexpected(Error(ErrorCode::NotFound, "not here").with_detail("line 1\nline 2"));
  }
  aio::Task<Result<Answer>> wait(Invocation invocation) {
    progress = std::move(invocation.progress);
    ++waiting;
    started.set();
    auto result = co_await released.wait();
    if (!result.has_value()) {
      ++cancelled;
      co_return Unexpected(std::move(result).error());
    }
    ++finished;
    Answer answer;
    answer.result = wit_bytes == 0 ? wire::Json("done") : wire::Json(std::string(wit_bytes, 'x'));
    co_return answer;
  }
  aio::Task<Result<Answer>> count_fds(Invocation invocation) {
    fds = invocation.fds.size();
    Answer answer;
    answer.result = static_cast<std::int64_t>(fds);
    co_return answer;
  }
  [[nodiscard]] Result<Answer> big() const {
    Answer answer;
    answer.result = wire::Json(std::string(wit_bytes, 'x'));
    return answer;
  }
  aio::Task<Result<Answer>> follow(Invocation invocation) {
    notify = std::move(invocation.notify);
    auto token = std::make_shared<int>(0);  // owned by the session alone
    subscription = token;
    Answer answer;
    answer.result = "following";
    answer.subscription = std::move(token);
    co_return answer;
  }
};

}  // namespace arcella::alme::testing
