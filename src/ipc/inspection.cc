// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/inspection.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "ipc/untrusted_text.h"

namespace arcella::ipc {
namespace {

wire::JsonArray items_to_json(const std::vector<model::InterfaceItem>& items) {
  wire::JsonArray array;
  for (const auto& item : items) {
    wire::JsonArray functions;
    for (const auto& function : item.functions) functions.emplace_back(function);
    wire::JsonArray shapes;
    for (const auto& shape : item.shapes) shapes.emplace_back(shape);
    wire::JsonArray types;
    for (const auto& type : item.types) {
      types.push_back(wire::JsonObject{
          {"name", type.name}, {"definition", type.definition}, {"shape", type.shape}});
    }
    array.push_back(wire::JsonObject{{"name", item.name},
                                     {"functions", std::move(functions)},
                                     {"shapes", std::move(shapes)},
                                     {"types", std::move(types)}});
  }
  return array;
}

Result<std::string> shape_from(std::string_view text, const std::string& path) {
  if (text.size() > limits::kShapeBytesMax) {
    return fail(ErrorCode::InvalidParams, path + ": a shape has more than " +
                                              std::to_string(limits::kShapeBytesMax) + " bytes");
  }
  return harmless_line(text, limits::kShapeBytesMax);
}

Result<std::vector<std::string>> shapes_from_json(const wire::FieldReader& item,
                                                  std::size_t functions) {
  ARCELLA_TRY(std::vector<std::string> shapes, item.strings("shapes"));
  if (!shapes.empty() && shapes.size() != functions) {
    return fail(ErrorCode::InvalidParams, item.path() + ".shapes: not one for each function");
  }
  for (auto& shape : shapes) {
    ARCELLA_TRY(shape, shape_from(shape, item.path()));
  }
  return shapes;
}

Result<std::vector<model::NamedType>> types_from_json(const wire::FieldReader& item) {
  ARCELLA_TRY(auto objects, item.objects("types"));
  if (objects.size() > static_cast<std::size_t>(limits::kInterfaceTypesMax)) {
    return fail(
        ErrorCode::InvalidParams,
        item.path() + ": more than " + std::to_string(limits::kInterfaceTypesMax) + " types");
  }
  std::vector<model::NamedType> types;
  types.reserve(objects.size());
  for (const auto& object : objects) {
    ARCELLA_TRY_VOID(object.only({"name", "definition", "shape"}));
    model::NamedType type;
    ARCELLA_TRY(std::string name, object.string("name"));
    type.name = harmless_line(name, limits::kInterfaceItemBytesMax);
    ARCELLA_TRY(std::string definition, object.string("definition"));
    type.definition = harmless_line(definition, limits::kInterfaceItemBytesMax);
    ARCELLA_TRY(std::string shape, object.string("shape"));
    ARCELLA_TRY(type.shape, shape_from(shape, object.path()));
    types.push_back(std::move(type));
  }
  return types;
}

Result<std::vector<model::InterfaceItem>> items_from_json(const wire::FieldReader& fields,
                                                          std::string_view key) {
  ARCELLA_TRY(auto objects, fields.objects(key));
  if (objects.size() > static_cast<std::size_t>(limits::kInterfacesMax)) {
    return fail(ErrorCode::LimitExceeded, "the component has more than " +
                                              std::to_string(limits::kInterfacesMax) + " " +
                                              std::string(key));
  }
  std::vector<model::InterfaceItem> items;
  items.reserve(objects.size());
  for (const auto& object : objects) {
    ARCELLA_TRY_VOID(object.only({"name", "functions", "shapes", "types"}));
    model::InterfaceItem item;
    ARCELLA_TRY(std::string name, object.string("name"));
    item.name = harmless_line(name, limits::kInterfaceItemBytesMax);
    ARCELLA_TRY(item.functions, object.strings("functions"));
    if (item.functions.size() > static_cast<std::size_t>(limits::kInterfaceFunctionsMax)) {
      return fail(ErrorCode::LimitExceeded, "interface " + item.name + " has more than " +
                                                std::to_string(limits::kInterfaceFunctionsMax) +
                                                " functions");
    }
    for (auto& function : item.functions)
      function = harmless_line(function, limits::kInterfaceItemBytesMax);
    ARCELLA_TRY(item.shapes, shapes_from_json(object, item.functions.size()));
    ARCELLA_TRY(item.types, types_from_json(object));
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

wire::Json to_json(const model::Inspection& inspection) {
  wire::JsonObject object;
  object["format"] = model::to_string(inspection.format);
  object["kind"] = model::to_string(inspection.kind);
  object["runnable"] = inspection.runnable;
  object["needs_concurrency"] = inspection.needs_concurrency;
  object["metadata_name"] = inspection.metadata_name;
  object["metadata_version"] = inspection.metadata_version;
  object["imports"] = items_to_json(inspection.imports);
  object["exports"] = items_to_json(inspection.exports);
  object["wit"] = inspection.wit;
  return object;
}

Result<model::Inspection> inspection_from_json(const wire::Json& value, std::string path) {
  ARCELLA_TRY(auto fields, wire::FieldReader::of(value, std::move(path)));
  ARCELLA_TRY_VOID(fields.only({"format", "kind", "runnable", "needs_concurrency", "metadata_name",
                                "metadata_version", "imports", "exports", "wit"}));
  model::Inspection inspection;
  ARCELLA_TRY(std::string format_name, fields.string("format"));
  auto format = model::format_from(format_name);
  ARCELLA_TRY(std::string kind_name, fields.string("kind"));
  auto kind = model::kind_from(kind_name);
  if (!format || !kind) {
    return fail(ErrorCode::InvalidParams, fields.path() + ": unknown format or kind");
  }
  inspection.format = *format;
  inspection.kind = *kind;
  ARCELLA_TRY(inspection.runnable, fields.boolean("runnable"));
  ARCELLA_TRY(inspection.needs_concurrency, fields.boolean("needs_concurrency"));
  ARCELLA_TRY(std::string name, fields.string("metadata_name"));
  inspection.metadata_name = harmless_line(name, limits::kMetadataBytesMax);
  ARCELLA_TRY(std::string version, fields.string("metadata_version"));
  inspection.metadata_version = harmless_line(version, limits::kMetadataBytesMax);
  ARCELLA_TRY(inspection.imports, items_from_json(fields, "imports"));
  ARCELLA_TRY(inspection.exports, items_from_json(fields, "exports"));
  ARCELLA_TRY(std::string wit, fields.string("wit"));
  if (wit.size() > limits::kWitTextBytesMax) {
    return fail(ErrorCode::LimitExceeded, "the component's WIT text is longer than " +
                                              std::to_string(limits::kWitTextBytesMax) + " bytes");
  }
  inspection.wit = harmless_lines(wit, limits::kWitTextBytesMax);
  return inspection;
}

}  // namespace arcella::ipc
