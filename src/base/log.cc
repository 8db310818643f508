// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
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

// Writes what spdlog has laid out into the rotated file.
class FileSink final : public spdlog::sinks::sink {
 public:
  explicit FileSink(RotatingFile file)
      : file_(std::move(file)), formatter_(std::make_unique<spdlog::pattern_formatter>()) {}

  void log(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    MutexLock lock(mutex_);
    formatter_->format(message, line);
    file_.append(std::string_view(line.data(), line.size()));  // counts what it loses
  }
  void flush() override {}
  void set_pattern(const std::string& pattern) override {
    set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
  }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    MutexLock lock(mutex_);
    formatter_ = std::move(formatter);
  }

 private:
  Mutex mutex_;
  RotatingFile file_ ARCELLA_GUARDED_BY(mutex_);
  std::unique_ptr<spdlog::formatter> formatter_ ARCELLA_GUARDED_BY(mutex_);
};

// One configuration. Constant once it is made: a thread that still writes by the last one holds it.
struct Setup {
  explicit Setup(Options wanted, std::vector<spdlog::sink_ptr> sinks)
      : options(std::move(wanted)), logger("arcella", sinks.begin(), sinks.end()) {
    logger.set_level(spdlog::level::trace);  // ours, with the module, is asked first
    // Standard error that is gone takes no complaint either.
    logger.set_error_handler([](const std::string&) {});
    // %v is our payload; the time is UTC, so that logs of several machines can be laid side by
    // side.
    logger.set_pattern(options.format == Format::Text
                           ? "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v"
                           : R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                       spdlog::pattern_time_type::utc);
  }

  [[nodiscard]] bool wants(Level level, std::string_view module) const {
    const auto own = options.modules.find(module);
    return level != Level::Off &&
           level >= (own == options.modules.end() ? options.level : own->second);
  }

  const Options options;
  spdlog::logger logger;
};

// The process-wide sink. Never destroyed: a thread may still log while static objects go.
class Sink {
 public:
  Sink() : setup_(make(Options{}, nullptr)) {}

  Result<void> configure(const Options& options) {
    spdlog::sink_ptr file_sink;
    if (!options.file.empty()) {
      RotatingFile file(options.file, options.rotation);
      ARCELLA_TRY_VOID(file.open());
      file_sink = std::make_shared<FileSink>(std::move(file));
    }
    auto made = make(options, std::move(file_sink));
    MutexLock lock(mutex_);
    setup_ = std::move(made);
    return {};
  }

  std::shared_ptr<Setup> setup() {
    MutexLock lock(mutex_);
    return setup_;
  }

 private:
  static std::shared_ptr<Setup> make(const Options& options, spdlog::sink_ptr file_sink) {
    std::vector<spdlog::sink_ptr> sinks{std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    if (file_sink != nullptr) sinks.push_back(std::move(file_sink));
    return std::make_shared<Setup>(options, std::move(sinks));
  }

  Mutex mutex_;
  // Owned by this and by the lines that are being written.
  std::shared_ptr<Setup> setup_ ARCELLA_GUARDED_BY(mutex_);
};

Sink& sink() {
  static Sink* const the_sink = std::make_unique<Sink>().release();
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

std::string_view name_of(Level level) noexcept {
  return kLevels[static_cast<std::size_t>(level)].name;
}

Result<Format> parse_format(std::string_view name) {
  if (name == "text") return Format::Text;
  if (name == "json") return Format::Json;
  return fail(ErrorCode::InvalidParams, "'" + inert(name) + "' is not a log format (text, json)");
}

Result<void> configure(const Options& options) {
  return sink().configure(options);
}

bool enabled(Level level, std::string_view module) {
  return sink().setup()->wants(level, module);
}

void write(Level level, std::string_view module, std::string_view message, Fields fields) {
  const auto setup = sink().setup();
  if (!setup->wants(level, module)) return;
  const std::string payload = format_payload(setup->options.format, module, message, fields);
  setup->logger.log(to_spdlog(level), spdlog::string_view_t(payload.data(), payload.size()));
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
