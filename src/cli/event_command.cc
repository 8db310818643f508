// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/event_command.h"

#include <ostream>

#include "alme_proto/events.h"
#include "base/clock.h"
#include "cli/render.h"
#include "cli/since.h"

namespace arcella::cli {
namespace {

Result<alme_proto::EventsParams> params_of(const Arguments& arguments) {
  alme_proto::EventsParams params;
  if (!arguments.target.empty()) params.deployment = arguments.target;
  params.lines = static_cast<int>(arguments.lines);
  params.follow = arguments.follow;
  if (arguments.since) {
    ARCELLA_TRY(params.since_ms, parse_since(*arguments.since, SystemClock().wall_now()));
  }
  return params;
}

void print_one(const model::Event& event, const Arguments& arguments, Surroundings& here) {
  if (arguments.json) {
    here.out << wire::to_text(alme_proto::to_json(event)) << '\n';
  } else {
    here.out << render_event_line(event, here.colour);
  }
}

Result<int> follow(const Arguments& arguments, Surroundings& here, Client& client) {
  for (;;) {
    here.out.flush();
    ARCELLA_TRY(auto notification, client.next_notification());
    if (notification.method != alme_proto::kEventNotification) continue;
    ARCELLA_TRY(auto event, alme_proto::event_from_json(notification.params));
    print_one(event, arguments, here);
  }
}

}  // namespace

Result<int> show_events(const Arguments& arguments, Surroundings& surroundings, Client& client) {
  ARCELLA_TRY(auto params, params_of(arguments));
  ARCELLA_TRY(auto result, client.call("events", params.to_json()));
  ARCELLA_TRY(auto tail, alme_proto::event_tail_from_json(result));
  if (arguments.follow) {
    for (const model::Event& event : tail.events) print_one(event, arguments, surroundings);
    return follow(arguments, surroundings, client);
  }
  if (arguments.json) {
    surroundings.out << wire::to_text(result.at("events")) << '\n';
  } else {
    surroundings.out << render_events(tail.events, surroundings.colour, surroundings.width);
  }
  return 0;
}

}  // namespace arcella::cli
