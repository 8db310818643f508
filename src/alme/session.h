// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One ALME client: reads its lines, starts what they ask for, sends each answer when it is there.
// Requests run side by side and are answered in the order in which they end, as JSON-RPC allows;
// lines of the older dialect, which has no ids, one after the other.
//
// What a client can cost is bounded: limits::kAlmePendingPerClientMax requests in progress and half
// of kAlmeOutboxBytesMax of answers that it does not read (then it is not read either),
// kAlmeFrameBytesMax per line. When the answers to what was in progress fill the whole outbox it is
// closed. Notifications to a slow reader are dropped, and counted in the next one that goes out.
//
// A client that closes only its sending half (`echo ... | nc -U`) still gets its answers. When it
// is gone for good, its OnCancel::Abort requests are cancelled, its subscriptions end, everything
// else runs to its end. So what a handler holds of it (Notify, the progress sink) is good as long
// as the request is in progress.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "aio/event.h"
#include "aio/framed_socket.h"
#include "aio/task.h"
#include "aio/task_scope.h"
#include "alme/method_table.h"
#include "alme_proto/legacy.h"
#include "alme_proto/methods.h"
#include "base/unique_fd.h"
#include "wire/json_rpc.h"

namespace arcella::alme {

// Owner: the Server, or a test.  Thread: control.  Stop: run() must have returned before
// destruction (close() makes it).
class Session {
 public:
  // `on_answer`, if any, is called after each request that ended.
  Session(const boost::asio::any_io_executor& executor, const MethodTable& table, UniqueFd socket,
          std::function<void()> on_answer = nullptr);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Serves until the client is gone, or close(), and everything that it asked for has ended.
  aio::Task<> run();

  // No more requests are carried out (Unavailable), subscriptions and OnCancel::Abort requests end;
  // the connection stays.
  void refuse();
  // refuse(), and the connection ends. Idempotent.
  void close();

  [[nodiscard]] std::size_t in_progress() const noexcept { return pending_.size(); }
  // Answers have piled up, because it did not read them.
  [[nodiscard]] bool was_slow() const noexcept { return was_slow_; }

 private:
  // The answers of a batch go out together, as one array.
  struct BatchAnswer {
    std::string text;
    std::size_t left = 0;  // requests that have not ended
  };
  // A request that can be carried out.
  struct Prepared {
    const MethodTable::Entry* entry;
    Invocation invocation;
  };
  struct Pending {
    std::optional<wire::RpcId> id;  // none: a notification
    std::string method;
    OnCancel on_cancel = OnCancel::Finish;
    boost::asio::cancellation_signal signal;
    std::shared_ptr<BatchAnswer> batch;  // owned by the pending requests of the batch together
  };

  aio::Task<> read_requests();
  aio::Task<> watch_hangup();
  aio::Task<Result<void>> wait_for_room();
  aio::Task<> wait_idle();
  void handle_calls(wire::RpcCalls calls, std::vector<UniqueFd> fds);
  void start(wire::RpcRequest request, std::vector<UniqueFd> fds,
             std::shared_ptr<BatchAnswer> batch);
  aio::Task<> answer_one(std::uint64_t serial, Prepared prepared);
  aio::Task<> answer_legacy(alme_proto::LegacyRequest request);
  Result<Prepared> prepare(const alme_proto::MethodInfo& method, wire::Json params,
                           std::vector<UniqueFd> fds, const std::optional<wire::RpcId>& id);
  static aio::Task<Result<Answer>> perform(Prepared prepared);
  Result<Answer> cancel_request(const wire::Json& params);
  Notify notifier(std::optional<wire::RpcId> id);
  model::Progress::Sink progress_sink(std::optional<wire::RpcId> id);

  void finish(std::uint64_t serial, Result<Answer> outcome);
  void conclude(std::optional<wire::RpcId> id, std::string_view method, Result<Answer> outcome,
                const std::shared_ptr<BatchAnswer>& batch);
  void respond(wire::RpcResponse response, const std::shared_ptr<BatchAnswer>& batch);
  void count_off(BatchAnswer& batch);
  void send(const std::string& text);
  void abort_pending();

  // Constant after construction.
  boost::asio::any_io_executor executor_;
  const MethodTable& table_;
  const std::function<void()> on_answer_;
  // Control thread only.
  aio::FramedSocket socket_;
  std::map<std::uint64_t, std::unique_ptr<Pending>>
      pending_;  // by serial number: a client may use an id twice
  std::uint64_t last_serial_ = 0;
  std::map<wire::RpcId, std::shared_ptr<void>> subscriptions_;
  bool refusing_ = false;
  bool was_slow_ = false;
  aio::Event answered_;  // set at each answer, for whoever waits until there are fewer
  aio::TaskScope tasks_;
};

}  // namespace arcella::alme
