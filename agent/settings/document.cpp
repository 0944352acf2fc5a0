// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/document.hpp"

#include <json/json.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <utility>

#include "agent/settings/line_index.hpp"

namespace depotlink::settings {
namespace {

constexpr std::string_view kSpoiled = "this is not JSON";

// By how much a word changes the depth.
int DepthStep(TokenKind kind) {
  switch (kind) {
    case TokenKind::kOpenObject:
    case TokenKind::kOpenArray:
      return 1;
    case TokenKind::kCloseObject:
    case TokenKind::kCloseArray:
      return -1;
    default:
      return 0;
  }
}

// Checks the words and makes a copy for JsonCpp in which every offset is the same, but comments,
// carriage returns and a byte order mark are blanks: JsonCpp 1.9.5 does not take a comment before a
// colon, and counts a carriage return as a line.
std::optional<SyntaxFault> Clean(std::string_view text, std::string& clean) {
  clean.assign(text.size(), ' ');
  Scanner scanner(text);
  Token token;
  int depth = 0;
  for (;;) {
    if (!scanner.Next(token)) return scanner.fault();
    if (token.kind == TokenKind::kEnd) break;
    if (token.kind == TokenKind::kComment) continue;
    depth += DepthStep(token.kind);
    if (depth > kMaxDepth) return SyntaxFault{token.offset, "nested too deep; 31 levels at most"};
    text.copy(clean.data() + token.offset, token.length, token.offset);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') clean[i] = '\n';
  }
  return std::nullopt;
}

Json::CharReaderBuilder MakeBuilder() {
  Json::CharReaderBuilder builder;
  builder["collectComments"] = false;
  builder["allowComments"] = false;
  builder["allowTrailingCommas"] = true;
  builder["strictRoot"] = true;
  builder["failIfExtra"] = true;
  builder["rejectDupKeys"] = false;  // found by the builder of the list, all of them
  builder["stackLimit"] = kMaxDepth + 1;
  return builder;
}

bool Parse(std::string_view text, Json::Value& root, std::string& report) {
  try {
    const std::unique_ptr<Json::CharReader> reader(MakeBuilder().newCharReader());
    return reader->parse(text.data(), text.data() + text.size(), &root, &report);
  } catch (const std::exception&) {  // the stack limit
    return false;
  }
}

struct Translation {
  std::string_view theirs;
  std::string_view ours;
};

// JsonCpp 1.9.5, src/lib_json/json_reader.cpp.
constexpr std::array<Translation, 9> kTranslations{{
    {"Missing '}' or object member name", "a key in quotes or a closing \"}\" is expected here"},
    {"Missing ':'", "a \":\" is expected here, between the key and its value"},
    {"Missing ',' or '}'", "a \",\" or a closing \"}\" is missing before this"},
    {"Missing ',' or ']'", "a \",\" or a closing \"]\" is missing before this"},
    {"Syntax error: value", "a value is expected here"},
    {"Extra non-whitespace", "nothing may follow the closing \"}\""},
    {"Bad escape sequence",
     "a backslash in this text begins no escape; write \\\\ for a backslash"},
    {"Bad unicode escape", "\\u in this text is not followed by four hexadecimal digits"},
    {"additional six characters", "\\u in this text begins a pair whose second half is missing"},
}};

// Reads the first `* Line 3, Column 5\n  Message` of JsonCpp's report.
SyntaxFault Translate(std::string_view clean, const std::string& report) {
  std::size_t line = 0;
  std::size_t column = 0;
  std::size_t* number = nullptr;
  const std::size_t message_at = std::min(report.find('\n'), report.size());
  for (std::size_t i = 0; i < message_at; ++i) {
    const char c = report[i];
    if (c == 'L') number = &line;
    if (c == 'C') number = &column;
    if (number != nullptr && c >= '0' && c <= '9') {
      *number = *number * 10 + static_cast<std::size_t>(c - '0');
    }
  }
  const std::size_t offset = LineIndex(clean).Offset(line, column);
  const std::size_t last = clean.find_last_not_of(" \n");
  if (offset > last) return {last + 1, "the text ends here, but a closing \"}\" is missing"};
  const std::string_view message = std::string_view(report).substr(message_at);
  for (const Translation& translation : kTranslations) {
    if (message.substr(0, 3 + translation.theirs.size()).find(translation.theirs) !=
        std::string_view::npos) {
      return {offset, translation.ours};
    }
  }
  return {offset, message.find("is not a number") != std::string_view::npos
                      ? "this number is out of any range"
                      : kSpoiled};
}

// A key as its writer meant it. `token` has its quotes.
std::string DecodeKey(std::string_view token) {
  if (token.find('\\') == std::string_view::npos) {
    return std::string(token.substr(1, token.size() - 2));
  }
  Json::Value list;
  std::string report;
  const bool good = Parse('[' + std::string(token) + ']', list, report);
  return good && list.size() == 1 && list[0].isString() ? list[0].asString() : std::string(token);
}

void FillValue(const Json::Value& value, Entry& entry) {
  entry.value_end = static_cast<std::size_t>(value.getOffsetLimit());
  switch (value.type()) {
    case Json::nullValue:
      entry.kind = ValueKind::kNull;
      break;
    case Json::booleanValue:
      entry.kind = ValueKind::kBoolean;
      entry.flag = value.asBool();
      break;
    case Json::intValue:
    case Json::uintValue:
    case Json::realValue:
      entry.kind = ValueKind::kNumber;
      entry.number = value.asDouble();
      break;
    case Json::stringValue:
      entry.kind = ValueKind::kText;
      entry.text = value.asString();
      break;
    case Json::arrayValue:
      entry.kind = ValueKind::kArray;
      break;
    case Json::objectValue:
      entry.kind = ValueKind::kObject;
      break;
  }
}

// Walks a text that JsonCpp has accepted beside the tree that came of it.
class Lister {
 public:
  Lister(std::string_view clean, const Json::Value& root, Document& out)
      : clean_(clean), scanner_(clean), root_(&root), out_(&out) {}

