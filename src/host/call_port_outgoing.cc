// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Calls that go out, and their results.
#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "host/call_port.h"
#include "host/call_refusal.h"
#include "host/handle_list.h"
#include "ipc/failure_text.h"

namespace arcella::host {

using engine::CallOutcomeView;
using engine::Outcome;

struct CallPort::Sent final : engine::CallHandle::State {
  Sent(std::weak_ptr<CallPort> through, std::uint64_t number)
      : port(std::move(through)), request(number) {}
  void cancel() override {
    if (const auto alive = port.lock()) alive->cancel_outgoing(request);
  }
  const std::weak_ptr<CallPort> port;
  const std::uint64_t request;
};

engine::CallHandle CallPort::call(ipc::DataHeader header, const CallChain* caller,
                                  std::span<const std::byte> arguments,
                                  std::chrono::milliseconds patience, engine::CallDone done) {
  const std::string chain = encode(caller);
  const std::size_t bytes = arguments.size() + chain.size();
  if (bytes > limits::kDataPayloadBytesMax) {
    done(refuse_call(Outcome::BadArguments, "the arguments take " + std::to_string(bytes) +
                                                " bytes; the bound is " +
                                                std::to_string(limits::kDataPayloadBytesMax)));
    return {};
  }
  const auto give_up = std::chrono::steady_clock::now() + patience;
  header.request =
      writer_.queued() + bytes > limits::kDataQueuedBytesMax ? 0 : outgoing_.add(done, give_up);
  if (header.request == 0) {
    done(refuse_call(Outcome::Unavailable, "the process has too many calls under way"));
    return {};
  }
  std::optional<std::string> closed;
  {
    // After it was added: whoever ends them all either finds it, or was before this.
    const MutexLock lock(mutex_);
    if (ended_) closed = closed_.value_or("the data channel was closed");
  }
  if (closed) {
    if (const engine::CallDone mine = outgoing_.take(header.request))
      mine(refuse_call(Outcome::NotReady, *closed));
    return {};
  }
  header.kind = ipc::DataKind::Call;
  header.chain_bytes = static_cast<std::uint16_t>(chain.size());
  send(header, arguments, std::as_bytes(std::span(chain)));
  if (!watching_deadlines_.exchange(true)) give_up_late_ones();
  return engine::CallHandle(std::make_shared<Sent>(weak_from_this(), header.request));
}

void CallPort::result_came(const Frame& frame) {
  // Unknown: the result of a call that was cancelled or given up meanwhile.
  const engine::CallDone done = outgoing_.take(frame.header.request);
  const auto outcome = static_cast<Outcome>(frame.header.encoding_or_outcome);
  if (!done) {
    const bool with_handles =
        outcome == Outcome::Returned &&
        frame.header.function == static_cast<std::uint32_t>(engine::Encoding::Handles);
    if (const auto handles = handles_of(frame.payload); with_handles && handles)
      drop(frame.header.slot, *handles);
    return;
  }
  if (outcome == Outcome::Returned) {
    done(CallOutcomeView(frame.payload));
    return;
  }
  const ipc::FailureText text = ipc::failure_text(frame.payload);
  CallOutcomeView failed{std::span<const std::byte>()};
  failed.outcome = outcome;
  failed.exit_status = frame.header.index;
  failed.message = text.message;
  failed.backtrace = text.backtrace;
  done(failed);
}

void CallPort::drop(std::uint32_t slot, std::span<const std::uint64_t> handles) {
  if (handles.empty()) return;
  ipc::DataHeader header;
  header.kind = ipc::DataKind::Drop;
  header.slot = slot;
  send(header, encode_numbers(handles));
}

void CallPort::cancel_outgoing(std::uint64_t request) {
  const engine::CallDone done = outgoing_.take(request);
  if (!done) return;
  send_cancel(request);
  done(refuse_call(Outcome::Cancelled, "the call was cancelled"));
}

void CallPort::send_cancel(std::uint64_t request) {
  ipc::DataHeader header;
  header.kind = ipc::DataKind::Cancel;
  header.request = request;
  send(header, {});
}

// The peer keeps its deadlines itself: this is for one that has stopped, or lies. One look at all
// of them now and then costs a call less than a timer of its own.
void CallPort::give_up_late_ones() {
  for (const OutgoingCalls::Due& due : outgoing_.take_due(std::chrono::steady_clock::now())) {
    send_cancel(due.request);
    due.done(refuse_call(Outcome::TimedOut, "there was no answer in time"));
  }
  if (outgoing_.count() == 0) {
    watching_deadlines_ = false;
    // A call may have been added before the flag was down, and left the watch to us.
    if (outgoing_.count() == 0 || watching_deadlines_.exchange(true)) return;
  }
  pool_.post_after(limits::kDataDeadlineLook, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->give_up_late_ones();
  });
}

}  // namespace arcella::host
