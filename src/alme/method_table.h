// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The whole API in one table: a method's name -> what carries it out. The names and params are
// alme_proto/methods.h's, the operations are the runtime's; the files *_methods.cc join the two and
// do nothing else.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "aio/task.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "model/config_view.h"
#include "model/progress.h"
#include "wire/json.h"

namespace arcella::runtime {
class ArcellaRuntime;
}

namespace arcella::alme {

// A notification to the client that asked; false when it reads too slowly and this one was dropped.
// Good until the answer's subscription is destroyed.
using Notify = std::function<bool(std::string_view method, wire::JsonObject params)>;

struct Invocation {
  wire::Json params;          // an object with no other keys than the method's
  std::vector<UniqueFd> fds;  // that came beside the line
  Notify notify;
  // Tells the client how far it is; empty: it did not ask ("progress": true).
  model::Progress::Sink progress;
};

struct Answer {
  wire::Json result;
  std::shared_ptr<void> subscription =
      nullptr;                                  // kept until the client cancels the request or goes
  std::function<void()> after_reply = nullptr;  // runs when the answer is on its way
};

// What happens to a request when its client goes away, or sends `cancel`.
enum class OnCancel {
  // A change of the platform's state: it happens or fails, nobody stops it half-way.
  Finish,
  // A change that takes long before it changes anything: `cancel` cancels its coroutine, which then
  // says whether it was in time. A client that goes away does not.
  AbortIfAsked,
  // The caller is the only one who cares: its coroutine is cancelled.
  Abort,
};

// Runs on the control thread. Must not outlive what it captured.
using Handler = std::function<aio::Task<Result<Answer>>(Invocation)>;
// The same for what waits for nothing: it costs no coroutine, and is never in progress.
using ImmediateHandler = std::function<Result<Answer>(Invocation)>;

// Owner: the daemon's main.  Thread: control.  Constant once it is filled.
class MethodTable {
 public:
  struct Entry {
    Handler handler;  // or
    ImmediateHandler at_once;
    OnCancel on_cancel = OnCancel::Finish;
  };
  // `method` is one of alme_proto::methods(); each at most once.
  void add(std::string_view method, Handler handler, OnCancel on_cancel = OnCancel::Finish);
  void add_immediate(std::string_view method, ImmediateHandler handler);
  [[nodiscard]] const Entry* find(std::string_view method) const;

 private:
  void add_entry(std::string_view method, Entry entry);

  std::map<std::string_view, Entry> entries_;
};

// install, remove, describe, wit
void add_component_methods(MethodTable& table, runtime::ArcellaRuntime& runtime);
// deploy, undeploy, start, stop, scale, diag, graph, call, run, logs
void add_deployment_methods(MethodTable& table, runtime::ArcellaRuntime& runtime);
// update, rollback
void add_update_methods(MethodTable& table, runtime::ArcellaRuntime& runtime);
// events
void add_event_methods(MethodTable& table, runtime::ArcellaRuntime& runtime);
// ping, list, status, shutdown; `shut_down` is called once the answer is on its way.
void add_platform_methods(MethodTable& table, runtime::ArcellaRuntime& runtime,
                          std::function<void()> shut_down);
// config, reload; `reload` is what carries a reload out, and tells whoever else has to know.
using Reload = std::function<aio::Task<Result<model::ReloadOutcome>>()>;
void add_config_methods(MethodTable& table, runtime::ArcellaRuntime& runtime, Reload reload);

}  // namespace arcella::alme
