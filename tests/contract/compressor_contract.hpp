// SPDX-License-Identifier: Apache-2.0
#pragma once

// What agent/ports/compressor.hpp promises, as tests over any compressor. A group derives from
// CompressorContract and lists them by COMPRESSOR_CONTRACT(group).

#include <optional>
#include <string>
#include <string_view>

#include "agent/ports/compressor.hpp"

#include "CppUTest/TestHarness.h"

class CompressorContract : public Utest {
 public:
  virtual depotlink::ports::Compressor& compressor() = 0;

  void WhatWasPackedUnpacks();
  void WhatDoesNotFitGivesNothing();
  void UnpackWantsTheExactSize();
  void AnotherDictionaryNeverGivesTheText();
  void DamageStaysWithinBounds();
  void GarbageStaysWithinBounds();
  void ABlockDependsOnNoOther();

 protected:
  std::string Packed(std::string_view dictionary, std::string_view raw);
  // Nothing where it is refused. Nothing is ever written beyond `raw_bytes`.
  std::optional<std::string> Unpacked(std::string_view dictionary, std::string_view packed,
                                      std::size_t raw_bytes);
};

#define COMPRESSOR_CONTRACT_TEST(group, name) \
  TEST(group, name) {                         \
    name();                                   \
  }

#define COMPRESSOR_CONTRACT(group)                                    \
  COMPRESSOR_CONTRACT_TEST(group, WhatWasPackedUnpacks)               \
  COMPRESSOR_CONTRACT_TEST(group, WhatDoesNotFitGivesNothing)         \
  COMPRESSOR_CONTRACT_TEST(group, UnpackWantsTheExactSize)            \
  COMPRESSOR_CONTRACT_TEST(group, AnotherDictionaryNeverGivesTheText) \
  COMPRESSOR_CONTRACT_TEST(group, DamageStaysWithinBounds)            \
  COMPRESSOR_CONTRACT_TEST(group, GarbageStaysWithinBounds)           \
  COMPRESSOR_CONTRACT_TEST(group, ABlockDependsOnNoOther)
