// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/function_difference.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace arcella::model {
namespace {

// Of types in types: deeper ones are told by the definition that is reached. People nest less.
constexpr int kDepthMax = 16;

std::string instead_of(std::string_view offered, std::string_view wanted) {
  return "'" + std::string(offered) + "' instead of '" + std::string(wanted) + "'";
}

using NamedTypes = FunctionDifference::NamedTypes;
using Part = FunctionDifference::Part;

struct FunctionText {
  std::string_view kind;  // "func", "async func"
  std::vector<Part> parts;
};

// Takes "func(a: u32, b: tuple<u8, u8>) -> u32" apart; nullopt if it is not written so.
std::optional<FunctionText> take_apart(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) return std::nullopt;
  FunctionText result{text.substr(0, open), {}};
  auto add = [&result](std::string_view parameter) {
    if (parameter.starts_with(' ')) parameter.remove_prefix(1);
    const std::size_t colon = parameter.find(": ");
    if (colon == std::string_view::npos) return;
    result.parts.push_back({parameter.substr(0, colon), parameter.substr(colon + 2)});
  };
  int depth = 0;
  std::size_t start = open + 1;
  std::size_t i = start;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (depth == 0 && (c == ',' || c == ')')) {
      add(text.substr(start, i - start));
      if (c == ')') break;
      start = i + 1;
    }
    if (c == '(' || c == '<' || c == '{') ++depth;
    if (c == ')' || c == '>' || c == '}') --depth;
  }
  if (i == text.size()) return std::nullopt;
  const std::string_view rest = text.substr(i + 1);
  constexpr std::string_view kArrow = " -> ";
  if (rest.starts_with(kArrow)) result.parts.push_back({{}, rest.substr(kArrow.size())});
  return result;
}

bool same_outside(const FunctionText& a, const FunctionText& b) {
  return a.kind == b.kind &&
         std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(),
                    [](const Part& x, const Part& y) { return x.name == y.name; });
}

// A type's text with a `$` for each name of a type, and these.
struct Mentions {
  std::string outline;
  std::vector<const NamedType*> types;
};

const NamedType* find(const NamedTypes& types, std::string_view name) {
  auto found = types.find(name);
  return found == types.end() ? nullptr : found->second;
}

bool is_of_label(char c) {
  return c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// Names of fields have a colon behind them; cases stand in braces, and their types in parentheses.
Mentions mentions_in(std::string_view text, const NamedTypes& names) {
  const bool has_types =
      !text.starts_with("enum {") && !text.starts_with("flags {") && !text.starts_with("resource ");
  const bool is_variant = text.starts_with("variant {");
  Mentions result;
  int parentheses = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_of_label(text[end])) ++end;
    if (end == i) {
      if (text[i] == '(') ++parentheses;
      if (text[i] == ')') --parentheses;
      result.outline += text[i++];
      continue;
    }
    const bool is_field = end < text.size() && text[end] == ':';
    const bool is_case = is_variant && parentheses == 0;
    const std::string_view word = text.substr(i, end - i);
    const NamedType* type = has_types && !is_field && !is_case ? find(names, word) : nullptr;
    if (type != nullptr) {
      result.types.push_back(type);
      result.outline += '$';
    } else {
      result.outline += word;
    }
    i = end;
  }
  return result;
}

// 'point' (record { x: u32 }); what is no name stands for itself.
std::string told(std::string_view type, const NamedTypes& names) {
  std::string text = "'" + std::string(type) + "'";
  if (const NamedType* named = find(names, type)) text += " (" + named->definition + ")";
  return text;
}

// Without the name and what is between it and the rest.
std::string_view after_name(std::string_view signature) {
  const std::size_t length = function_name(signature).size() + 2;
  return signature.substr(std::min(length, signature.size()));
}

NamedTypes by_name(const InterfaceItem& item) {
  NamedTypes types;
  for (const NamedType& type : item.types) types.emplace(type.name, &type);
  return types;
}

}  // namespace

FunctionDifference::FunctionDifference(const InterfaceItem& wanted, const InterfaceItem& offered)
    : wanted_(wanted),
      offered_(offered),
      wanted_types_(by_name(wanted)),
      offered_types_(by_name(offered)) {}

std::string FunctionDifference::of(std::size_t wanted, std::size_t offered) const {
  const std::string& before = wanted_.functions[wanted];
  const std::string& after = offered_.functions[offered];
  const std::string& shape_before = wanted_.shapes[wanted];
  const std::string& shape_after = offered_.shapes[offered];
  const std::string prefix = "function '" + std::string(function_name(before)) + "': ";

  auto text_before = take_apart(after_name(before));
  auto text_after = take_apart(after_name(after));
  auto types_before = take_apart(shape_before);
  auto types_after = take_apart(shape_after);
  if (text_before && text_after && types_before && types_after &&
      same_outside(*text_before, *text_after) && same_outside(*text_before, *types_before) &&
      same_outside(*text_after, *types_after)) {
    for (std::size_t i = 0; i < text_before->parts.size(); ++i) {
      const std::string_view was = types_before->parts[i].type;
      const std::string_view is = types_after->parts[i].type;
      if (was != is)
        return prefix + of_part({text_before->parts[i], was}, {text_after->parts[i], is});
    }
  }
  if (before != after) return instead_of(after, before);
  auto type = cause(after_name(before), after_name(after), 0);
  return prefix + type.value_or("its types are " + instead_of(shape_after, shape_before));
}

std::string FunctionDifference::of_part(const TypedPart& wanted, const TypedPart& offered) const {
  const auto& [part, wanted_shape] = wanted;
  const std::string_view type = offered.part.type;
  std::string text =
      part.name.empty() ? "the result" : "parameter '" + std::string(part.name) + "'";
  if (auto named = cause(part.type, type, 0)) return text + ": " + *named;
  if (part.type == type) return text + " is " + instead_of(offered.shape, wanted_shape);
  return text + " is " + told(type, offered_types_) + " instead of " +
         told(part.type, wanted_types_);
}

std::optional<std::string> FunctionDifference::cause(std::string_view wanted,
                                                     std::string_view offered, int depth) const {
  const Mentions before = mentions_in(wanted, wanted_types_);
  const Mentions after = mentions_in(offered, offered_types_);
  if (before.outline != after.outline) return std::nullopt;
  for (std::size_t i = 0; i < before.types.size(); ++i) {
    if (before.types[i]->shape != after.types[i]->shape)
      return of_types(*before.types[i], *after.types[i], depth);
  }
  return std::nullopt;
}

std::string FunctionDifference::of_types(const NamedType& wanted, const NamedType& offered,
                                         int depth) const {
  if (depth < kDepthMax) {
    if (auto deeper = cause(wanted.definition, offered.definition, depth + 1)) return *deeper;
  }
  const bool definitions_tell = wanted.definition != offered.definition;
  std::string text = "type '" + offered.name + "' is ";
  text += definitions_tell ? instead_of(offered.definition, wanted.definition)
                           : instead_of(offered.shape, wanted.shape);
  if (wanted.name != offered.name) text += " ('" + wanted.name + "')";
  return text;
}

}  // namespace arcella::model
