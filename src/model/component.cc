// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/component.h"

namespace arcella::model {

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::Service:
      return "service";
    case Kind::Command:
      return "command";
    case Kind::Http:
      return "http";
  }
  return "?";
}

std::string_view to_string(Format format) noexcept {
  return format == Format::Component ? "component" : "core-module";
}

std::optional<Kind> kind_from(std::string_view text) noexcept {
  for (Kind kind : {Kind::Service, Kind::Command, Kind::Http}) {
    if (to_string(kind) == text) return kind;
  }
  return std::nullopt;
}

std::optional<Format> format_from(std::string_view text) noexcept {
  for (Format format : {Format::Component, Format::CoreModule}) {
    if (to_string(format) == text) return format;
  }
  return std::nullopt;
}

std::string_view function_name(std::string_view signature) noexcept {
  return signature.substr(0, signature.find(": "));
}

std::string full_function_name(std::string_view interface, std::string_view function) {
  return std::string(interface).append(1, '#').append(function);
}

}  // namespace arcella::model
