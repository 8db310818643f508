// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme/session.h"

#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "aio/await.h"
#include "aio/timeout.h"
#include "alme_proto/methods.h"
#include "alme_proto/progress.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"

namespace arcella::alme {
namespace {

using wire::Json;
using wire::JsonObject;

aio::Task<> run_into(aio::Task<Result<Answer>> task, std::optional<Result<Answer>>& result) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  result = co_await std::move(task);
}

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

Json to_json(const wire::RpcId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return *number;
  if (const auto* text = std::get_if<std::string>(&id)) return Json(*text);
  return nullptr;
}

wire::RpcResponse failure(wire::RpcId id, Error error) {
  Result<Json> outcome = fail(std::move(error));
  return wire::RpcResponse{std::move(id), std::move(outcome)};
}

}  // namespace

Session::Session(const boost::asio::any_io_executor& executor, const MethodTable& table,
                 UniqueFd socket, std::function<void()> on_answer)
    : executor_(executor),
      table_(table),
      on_answer_(std::move(on_answer)),
      socket_(executor, std::move(socket), aio::FramedSocketOptions{}),
      answered_(executor),
      tasks_(executor) {}

aio::Task<> Session::run() {
  tasks_.spawn(watch_hangup());
  co_await read_requests();
  co_await wait_idle();
  subscriptions_.clear();
  co_await aio::with_timeout(limits::kAlmeDrainTimeout, socket_.drain());
  socket_.close();
  tasks_.cancel();
  co_await tasks_.join();
}

// Ends when the client sends no more. No deadline: a shell may sit idle for days;
// limits::kAlmeClientsMax bounds what that can cost.
aio::Task<> Session::read_requests() {
  for (;;) {
    auto room = co_await wait_for_room();
    if (!room.has_value()) co_return;
    auto frame = co_await socket_.read();
    if (!frame.has_value()) {
      if (frame.error().code() == ErrorCode::LimitExceeded) {
        respond(failure(wire::RpcId{}, std::move(frame).error()), nullptr);
      }
      co_return;
    }
    if (blank(frame->bytes)) continue;
    auto line = wire::parse_json(frame->bytes);
    if (!line.has_value()) {
      respond(failure(wire::RpcId{}, std::move(line).error()), nullptr);
      continue;
    }
    std::optional<alme_proto::LegacyRequest> legacy = alme_proto::as_legacy(*line);
    if (legacy) {
      alme_proto::LegacyRequest request = std::move(*legacy);
      co_await answer_legacy(std::move(request));
      continue;
    }
    handle_calls(wire::read_calls(std::move(*line)), std::move(frame->fds));
  }
}

// A client that asks faster than it reads is not read until it has: whoever writes many requests
// gets all answers at its own pace, and a flood stops by itself. An error: it is gone, and what it
// sent beyond is not looked at.
aio::Task<Result<void>> Session::wait_for_room() {
  while (pending_.size() >= static_cast<std::size_t>(limits::kAlmePendingPerClientMax)) {
    answered_.reset();
    co_await answered_.wait_uncancelled();
  }
  if (socket_.queued_bytes() <= limits::kAlmeUnreadBytesMax) co_return Result<void>();
  was_slow_ = true;
  co_return co_await socket_.drain();
}

// The end of reading says only that the client's sending half is closed; the hang-up says that
// nobody will read either.
aio::Task<> Session::watch_hangup() {
  auto gone = co_await socket_.hung_up();
  if (!gone.has_value()) co_return;
  subscriptions_.clear();
  abort_pending();
}

aio::Task<> Session::wait_idle() {
  // Followers of a client that closed its sending half stay until it is gone: watch_hangup drops
  // them.
  while (!pending_.empty() || (!subscriptions_.empty() && !socket_.closed())) {
    answered_.reset();
    co_await answered_.wait_uncancelled();
  }
}

void Session::handle_calls(wire::RpcCalls calls, std::vector<UniqueFd> fds) {
  std::shared_ptr<BatchAnswer> batch;
  if (calls.batch) {
    batch = std::make_shared<BatchAnswer>();
    batch->left = calls.calls.size();
    fds.clear();  // whose they would be is not defined
  }
  for (auto& call : calls.calls) {
    if (auto* refused = std::get_if<wire::RefusedRequest>(&call)) {
      respond(failure(std::move(refused->id), std::move(refused->error)), batch);
    } else {
      start(std::get<wire::RpcRequest>(std::move(call)), std::move(fds), batch);
      fds.clear();
    }
  }
}

