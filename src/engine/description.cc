// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/description.h"

#include "engine/door/door.h"

namespace arcella::engine {
namespace {

std::vector<Item> items_from(const rust::Vec<door::ItemEntry>& entries) {
  std::vector<Item> items;
  items.reserve(entries.size());
  for (const door::ItemEntry& entry : entries) {
    Item item;
    item.name = door::to_string(entry.name);
    for (const rust::String& function : entry.functions)
      item.functions.push_back(door::to_string(function));
    for (const rust::String& shape : entry.shapes) item.shapes.push_back(door::to_string(shape));
    for (const door::TypeEntry& type : entry.types) {
      item.types.push_back({door::to_string(type.name), door::to_string(type.definition),
                            door::to_string(type.shape)});
    }
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

Result<Description> describe(std::span<const std::byte> wasm) {
  return door::guarded([&] {
    const door::Described described = door::describe_wasm(door::to_slice(wasm));
    Description description;
    description.format = described.is_component ? Format::Component : Format::CoreModule;
    description.kind = static_cast<Kind>(described.kind);
    description.runnable = described.runnable;
    description.needs_concurrency = described.needs_concurrency;
    description.metadata_name = door::to_string(described.metadata_name);
    description.metadata_version = door::to_string(described.metadata_version);
    description.imports = items_from(described.imports);
    description.exports = items_from(described.exports);
    description.wit = door::to_string(described.wit);
    return description;
  });
}

}  // namespace arcella::engine
