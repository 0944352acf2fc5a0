// SPDX-License-Identifier: Apache-2.0
// Repeats told by reference: what is told comes back, and what strangers tell does no harm.
#include "agent/queue/repeat_codec.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/fake_random.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::queue::FoldRepeats;
using depotlink::queue::UnfoldRepeats;

namespace {

constexpr std::size_t kGuardBytes = 16;

// Fails where anything beyond `capacity` was written.
std::string FoldedIn(std::string_view raw, std::size_t capacity) {
  std::string out(capacity + kGuardBytes, '#');
  const std::size_t bytes = FoldRepeats(raw, out.data(), capacity);
  CHECK(bytes <= capacity);
  CHECK(out.compare(capacity, kGuardBytes, std::string(kGuardBytes, '#')) == 0);
  return out.substr(0, bytes);
}

std::string Folded(std::string_view raw) {
  return FoldedIn(raw, 2 * raw.size() + 64);
}

bool Unfolds(std::string_view folded, std::string& raw) {
  const std::size_t bytes = raw.size();
  raw.append(kGuardBytes, '#');
  const std::string given(folded);  // a heap block of its own size, for the sanitizer
  const bool good = UnfoldRepeats(given, raw.data(), bytes);
  CHECK(raw.compare(bytes, kGuardBytes, std::string(kGuardBytes, '#')) == 0);
  raw.resize(bytes);
  return good;
}

void ComesBack(const std::string& raw) {
  std::string again(raw.size(), '\0');
  CHECK(Unfolds(Folded(raw), again));
  CHECK(again == raw);
}

// Records as record_codec writes them: a head with bytes of any value, then JSON.
std::string RecordsOf(int count, bool alike) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i * i * 7919 % 1000);
    text += {'\x08', '\x01', '\x14', static_cast<char>(0x80 + i % 120), '=', '\x82', '\x01'};
    text += R"({"id":10000)" + std::to_string(10 + i % 5) + R"(,"label":"Kamion )" + n + "\"";
    if (alike || i % 3 != 0) text += R"(,"ignition":true)";
    text += R"(,"lat":45.)" + n + R"(,"fix_time":"2026-08-01T13:45:1)" + std::to_string(i % 10) +
            R"(Z","group":"Main office","movement":"moving","inputs":[false,true],"seq":)" +
            std::to_string(i) + "}";
  }
  return text;
}

// What a reader does with it: size of what comes, or -1 where it is refused.
int SizeOf(std::string_view folded, std::size_t raw_bytes) {
  std::string raw(raw_bytes, '\0');
  return Unfolds(folded, raw) ? static_cast<int>(raw.size()) : -1;
}

}  // namespace

TEST_GROUP(RepeatCodec){};

TEST(RepeatCodec, WhatIsToldComesBack) {
  for (const std::string& text :
       {RecordsOf(1, true), RecordsOf(40, true), RecordsOf(40, false), std::string(5000, 'x'),
        std::string(300, '{'), std::string("{\"id\":1}{\"id\":1}{\"id\":1}{\"id\":1}"),
        std::string("\xD0\x9A\xD0\xB0\xD0\xBC\xD0\xB0\xD0\xB7"), std::string(300, '\xFF')}) {
    for (std::size_t bytes = 1; bytes < text.size(); bytes += 1 + bytes / 8) {
      ComesBack(text.substr(0, bytes));
    }
    ComesBack(text);
  }
}

TEST(RepeatCodec, WhateverIsChangedInIt) {
  depotlink::fakes::SeededRandom random(7);
  for (int round = 0; round < 400; ++round) {
    std::string text = RecordsOf(12, round % 2 == 0);
    for (int edit = 0; edit < 30; ++edit) {
      const std::size_t at = random.Below(text.size());
      const std::size_t from = random.Below(text.size());
      switch (random.Below(3)) {
        case 0:
          text[at] = static_cast<char>(random.Below(256));
          break;
        case 1:
          text.erase(at, random.Below(20));
          break;
        default:
          text.insert(at, text.substr(from, random.Below(90)));
      }
    }
    ComesBack(text);
  }
}