void Session::start(wire::RpcRequest request, std::vector<UniqueFd> fds,
                    std::shared_ptr<BatchAnswer> batch) {
  auto method = alme_proto::find_method(request.method);
  if (!method.has_value()) {
    conclude(std::move(request.id), request.method, fail(std::move(method).error()), batch);
    return;
  }
  const std::string_view name = (*method)->name;
  if (name == "cancel") {
    auto params = alme_proto::named_params(**method, request.params);
    conclude(std::move(request.id), name,
             params.and_then([this](const Json& given) { return cancel_request(given); }), batch);
    return;
  }
  auto prepared = prepare(**method, std::move(request.params), std::move(fds), request.id);
  if (!prepared.has_value()) {
    conclude(std::move(request.id), name, fail(std::move(prepared).error()), batch);
    return;
  }
  if (prepared->entry->at_once) {
    auto outcome = prepared->entry->at_once(std::move(prepared->invocation));
    conclude(std::move(request.id), name, std::move(outcome), batch);
    return;
  }
  const std::uint64_t serial = ++last_serial_;
  auto pending = std::make_unique<Pending>();
  pending->id = std::move(request.id);
  pending->method = name;
  pending->on_cancel = prepared->entry->on_cancel;
  pending->batch = std::move(batch);
  pending_.emplace(serial, std::move(pending));
  if (!tasks_.spawn(answer_one(serial, std::move(*prepared)))) {
    finish(serial, fail(ErrorCode::Unavailable, "the connection is closing"));
  }
}

aio::Task<> Session::answer_one(std::uint64_t serial, Prepared prepared) {
  std::optional<Result<Answer>> outcome;
  auto work = run_into(perform(std::move(prepared)), outcome);
  auto token =
      boost::asio::bind_cancellation_slot(pending_.at(serial)->signal.slot(), aio::kAsTuple);
  auto [exception] = co_await boost::asio::co_spawn(executor_, std::move(work), token);
  ARCELLA_CHECK(!exception && outcome.has_value(), "a handler reports its failure as a Result");
  finish(serial, std::move(*outcome));
}

aio::Task<> Session::answer_legacy(alme_proto::LegacyRequest request) {
  auto translated = alme_proto::translate(request);
  if (!translated.has_value()) {
    send(wire::to_text(alme_proto::legacy_failure(translated.error())));
    co_return;
  }
  alme_proto::LegacyCall call = std::move(*translated);
  Result<Json> result = fail(ErrorCode::Internal, "no answer");
  auto method = alme_proto::find_method(call.method);
  ARCELLA_CHECK(method.has_value(), "the older dialect knows only methods that there are");
  auto prepared = prepare(**method, call.params, {}, std::nullopt);
  if (prepared.has_value()) {
    auto outcome = co_await perform(std::move(*prepared));
    if (outcome.has_value()) {
      result = std::move(outcome->result);
    } else {
      result = fail(std::move(outcome).error());
    }
  } else {
    result = fail(std::move(prepared).error());
  }
  send(wire::to_text(alme_proto::legacy_answer(request, call, result)));
}

Result<Session::Prepared> Session::prepare(const alme_proto::MethodInfo& method, Json params,
                                           std::vector<UniqueFd> fds,
                                           const std::optional<wire::RpcId>& id) {
  ARCELLA_TRY(auto named, alme_proto::named_params(method, params));
  if (refusing_) return fail(ErrorCode::Unavailable, "the daemon is shutting down");
  const MethodTable::Entry* entry = table_.find(method.name);
  if (entry == nullptr) {
    return fail(ErrorCode::MethodNotFound,
                "this daemon does not offer '" + std::string(method.name) + "'");
  }
  ARCELLA_TRY(bool wants_progress, alme_proto::asks_for_progress(named));
  Prepared prepared{entry, {}};
  if (wants_progress && id) prepared.invocation.progress = progress_sink(id);
  prepared.invocation.params = std::move(named);
  prepared.invocation.fds = std::move(fds);
  prepared.invocation.notify = notifier(id);
  return prepared;
}

aio::Task<Result<Answer>> Session::perform(Prepared prepared) {
  if (prepared.entry->at_once) co_return prepared.entry->at_once(std::move(prepared.invocation));
  co_return co_await prepared.entry->handler(std::move(prepared.invocation));
}

Result<Answer> Session::cancel_request(const Json& params) {
  ARCELLA_TRY(auto cancel, alme_proto::CancelParams::from_json(params));
  bool cancelled = subscriptions_.erase(cancel.request) > 0;
  for (auto& [serial, pending] : pending_) {
    if (pending->id != cancel.request || pending->method == "cancel") continue;
    if (pending->on_cancel == OnCancel::Finish) {
      return fail(ErrorCode::Conflict,
                  "'" + inert(pending->method) + "' cannot be taken back; it will be answered");
    }
    pending->signal.emit(boost::asio::cancellation_type::terminal);
    cancelled = true;
  }
  answered_.set();  // a subscription less
  JsonObject result;
  result["cancelled"] = cancelled;
  Answer answer;
  answer.result = std::move(result);
  return answer;
}