  void List() {
    Token token = Take();
    out_->root_offset = token.offset;
    ListObject(root_, kNoEntry);
  }

 private:
  Token Take() {
    Token token;
    return scanner_.Next(token) ? token : Token{};
  }

  // The opening brace has been taken. `object` is null where a later key took its place. Recursion
  // is bounded by kMaxDepth.
  void ListObject(const Json::Value* object, int parent) {
    const std::size_t first = out_->entries.size();
    for (Token key = Take(); key.kind == TokenKind::kText || key.kind == TokenKind::kComma;
         key = Take()) {
      if (key.kind == TokenKind::kComma) continue;
      Take();  // the colon
      ListMember(object, parent, first, key, Take());
    }
  }

  void ListMember(const Json::Value* object, int parent, std::size_t first, const Token& key,
                  const Token& value) {
    Entry entry;
    entry.key = DecodeKey(clean_.substr(key.offset, key.length));
    entry.parent = parent;
    entry.key_offset = key.offset;
    entry.value_offset = value.offset;
    for (std::size_t i = first; i < out_->entries.size() && entry.repeats == kNoEntry; ++i) {
      const Entry& earlier = out_->entries[i];
      if (earlier.parent == parent && earlier.key == entry.key) entry.repeats = static_cast<int>(i);
    }
    const Json::Value* found = Find(object, entry.key, value.offset);
    entry.overridden = found == nullptr;
    if (found != nullptr) FillValue(*found, entry);
    out_->entries.push_back(entry);
    if (value.kind == TokenKind::kOpenObject) {
      ListObject(found, static_cast<int>(out_->entries.size()) - 1);
    }
    if (value.kind == TokenKind::kOpenArray) {
      ListArray(found, static_cast<int>(out_->entries.size()) - 1);
    }
  }

  // The opening bracket has been taken. `array` is null where a later key took its place.
  void ListArray(const Json::Value* array, int parent) {
    int item = 0;
    for (Token value = Take(); value.kind != TokenKind::kCloseArray; value = Take()) {
      if (value.kind == TokenKind::kEnd) return;
      if (value.kind == TokenKind::kComma) continue;
      Entry entry;
      entry.parent = parent;
      entry.item = item++;
      entry.key_offset = entry.value_offset = value.offset;
      const auto at = static_cast<Json::ArrayIndex>(entry.item);
      const Json::Value* found = array != nullptr && at < array->size() ? &(*array)[at] : nullptr;
      entry.overridden = found == nullptr;
      if (found != nullptr) FillValue(*found, entry);
      out_->entries.push_back(entry);
      const int self = static_cast<int>(out_->entries.size()) - 1;
      if (value.kind == TokenKind::kOpenObject) ListObject(found, self);
      if (value.kind == TokenKind::kOpenArray) ListArray(found, self);
    }
  }

  // The member whose value stands at `offset`; null where another one has replaced it.
  static const Json::Value* Find(const Json::Value* object, const std::string& key,
                                 std::size_t offset) {
    if (object == nullptr) return nullptr;
    const Json::Value* found = object->find(key.data(), key.data() + key.size());
    if (found == nullptr || found->getOffsetStart() != static_cast<std::ptrdiff_t>(offset)) {
      return nullptr;
    }
    return found;
  }

  std::string_view clean_;
  Scanner scanner_;
  const Json::Value* root_;
  Document* out_;
};

}  // namespace

std::optional<SyntaxFault> ReadDocument(std::string_view text, Document& out) {
  std::string clean;
  if (const std::optional<SyntaxFault> fault = Clean(text, clean)) return fault;
  const std::size_t root_offset = clean.find_first_not_of(" \n");
  if (root_offset == std::string::npos) {
    return SyntaxFault{0, "the config is empty; it is one object: { ... }"};
  }
  if (clean[root_offset] != '{') {
    return SyntaxFault{root_offset, "the config is one object: { ... }"};
  }
  Json::Value root;
  std::string report;
  if (!Parse(clean, root, report)) return Translate(clean, report);
  Lister(clean, root, out).List();
  out.text = std::move(clean);
  return std::nullopt;
}

std::string CompactValue(const Document& document, const Entry& entry) {
  Json::Value list;
  std::string report;
  const std::string text =
      document.text.substr(entry.value_offset, entry.value_end - entry.value_offset);
  if (!Parse('[' + text + ']', list, report) || list.size() != 1) return {};
  Json::StreamWriterBuilder builder;
  builder["indentation"] = "";
  builder["emitUTF8"] = true;
  return Json::writeString(builder, list[0]);
}

}  // namespace depotlink::settings
