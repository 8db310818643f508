// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Results as text for people. Pure: what a terminal shows is decided by Style. Names and reasons
// may come from guests and files, so everything is made inert.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/config_view.h"
#include "model/event.h"
#include "model/views.h"
#include "wire/json.h"

namespace arcella::cli {

enum class Colour { Off, On };

// Tables of the sections that are selected; a section without entries says so. Cells are cut so
// that a line fits into `width` columns; 0: as wide as they are.
[[nodiscard]] std::string render_listing(const model::Listing& listing,
                                         const model::ListSelection& what, Colour colour,
                                         std::size_t width = 0);
// "calc: running, 1/1 ready in main"
[[nodiscard]] std::string render_deployment(const model::DeploymentView& view, Colour colour);
// Any result as indented `key: value` lines: for what is read rarely and by people (status,
// describe).
[[nodiscard]] std::string render_tree(const wire::Json& value);
// "2026-01-31T12:00:00.000Z calc/0 out| text"
[[nodiscard]] std::string render_log_line(const model::LogLine& line, Colour colour);
[[nodiscard]] std::string render_events(const std::vector<model::Event>& events, Colour colour,
                                        std::size_t width = 0);
// One of them alone, for those that come one by one.
[[nodiscard]] std::string render_event_line(const model::Event& event, Colour colour);
// KEY VALUE SOURCE
[[nodiscard]] std::string render_config(const std::vector<model::ConfigEntry>& values,
                                        Colour colour);
// What changed, and what waits for a restart.
[[nodiscard]] std::string render_reload(const model::ReloadOutcome& outcome);
// "arcella-cli: message", then the detail's lines indented. Ends with a newline.
[[nodiscard]] std::string render_error(const Error& error);

// "1.5 MiB"
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

}  // namespace arcella::cli
