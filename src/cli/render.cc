// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/render.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "base/text.h"
#include "base/timestamp.h"
#include "cli/columns.h"

namespace arcella::cli {
namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";

std::string_view colour_of_state(std::string_view state) {
  // Events are called after what they are about: "instance-failed".
  if (state.ends_with("-failed") || state.ends_with("-given-up")) return "\x1b[31m";
  if (state.ends_with("-ready") || state.ends_with("-started") || state.ends_with("-up") ||
      state.ends_with("-completed")) {
    return "\x1b[32m";
  }
  if (state.ends_with("-stopped") || state.ends_with("-down")) return kDim;
  if (state.ends_with("-backoff") || state.ends_with("-restarted")) return "\x1b[33m";
  if (state.find('-') != std::string_view::npos) return "";
  if (state == "running" || state == "ready" || state == "up" || state == "completed") {
    return "\x1b[32m";
  }
  if (state == "failed" || state == "killed") return "\x1b[31m";
  if (state == "stopped" || state == "down") return kDim;
  return "\x1b[33m";  // on its way, or degraded
}

constexpr std::size_t kGap = 2;  // between columns

class Table {
 public:
  Table(std::string_view title, std::vector<std::string> header)
      : title_(title), rows_{std::move(header)} {}
  void add(std::vector<std::string> cells) {
    for (std::string& cell : cells) cell = inert(cell);
    rows_.push_back(std::move(cells));
  }

  // `state_column` is coloured by what it says. Cells are cut to fit into `width`, unless it is 0.
  void append_to(std::string& out, std::size_t state_column, Colour colour,
                 std::size_t width = 0) const {
    if (!out.empty()) out += '\n';
    if (rows_.size() == 1) {
      out += "no " + std::string(title_) + "\n";
      return;
    }
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], columns_of(row[i]));
    }
    if (width != 0) widths = shrink_columns(std::move(widths), kGap, width);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      append_row(out, rows_[r], widths, r == 0 ? rows_[r].size() : state_column, r == 0, colour);
    }
  }

 private:
  static void append_row(std::string& out, const std::vector<std::string>& row,
                         const std::vector<std::size_t>& widths, std::size_t state_column,
                         bool header, Colour colour) {
    std::string line;
    if (header && colour == Colour::On) line += kBold;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool coloured = colour == Colour::On && i == state_column;
      if (coloured) line += colour_of_state(row[i]);
      const std::string cell = fit_columns(row[i], widths[i]);
      line += cell;
      if (coloured) line += kReset;
      if (i + 1 < row.size()) line.append(widths[i] - columns_of(cell) + kGap, ' ');
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (header && colour == Colour::On) line += kReset;
    out += line;
    out += '\n';
  }

  std::string_view title_;
  std::vector<std::vector<std::string>> rows_;
};

std::string dash(const std::string& text) {
  return text.empty() ? "-" : text;
}
std::string dash(std::int64_t number) {
  return number == 0 ? "-" : std::to_string(number);
}

std::vector<std::string> cells_of(const model::Event& event) {
  return {to_timestamp(event.time_ms), std::string(model::to_string(event.kind)), event.subject,
          event.message};
}

void append_components(std::string& out, const model::Listing& listing, Colour colour,
                       std::size_t width) {
  Table table("components", {"COMPONENT", "KIND", "FORMAT", "SIZE", "DEPLOYMENTS", "DESCRIPTION"});
  for (const model::ComponentView& view : listing.components) {
    table.add({view.id, std::string(model::to_string(view.kind)),
               std::string(model::to_string(view.format)), bytes_text(view.wasm_bytes),
               std::to_string(view.deployments), view.description});
  }
  table.append_to(out, std::string::npos, colour, width);
}

