// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a call is made of and how it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace arcella::engine {

enum class Outcome {
  Returned,
  BadArguments,  // no such function, or the text does not fit its type; the guest did not run
  Trapped,       // the store is dead; message and backtrace say why
  TimedOut,      // the deadline passed; the store is dead
  OutOfFuel,     // the store is dead
  MemoryLimit,   // trapped after its memory was refused to grow; the store is dead
  Cancelled,     // cancel() or the instance was stopped; the store is dead if the guest was inside
  Exited,        // wasi:cli/exit or a command's end: see exit_status
  Unavailable,   // made by the host, not here: no replica could take the call, or its process went
                 // while it was under way
  NotReady,      // made by the host, not here: no replica is ready; no guest has seen the call
};

// How a call or a command ended.
struct CallOutcome {
  Outcome outcome = Outcome::Returned;
  std::vector<std::byte> payload;  // the results, in the encoding of the request
  int exit_status = 0;             // Exited only
  std::string message;             // not Returned: one line
  std::string backtrace;           // the wasm backtrace, if there is one
};

// The same as a callback is told it: what it leads to lives until the callback returns. Who keeps
// it takes it as a CallOutcome, who only passes it on copies nothing.
struct CallOutcomeView {
  explicit CallOutcomeView(std::span<const std::byte> result) : payload(result) {}
  // Both ways like std::string and its view.
  CallOutcomeView(const CallOutcome& owned)  // NOLINT(google-explicit-constructor)
      : outcome(owned.outcome),
        payload(owned.payload),
        exit_status(owned.exit_status),
        message(owned.message),
        backtrace(owned.backtrace) {}
  operator CallOutcome() const {  // NOLINT(google-explicit-constructor)
    return {outcome,
            {payload.begin(), payload.end()},
            exit_status,
            std::string(message),
            std::string(backtrace)};
  }

  Outcome outcome = Outcome::Returned;
  std::span<const std::byte> payload;
  int exit_status = 0;
  std::string_view message;
  std::string_view backtrace;
};

enum class Encoding {
  Wave,     // text: parameters "1, 2" without the parentheses; the result as one WAVE value, empty
            // without result
  Values,   // type-directed MessagePack: an array of the parameters; the result as one value
  Arena,    // the parameters as one tuple, or the result, as they lie in a guest's memory
            // (docs/decisions/0013); not of a function with handles
  Handles,  // an arena, and the handles in it behind it (docs/decisions/0017)
};

// Something of the caller's that goes with a call: what the guest then calls through its imports is
// told it (import_target.h). Opaque here.
using CallContext = std::shared_ptr<const void>;

// Cancels one call; harmless when it has ended. Copyable handle.
class CallHandle {
 public:
  // What it leads to, made by whoever takes calls. Thread: any.
  struct State {
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    virtual ~State() = default;
    virtual void cancel() = 0;
  };

  CallHandle() = default;
  void cancel() const;
  // False: there is nothing to cancel.
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }
  explicit CallHandle(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<State> state_;
};

// Runs on the thread that polled last.
using CallDone = std::function<void(const CallOutcomeView&)>;

// The same for who has more to say at the end than a CallDone holds without an allocation: it is
// on the caller's stack, for most calls end before call() returns.
class CallEnding {
 public:
  virtual ~CallEnding() = default;
  // The call has ended; the last thing that call() does.
  virtual void ended(const CallOutcomeView& outcome) = 0;
  // It goes on: who is to be told.
  virtual CallDone later() = 0;
};

}  // namespace arcella::engine
