// SPDX-License-Identifier: Apache-2.0
// The adapter of ports::Compressor for zlib: the port's contract, its format as others read and
// write it, and its memory.

#include <string>
#include <string_view>

#include "platform/deflate_compressor.hpp"
#include "tests/contract/compressor_contract.hpp"

using depotlink::platform::DeflateCompressor;

TEST_GROUP_BASE(DeflateCompressor, CompressorContract) {
  DeflateCompressor real;
  depotlink::ports::Compressor& compressor() override {
    return real;
  }
};

COMPRESSOR_CONTRACT(DeflateCompressor)

// Python 3.11's zlib (1.2.13): compressobj(6, DEFLATED, -13, 6, 0, zdict=b"speed_kmh heading_deg"),
// of the text. The format is on disks: it must not change.
TEST(DeflateCompressor, ReadsWhatOthersWrote) {
  constexpr std::string_view kText = "heading_deg 90, speed_kmh 12, heading_deg 91, speed_kmh 13";
  constexpr char kBytes[] =
      "\x43\x62\x2a\x58\x1a\xe8\x28\x14\xc3\x15\x19\x1a\xe9\x28\xa0\xc8\x1a\xa2\xc8\x1a\x03\x00";
  const std::string_view packed(kBytes, sizeof kBytes - 1);
  CHECK(Unpacked("speed_kmh heading_deg", packed, kText.size()) == std::string(kText));
}

// Distances reach back 8 KiB and no further.
TEST(DeflateCompressor, TheWindowIsOfEightKib) {
  std::string noise(8192, '\0');
  unsigned state = 1;
  for (char& c : noise) c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
  const std::string within = noise.substr(0, 4096);
  CHECK(Packed("", within + within).size() < 4096 + 200);
  CHECK(Packed("", noise + noise).size() > 2 * 8192);
}

TEST(DeflateCompressor, ADictionaryMayBeLongerThanTheWindow) {
  std::string dictionary(40000, '\0');
  unsigned state = 1;
  for (char& c : dictionary) c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
  const std::string text = dictionary.substr(36000);
  const std::string packed = Packed(dictionary, text);
  CHECK(packed.size() < 200);
  CHECK(Unpacked(dictionary, packed, text.size()) == text);
}

// One block with little effort changes nothing of the next.
TEST(DeflateCompressor, LittleEffortIsReadLikeTheOther) {
  using Effort = DeflateCompressor::Effort;
  std::string text;
  for (int i = 0; i < 200; ++i) text += "{\"n\":" + std::to_string(i * i) + ",\"lat\":45.1},";
  const std::string full = Packed("speed_kmh", text);
  std::string little(text.size(), '\0');
  little.resize(real.Pack(Effort::kLittle, "speed_kmh", text, little.data(), little.size()));
  CHECK(little.size() > full.size() && little.size() < text.size() / 2);
  CHECK(Packed("speed_kmh", text) == full);
  CHECK(Unpacked("speed_kmh", little, text.size()) == text);
}

TEST(DeflateCompressor, TheArenaIsLargeEnoughAndHardlyMore) {
  CHECK(real.ready());
  WhatWasPackedUnpacks();
  CHECK(real.arena_used() <= DeflateCompressor::kArenaBytes);
  CHECK(real.arena_used() + 4096 > DeflateCompressor::kArenaBytes);
}
