// SPDX-License-Identifier: Apache-2.0
#pragma once

// ports::Compressor by run lengths: text with runs gets smaller, other text larger, so that both
// "it fits" and "it does not" are met. Four bytes at the front tell the dictionary.
//
//   d d d d  then pieces:  0..127    that many plus one literal bytes follow
//                          128..255  the next byte, that many minus 126 times (2..129)

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "agent/ports/compressor.hpp"

namespace depotlink::fakes {

class FakeCompressor final : public ports::Compressor {
 public:
  std::size_t Pack(Effort, std::string_view dictionary, std::string_view raw, char* out,
                   std::size_t capacity) override {
    ++packs_;
    Sink sink{out, capacity};
    const std::uint32_t mark = Mark(dictionary);
    char text[4];
    std::memcpy(text, &mark, sizeof text);
    sink.Put({text, sizeof text});
    while (!raw.empty()) {
      const std::size_t run = Run(raw);
      if (run > 1) {
        const char piece[] = {static_cast<char>(run + 126), raw.front()};
        sink.Put({piece, 2});
        raw.remove_prefix(run);
        continue;
      }
      const std::size_t bytes = Literals(raw);
      const char count = static_cast<char>(bytes - 1);
      sink.Put({&count, 1});
      sink.Put(raw.substr(0, bytes));
      raw.remove_prefix(bytes);
    }
    if (sink.full) ++misfits_;
    return sink.full ? 0 : sink.at;
  }

  bool Unpack(std::string_view dictionary, std::string_view packed, char* out,
              std::size_t raw_bytes) override {
    ++unpacks_;
    std::uint32_t mark = 0;
    if (packed.size() < sizeof mark) return false;
    std::memcpy(&mark, packed.data(), sizeof mark);
    if (mark != Mark(dictionary)) return false;
    packed.remove_prefix(sizeof mark);
    Sink sink{out, raw_bytes};
    while (!packed.empty()) {
      const auto head = static_cast<unsigned char>(packed.front());
      packed.remove_prefix(1);
      const std::size_t takes = head < 128 ? head + 1U : 1U;
      if (packed.size() < takes) return false;
      if (head < 128) {
        sink.Put(packed.substr(0, takes));
      } else {
        for (unsigned i = 126; i < head; ++i) sink.Put(packed.substr(0, 1));
      }
      packed.remove_prefix(takes);
    }
    return !sink.full && sink.at == raw_bytes;
  }

  std::size_t packs() const { return packs_; }
  std::size_t unpacks() const { return unpacks_; }
  // Pack that found too little room.
  std::size_t misfits() const { return misfits_; }

 private:
  struct Sink {
    char* out;
    std::size_t capacity;
    std::size_t at = 0;
    bool full = false;

    void Put(std::string_view text) {
      if (full || text.size() > capacity - at) {
        full = true;
        return;
      }
      if (!text.empty()) std::memcpy(out + at, text.data(), text.size());
      at += text.size();
    }
  };

  static std::uint32_t Mark(std::string_view dictionary) {
    std::uint32_t mark = 2166136261U;  // FNV-1a
    for (const char c : dictionary) mark = (mark ^ static_cast<unsigned char>(c)) * 16777619U;
    return mark;
  }
  static std::size_t Run(std::string_view raw) {
    const std::size_t most = std::min<std::size_t>(raw.size(), 129);
    std::size_t bytes = 1;
    while (bytes < most && raw[bytes] == raw[0]) ++bytes;
    return bytes;
  }
  // Up to where a run of three begins.
  static std::size_t Literals(std::string_view raw) {
    const std::size_t most = std::min<std::size_t>(raw.size(), 128);
    std::size_t bytes = 1;
    while (bytes < most && Run(raw.substr(bytes, 3)) < 3) ++bytes;
    return bytes;
  }

  std::size_t packs_ = 0;
  std::size_t unpacks_ = 0;
  std::size_t misfits_ = 0;
};

}  // namespace depotlink::fakes
