// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection to a broker through TLS: TCP, handshake, then the relay between the broker and a
// socket that is handed to the MQTT library. Driven by the event loop on the main thread; no call
// waits, but for Flush. Bounds: kRelayBytes each way, a TLS stream, three descriptors.

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "agent/base/time.hpp"
#include "platform/byte_relay.hpp"
#include "platform/descriptor.hpp"
#include "platform/socket_stream.hpp"
#include "platform/tls_client.hpp"

namespace depotlink::platform {

class TlsLink {
 public:
  enum class State : std::uint8_t {
    kIdle,
    kConnecting,
    kHandshake,
    kReady,     // trusted; TakeNear may be called
    kCarrying,  // bytes between the near end and the broker
    kFailed     // failure() says why
  };

  TlsLink(const TlsClientOptions& options, const Secret& key) : client_(options, key) {}
  TlsLink(const TlsLink&) = delete;
  TlsLink& operator=(const TlsLink&) = delete;

  // kAskPerson where our own certificate or key cannot be used.
  const Status& ready() const { return client_.ready(); }

  // `address`: numeric; `host`: whom the certificate must be for. Drops what was there before.
  void Begin(const std::string& address, std::uint16_t port, const std::string& host);
  // Once, in kReady: the end for the MQTT library. None where there are no descriptors (kFailed).
  Descriptor TakeNear();
  // Ends it at once, on both sides.
  void Close();
  // Hands over what the near end wrote before it closed; waits at most `timeout_ms`.
  void Flush(DurationMs timeout_ms);

  // Does what can be done now.
  void Drive();
  // What to wait for: at most two descriptors. Returns how many were filled in.
  std::size_t Watch(pollfd* out) const;
  // The longest wait before Drive is called again.
  DurationMs WatchMs() const;

  State state() const { return state_; }
  // The server took the TCP connection: what failed since has to do with TLS.
  bool reached() const { return reached_ || state_ == State::kHandshake; }
  // Why the connection failed or broke, for people, until Begin or Close; empty where it did not,
  // or ended in order.
  const std::string& failure() const { return failure_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void DriveConnect();
  void DriveHandshake();
  void Settle();
  void DriveRelay();
  void Fail(std::string why);

  TlsClient client_;
  std::string host_;
  Descriptor connecting_;
  std::unique_ptr<TlsStream> far_;
  std::optional<SocketStream> near_;
  std::optional<ByteRelay> relay_;  // between these two, and gone before them
  State state_ = State::kIdle;
  bool reached_ = false;
  bool more_ = false;  // the relay stopped with work left
  bool ending_ = false;
  SteadyTime end_by_{};
  SteadyTime handshake_at_{};
  SteadyTime settle_by_{};  // none: the handshake is under way
  std::string failure_;
};

}  // namespace depotlink::platform
