// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/decode_list.hpp"

#include "agent/json/utf8.hpp"
#include "agent/navixy/decode_state.hpp"

namespace depotlink::navixy {
namespace {

using json::Found;
using json::Object;

template <std::size_t kCapacity>
void Text(const Object& from, std::string_view name, FixedString<kCapacity>& out,
          DecodeNotes& notes) {
  std::string_view text;
  if (from.GetText(name, limits::kElementBytes, text) != Found::kYes) return;
  if (!json::AssignClean(text, out)) ++notes.mended_texts;
}

bool FillTracker(const Object& root, model::TrackerInfo& out, DecodeNotes& notes) {
  if (root.GetId("id", 1, kMaxId, out.id) != Found::kYes) return false;
  Text(root, "label", out.label, notes);
  (void)root.GetId("group_id", 0, kMaxId, out.group_id);
  (void)root.GetBool("clone", out.clone);
  Object source;
  if (root.GetObject("source", source) == Found::kYes) {
    Text(source, "model", out.model, notes);
    (void)source.GetBool("blocked", out.blocked);
  }
  return true;
}

bool FillGroup(const Object& root, model::TrackerGroup& out, DecodeNotes& notes) {
  if (root.GetId("id", 1, kMaxId, out.id) != Found::kYes) return false;
  Text(root, "title", out.title, notes);
  return true;
}

template <typename Out>
Status Decode(json::ElementReader& reader, std::string_view element_text,
              bool (*fill)(const Object&, Out&, DecodeNotes&), Out& out, DecodeNotes& notes) {
  out = Out();
  Status status = reader.Parse(element_text);
  if (!status.ok()) return status;
  if (!fill(reader.root(), out, notes)) status = {Code::kSkip, "no usable id"};
  notes.AddFrom(reader);
  reader.Clear();
  return status;
}

}  // namespace

Status DecodeTracker(json::ElementReader& reader, std::string_view element_text,
                     model::TrackerInfo& out, DecodeNotes& notes) {
  return Decode(reader, element_text, &FillTracker, out, notes);
}

Status DecodeGroup(json::ElementReader& reader, std::string_view element_text,
                   model::TrackerGroup& out, DecodeNotes& notes) {
  return Decode(reader, element_text, &FillGroup, out, notes);
}

}  // namespace depotlink::navixy
