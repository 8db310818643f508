// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/worker_pool.h"

#include <pthread.h>

#include "base/check.h"

namespace arcella::aio {

WorkerPool::WorkerPool(std::string name, int threads)
    : queue_(threads), open_(queue_.get_executor()) {
  ARCELLA_CHECK(threads > 0 && name.size() < 16,
                "a pool has threads, and a name that the kernel takes");
  threads_.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { queue_.run(); });
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
}

WorkerPool::~WorkerPool() {
  open_.reset();
  for (auto& thread : threads_) thread.join();
}

}  // namespace arcella::aio
