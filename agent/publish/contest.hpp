// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two clients with one name throw each other out at the broker, again and again: most often two
// agents that were given the same site. Some brokers say so (MQTT 5, reason 0x8E); mosquitto 2.0
// just closes the connection, and there it is to be suspected where connections end soon, without a
// word, many times in a row, while the broker itself is there. Who was thrown out keeps away for a
// while: neither must wear the broker, nor the flash of both, until somebody comes.

#include <cstdint>
#include <string>

#include "agent/base/backoff.hpp"
#include "agent/base/time.hpp"

namespace depotlink::publish {

class Contest {
 public:
  // A connection that lasted `lived_ms` has ended, not by us. `reason_code`: of the broker's
  // DISCONNECT; 0: there was none.
  void OnLost(int reason_code, DurationMs lived_ms) {
    if (kPeaceMs <= lived_ms) wait_.Reset();
    const bool certain = reason_code == kSessionTakenOver;
    const bool silent = reason_code == 0;
    if (certain) ++takeovers_;
    short_lives_ = silent && lived_ms < kShortMs ? short_lives_ + 1 : 0;
    suspected_ = short_lives_ >= kShortLives;
    lost_by_it_ = certain || suspected_;
  }
  // The broker is not there: then that was why.
  void OnConnectFailed() { short_lives_ = 0; }
  // We have ended it ourselves.
  void OnLeft() { lost_by_it_ = suspected_ = false; }

  // The last connection was lost to another client.
  bool on() const { return lost_by_it_; }
  // Times that the broker said so.
  std::uint64_t takeovers() const { return takeovers_; }
  // How long to keep away. `random`: uniform over 64 bits.
  DurationMs NextWait(std::uint64_t random) {
    return suspected_ ? kMinuteMs - static_cast<DurationMs>(random % (kMinuteMs / 2))
                      : kMinuteMs + wait_.Next(random);
  }
  // For people: what it is, and what to do.
  std::string Explain(const std::string& client_id) const {
    return std::string(suspected_ ? "connections end soon, as if another client had"
                                  : "another client has connected with") +
           " this one's client id, " + client_id +
           ": where two agents run for one site, stop one, or give it a \"site\" of its own";
  }

 private:
  static constexpr int kSessionTakenOver = 0x8E;  // MQTT 5, 3.14.2.1
  static constexpr int kShortLives = 5;
  static constexpr DurationMs kShortMs = 90 * kSecondMs;
  static constexpr DurationMs kPeaceMs = kHourMs;

  Backoff wait_{kMinuteMs, 10 * kMinuteMs};
  std::uint64_t takeovers_ = 0;
  int short_lives_ = 0;
  bool suspected_ = false;
  bool lost_by_it_ = false;
};

}  // namespace depotlink::publish
