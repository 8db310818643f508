// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "base/text.h"

namespace arcella::log {
namespace {

struct LevelName {
  std::string_view name;
  Level level;
  spdlog::level::level_enum spdlog_level;
};
constexpr std::array<LevelName, 5> kLevels{{
    {"debug", Level::Debug, spdlog::level::debug},
    {"info", Level::Info, spdlog::level::info},
    {"warn", Level::Warn, spdlog::level::warn},
    {"error", Level::Error, spdlog::level::err},
    {"off", Level::Off, spdlog::level::off},
}};

spdlog::level::level_enum to_spdlog(Level level) {
  return kLevels[static_cast<std::size_t>(level)].spdlog_level;
}

// The process-wide sink. Never destroyed: a thread may still log while static objects go.
struct Sink {
  spdlog::logger logger{"arcella", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  Format format = Format::Text;

  void configure(const Options& options) {
    format = options.format;
    logger.set_level(to_spdlog(options.level));
    // %v is our payload; the time is UTC, so that logs of several machines can be laid side by
    // side.
    logger.set_pattern(format == Format::Text
                           ? "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v"
                           : R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                       spdlog::pattern_time_type::utc);
  }
};

Sink& sink() {
  static Sink* const the_sink = [] {
    auto made = std::make_unique<Sink>();
    made->configure(Options{});
    return made.release();
  }();
  return *the_sink;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += '"';
}

// `key=value` stays readable by machines: what has a space, a quote or `=` is quoted.
void append_text_value(std::string& out, std::string_view text) {
  std::string safe = inert(text);
  if (!safe.empty() && safe.find_first_of(" \"=") == std::string::npos) {
    out += safe;
    return;
  }
  out += '"';
  for (char c : safe) {
    if (c == '"') out += '\\';
    out += c;
  }
  out += '"';
}

void append_value(std::string& out, Format format, const Field::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (format == Format::Json) return append_json_string(out, *text);
    return append_text_value(out, *text);
  }
  if (const auto* flag = std::get_if<bool>(&value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    out += std::to_string(*number);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&value)) {
    out += std::to_string(*natural);
  } else {
    double real = std::get<double>(value);
    // JSON has no infinity.
    out += format == Format::Json && !std::isfinite(real) ? "null" : fmt::format("{:.3f}", real);
  }
}

}  // namespace

Result<Level> parse_level(std::string_view name) {
  for (const LevelName& known : kLevels) {
    if (known.name == name) return known.level;
  }
  return fail(ErrorCode::InvalidParams,
              "'" + inert(name) + "' is not a log level (debug, info, warn, error, off)");
}

Result<Format> parse_format(std::string_view name) {
  if (name == "text") return Format::Text;
  if (name == "json") return Format::Json;
  return fail(ErrorCode::InvalidParams, "'" + inert(name) + "' is not a log format (text, json)");
}

void configure(const Options& options) {
  sink().configure(options);
}

bool enabled(Level level) noexcept {
  return level != Level::Off && sink().logger.should_log(to_spdlog(level));
}

void write(Level level, std::string_view module, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  std::string payload = format_payload(sink().format, module, message, fields);
  sink().logger.log(to_spdlog(level), spdlog::string_view_t(payload.data(), payload.size()));
}

std::string format_payload(Format format, std::string_view module, std::string_view message,
                           Fields fields) {
  std::string out;
  if (format == Format::Json) {
    out += R"("module":)";
    append_json_string(out, module);
    out += R"(,"message":)";
    append_json_string(out, message);
  } else {
    out += module;
    out += ": ";
    out += inert(message);
  }
  for (const Field& field : fields) {
    if (format == Format::Json) {
      out += ',';
      append_json_string(out, field.key());
      out += ':';
    } else {
      out += ' ';
      out += field.key();
      out += '=';
    }
    append_value(out, format, field.value());
  }
  return out;
}

}  // namespace arcella::log