TEST(RepeatCodec, RecordsThatAreAlikeTakeAFifth) {
  const std::string alike = RecordsOf(60, true);
  CHECK(Folded(alike).size() * 5 < alike.size());
}

TEST(RepeatCodec, ATrackersOwnRecordIsTakenBeforeTheLastOne) {
  const std::string first = R"(1{"id":1000001,"label":"The first of the two"})";
  const std::string other = R"(2{"id":1000002,"label":"Some other label of it"})";
  CHECK(Folded(first + other + first).size() < Folded(first + other).size() + 8);
}

TEST(RepeatCodec, NothingIsWrittenBeyondTheRoom) {
  const std::string text = RecordsOf(8, false);
  const std::size_t whole = Folded(text).size();
  for (std::size_t capacity = 0; capacity < whole + 40; ++capacity) {
    const std::string folded = FoldedIn(text, capacity);
    CHECK(folded.empty() || folded == Folded(text));
    CHECK(capacity >= whole || folded.empty());
  }
}

// The format, as README.md of the queue draws it.
TEST(RepeatCodec, ReadsEachCode) {
  const auto told = [](std::string_view folded, std::size_t bytes) {
    std::string raw(bytes, '\0');
    CHECK(Unfolds(folded, raw));
    return raw;
  };
  STRCMP_EQUAL("abc", told("abc", 3).c_str());
  STRCMP_EQUAL("abcabc", told("abc\xFE\x03\x80", 6).c_str());
  STRCMP_EQUAL("abababab", told("ab\xFE\x02\x83", 8).c_str());
  STRCMP_EQUAL("abcdabcdbcd", told("abcd\xFE\x04\x81\xDE\x80", 11).c_str());  // 4 less 1
  STRCMP_EQUAL("abcdabcdXabcd", told("abcd\xFE\x04\x81X\xE0\x81", 13).c_str());
  STRCMP_EQUAL(std::string(70, 'x').c_str(), told("x\xFE\x01\xBF\x03", 70).c_str());
  STRCMP_EQUAL("\xD0\x9A!", told("\xFF\x02\xD0\x9A!", 3).c_str());
}

TEST(RepeatCodec, RefusesWhatCannotBe) {
  LONGS_EQUAL(0, SizeOf("", 0));
  LONGS_EQUAL(-1, SizeOf("", 1));
  LONGS_EQUAL(-1, SizeOf("ab", 1));
  LONGS_EQUAL(-1, SizeOf("ab", 3));
  LONGS_EQUAL(-1, SizeOf("abc\x80", 6));              // no distance yet
  LONGS_EQUAL(-1, SizeOf("abc\xFE\x04\x80", 6));      // from before the beginning
  LONGS_EQUAL(-1, SizeOf("abc\xC0\x80", 6));          // a distance below nothing
  LONGS_EQUAL(-1, SizeOf("abc\xFE\x03\x81", 6));      // more than there is room for
  LONGS_EQUAL(-1, SizeOf("abc\xFE\x03\xBF\xFF", 6));  // cut off
  LONGS_EQUAL(-1, SizeOf("abc\xFE", 6));
  LONGS_EQUAL(-1, SizeOf("\xFF\x03"
                         "ab",
                         3));
  LONGS_EQUAL(-1, SizeOf("abc\xFE\x03\xBF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 6));
  LONGS_EQUAL(-1, SizeOf("abc\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x80", 6));
}

TEST(RepeatCodec, WhatStrangersTellDoesNoHarm) {
  depotlink::fakes::SeededRandom random(11);
  const std::string folded = Folded(RecordsOf(12, false));
  for (int round = 0; round < 2000; ++round) {
    std::string text = folded;
    for (int edit = 0; edit < 4; ++edit) {
      text[random.Below(text.size())] = static_cast<char>(random.Below(256));
    }
    static_cast<void>(SizeOf(text, random.Below(4000)));
  }
}
