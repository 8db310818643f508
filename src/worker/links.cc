// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/links.h"

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/limits.h"
#include "host/remote_callee.h"

namespace arcella::worker {

Links::~Links() {
  for (auto& [number, link] : links_) link.port->close("the worker ends");
}

Result<void> Links::open(std::uint64_t link, ipc::DataEnd end) {
  if (links_.contains(link))
    return fail(ErrorCode::Conflict, "link " + std::to_string(link) + " is open already");
  if (links_.size() >= limits::kWorkerLinksMax)
    return fail(ErrorCode::LimitExceeded, "the worker has too many links");
  auto on_lost = [this, link, &io = io_, life = std::weak_ptr(life_)](const Error& why) {
    boost::asio::post(io, [this, link, life, why] {
      if (!life.expired()) lost(link, why);
    });
  };
  Link& made = links_[link];
  auto port =
      host::CallPort::open(std::move(end), pool_, host::CallPort::Side::Link, std::move(on_lost));
  if (!port) {
    links_.erase(link);
    return fail(std::move(port).error());
  }
  made.port = std::move(*port);
  return {};
}

Result<std::shared_ptr<host::CallPort>> Links::port(std::uint64_t link) {
  ARCELLA_TRY(Link* const found, find(link));
  return found->port;
}

Result<Links::Link*> Links::find(std::uint64_t link) {
  const auto found = links_.find(link);
  if (found != links_.end()) return &found->second;
  return fail(ErrorCode::NotFound, "link " + std::to_string(link) + " is not open");
}

Result<void> Links::lend(const ipc::LendExport& what,
                         const std::shared_ptr<host::Callee>& provider) {
  ARCELLA_TRY(Link* const link, find(what.link));
  ARCELLA_TRY(std::vector<std::uint32_t> numbers,
              host::numbers_of(*provider, what.exported, what.functions));
  std::shared_ptr<host::Handles>& handles = link->handles[what.consumer];
  if (!handles) handles = std::make_shared<host::Handles>();
  link->routes.insert_or_assign(what.route, Route{what.consumer, ++last_lent_, numbers.size()});
  link->port->serve(
      what.route, std::make_shared<host::Route>(what.route, provider, std::move(numbers), handles));
  return {};
}

Result<void> Links::withdraw(const ipc::LendExport& what) {
  ARCELLA_TRY(Link* const link, find(what.link));
  const auto route = link->routes.find(what.route);
  if (route == link->routes.end()) return {};
  pool_.post_after(limits::kLinkRouteGrace,
                   [this, &io = io_, life = std::weak_ptr(life_), number = what.link,
                    slot = what.route, lent = route->second.lent] {
                     boost::asio::post(io, [this, life, number, slot, lent] {
                       if (!life.expired()) end_route(number, slot, lent);
                     });
                   });
  return {};
}

// It is still there for handles that came by it, which lead where they led.
void Links::end_route(std::uint64_t link, std::uint32_t number, std::uint64_t lent) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  const auto route = found->second.routes.find(number);
  // Lent again meanwhile, or forgotten.
  if (route == found->second.routes.end() || route->second.lent != lent) return;
  auto nobody = std::make_shared<host::Nobody>("the import leads elsewhere by now");
  found->second.port->serve(
      number, std::make_shared<host::Route>(number, std::move(nobody),
                                            std::vector<std::uint32_t>(route->second.functions),
                                            found->second.handles[route->second.consumer]));
}

Result<void> Links::forget(const ipc::ForgetConsumer& what) {
  ARCELLA_TRY(Link* const link, find(what.link));
  std::erase_if(link->routes, [&](const auto& route) {
    if (route.second.consumer != what.consumer) return false;
    link->port->serve(route.first, nullptr);
    return true;
  });
  link->handles.erase(what.consumer);
  return {};
}

void Links::lost(std::uint64_t link, const Error& why) {
  auto gone = links_.extract(link);
  if (gone.empty()) return;
  gone.mapped().port->close("the link between the two workers is lost: " + why.message());
  on_lost_({link, why.code() == ErrorCode::InvalidRequest, why.message()});
}

}  // namespace arcella::worker
