// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme/method_table.h"

#include <utility>

#include "alme_proto/methods.h"
#include "base/check.h"

namespace arcella::alme {

void MethodTable::add(std::string_view method, Handler handler, OnCancel on_cancel) {
  add_entry(method, Entry{std::move(handler), nullptr, on_cancel});
}

void MethodTable::add_immediate(std::string_view method, ImmediateHandler handler) {
  add_entry(method, Entry{nullptr, std::move(handler), OnCancel::Finish});
}

void MethodTable::add_entry(std::string_view method, Entry entry) {
  auto known = alme_proto::find_method(method);
  ARCELLA_CHECK(known.has_value(), "a handler is for a method of alme_proto/methods.h");
  const bool added = entries_.emplace((*known)->name, std::move(entry)).second;
  ARCELLA_CHECK(added, "a method has one handler");
}

const MethodTable::Entry* MethodTable::find(std::string_view method) const {
  auto found = entries_.find(method);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace arcella::alme
