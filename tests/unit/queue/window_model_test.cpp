// SPDX-License-Identifier: Apache-2.0
// The window against a simple model: a list of records that are only ever compared, never placed.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "agent/queue/window.hpp"
#include "tests/fakes/fake_random.hpp"
#include "tests/unit/queue/window_texts.hpp"
#include "tests/unit/stride.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Stride;
using depotlink::fakes::SeededRandom;
using depotlink::queue::DroppedRecords;
using depotlink::queue::Record;
using depotlink::queue::Window;

namespace {

constexpr std::size_t kBytes = 600;
constexpr std::size_t kRecords = 12;
constexpr std::size_t kTopicBytes = 3;
constexpr std::size_t kLongest = 90;

struct Kept {
  enum Place { kWaiting, kSent, kDone };

  Window::Ref ref = 0;
  std::string payload;
  Place place = kWaiting;
};

class Model {
 public:
  // What became of a push: `had_room`: the window said so before; `dropped`: what it dropped.
  void CheckPush(const std::string& payload, bool had_room, bool taken,
                 const std::vector<std::string>& dropped) {
    std::size_t used = 0;
    for (const Kept& kept : kept_) used += kTopicBytes + kept.payload.size();
    // What is left over at the ring's end is smaller than the text that did not fit there.
    if (kept_.size() < kRecords && used + 2 * (kTopicBytes + kLongest) <= kBytes) CHECK(had_room);
    if (had_room) CHECK(taken && dropped.empty());
    std::size_t gone = 0;
    while (gone < dropped.size() && dropped[gone] != payload) {
      CHECK(kept_.front().place == Kept::kWaiting);
      STRCMP_EQUAL(kept_.front().payload.c_str(), dropped[gone].c_str());
      kept_.pop_front();
      Tidy();
      ++gone;
    }
    CHECK_EQUAL(taken, gone == dropped.size());
    if (taken) {
      kept_.push_back({next_++, payload, Kept::kWaiting});
      return;
    }
    // Refused itself, and only because the front is on its way.
    LONGS_EQUAL(gone + 1, dropped.size());
    CHECK_FALSE(kept_.empty());
    CHECK(kept_.front().place == Kept::kSent);
  }

  void Agree(const Window& window) const {
    std::size_t waiting = 0;
    std::size_t sent = 0;
    Window::Ref next = Window::kNone;
    for (const Kept& kept : kept_) {
      waiting += kept.place == Kept::kWaiting ? 1 : 0;
      sent += kept.place == Kept::kSent ? 1 : 0;
      if (next == Window::kNone && kept.place == Kept::kWaiting) next = kept.ref;
      if (kept.place == Kept::kDone) continue;
      const Record record = window.Get(kept.ref);
      if (record.payload != kept.payload || record.topic != "t/1") FAIL("a text was overwritten");
    }
    LONGS_EQUAL(waiting, window.waiting());
    LONGS_EQUAL(sent, window.sent());
    CHECK(window.NextUnsent() == next);
  }

  // Null where there is none in that place.
  Kept* Pick(SeededRandom& random, Kept::Place place) {
    std::vector<Kept*> found;
    for (Kept& kept : kept_) {
      if (kept.place == place) found.push_back(&kept);
    }
    return found.empty() ? nullptr : found[random.Below(found.size())];
  }
  Kept& At(Window::Ref ref) {
    return *std::find_if(kept_.begin(), kept_.end(),
                         [ref](const Kept& kept) { return kept.ref == ref; });
  }
  void Finish(Kept& kept) {
    kept.place = Kept::kDone;
    Tidy();
  }
  void UnsendAll() {
    for (Kept& kept : kept_) {
      if (kept.place == Kept::kSent) kept.place = Kept::kWaiting;
    }
  }

 private:
  void Tidy() {
    while (!kept_.empty() && kept_.front().place == Kept::kDone) kept_.pop_front();
  }

  std::deque<Kept> kept_;
  Window::Ref next_ = 0;
};

}  // namespace

TEST_GROUP(WindowModel) {
  SeededRandom random{7};
  Window window{kBytes, kRecords};
  Model model;
  std::size_t drops_seen = 0;
  std::size_t refusals_seen = 0;
  std::uint64_t pushed = 0;

  void Push() {
    std::string payload = std::to_string(++pushed) + ":";
    payload.append(random.Below(kLongest - payload.size()), static_cast<char>('a' + pushed % 26));
    DroppedRecords drops;
    const bool had_room = window.HasRoom(kTopicBytes + payload.size());
    const bool taken = window.Push(depotlink::queue::MakeRecord("t/1", payload), drops);
    model.CheckPush(payload, had_room, taken, drops.payloads);
    drops_seen += drops.payloads.size();
    refusals_seen += taken ? 0 : 1;
  }
  void Step() {
    switch (random.Below(11)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Push();
      case 4:
      case 5:
      case 6: {
        const Window::Ref ref = window.NextUnsent();
        if (ref == Window::kNone) return;
        window.MarkSent(ref);
        model.At(ref).place = Kept::kSent;
        return;
      }
      case 7:
      case 8: {
        Kept* kept = model.Pick(random, Kept::kSent);
        if (kept == nullptr) return;
        window.Finish(kept->ref);
        return model.Finish(*kept);
      }
      case 9: {
        Kept* kept = model.Pick(random, Kept::kSent);
        if (kept == nullptr) return;
        window.Unsend(kept->ref);
        kept->place = Kept::kWaiting;
        return;
      }
      default:
        if (random.Below(4) == 0) {
          window.UnsendAll();
          return model.UnsendAll();
        }
        if (window.NextUnsent() != Window::kNone) {  // given up before it was sent
          const Window::Ref ref = window.NextUnsent();
          window.Finish(ref);
          model.Finish(model.At(ref));
        }
    }
  }
};

TEST(WindowModel, AgreesWhateverIsDoneToIt) {
  const std::size_t steps = 200000 / Stride();
  for (std::size_t i = 0; i < steps; ++i) {
    Step();
    model.Agree(window);
  }
  // Worth something only where it came to the edge often.
  CHECK(drops_seen > steps / 200);
  CHECK(refusals_seen > steps / 667);
}
