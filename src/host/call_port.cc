// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Reading, and the calls that come in. Those that go out are in call_port_outgoing.cc.
#include "host/call_port.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.h"
#include "host/call_refusal.h"
#include "host/handle_list.h"
#include "ipc/failure_text.h"

namespace arcella::host {
namespace {

using engine::CallOutcomeView;
using engine::Outcome;

// Frames that one thread takes off the socket before it runs a guest.
constexpr std::size_t kBatchMax = 64;

static_assert(static_cast<int>(Outcome::NotReady) == static_cast<int>(ipc::DataOutcome::NotReady) &&
                  static_cast<int>(Outcome::Exited) == static_cast<int>(ipc::DataOutcome::Exited),
              "the data channel numbers outcomes as the engine does");

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

Result<std::shared_ptr<CallPort>> CallPort::open(ipc::DataEnd end, EnginePool& pool, Side side,
                                                 OnLost on_lost) {
  std::unique_ptr<ipc::SharedMemory> memory;
  if (end.memory.valid()) {
    ARCELLA_TRY(memory, ipc::SharedMemory::map(end.memory, end.first));
  }
  auto port = std::make_shared<CallPort>(std::move(end.socket), std::move(memory), pool, side,
                                         std::move(on_lost));
  ARCELLA_TRY_VOID(
      pool.watch(port->socket_.get(), [port](bool hung_up) { port->on_ready(hung_up); }));
  return port;
}

CallPort::CallPort(UniqueFd socket, std::unique_ptr<ipc::SharedMemory> memory, EnginePool& pool,
                   Side side, OnLost on_lost)
    : socket_(std::move(socket)),
      memory_(std::move(memory)),
      pool_(pool),
      side_(side),
      writer_(socket_.get(), pool, memory_.get()),
      reader_(memory_.get()),
      on_lost_(std::move(on_lost)) {}

void CallPort::serve(std::uint32_t slot, std::shared_ptr<Callee> callee) {
  // What is released here outlives the lock: it may have handles to drop.
  const MutexLock lock(mutex_);
  if (callee && !closed_) {
    callees_[slot].swap(callee);
    return;
  }
  const auto found = callees_.find(slot);
  if (found == callees_.end()) return;
  callee.swap(found->second);
  callees_.erase(found);
}

bool CallPort::congested() const noexcept {
  return side_ == Side::Worker && writer_.queued() > limits::kDataOutboxBytesMax;
}

void CallPort::on_ready(bool hung_up) {
  if (hung_up) {
    const MutexLock lock(mutex_);
    hung_up_ = true;
  }
  writer_.flush();
  if (!congested()) read();
}

void CallPort::read() {
  std::uint64_t seen = 0;
  bool to_the_end = false;
  {
    const MutexLock lock(mutex_);
    ++arrivals_;
    if (reading_ || ended_) return;  // who reads looks at arrivals_ before it stops
    reading_ = true;
    seen = arrivals_;
    to_the_end = hung_up_;
  }
  std::vector<Frame> frames;
  for (bool go_on = true; go_on;) {
    bool more = false;
    const std::optional<Error> broken = read_some(frames, to_the_end, more);
    const bool wait = congested();
    {
      const MutexLock lock(mutex_);
      ended_ = broken.has_value();
      go_on = !ended_ && !wait && (more || arrivals_ != seen);
      seen = arrivals_;
      to_the_end = hung_up_;
      reading_ = go_on;
    }
    if (broken) lost(*broken);
    frames.clear();
    if (!go_on) break;
    // More may come: somebody else has to run these.
    bool help = false;
    {
      const MutexLock lock(mutex_);
      help = needs_help();
    }
    if (help) post_help();
  }
  run_calls();
}

// An error: it was the last time.
std::optional<Error> CallPort::read_some(std::vector<Frame>& frames, bool to_the_end, bool& more) {
  const auto progress = reader_.read(socket_.get(), frames, kBatchMax, to_the_end);
  std::optional<Error> broken = admit(frames);
  if (!progress) return progress.error();
  if (broken) return broken;
  more = *progress == ipc::FrameReader::Progress::MayHaveMore;
  if (*progress == ipc::FrameReader::Progress::Closed)
    return Error(ErrorCode::Unavailable, "the data channel was closed");
  return std::nullopt;
}

std::optional<Error> CallPort::admit(std::vector<Frame>& frames) {
  std::optional<Error> broken;
  for (Frame& frame : frames) {
    const ipc::DataHeader header = frame.header;
    const std::uint64_t request = header.request;
    if (header.kind == ipc::DataKind::Result) {
      result_came(frame);
      continue;
    }
    if (header.kind == ipc::DataKind::Cancel) {
      cancel_incoming(request);
      continue;
    }
    if (header.kind == ipc::DataKind::Drop) {
      drop_came(frame);
      continue;
    }
    std::optional<engine::CallOutcome> refused;
    {
      const MutexLock lock(mutex_);
      if (incoming_.contains(request)) {
        broken = Error(ErrorCode::InvalidRequest, "data channel: two calls with one number");
        continue;
      }
      refused = refusal(frame);
      if (!refused) {
        incoming_.try_emplace(request, Incoming{.bytes = frame.payload.size()});
        incoming_bytes_ += frame.payload.size();
        calls_.push_back(std::move(frame));
      }
    }
    if (refused) reply(header, *refused);
  }
  return broken;
}

std::optional<engine::CallOutcome> CallPort::refusal(const Frame& frame) {
  if (incoming_.size() >= static_cast<std::size_t>(limits::kDataInFlightMax))
    return refuse_call(Outcome::Unavailable,
                       "the process is overloaded: " + std::to_string(limits::kDataInFlightMax) +
                           " calls are under way");
  if (incoming_bytes_ + frame.payload.size() > limits::kDataIncomingBytesMax)
    return refuse_call(Outcome::Unavailable,
                       "the process is overloaded: the arguments of the calls under way take " +
                           std::to_string(incoming_bytes_) + " bytes");
  return std::nullopt;
}

bool CallPort::needs_help() {
  return !calls_.empty() && !std::exchange(help_asked_, true);
}

void CallPort::post_help() {
  pool_.post([self = shared_from_this()] {
    {
      const MutexLock lock(self->mutex_);
      self->help_asked_ = false;
    }
    self->run_calls();
  });
}

std::optional<CallPort::Taken> CallPort::next_call() {
  std::optional<Taken> taken;
  bool help = false;
  {
    const MutexLock lock(mutex_);
    if (calls_.empty()) return taken;
    taken = Taken{std::move(calls_.front()), nullptr, false};
    calls_.pop_front();
    const ipc::DataHeader& header = taken->frame.header;
    const auto callee = callees_.find(header.slot);
    if (callee != callees_.end()) taken->callee = callee->second;
    const auto call = incoming_.find(header.request);
    taken->cancelled = call == incoming_.end() || call->second.cancelled;
    help = needs_help();
  }
  if (help) post_help();
  return taken;
}

void CallPort::run_calls() {
  const MonotonicTime begun = std::chrono::steady_clock::now();
  for (MonotonicTime now = begun; now - begun < limits::kDataTurnMax;) {
    const std::optional<Taken> taken = next_call();
    if (!taken) return;
    pool_.before_work(now);
    run_call(*taken);
    now = std::chrono::steady_clock::now();
  }
}

void CallPort::send(const ipc::DataHeader& header, std::span<const std::byte> payload,
                    std::span<const std::byte> tail) {
  if (writer_.write(header, payload, tail) == FrameWriter::Written::Out) return;
  // It goes through this port's socket, and so lives as long.
  pool_.defer(std::shared_ptr<FrameWriter>(shared_from_this(), &writer_));
}

void CallPort::run_call(const Taken& taken) {
  const std::uint64_t request = taken.frame.header.request;
  if (taken.cancelled)
    return reply(taken.frame.header, refuse_call(Outcome::Cancelled, "cancelled before it began"));
  if (!taken.callee)
    return reply(taken.frame.header,
                 refuse_call(Outcome::NotReady, "the deployment is not loaded"));
  const engine::CallHandle handle = begin_call(taken.frame, taken.callee);
  if (!handle.valid()) return;  // most calls have ended by now
  bool cancelled_meanwhile = false;
  {
    const MutexLock lock(mutex_);
    const auto call = incoming_.find(request);
    if (call == incoming_.end()) return;  // has ended
    call->second.handle = handle;
    cancelled_meanwhile = call->second.cancelled;
  }
  if (cancelled_meanwhile) handle.cancel();
}

engine::CallHandle CallPort::begin_call(const Frame& frame, const std::shared_ptr<Callee>& callee) {
  const ipc::DataHeader& header = frame.header;
  const std::span<const std::byte> payload(frame.payload);
  const auto arguments = payload.first(payload.size() - header.chain_bytes);
  const auto chain_bytes = payload.last(header.chain_bytes);
  auto chain =
      decode_chain({reinterpret_cast<const char*>(chain_bytes.data()), chain_bytes.size()});
  if (!chain) {
    reply(header, refuse_call(Outcome::BadArguments, chain.error().message()));
    return {};
  }
  const std::optional<int> index =
      header.index < 0 ? std::nullopt : std::optional<int>(header.index);
  return callee->call(index, header.function,
                      static_cast<engine::Encoding>(header.encoding_or_outcome), arguments,
                      std::chrono::milliseconds(header.timeout_ms), std::move(*chain),
                      [self = shared_from_this(), header](const CallOutcomeView& outcome) {
                        self->reply(header, outcome);
                      });
}

void CallPort::cancel_incoming(std::uint64_t request) {
  engine::CallHandle handle;
  {
    const MutexLock lock(mutex_);
    const auto call = incoming_.find(request);
    if (call == incoming_.end()) return;
    call->second.cancelled = true;
    handle = call->second.handle;
  }
  handle.cancel();
}

// Before the calls that came after it.
void CallPort::drop_came(const Frame& frame) {
  std::shared_ptr<Callee> callee;
  {
    const MutexLock lock(mutex_);
    const auto found = callees_.find(frame.header.slot);
    if (found != callees_.end()) callee = found->second;
  }
  if (callee) callee->drop(decode_numbers(frame.payload));
}

void CallPort::reply(const ipc::DataHeader& call_header, const CallOutcomeView& outcome) {
  {
    const MutexLock lock(mutex_);
    const auto call = incoming_.find(call_header.request);
    if (call != incoming_.end()) {
      incoming_bytes_ -= call->second.bytes;
      incoming_.erase(call);
    }
  }
  ipc::DataHeader header;
  header.kind = ipc::DataKind::Result;
  header.request = call_header.request;
  header.slot = call_header.slot;
  header.function = call_header.encoding_or_outcome;
  header.index = outcome.exit_status;
  header.encoding_or_outcome = static_cast<std::uint8_t>(outcome.outcome);
  if (outcome.outcome != Outcome::Returned) {
    send(header, bytes_of(ipc::failure_payload(outcome.message, outcome.backtrace)));
  } else if (outcome.payload.size() > limits::kDataPayloadBytesMax) {
    header.encoding_or_outcome = static_cast<std::uint8_t>(ipc::DataOutcome::BadArguments);
    const std::string text =
        "the result is larger than " + std::to_string(limits::kDataPayloadBytesMax) + " bytes";
    send(header, bytes_of(ipc::failure_payload(text, {})));
  } else {
    send(header, outcome.payload);
  }
  if (side_ != Side::Worker && writer_.queued() > limits::kDataAbandonBytes)
    lost(Error(ErrorCode::InvalidRequest, "data channel: it does not read what it is sent"));
}

// --- the end ---

void CallPort::lost(const Error& why) {
  OnLost tell;
  bool closed = false;
  {
    const MutexLock lock(mutex_);
    tell.swap(on_lost_);
    closed = closed_.has_value();
  }
  ::shutdown(socket_.get(), SHUT_RDWR);  // so that the peer does not wait for answers
  if (closed) return end_all();
  if (tell) tell(why);
}

void CallPort::close(const std::string& reason) {
  bool ended = false;
  {
    const MutexLock lock(mutex_);
    if (!closed_) closed_ = reason;
    ended = ended_;
  }
  writer_.flush();
  // What has arrived is read first, up to the end that this makes, by whoever that wakes.
  ::shutdown(socket_.get(), SHUT_RDWR);
  if (ended) end_all();
}

void CallPort::end_all() {
  std::string reason;
  std::unordered_map<std::uint32_t, std::shared_ptr<Callee>> callees;
  std::vector<engine::CallHandle> running;
  {
    const MutexLock lock(mutex_);
    reason = *closed_;
    callees.swap(callees_);
    for (auto& [request, call] : incoming_) {
      call.cancelled = true;
      running.push_back(call.handle);
    }
  }
  for (const engine::CallHandle& handle : running) handle.cancel();
  const engine::CallOutcome outcome = refuse_call(Outcome::Unavailable, reason);
  for (const engine::CallDone& done : outgoing_.take_all()) done(outcome);
  pool_.unwatch(socket_.get());
}

}  // namespace arcella::host
