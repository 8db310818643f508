// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/loop.h"

#include <csignal>

namespace arcella::aio {

void ignore_broken_pipes() noexcept {
  std::signal(SIGPIPE, SIG_IGN);
}

// The hint of 1: only one thread runs the loop, so Asio may leave out wake-ups between threads.
Loop::Loop() : io_(1), signals_(io_) {}
Loop::~Loop() = default;

void Loop::on_signals(std::initializer_list<int> signals, std::function<void(int)> handler) {
  ARCELLA_CHECK(!on_signal_, "once");
  on_signal_ = std::move(handler);
  for (int signal : signals) signals_.add(signal);
  wait_for_signal();
}

void Loop::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    on_signal_(signal);
    wait_for_signal();
  });
}

void Loop::run_io() {
  io_.restart();
  io_.run();
}

}  // namespace arcella::aio
