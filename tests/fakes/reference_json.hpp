// SPDX-License-Identifier: Apache-2.0
#pragma once

// A second opinion on JSON: RFC 8259 read by recursive descent over a whole text, written without a
// look at the splitter. Slow, simple, unbounded; for comparing with.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/split_capture.hpp"

namespace depotlink::fakes {

class ReferenceJson {
 public:
  // True where `text` is one JSON value, all of it sound; `compact` is it without white space.
  static bool IsValue(std::string_view text, std::string& compact) {
    ReferenceJson json(text);
    json.White();
    return json.Value(compact, 0) && (json.White(), json.rest_.empty());
  }

  // True where `text` is one JSON object; `parts` are what is to be handed over of it, in order.
  static bool Split(std::string_view text, const std::string_view* containers, std::size_t count,
                    std::vector<SplitPart>& parts) {
    ReferenceJson json(text);
    json.White();
    if (!json.Take('{')) return false;
    const bool sound = json.Members([&](const std::string& key) {
      std::size_t number = 0;
      while (number < count && containers[number] != key) ++number;
      if (number == count || json.rest_.empty() || (json.Next() != '{' && json.Next() != '[')) {
        parts.push_back({json::SplitHandler::kTopLevel, key, {}});
        return json.Value(parts.back().text, 1);
      }
      const auto element = [&](const std::string& name) {
        parts.push_back({number, name, {}});
        return json.Value(parts.back().text, 2);
      };
      if (json.Take('{')) return json.Members(element);
      json.Take('[');
      return json.Items([&] { return element({}); });
    });
    return sound && (json.White(), json.rest_.empty());
  }

  // True where `text`, which stands in quotes, is a sound string; `decoded` is its meaning.
  static bool IsString(std::string_view text, std::string& decoded) {
    ReferenceJson json(text);
    return json.String(decoded) && json.rest_.empty();
  }

 private:
  explicit ReferenceJson(std::string_view text) : rest_(text) {}

  char Next() const { return rest_.front(); }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void White() {
    const std::size_t end = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
  }

  template <typename Member>
  bool Members(Member member) {
    White();
    if (Take('}')) return true;
    do {
      White();
      std::string key;
      if (!String(key)) return false;
      White();
      if (!Take(':')) return false;
      White();
      if (!member(key)) return false;
      White();
    } while (Take(','));
    return Take('}');
  }
  template <typename Item>
  bool Items(Item item) {
    White();
    if (Take(']')) return true;
    do {
      White();
      if (!item()) return false;
      White();
    } while (Take(','));
    return Take(']');
  }

  bool Value(std::string& compact, int depth) {
    if (rest_.empty() || depth > 2000) return false;
    if (Next() == '{') return Object(compact, depth);
    if (Next() == '[') return Array(compact, depth);
    const std::string_view before = rest_;
    std::string ignored;
    const bool sound = Next() == '"' ? String(ignored) : Literal() || Number();
    compact += before.substr(0, before.size() - rest_.size());
    return sound;
  }
  bool Object(std::string& compact, int depth) {
    Take('{');
    compact += '{';
    White();
    if (Take('}')) return compact += '}', true;
    do {
      White();
      const std::string_view before = rest_;
      std::string key;
      if (!String(key)) return false;
      compact += before.substr(0, before.size() - rest_.size());
      White();
      if (!Take(':')) return false;
      compact += ':';
      White();
      if (!Value(compact, depth + 1)) return false;
      White();
      if (!rest_.empty()) compact += Next();
    } while (Take(','));
    return Take('}');
  }
  bool Array(std::string& compact, int depth) {
    Take('[');
    compact += '[';
    White();
    if (Take(']')) return compact += ']', true;
    do {
      White();
      if (!Value(compact, depth + 1)) return false;
      White();
      if (!rest_.empty()) compact += Next();
    } while (Take(','));
    return Take(']');
  }
  bool Literal() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (rest_.substr(0, word.size()) == word) return rest_.remove_prefix(word.size()), true;
    }
    return false;
  }
  bool Digits() {
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(end);
    return end > 0;
  }
  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return Digits();
    }
    return true;
  }

  // Decodes to code points, then judges them.
  bool String(std::string& decoded) {
    if (!Take('"')) return false;
    std::uint32_t high = 0;
    while (!rest_.empty()) {
      const auto byte = static_cast<unsigned char>(Next());
      std::uint32_t code = 0;
      bool escaped_unit = false;
      if (byte == '"') {
        rest_.remove_prefix(1);
        return high == 0;
      }
      if (byte == '\\' ? !Escape(code, escaped_unit) : !Utf8(code)) return false;
      const bool low = code >= 0xDC00 && code < 0xE000;
      if ((high != 0) != (low && escaped_unit)) return false;
      if (low) {
        code = 0x10000 + (high - 0xD800) * 0x400 + (code - 0xDC00);
        high = 0;
      } else if (code >= 0xD800 && code < 0xDC00) {
        high = code;
        continue;
      }
      Append(code, decoded);
    }
    return false;
  }
  bool Escape(std::uint32_t& code, bool& unit) {
    rest_.remove_prefix(1);
    if (rest_.empty()) return false;
    const char c = Next();
    rest_.remove_prefix(1);
    if (c != 'u') {
      const std::string_view names = "\"\\/bfnrt";
      const std::size_t at = names.find(c);
      if (at == std::string_view::npos) return false;
      code = static_cast<unsigned char>("\"\\/\b\f\n\r\t"[at]);
      return true;
    }
    unit = true;
    if (rest_.size() < 4) return false;
    const std::string hex(rest_.substr(0, 4));
    if (hex.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return false;
    code = static_cast<std::uint32_t>(std::stoul(hex, nullptr, 16));
    rest_.remove_prefix(4);
    return true;
  }
  bool Utf8(std::uint32_t& code) {
    constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    const auto lead = static_cast<unsigned char>(Next());
    const std::size_t more = lead < 0x80 ? 0 : lead / 32 == 6 ? 1 : lead / 16 == 14 ? 2 : 3;
    if (more == 3 && lead / 8 != 30) return false;
    if (rest_.size() <= more) return false;
    code = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
      const auto next = static_cast<unsigned char>(rest_[i]);
      if (next / 64 != 2) return false;
      code = code * 64 + next % 64;
    }
    rest_.remove_prefix(more + 1);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    return code >= 0x20 && code >= kLeast[more] && code <= 0x10FFFF && !surrogate;
  }
  static void Append(std::uint32_t code, std::string& out) {
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code >= 0x10000) {
      put(0xF0 + code / 0x40000);
      put(0x80 + code / 0x1000 % 64);
    } else if (code >= 0x800) {
      put(0xE0 + code / 0x1000);
    }
    if (code >= 0x800) {
      put(0x80 + code / 64 % 64);
    } else {
      put(0xC0 + code / 64);
    }
    put(0x80 + code % 64);
  }

  std::string_view rest_;
};

}  // namespace depotlink::fakes
