// SPDX-License-Identifier: Apache-2.0
#pragma once

// Looks once, through the publisher's connection, what stands retained on the bus: an earlier run
// may have left something that nobody else would ever clear. One filter after the other; each is
// over when nothing has come for a while, and is asked for again where not all that came could be
// kept. Bounds: kFilters filters, kTurns turns each, the port's ring of arrivals.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/fixed_string.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/base/time.hpp"
#include "agent/ports/mqtt.hpp"

namespace depotlink::publish {

class RetainedSink {
 public:
  virtual ~RetainedSink() = default;
  // Something stands retained at `topic`, a view that holds only during the call. False where it
  // cannot be dealt with now: it is told again, before anything else.
  virtual bool OnRetained(std::string_view topic) = 0;
};

class RetainedLook {
 public:
  static constexpr std::size_t kFilters = 3;

  // References must outlive this.
  RetainedLook(ports::Mqtt& mqtt, RetainedSink& sink, Logger& log);

  // Before the first Step; at most kFilters. An empty one is left out.
  void Add(std::string_view filter);
  // Goes on; returns when to call again at the latest, and whenever the port has something new.
  // `may`: there is a connection, and what is found can be dealt with.
  MonoTime Step(MonoTime now, bool may);
  // What became of kLookToken.
  void OnAnswer(const ports::MqttEvent& event);
  // There is a new connection, which knows of no filter.
  void Restart();
  bool done() const { return filter_ == count_; }
  // Topics that were told to the sink.
  std::uint64_t seen() const { return seen_; }

 private:
  enum class State : std::uint8_t { kIdle, kAsked, kListening };

  void Take(MonoTime now);
  void FinishTurn();

  static constexpr DurationMs kQuietMs = 3 * kSecondMs;
  static constexpr DurationMs kAnswerMs = 20 * kSecondMs;
  static constexpr DurationMs kHeldMs = 50;
  static constexpr int kTurns = 8;

  ports::Mqtt* mqtt_;
  RetainedSink* sink_;
  Logger* log_;
  std::array<FixedString<limits::kTopicBytes>, kFilters> filters_;
  std::size_t count_ = 0;
  std::size_t filter_ = 0;  // the one at hand
  int turn_ = 0;
  State state_ = State::kIdle;
  MonoTime news_at_{};
  bool some_lost_ = false;
  bool refusal_told_ = false;
  bool held_ = false;  // `arrival_` waits for the sink
  ports::MqttArrival arrival_;
  std::uint64_t seen_ = 0;
};

}  // namespace depotlink::publish
