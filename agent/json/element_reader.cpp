// SPDX-License-Identifier: Apache-2.0
#include "agent/json/element_reader.hpp"

#include <json/reader.h>
#include <json/value.h>

#include <cmath>
#include <exception>
#include <string>

#include "agent/json/element_check.hpp"

namespace depotlink::json {
namespace {

constexpr int kStackLimit = 32;  // JsonCpp throws beyond; CheckElement() refuses before that
static_assert(limits::kJsonDepth < kStackLimit);

std::unique_ptr<Json::CharReader> MakeCharReader() {
  Json::CharReaderBuilder builder;
  Json::CharReaderBuilder::strictMode(&builder.settings_);
  builder["stackLimit"] = kStackLimit;
  builder["skipBom"] = false;
  return std::unique_ptr<Json::CharReader>(builder.newCharReader());
}

std::string_view TextOf(const Json::Value& value) {
  const char* begin = nullptr;
  const char* end = nullptr;
  if (!value.getString(&begin, &end)) return {};
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool IsNumber(const Json::Value& value) {
  return value.type() == Json::intValue || value.type() == Json::uintValue ||
         value.type() == Json::realValue;
}

bool ReadId(const Json::Value& value, std::uint64_t min, std::uint64_t max, std::uint64_t& out) {
  if (!IsNumber(value) || !value.isUInt64()) return false;
  const std::uint64_t number = value.asUInt64();
  if (number < min || number > max) return false;
  out = number;
  return true;
}

bool IsLocalTime(std::string_view text) {
  constexpr std::size_t kBytes = 19;  // yyyy-MM-dd HH:mm:ss
  if (text.size() != kBytes) return false;
  std::array<char, kBytes + 1> zoned;
  text.copy(zoned.data(), kBytes);
  zoned.back() = 'Z';
  WallTime unused;
  return ParseIsoTime({zoned.data(), zoned.size()}, unused);
}

}  // namespace

struct ElementReader::Impl {
  std::unique_ptr<Json::CharReader> reader = MakeCharReader();
  Json::Value root;
  std::string mended_text;
};

ElementReader::ElementReader() : impl_(std::make_unique<Impl>()) {}
ElementReader::~ElementReader() = default;

void ElementReader::Clear() {
  impl_->root = Json::Value();
  std::string().swap(impl_->mended_text);
  text_ = {};
}

Status ElementReader::Parse(std::string_view text) {
  Clear();  // first: JsonCpp would keep the old tree until the new one is built
  ignored_ = 0;
  mended_ = 0;
  first_ignored_.Clear();
  if (text.size() > limits::kElementBytes) return {Code::kSkip, "element too long"};
  const ElementCheck check = CheckElement(text, impl_->mended_text);
  if (check.fault != nullptr) {
    return {Code::kSkip, std::string("not strict JSON at byte ") + std::to_string(check.fault_at) +
                             ": " + check.fault};
  }
  mended_ = check.mended;
  text_ = check.mended > 0 ? std::string_view(impl_->mended_text) : text;
  bool read = false;
  try {
    read = impl_->reader->parse(text_.data(), text_.data() + text_.size(), &impl_->root, nullptr);
  } catch (const std::exception&) {
    read = false;
  }
  if (!read || !impl_->root.isObject()) {
    const bool other = read;
    Clear();
    return {Code::kSkip, other ? "not a JSON object" : "malformed JSON or a key twice"};
  }
  return Status::Ok();
}

Object ElementReader::root() {
  return {&impl_->root, this};
}

void ElementReader::CountIgnored(std::string_view name) {
  if (ignored_ == 0) first_ignored_.Assign(name);
  ++ignored_;
}

std::string_view ElementReader::SourceOf(const Json::Value& value) const {
  const auto begin = static_cast<std::size_t>(value.getOffsetStart());
  const auto end = static_cast<std::size_t>(value.getOffsetLimit());
  if (begin >= end || end > text_.size()) return {};
  return text_.substr(begin, end - begin);
}

const Json::Value* Object::Find(std::string_view name) const {
  if (value_ == nullptr || !value_->isObject()) return nullptr;
  const Json::Value* found = value_->find(name.data(), name.data() + name.size());
  return found == nullptr || found->isNull() ? nullptr : found;
}

Found Object::Wrong(std::string_view name) const {
  reader_->CountIgnored(name);
  return Found::kWrong;
}

Found Object::GetInt(std::string_view name, std::int64_t min, std::int64_t max,
                     std::int64_t& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  std::int64_t number = 0;
  if (value->type() == Json::realValue) {
    const double real = std::round(value->asDouble());
    constexpr double kEdge = 9.2e18;  // well within 64 bits
    if (!(std::fabs(real) < kEdge)) return Wrong(name);
    number = static_cast<std::int64_t>(real);
  } else if (IsNumber(*value) && value->isInt64()) {
    number = value->asInt64();
  } else {
    return Wrong(name);
  }
  if (number < min || number > max) return Wrong(name);
  out = number;
  return Found::kYes;
}

Found Object::GetId(std::string_view name, std::uint64_t min, std::uint64_t max,
                    std::uint64_t& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  return ReadId(*value, min, max, out) ? Found::kYes : Wrong(name);
}

Found Object::GetDouble(std::string_view name, double& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  if (!IsNumber(*value) || !std::isfinite(value->asDouble())) return Wrong(name);
  out = value->asDouble();
  return Found::kYes;
}

Found Object::GetBool(std::string_view name, bool& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  if (!value->isBool()) return Wrong(name);
  out = value->asBool();
  return Found::kYes;
}

Found Object::GetText(std::string_view name, std::size_t max_bytes, std::string_view& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  if (!value->isString() || TextOf(*value).size() > max_bytes) return Wrong(name);
  out = TextOf(*value);
  return Found::kYes;
}

Found Object::GetScalar(std::string_view name, std::size_t max_bytes, std::string_view& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  std::string_view text;
  if (value->isString()) {
    text = TextOf(*value);
  } else if (value->isBool()) {
    text = value->asBool() ? "true" : "false";
  } else if (IsNumber(*value)) {
    text = reader_->SourceOf(*value);  // JsonCpp holds more than 64 bits as a double
  } else {
    return Wrong(name);
  }
  if (text.size() > max_bytes) return Wrong(name);
  out = text;
  return Found::kYes;
}

Found Object::GetTime(std::string_view name, WallTime& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  if (!value->isString()) return Wrong(name);
  const std::string_view text = TextOf(*value);
  if (ParseIsoTime(text, out)) return Found::kYes;
  reader_->CountIgnored(name);
  return IsLocalTime(text) ? Found::kNoZone : Found::kWrong;
}

Found Object::GetBools(std::string_view name, bool* out, std::size_t capacity,
                       std::size_t& count) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  if (!value->isArray()) return Wrong(name);
  for (const Json::Value& item : *value) {
    if (!item.isBool()) return Wrong(name);
  }
  count = value->size();
  for (Json::ArrayIndex i = 0; i < count && i < capacity; ++i) out[i] = (*value)[i].asBool();
  return Found::kYes;
}

Found Object::GetObject(std::string_view name, Object& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  if (!value->isObject()) return Wrong(name);
  out = Object(value, reader_);
  return Found::kYes;
}

Found Object::GetArray(std::string_view name, Array& out) const {
  const Json::Value* value = Find(name);
  if (value == nullptr) return Found::kAbsent;
  if (!value->isArray()) return Wrong(name);
  out = Array(value, reader_);
  return Found::kYes;
}

std::size_t Array::size() const {
  return value_ == nullptr ? 0 : value_->size();
}

bool Array::GetObject(std::size_t i, Object& out) const {
  const Json::Value& item = (*value_)[static_cast<Json::ArrayIndex>(i)];
  if (!item.isObject()) return false;
  out = Object(&item, reader_);
  return true;
}

bool Array::GetText(std::size_t i, std::size_t max_bytes, std::string_view& out) const {
  const Json::Value& item = (*value_)[static_cast<Json::ArrayIndex>(i)];
  if (!item.isString() || TextOf(item).size() > max_bytes) return false;
  out = TextOf(item);
  return true;
}

bool Array::GetId(std::size_t i, std::uint64_t min, std::uint64_t max, std::uint64_t& out) const {
  return ReadId((*value_)[static_cast<Json::ArrayIndex>(i)], min, max, out);
}

void Object::VisitNames(void (*visit)(void* context, std::string_view name), void* context) const {
  if (value_ == nullptr || !value_->isObject()) return;
  for (auto it = value_->begin(); it != value_->end(); ++it) {
    const char* end = nullptr;
    const char* begin = it.memberName(&end);
    visit(context, {begin, static_cast<std::size_t>(end - begin)});
  }
}

}  // namespace depotlink::json
