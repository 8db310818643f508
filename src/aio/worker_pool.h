// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Named threads for work that blocks (SQLite, big files), and the hop there and back:
//
//   auto save = [this, rows = std::move(rows)] { return store_.save(rows); };
//   ARCELLA_CO_TRY_VOID(co_await pool.run(std::move(save)));   // the result is back on the control
//   thread
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "aio/task.h"

namespace arcella::aio {

// Owner: main.  Thread: run() from the control thread.  The destructor finishes what was begun and
// joins; every run() must have returned before it.
class WorkerPool {
 public:
  // `name` is what ps and a debugger show, at most 15 bytes. One thread: things run in the order
  // they came.
  WorkerPool(std::string name, int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `work` on a thread of the pool and gives back what it returns (not void: use
  // Result<void>). Not cancellable: what a blocking call works with must live until it is done.
  // `work` must not throw.
  template <class Work>
  Task<std::invoke_result_t<Work&>> run(Work work) {
    using Value = std::invoke_result_t<Work&>;
    boost::asio::any_io_executor home = co_await boost::asio::this_coro::executor;
    auto initiate = [this, home, &work](auto handler) {
      auto on_pool = [home, &work, handler = std::move(handler)]() mutable {
        // Back first, then the handler: it holds the coroutine, which may not be destroyed here.
        auto back = [handler = std::move(handler), value = work()]() mutable {
          std::move(handler)(std::move(value));
        };
        boost::asio::post(home, std::move(back));
      };
      boost::asio::post(queue_, std::move(on_pool));
    };
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                   void(Value)>(initiate,
                                                                boost::asio::use_awaitable);
  }

 private:
  boost::asio::io_context queue_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_;
  std::vector<std::thread> threads_;
};

}  // namespace arcella::aio
