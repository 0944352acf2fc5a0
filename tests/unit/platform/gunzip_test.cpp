// SPDX-License-Identifier: Apache-2.0
#include "platform/gunzip.hpp"

#include <zlib.h>

#include <string>
#include <string_view>

#include "CppUTest/TestHarness.h"

using depotlink::platform::Gunzip;

namespace {

std::string Zip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_GROUP(Gunzip) {
  Gunzip gunzip;

  // Decodes with `step` bytes in and `room` bytes out at a time. False where the stream is broken.
  bool Decode(std::string_view zipped, std::size_t step, std::size_t room, std::string & out) {
    CHECK(gunzip.Begin());
    std::string buffer(room, '\0');
    while (!zipped.empty()) {
      std::string_view piece = zipped.substr(0, step);
      zipped.remove_prefix(piece.size());
      std::ptrdiff_t made = 0;
      do {
        made = gunzip.Read(piece, buffer.data(), room);
        if (made < 0) return false;
        out.append(buffer, 0, static_cast<std::size_t>(made));
      } while (made > 0 || !piece.empty());
    }
    return true;
  }
};

TEST(Gunzip, AnyPiecesGiveTheSameText) {
  const std::string text = std::string(5000, 'a') + "end";
  const std::string zipped = Zip(text);
  for (const std::size_t step : {1U, 2U, 7U, 100000U}) {
    for (const std::size_t room : {1U, 3U, 8192U}) {
      std::string out;
      CHECK(Decode(zipped, step, room, out));
      CHECK(out == text);
      CHECK(gunzip.complete());
    }
  }
}

TEST(Gunzip, SeveralMembersAreOneText) {
  std::string out;
  CHECK(Decode(Zip("one ") + Zip("two"), 5, 100, out));
  STRCMP_EQUAL("one two", out.c_str());
  CHECK(gunzip.complete());
}

TEST(Gunzip, ACutStreamIsNotComplete) {
  const std::string zipped = Zip(std::string(5000, 'a'));
  for (std::size_t length = 0; length < zipped.size(); ++length) {
    std::string out;
    CHECK(Decode(zipped.substr(0, length), 16, 512, out));
    CHECK_FALSE(gunzip.complete());
  }
}

TEST(Gunzip, WhatIsNoGzipIsBroken) {
  std::string out;
  CHECK_FALSE(Decode("{\"plain\":1}", 100, 100, out));
  CHECK_FALSE(Decode(Zip("x") + "trailing", 100, 100, out));
  std::string damaged = Zip(std::string(100, 'a'));
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);  // the CRC
  out.clear();
  CHECK_FALSE(Decode(damaged, 100, 100, out));
  gunzip.End();
  std::string_view piece = "x";
  char byte = 0;
  LONGS_EQUAL(-1, gunzip.Read(piece, &byte, 1));
}
