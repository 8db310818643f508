// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme/method_table.h"

#include <utility>

#include "alme_proto/methods.h"
#include "base/check.h"

namespace arcella::alme {

void MethodTable::add(std::string_view method, Handler handler, OnCancel on_cancel) {
  auto known = alme_proto::find_method(method);
  ARCELLA_CHECK(known.has_value(), "a handler is for a method of alme_proto/methods.h");
  Entry entry{std::move(handler), on_cancel};
  const bool added = entries_.emplace((*known)->name, std::move(entry)).second;
  ARCELLA_CHECK(added, "a method has one handler");
}

const MethodTable::Entry* MethodTable::find(std::string_view method) const {
  auto found = entries_.find(method);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace arcella::alme
