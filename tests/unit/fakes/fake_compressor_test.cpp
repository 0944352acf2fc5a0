// SPDX-License-Identifier: Apache-2.0
// The fake of ports::Compressor keeps the port's contract; some text fits, some does not.
#include <string>

#include "tests/contract/compressor_contract.hpp"
#include "tests/fakes/fake_compressor.hpp"

using depotlink::fakes::FakeCompressor;

TEST_GROUP_BASE(FakeCompressorContract, CompressorContract) {
  FakeCompressor fake;
  depotlink::ports::Compressor& compressor() override {
    return fake;
  }
};

COMPRESSOR_CONTRACT(FakeCompressorContract)

TEST(FakeCompressorContract, RunsGetSmallerAndOtherTextLarger) {
  std::string other;
  for (int i = 0; i < 1000; ++i) other += static_cast<char>(i * 7);
  CHECK(Packed("", std::string(1000, 'x')).size() < 30);
  CHECK(Packed("", other).size() > other.size());
  char out[1000];
  LONGS_EQUAL(0, fake.Pack(FakeCompressor::Effort::kFull, "", other, out, sizeof out));
  LONGS_EQUAL(3, fake.packs());
  LONGS_EQUAL(1, fake.misfits());
}