Notify Session::notifier(std::optional<wire::RpcId> id) {
  return [this, id = std::move(id), dropped = std::uint64_t{0}](std::string_view method,
                                                                JsonObject params) mutable {
    if (socket_.closed() || socket_.queued_bytes() > limits::kAlmeUnreadBytesMax) {
      ++dropped;
      return false;
    }
    if (id) params["request"] = to_json(*id);
    if (dropped > 0) params["dropped"] = std::exchange(dropped, 0);
    wire::RpcRequest notification;
    notification.method = method;
    notification.params = std::move(params);
    send(wire::to_text(wire::to_json(notification)));
    return true;
  };
}

model::Progress::Sink Session::progress_sink(std::optional<wire::RpcId> id) {
  return [notify = notifier(std::move(id))](const model::Progress::Note& note) {
    notify(alme_proto::kProgressNotification, alme_proto::to_json(note));
  };
}

void Session::finish(std::uint64_t serial, Result<Answer> outcome) {
  std::unique_ptr<Pending> pending = std::move(pending_.extract(serial).mapped());
  conclude(std::move(pending->id), pending->method, std::move(outcome), pending->batch);
  answered_.set();
  if (on_answer_) on_answer_();
}

void Session::conclude(std::optional<wire::RpcId> id, std::string_view method,
                       Result<Answer> outcome, const std::shared_ptr<BatchAnswer>& batch) {
  if (!outcome.has_value() && outcome.error().code() == ErrorCode::Internal) {
    log::error("alme", outcome.error().message(), {{"method", method}});
  }
  std::function<void()> after;
  Result<Json> result = fail(ErrorCode::Internal, "no answer");
  const bool follows = outcome.has_value() && outcome->subscription && id;
  if (follows && subscriptions_.size() >= limits::kAlmeSubscriptionsMax &&
      !subscriptions_.contains(*id)) {
    result = fail(ErrorCode::LimitExceeded,
                  "a connection may follow " + std::to_string(limits::kAlmeSubscriptionsMax) +
                      " things at a time: cancel one, or connect once more");
  } else if (outcome.has_value()) {
    result = std::move(outcome->result);
    after = std::move(outcome->after_reply);
    if (follows && !refusing_ && !socket_.closed()) {
      subscriptions_[*id] = std::move(outcome->subscription);
    }
  } else {
    result = fail(std::move(outcome).error());
  }
  if (id) {
    respond(wire::RpcResponse{std::move(*id), std::move(result)}, batch);
  } else if (batch) {
    count_off(*batch);
  }
  if (after) after();
}

void Session::respond(wire::RpcResponse response, const std::shared_ptr<BatchAnswer>& batch) {
  const wire::RpcId id = response.id;
  std::string text = wire::to_text(wire::to_json(std::move(response)));
  const std::size_t bytes = text.size() + (batch ? batch->text.size() : 0);
  if (bytes > limits::kAlmeReplyBytesMax) {
    Error error(ErrorCode::LimitExceeded, "the answer is " + std::to_string(bytes) +
                                              " bytes long; ALME gives at most " +
                                              std::to_string(limits::kAlmeReplyBytesMax));
    text = wire::to_text(wire::to_json(failure(id, std::move(error))));
  }
  if (!batch) {
    send(text);
    return;
  }
  batch->text += batch->text.empty() ? '[' : ',';
  batch->text += text;
  count_off(*batch);
}

void Session::count_off(BatchAnswer& batch) {
  batch.left -= 1;
  if (batch.left > 0 || batch.text.empty()) return;  // or there is nothing to answer
  batch.text += ']';
  send(batch.text);
}

void Session::send(const std::string& text) {
  auto sent = socket_.send(text);
  if (sent.has_value()) return;
  if (sent.error().code() == ErrorCode::LimitExceeded) {
    log::warn("alme", "closing a client that does not read its answers",
              {{"queued_bytes", socket_.queued_bytes()}});
    was_slow_ = true;
    close();
  }
  // Else it is gone; reading says so too.
}

void Session::abort_pending() {
  for (auto& [serial, pending] : pending_) {
    if (pending->on_cancel == OnCancel::Abort) {
      pending->signal.emit(boost::asio::cancellation_type::terminal);
    }
  }
  answered_.set();
}

void Session::refuse() {
  refusing_ = true;
  subscriptions_.clear();
  abort_pending();
}

void Session::close() {
  refuse();
  socket_.close();
}

}  // namespace arcella::alme
