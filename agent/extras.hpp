// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stages behind extra polls, as Pipeline is behind the fleet's: relay, compare, encode, push.
// Extras say how things stand: they go by the window only, never to the disk or the journal; what
// does not get through, or what the broker forgot, is asked for again once the bus is there.
//
// - As a whole: one message, at most limits::kExtraBytes; a larger answer is not published, and
// told.
// - Split: a message an element, by its `id`; the topic of one that is gone is cleared. What an
//   earlier run has left on the broker is not known here, and stays.
// - Retained: published when it changed. Not retained: each time, for nobody could see it later.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/encode/topics.hpp"
#include "agent/json/element_reader.hpp"
#include "agent/poll/extra_work.hpp"
#include "agent/ports/clock.hpp"
#include "agent/queue/record.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink {

// What extras need to know of the bus.
class ExtraBus {
 public:
  virtual ~ExtraBus() = default;
  // It is connected, and what is live may go.
  virtual bool Up() const = 0;
  // A record of so many bytes, topic included, would cost no other its place.
  virtual bool HasRoomFor(std::size_t bytes) const = 0;
  virtual std::uint64_t TakeSeq() = 0;
  // False while the box's clock may be wrong.
  virtual bool ClockTrusted() const { return true; }
};

struct ExtraCounters {
  std::uint64_t unchanged = 0;
  std::uint64_t left_out = 0;   // elements that could not be published
  std::uint64_t too_large = 0;  // answers that were not published
  std::uint64_t refused = 0;    // messages that the broker would not have
};

class Extras : public poll::ExtraWork {
 public:
  // References must outlive this. Memory is taken where there are extras.
  Extras(const std::vector<settings::Extra>& extras, json::ElementReader& reader,
         const encode::TopicBuilder& topics, std::string_view run, queue::RecordSink& sink,
         ExtraBus& bus, const ports::Clock& clock, Logger& log);

  // A record did not reach the bus: it is asked for again.
  void Forget(const queue::Record& record);
  // The broker would not have it: it is not tried again until it changes.
  void OnGivenUp(const queue::Record& record, std::string_view why);
  // The broker has none of it any more.
  void ForgetAll();

  const ExtraCounters& counters() const { return counters_; }
  // What is wrong with one, beyond not being answered; empty where it is well.
  const std::string& trouble(std::size_t extra) const { return slots_[extra].trouble; }

  bool MayAsk(std::size_t extra) const override;
  bool HasRoom() const override;
  void Begin(std::size_t extra) override;
  void Take(std::string_view text) override;
  bool End(bool whole) override;
  void Abandon() override { reading_ = kNone; }
  bool TakeAskAgain(std::size_t extra) override;

 private:
  struct Slot {
    std::string path;
    std::string topic;
    bool list = true;
    bool split = false;
    bool retain = true;
    bool again = false;
    bool refused = false;           // by the broker, what was pushed last
    std::uint64_t fingerprint = 0;  // of the whole on the bus; 0: none
    std::string trouble;
  };
  // An element on the bus.
  struct Item {
    std::uint64_t mark;         // see MarkOf()
    std::uint64_t fingerprint;  // 0: not on the bus
    std::uint32_t seen;         // the number of the poll that named it last
  };
  static_assert(sizeof(Item) <= limits::kExtraItemBytes, "the memory plan counts on it");
  static constexpr std::size_t kNone = SIZE_MAX;
  static constexpr unsigned kIdBits = 54;

  // Which extra, and which element of it (0: the whole): what a record carries as its tracker.
  static std::uint64_t MarkOf(std::size_t extra, std::uint64_t id) {
    return (std::uint64_t{extra} << kIdBits) | id;
  }
  std::vector<Item>::iterator FindItem(std::uint64_t mark);
  void AddToWhole(std::string_view text);
  void PublishItem(std::string_view text, std::uint64_t id);
  bool EndWhole(bool whole);
  bool EndSplit(bool whole);
  void Push(std::uint64_t mark, std::string_view payload);
  // Closes the payload in the buffer.
  bool CloseBuffer(bool counted, bool partial);
  void Tell(Slot& slot, std::string trouble);

  std::vector<Slot> slots_;
  json::ElementReader* reader_;
  const encode::TopicBuilder* topics_;
  std::string run_;
  queue::RecordSink* sink_;
  ExtraBus* bus_;
  const ports::Clock* clock_;
  Logger* log_;
  std::unique_ptr<char[]> buffer_;
  std::vector<Item> items_;  // by mark
  ExtraCounters counters_;

  // Of the extra that is being read.
  std::size_t reading_ = kNone;
  std::uint32_t poll_ = 0;
  std::size_t size_ = 0;     // of what stands in the buffer
  std::size_t head_ = 0;     // of it, what stands before the API's JSON
  std::uint64_t bytes_ = 0;  // of the API's JSON, however much was kept
  std::uint64_t count_ = 0;  // elements taken into the whole
  std::uint64_t left_out_ = 0;
  std::uint64_t nameless_ = 0;  // of them, those without an id
  bool too_large_ = false;
  bool lost_ = false;  // the bus went away meanwhile
  std::array<char, limits::kTopicBytes> topic_;
};

}  // namespace depotlink
