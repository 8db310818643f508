// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/progress.h"

#include <limits>

namespace arcella::alme_proto {

using wire::FieldReader;
using wire::Json;
using wire::JsonObject;

Result<bool> asks_for_progress(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  return reader.boolean_or("progress", false);
}

JsonObject to_json(const model::Progress::Note& note) {
  JsonObject object;
  object["stage"] = note.stage;
  object["done"] = note.done;
  object["total"] = note.total ? Json(*note.total) : Json(nullptr);
  return object;
}

Result<ProgressNote> progress_from_json(const Json& params) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  ProgressNote note;
  ARCELLA_TRY(note.stage, reader.string("stage"));
  ARCELLA_TRY(auto done, reader.integer("done", 0, kMax));
  note.done = static_cast<std::uint64_t>(done);
  ARCELLA_TRY(auto total, reader.optional_integer("total", 0, kMax));
  if (total) note.total = static_cast<std::uint64_t>(*total);
  return note;
}

}  // namespace arcella::alme_proto
