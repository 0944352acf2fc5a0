// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/compressor_contract.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/fakes/fake_random.hpp"

using depotlink::fakes::SeededRandom;

namespace {

constexpr std::string_view kDictionary =
    R"({"id":1234567,"label":"","lat":45.0,"lng":10.0,"speed_kmh":0,"fix_time":"2024-08-01T13:45:18Z"})";

std::string Noise(std::size_t bytes, std::uint64_t seed) {
  SeededRandom random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random.Next());
  return text;
}

// Like what goes to disk: records that resemble each other.
std::string Records(std::size_t bytes) {
  SeededRandom random(bytes);
  std::string text;
  while (text.size() < bytes) {
    text += R"({"id":)" + std::to_string(random.Below(1000)) + R"(,"lat":45.)" +
            std::to_string(random.Below(1000000)) + R"(,"speed_kmh":)" +
            std::to_string(random.Below(100)) + std::string(8, ' ') + "}";
  }
  text.resize(bytes);
  return text;
}

std::vector<std::string> SampleTexts() {
  std::vector<std::string> texts;
  for (const std::size_t bytes : {0U, 1U, 2U, 129U, 4096U, 32768U}) {
    texts.push_back(Records(bytes));
    texts.push_back(Noise(bytes, 1));
    texts.emplace_back(bytes, 'x');
  }
  return texts;
}

}  // namespace

std::string CompressorContract::Packed(std::string_view dictionary, std::string_view raw) {
  std::string packed(2 * raw.size() + 64, '\0');
  const std::size_t bytes = compressor().Pack(depotlink::ports::Compressor::Effort::kFull,
                                              dictionary, raw, packed.data(), packed.size());
  CHECK(bytes > 0 && bytes <= packed.size());
  packed.resize(bytes);
  return packed;
}

std::optional<std::string> CompressorContract::Unpacked(std::string_view dictionary,
                                                        std::string_view packed,
                                                        std::size_t raw_bytes) {
  // Two guards: bytes beyond that must stay, and the end of the heap block for the sanitizer.
  std::string guarded(raw_bytes + 64, '#');
  const bool unpacks = compressor().Unpack(dictionary, packed, guarded.data(), raw_bytes);
  CHECK(guarded.find_first_not_of('#', raw_bytes) == std::string::npos);
  const std::unique_ptr<char[]> exact(new char[raw_bytes]);
  CHECK(unpacks == compressor().Unpack(dictionary, packed, exact.get(), raw_bytes));
  if (!unpacks) return std::nullopt;
  guarded.resize(raw_bytes);
  return guarded;
}

void CompressorContract::WhatWasPackedUnpacks() {
  for (const std::string& text : SampleTexts()) {
    for (const std::string_view dictionary : {std::string_view(), kDictionary}) {
      CHECK(Unpacked(dictionary, Packed(dictionary, text), text.size()) == text);
    }
  }
}

void CompressorContract::WhatDoesNotFitGivesNothing() {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(500, 'x'), Records(500), Noise(500, 2)}) {
    const std::string packed = Packed(kDictionary, text);
    for (std::size_t capacity = 0; capacity <= packed.size() + 2; ++capacity) {
      std::string out(capacity + 8, '#');
      const std::size_t bytes = compressor().Pack(depotlink::ports::Compressor::Effort::kFull,
                                                  kDictionary, text, out.data(), capacity);
      CHECK(out.find_first_not_of('#', capacity) == std::string::npos);
      LONGS_EQUAL(capacity < packed.size() ? 0 : packed.size(), bytes);
      CHECK(bytes == 0 || out.compare(0, bytes, packed) == 0);
    }
    LONGS_EQUAL(0, compressor().Pack(depotlink::ports::Compressor::Effort::kFull, kDictionary, text,
                                     nullptr, 0));
  }
}

void CompressorContract::UnpackWantsTheExactSize() {
  for (const std::string& text : SampleTexts()) {
    const std::string packed = Packed(kDictionary, text);
    CHECK(!Unpacked(kDictionary, packed, text.size() + 1));
    if (!text.empty()) CHECK(!Unpacked(kDictionary, packed, text.size() - 1));
    if (!text.empty()) CHECK(!Unpacked(kDictionary, packed, 0));
    CHECK(!Unpacked(kDictionary, packed + '\0', text.size()));
    CHECK(!Unpacked(kDictionary, packed.substr(0, packed.size() - 1), text.size()));
    CHECK(!Unpacked(kDictionary, "", text.size()));
  }
}

// A raw stream says nothing of its dictionary: another one may be found out or give another text.
void CompressorContract::AnotherDictionaryNeverGivesTheText() {
  const std::string text = std::string(kDictionary) + Records(2000);
  const std::string packed = Packed(kDictionary, text);
  std::string reversed(kDictionary);
  std::reverse(reversed.begin(), reversed.end());
  for (const std::string& other : {std::string(), std::string("short"), reversed}) {
    CHECK(Unpacked(other, packed, text.size()) != text);
  }
}

void CompressorContract::DamageStaysWithinBounds() {
  const std::string text = Records(3000);
  const std::string packed = Packed(kDictionary, text);
  SeededRandom random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = packed;
    for (std::size_t flips = 1 + random.Below(3); flips > 0; --flips) {
      char& byte = damaged[random.Below(damaged.size())];
      byte = static_cast<char>(byte ^ (1 << random.Below(8)));
    }
    if (random.Chance(20)) damaged.resize(random.Below(damaged.size()));
    (void)Unpacked(kDictionary, damaged, text.size());
  }
  CHECK(Unpacked(kDictionary, packed, text.size()) == text);
}

void CompressorContract::GarbageStaysWithinBounds() {
  SeededRandom random(4);
  for (std::uint64_t round = 0; round < 10000; ++round) {
    const std::string garbage = Noise(random.Below(300), round);
    const std::string_view dictionary = random.Chance(50) ? kDictionary : std::string_view();
    (void)Unpacked(dictionary, garbage, random.Below(2000));
  }
  CHECK(Unpacked("", Packed("", "still well"), 10) == "still well");
}

void CompressorContract::ABlockDependsOnNoOther() {
  const std::string text = Records(5000);
  const std::string alone = Packed(kDictionary, text);
  Packed("", Noise(32768, 5));
  char little[8];
  LONGS_EQUAL(0, compressor().Pack(depotlink::ports::Compressor::Effort::kFull, kDictionary, text,
                                   little, sizeof little));
  CHECK(Packed(kDictionary, text) == alone);
  (void)Unpacked("", Noise(200, 6), 1000);
  CHECK(Packed(kDictionary, text) == alone);
  CHECK(Unpacked(kDictionary, alone, text.size()) == text);
  CHECK(!Unpacked("", alone, text.size() + 5));
  CHECK(Unpacked(kDictionary, alone, text.size()) == text);
}
