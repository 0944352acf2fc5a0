// SPDX-License-Identifier: Apache-2.0
#include "agent/base/secret.hpp"

#include <string>
#include <type_traits>
#include <utility>

#include "CppUTest/TestHarness.h"

using depotlink::Secret;

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);

namespace {

// One within the string itself, one on the heap.
const char* const kTexts[] = {"short", "a secret that is far too long for the string itself"};

// All of a string's own room holds nothing of `text`.
bool Holds(const std::string& room, const std::string& text) {
  const char* bytes = room.data();
  const std::string all(bytes, bytes + room.capacity());
  return all.find(text.substr(0, 4)) != std::string::npos;
}

}  // namespace

TEST_GROUP(Secret){};

TEST(Secret, RevealsWhatItWasGiven) {
  for (const char* text : kTexts) {
    const Secret secret{std::string(text)};
    CHECK_FALSE(secret.empty());
    CHECK(secret.Reveal() == text);
  }
  CHECK(Secret().empty());
}

TEST(Secret, TheTextItIsMadeFromIsWiped) {
  for (const char* text : kTexts) {
    std::string source(text);
    const Secret secret(std::move(source));
    CHECK(source.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
    CHECK_FALSE(Holds(source, text));
  }
}

TEST(Secret, AMovedFromSecretIsEmpty) {
  for (const char* text : kTexts) {
    Secret first{std::string(text)};
    const Secret second(std::move(first));
    CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
    CHECK(second.Reveal() == text);
  }
}

TEST(Secret, AssigningMovesAndForgetsTheOldText) {
  for (const char* text : kTexts) {
    Secret first{std::string(text)};
    Secret second{std::string("another one, which is longer than a string holds")};
    second = std::move(first);
    CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
    CHECK(second.Reveal() == text);
    Secret& same = second;
    second = std::move(same);
    CHECK(second.Reveal() == text);
  }
}

TEST(Secret, WipingLeavesNothingInTheStringsRoom) {
  for (const char* text : kTexts) {
    std::string room(text);
    room.resize(4);  // the rest of it stands behind the end
    const std::size_t capacity = room.capacity();
    Secret::WipeString(room);
    CHECK(room.empty());
    LONGS_EQUAL(capacity, room.capacity());
    for (std::size_t i = 0; i < capacity; ++i) LONGS_EQUAL(0, room.data()[i]);
  }
}
