// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bounded ring through which the MQTT library's threads hand events to the main thread. Each
// connection has a generation; what an old one still has to say is not let in. Any thread may push;
// open, close and pop belong to the main thread. Its mutex is a leaf: nothing is called under it.
//
// A wake costs more than an event: acknowledgements may be let gather, see GatherUpTo().

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

#include "agent/base/limits.hpp"
#include "agent/ports/mqtt.hpp"

namespace depotlink::platform {

// What the port allows to be outstanding.
inline constexpr std::size_t kMostTokens = limits::kInFlight + 4;

class MqttRing {
 public:
  // `wake` is called from any thread where there is something to take; it must not block. Once for
  // all that comes before the ring is found empty: who is woken must pop until it is.
  explicit MqttRing(std::function<void()> wake);

  // Forgets everything and lets in what the next connection says. Returns its generation.
  std::uint32_t Open();
  // Forgets everything and lets nothing in.
  void Close();
  // After kLost and kConnectFailed nothing of that generation is let in any more.
  void Push(std::uint32_t generation, const ports::MqttEvent& event);
  bool Pop(ports::MqttEvent& out);
  // So many acknowledgements (1: each) may come before they wake; anything else wakes at once. Open
  // and Close set it back to 1. For how long that is good is the caller's to know: some may never
  // come.
  void GatherUpTo(std::size_t acks);

 private:
  // One outcome a token, one for the connect, one for the loss.
  static constexpr std::size_t kCapacity = kMostTokens + 2;

  void Reset(std::uint32_t open);

  std::function<void()> wake_;
  std::mutex mutex_;
  std::array<ports::MqttEvent, kCapacity> events_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::size_t gather_ = 1;
  bool woken_ = false;  // and not found empty since
  std::uint32_t last_ = 0;
  std::uint32_t open_ = 0;  // 0: none
  bool overrun_ = false;    // the library said more than it can have to say
};

}  // namespace depotlink::platform