void append_deployments(std::string& out, const model::Listing& listing, Colour colour,
                        std::size_t width) {
  Table table("deployments", {"DEPLOYMENT", "COMPONENT", "STATE", "READY", "WHERE", "LISTEN",
                              "RESTARTS", "REASON"});
  for (const model::DeploymentView& view : listing.deployments) {
    const std::string where =
        view.isolation == model::Isolation::Main ? "main" : "worker " + view.group;
    table.add({view.id, view.module_id, view.state,
               std::to_string(view.ready) + "/" + std::to_string(view.replicas), where,
               dash(view.listen), std::to_string(view.restarts), view.reason});
  }
  table.append_to(out, 2, colour, width);
}

void append_instances(std::string& out, const model::Listing& listing, Colour colour,
                      std::size_t width) {
  Table table("instances", {"INSTANCE", "STATE", "PID", "RESTARTS", "REASON"});
  for (const model::InstanceView& view : listing.instances) {
    table.add({view.id, std::string(model::to_string(view.state)), dash(view.pid),
               std::to_string(view.restarts), view.reason});
  }
  table.append_to(out, 1, colour, width);
}

void append_workers(std::string& out, const model::Listing& listing, Colour colour,
                    std::size_t width) {
  Table table("workers", {"GROUP", "STATE", "PID", "INSTANCES", "RSS", "RESTARTS"});
  for (const model::WorkerView& view : listing.workers) {
    table.add({view.group, view.state, dash(view.pid), std::to_string(view.instances),
               bytes_text(view.rss_bytes), std::to_string(view.restarts)});
  }
  table.append_to(out, 1, colour, width);
}

void append_bindings(std::string& out, const model::Listing& listing, Colour colour,
                     std::size_t width) {
  Table table("bindings", {"CONSUMER", "IMPORT", "PROVIDER", "EXPORT", "WHY"});
  for (const model::Binding& binding : listing.bindings) {
    const model::ImportResolution& import = binding.import;
    table.add({binding.consumer.str(), import.import,
               import.provider ? import.provider->str() : "-", dash(import.exported),
               (import.state == model::ImportState::Fused ? "fused: " : "") + import.why});
  }
  table.append_to(out, std::string::npos, colour, width);
}

std::string scalar_text(const wire::Json& value) {
  if (const auto* text = value.if_string()) return inert(std::string_view(*text));
  if (value.is_null()) return "-";
  return wire::to_text(value);
}

bool is_scalar(const wire::Json& value) {
  return !value.is_object() && !value.is_array();
}

void append_tree(std::string& out, const wire::Json& value, std::size_t depth);

void append_field(std::string& out, std::string_view key, const wire::Json& value,
                  std::size_t depth) {
  out.append(depth * 2, ' ');
  out += inert(key);
  out += ':';
  const auto* array = value.if_array();
  if (is_scalar(value)) {
    out += ' ';
    out += scalar_text(value);
    out += '\n';
  } else if (array != nullptr && std::all_of(array->begin(), array->end(), is_scalar)) {
    std::string text;
    for (const wire::Json& element : *array)
      text += (text.empty() ? "" : ", ") + scalar_text(element);
    out += ' ' + dash(text) + '\n';
  } else {
    out += '\n';
    append_tree(out, value, depth + 1);
  }
}

void append_tree(std::string& out, const wire::Json& value, std::size_t depth) {
  if (const auto* object = value.if_object()) {
    for (const auto& field : *object) append_field(out, field.key(), field.value(), depth);
    return;
  }
  if (const auto* array = value.if_array()) {
    for (const wire::Json& element : *array) {
      std::string entry;
      append_tree(entry, element, depth + 1);
      // The first field of an entry stands behind its dash.
      if (entry.size() > depth * 2) entry[depth * 2] = '-';
      out += entry;
    }
    return;
  }
  out.append(depth * 2, ' ');
  out += scalar_text(value);
  out += '\n';
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double scaled = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (scaled /= 1024; scaled >= 1024 && unit + 1 < kUnits.size(); ++unit) scaled /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", scaled, kUnits[unit]);
  return text.data();
}

