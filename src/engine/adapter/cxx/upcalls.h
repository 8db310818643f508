// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the adapter calls back: interfaces that the C++ face (src/engine/*.cc) implements. Header
// only and abstract, so that the adapter links and is tested (`cargo test`) without any C++ of
// ours. Private to src/engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "rust/cxx.h"

namespace arcella::engine::door {

// Wakes the task that a future belongs to. Thread: any.
class TaskWaker {
 public:
  virtual ~TaskWaker() = default;
  virtual void wake() const noexcept = 0;
  // A share that outlives the poll it was given for.
  [[nodiscard]] virtual std::shared_ptr<TaskWaker> share() const noexcept = 0;
};

// Where a guest's output goes; `stream` is 0 for stdout, 1 for stderr. Thread: any, also several at
// once.
class OutputTarget {
 public:
  virtual ~OutputTarget() = default;
  virtual void write(std::uint8_t stream, rust::Slice<const std::uint8_t> bytes) const noexcept = 0;
};

struct Task;  // the adapter's

// How the beginning of a call went, unless its result fitted in the room for it; exactly one of
// these, on the calling thread.
class CallEnd {
 public:
  virtual ~CallEnd() = default;
  virtual void returned(rust::Vec<std::uint8_t> payload) const noexcept = 0;
  // `outcome` as engine::Outcome.
  virtual void failed(std::uint8_t outcome, std::int32_t exit_status, rust::Str message,
                      rust::Str backtrace) const noexcept = 0;
  virtual void pending(rust::Box<Task> task) const noexcept = 0;
};

// A call of an import that is under way.
class ImportCall {
 public:
  virtual ~ImportCall() = default;
  virtual void cancel() const noexcept = 0;
};

// Whom the imports of a component lead to. Called inside a guest, from any thread, also several at
// once; `arguments` live until it returns. `reply` is given to import_returned() or import_failed()
// once. Null when the call has ended already.
class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  [[nodiscard]] virtual std::shared_ptr<ImportCall> call(std::uint32_t function,
                                                         rust::Slice<const std::uint8_t> arguments,
                                                         std::uint64_t timeout_ms,
                                                         std::size_t reply) const noexcept = 0;
  // Handles that results had and nobody holds any more. Must not block; also outside of guests.
  virtual void drop_handles(rust::Slice<const std::uint64_t> numbers) const noexcept = 0;
};

// Who looks after a replica that is called directly (adapter/src/direct.rs). Thread: any, inside of
// a guest's poll.
class CalleeKeeper {
 public:
  virtual ~CalleeKeeper() = default;
  // `outcome` as engine::Outcome.
  virtual void failed(rust::Str function, std::uint8_t outcome, std::int32_t exit_status,
                      rust::Str message, rust::Str backtrace) const noexcept = 0;
  virtual void holds_thread(bool holds) const noexcept = 0;
  virtual void left() const noexcept = 0;
};

struct KeyValueRequest;
struct KeyValueReply;  // both the adapter's

// Who keeps a deployment's keys. Called inside a guest, whose thread it must not block, from any
// thread, also several at once; the reply may come later.
class KeyValueTarget {
 public:
  virtual ~KeyValueTarget() = default;
  virtual void ask(KeyValueRequest request, rust::Box<KeyValueReply> reply) const noexcept = 0;
};

// Told once that an HTTP server has stopped. Thread: one of the adapter's.
class StopListener {
 public:
  virtual ~StopListener() = default;
  virtual void stopped() const noexcept = 0;
};

}  // namespace arcella::engine::door
