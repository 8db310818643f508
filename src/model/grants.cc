// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/grants.h"

#include <algorithm>

namespace arcella::model {
namespace {

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

bool climbs(std::string_view path) {
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

std::string_view without_last_slashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

}  // namespace

bool is_origin(std::string_view text) {
  std::string_view rest;
  for (std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (text.substr(0, scheme.size()) == scheme) rest = text.substr(scheme.size());
  }
  return !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:[]").find(c) != std::string_view::npos;
  });
}

bool is_guest_path(std::string_view text) {
  bool begins_well = text == "." || (!text.empty() && text.front() == '/');
  return begins_well && !climbs(text) && !has_nul(text);
}

bool is_variable_name(std::string_view text) {
  return !text.empty() && text.find('=') == std::string_view::npos && !has_nul(text);
}

bool asks_for(const std::vector<std::string>& asked, std::string_view text) {
  return std::find(asked.begin(), asked.end(), text) != asked.end();
}

bool asks_for_path(const std::vector<std::string>& asked, std::string_view granted) {
  granted = without_last_slashes(granted);
  return std::any_of(asked.begin(), asked.end(), [granted](std::string_view one) {
    one = without_last_slashes(one);
    if (!granted.starts_with(one)) return false;
    return granted.size() == one.size() || one == "/" || granted[one.size()] == '/';
  });
}

}  // namespace arcella::model