std::string render_listing(const model::Listing& listing, const model::ListSelection& what,
                           Colour colour, std::size_t width) {
  std::string out;
  if (what.components) append_components(out, listing, colour, width);
  if (what.deployments) append_deployments(out, listing, colour, width);
  if (what.instances) append_instances(out, listing, colour, width);
  if (what.workers) append_workers(out, listing, colour, width);
  if (what.bindings) append_bindings(out, listing, colour, width);
  return out;
}

std::string render_deployment(const model::DeploymentView& view, Colour colour) {
  std::string out = inert(view.id) + ": ";
  if (colour == Colour::On) out += colour_of_state(view.state);
  out += inert(view.state);
  if (colour == Colour::On) out += kReset;
  out += ", " + std::to_string(view.ready) + "/" + std::to_string(view.replicas) + " ready in ";
  out += view.isolation == model::Isolation::Main ? "main" : "worker " + inert(view.group);
  if (!view.listen.empty()) out += ", http://" + inert(view.listen);
  if (!view.reason.empty()) out += " (" + inert(view.reason) + ")";
  out += '\n';
  return out;
}

std::string render_tree(const wire::Json& value) {
  std::string out;
  append_tree(out, value, 0);
  return out;
}

std::string render_log_line(const model::LogLine& line, Colour colour) {
  const bool on = colour == Colour::On;
  std::string out;
  if (on) out += kDim;
  out += to_timestamp(line.time_ms) + " " + inert(line.instance);
  if (on) out += kReset;
  out += line.stderr_stream ? " err| " : " out| ";
  out += inert(line.text);
  out += '\n';
  return out;
}

std::string render_events(const std::vector<model::Event>& events, Colour colour,
                          std::size_t width) {
  Table table("events", {"TIME", "EVENT", "SUBJECT", "MESSAGE"});
  for (const model::Event& event : events) table.add(cells_of(event));
  std::string out;
  table.append_to(out, 1, colour, width);
  return out;
}

std::string render_event_line(const model::Event& event, Colour colour) {
  // As wide as the longest name of an event.
  constexpr std::size_t kKindWidth = 22;
  const std::vector<std::string> cells = cells_of(event);
  const bool on = colour == Colour::On;
  std::string out = on ? std::string(kDim) + cells[0] + std::string(kReset) : cells[0];
  out += "  ";
  if (on) out += colour_of_state(cells[1]);
  out += cells[1];
  if (on) out += kReset;
  out.append(kKindWidth - std::min(kKindWidth, cells[1].size()), ' ');
  out += "  " + inert(cells[2]);
  if (!cells[3].empty()) out += "  " + inert(cells[3]);
  out += '\n';
  return out;
}

std::string render_config(const std::vector<model::ConfigEntry>& values, Colour colour) {
  Table table("keys", {"KEY", "VALUE", "SOURCE"});
  for (const model::ConfigEntry& entry : values) {
    table.add({entry.key, dash(model::to_string(entry.value)), entry.source});
  }
  std::string out;
  table.append_to(out, std::string::npos, colour);
  return out;
}

std::string render_reload(const model::ReloadOutcome& outcome) {
  std::string out;
  for (const std::string& key : outcome.applied) out += inert(key) + ": changed\n";
  for (const std::string& key : outcome.needs_restart) {
    out += inert(key) + ": differs, and takes effect when the daemon is started again\n";
  }
  return out.empty() ? "nothing has changed\n" : out;
}

std::string render_error(const Error& error) {
  std::string out = "arcella-cli: " + inert(error.message()) + "\n";
  std::string_view detail = error.detail();
  while (!detail.empty()) {
    const std::size_t end = std::min(detail.find('\n'), detail.size());
    out += "  " + inert(detail.substr(0, end)) + "\n";
    detail.remove_prefix(std::min(end + 1, detail.size()));
  }
  return out;
}

}  // namespace arcella::cli
