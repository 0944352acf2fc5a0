// SPDX-License-Identifier: Apache-2.0
#include "platform/paho_mqtt.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <utility>

#include "platform/paho_connection.hpp"
#include "platform/paho_sender.hpp"
#include "platform/paho_socket.hpp"
#include "platform/tls_link.hpp"

namespace depotlink::platform {

namespace {

constexpr std::size_t kMostTextBytes = std::numeric_limits<std::uint16_t>::max();
// How long acknowledgements may gather before they wake the loop.
constexpr DurationMs kGatherMs = 2;

bool IsPlain(std::string_view text) {
  return text.size() <= kMostTextBytes && text.find('\0') == std::string_view::npos;
}

Status Check(const ports::MqttConnect& connect) {
  const bool local = connect.transport == ports::MqttTransport::kUnix;
  if (connect.host.empty() || !IsPlain(connect.host) || (connect.port == 0 && !local)) {
    return {Code::kReject, "the broker's address is unusable"};
  }
  if (connect.client_id.empty() || !IsPlain(connect.client_id)) {
    return {Code::kReject, "the MQTT client id is unusable"};
  }
  if (!IsPlain(connect.username) || connect.password.size() > kMostTextBytes ||
      !IsPlain(connect.will_topic) || connect.will_payload.size() > kMostTextBytes) {
    return {Code::kReject, "user name, password or will of the MQTT connection is unusable"};
  }
  const bool good =
      connect.keep_alive_s >= 0 && connect.keep_alive_s <= 65535 && connect.timeout_ms > 0;
  return good ? Status::Ok() : Status(Code::kReject, "keep-alive or time-out is out of range");
}

DurationMs Remaining(std::chrono::steady_clock::time_point deadline) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(deadline -
                                                               std::chrono::steady_clock::now())
      .count();
}

// Connected, or invalid with errno set. A UNIX socket connects at once, or not at all.
Descriptor ConnectUnix(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof(to.sun_path)) {
    errno = ENAMETOOLONG;
    return Descriptor();
  }
  std::memcpy(to.sun_path, path.data(), path.size());
  Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made.valid()) return made;
  if (connect(made.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return made;
  const int error = errno;
  made = Descriptor();
  errno = error;
  return made;
}

}  // namespace

PahoMqtt::PahoMqtt(std::function<void()> wake)
    : wake_(std::move(wake)), ring_(wake_), resolver_(wake_) {
  MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);  // else it keeps the last 400 trace lines, 125 kB
}

PahoMqtt::~PahoMqtt() {
  Drop();
}

Status PahoMqtt::UseTls(const TlsClientOptions& options, const Secret& key) {
  link_ = std::make_unique<TlsLink>(options, key);
  return link_->ready();
}

// Ends what is under way, or there, without a word.
void PahoMqtt::Drop() {
  resolver_.Drop();
  ring_.Close();
  arrivals_.Close();
  if (link_ != nullptr) link_->Close();
  WithdrawSocket();
  outstanding_ = 0;
  state_ = State::kIdle;
}

Status PahoMqtt::Connect(const ports::MqttConnect& connect) {
  if (Status status = Check(connect); !status.ok()) return status;
  if (connect.transport == ports::MqttTransport::kTls && link_ == nullptr) {
    return {Code::kReject, "TLS was not set up"};
  }
  auto parameters = std::make_unique<PahoParameters>();
  parameters->transport = connect.transport;
  parameters->host = connect.host;
  parameters->port = connect.port;
  parameters->client_id = connect.client_id;
  parameters->username = connect.username;
  parameters->password = Secret(std::string(connect.password));
  parameters->version = connect.version;
  parameters->will_topic = connect.will_topic;
  parameters->will_payload = connect.will_payload;
  parameters->keep_alive_s = connect.keep_alive_s;
  parameters->session_expiry_s = connect.session_expiry_s;
  // The old client, if any, stays until there is a new one: while Paho has a client its threads go
  // on, and starting them anew would take a second.
  Drop();
  addresses_ = {};
  next_address_ = 0;
  telling_.clear();
  parameters_ = std::move(parameters);
  deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(connect.timeout_ms);
  if (connect.transport == ports::MqttTransport::kUnix) {
    std::string failure;
    if (!TryUnixSocket(failure)) Fail(failure);
    return Status::Ok();
  }
  state_ = State::kResolving;
  Status status = resolver_.Start(parameters_->host);
  if (!status.ok()) state_ = State::kIdle;
  return status;
}

Status PahoMqtt::Publish(ports::MqttToken token, const ports::MqttMessage& message) {
  if (state_ != State::kConnected) return {Code::kRetryLater, "no connection to the broker"};
  if (outstanding_ >= kMostTokens) return {Code::kRetryLater, "too many publishes are under way"};
  if (message.topic.empty() || !IsPlain(message.topic)) return {Code::kReject, "unusable topic"};
  try {
    connection_->Publish(token, message, in_loop_);
  } catch (const mqtt::exception& e) {
    const bool bad = e.get_return_code() == MQTTASYNC_BAD_UTF8_STRING;
    return {bad ? Code::kReject : Code::kRetryLater, e.what()};
  } catch (const std::exception& e) {
    return {Code::kRetryLater, e.what()};
  }
  ++outstanding_;
  progress_ = true;
  return Status::Ok();
}

Status PahoMqtt::Subscribe(ports::MqttToken token, std::string_view filter,
                           const ports::MqttListening& listening) {
  if (state_ != State::kConnected) return {Code::kRetryLater, "no connection to the broker"};
  if (outstanding_ >= kMostTokens) return {Code::kRetryLater, "too much is under way"};
  if (filter.empty() || !IsPlain(filter)) return {Code::kReject, "unusable filter"};
  try {
    arrivals_.Open();
    connection_->Subscribe(token, std::string(filter), listening);
  } catch (const std::exception& e) {
    return {Code::kRetryLater, e.what()};
  }
  ++outstanding_;
  return Status::Ok();
}

void PahoMqtt::Unsubscribe(std::string_view filter) {
  arrivals_.Close();
  if (state_ != State::kConnected) return;
  try {
    connection_->Unsubscribe(std::string(filter));
  } catch (const std::exception&) {  // a connection that is gone knows of no filter
    return;
  }
}

void PahoMqtt::Disconnect(DurationMs timeout_ms) {
  ReleaseSender();
  const bool connected = state_ == State::kConnected;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  ring_.Close();
  if (connected) {
    // The relay has to go on meanwhile, or nothing gets out.
    std::function<void()> meanwhile;
    if (link_ != nullptr) meanwhile = [this] { link_->Drive(); };
    try {
      connection_->SendDisconnect(timeout_ms, meanwhile);
    } catch (const std::exception&) {  // it is gone already, which is all that was wanted
      state_ = State::kIdle;
    }
    if (link_ != nullptr) link_->Flush(std::max<DurationMs>(Remaining(end), 0));
  }
  parameters_.reset();
  Drop();
}

bool PahoMqtt::NextEvent(ports::MqttEvent& out) {
  for (;;) {
    GoOnConnecting();
    if (!ring_.Pop(out)) return false;
    if (Note(out)) return true;
  }
}

// Starts what waits for the look-up, and keeps the deadline (Paho looks at its own every three
// seconds only, and the name server may take as long as it likes).
void PahoMqtt::GoOnConnecting() {
  if (state_ == State::kIdle || state_ == State::kConnected) return;
  if (Remaining(deadline_) <= 0) {
    Fail(parameters_->host + (state_ == State::kResolving ? ": the look-up of its name timed out"
                              : state_ == State::kLinking ? ": the TLS handshake timed out"
                                                          : ": connecting timed out"));
    return;
  }
  if (state_ == State::kLinking) return GoOnLinking();
  if (state_ != State::kResolving || !resolver_.Take(addresses_)) return;
  if (addresses_.count == 0) {
    Fail(parameters_->host + ": " + addresses_.failure);
    return;
  }
  std::string failure;
  if (!TryNextAddress(failure)) Fail(failure);
}

// Once the server is trusted, Paho's part begins.
void PahoMqtt::GoOnLinking() {
  link_->Drive();
  const TlsLink::State state = link_->state();
  std::string failure = link_->failure();
  if (state == TlsLink::State::kReady) {
    Descriptor near = link_->TakeNear();
    const DurationMs left = std::max(Remaining(address_deadline_), kSecondMs);
    if (near.valid() && Begin(address_, OfferSocket(std::move(near)), left, failure)) return;
    if (failure.empty()) failure = link_->failure();
  } else if (Remaining(address_deadline_) <= 0) {
    failure = "no answer in time";
  } else if (state != TlsLink::State::kFailed) {
    return;
  }
  failure.insert(0, address_ + ": ");
  if (link_->reached()) telling_ = failure;
  link_->Close();
  if (next_address_ < addresses_.count && TryNextAddress(failure)) return;
  Fail(telling_.empty() ? failure : telling_);
}

bool PahoMqtt::TryNextAddress(std::string& failure) {
  const std::size_t left = addresses_.count - next_address_;
  address_ = addresses_.text[next_address_++];
  const DurationMs time = Remaining(deadline_) / static_cast<DurationMs>(left);
  if (parameters_->transport != ports::MqttTransport::kTls) {
    return Begin(address_, 0, std::max(time, kSecondMs), failure);
  }
  address_deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(time);
  link_->Begin(address_, parameters_->port, parameters_->host);
  state_ = State::kLinking;
  return true;
}

bool PahoMqtt::TryUnixSocket(std::string& failure) {
  address_ = parameters_->host;
  Descriptor socket = ConnectUnix(address_);
  if (!socket.valid()) {
    failure = address_ + ": " + std::strerror(errno);
    return false;
  }
  return Begin(address_, OfferSocket(std::move(socket)), Remaining(deadline_), failure);
}

bool PahoMqtt::Begin(const std::string& address, std::uint16_t offered, DurationMs timeout_ms,
                     std::string& failure) {
  try {
    auto fresh = std::make_unique<PahoConnection>(*parameters_, address, offered, ring_,
                                                  ring_.Open(), arrivals_, wake_);
    connection_.swap(fresh);
    fresh.reset();  // closes the old connection, while the new client keeps Paho's threads alive
    connection_->Begin(*parameters_, timeout_ms);
  } catch (const std::exception& e) {
    failure = address + ": " + e.what();
    return false;
  }
  state_ = State::kConnecting;
  return true;
}

void PahoMqtt::Fail(const std::string& text) {
  resolver_.Drop();
  if (link_ != nullptr) link_->Close();
  WithdrawSocket();
  state_ = State::kConnecting;  // until the event is taken
  ports::MqttEvent event;
  event.kind = ports::MqttEventKind::kConnectFailed;
  event.text.Assign(text);
  addresses_.count = next_address_;  // no further address
  ring_.Push(ring_.Open(), event);
}

// What the relay saw of the end says more than Paho, for which a connection just broke.
void PahoMqtt::TellWhy(ports::MqttEvent& event) {
  if (link_ == nullptr || event.reason_code > 0 || link_->failure().empty()) return;
  event.text.Assign(address_ + ": " + link_->failure());
}

// False where another address is tried.
bool PahoMqtt::NoteFailure(ports::MqttEvent& event) {
  std::string failure;
  const bool refused = event.reason_code > 0;  // by a broker: another address is no remedy
  if (!refused && next_address_ < addresses_.count && TryNextAddress(failure)) return false;
  TellWhy(event);
  Drop();
  parameters_.reset();
  return true;
}

// Follows what an event means for the connection. False where the event stays inside.
bool PahoMqtt::Note(ports::MqttEvent& event) {
  switch (event.kind) {
    case ports::MqttEventKind::kConnected:
      state_ = State::kConnected;
      parameters_.reset();  // the password with it
      return true;
    case ports::MqttEventKind::kConnectFailed:
      return NoteFailure(event);
    case ports::MqttEventKind::kLost:
      if (link_ != nullptr) link_->Drive();
      TellWhy(event);
      if (link_ != nullptr) link_->Close();
      state_ = State::kIdle;
      outstanding_ = 0;
      return true;
    case ports::MqttEventKind::kAcked:
    case ports::MqttEventKind::kRefused:
    case ports::MqttEventKind::kNotSent:
      if (outstanding_ > 0) --outstanding_;
      progress_ = true;
      return true;
  }
  return true;
}

std::size_t PahoMqtt::Watch(pollfd* out) {
  return link_ == nullptr ? 0 : link_->Watch(out);
}

// The loop is woken when a quarter of what is on its way was acknowledged: once for many, while the
// broker is never without work. Where nothing moves for a moment each one wakes, since the rest may
// be long in coming.
DurationMs PahoMqtt::GatherMs() {
  const auto now = std::chrono::steady_clock::now();
  if (std::exchange(progress_, false)) {
    gather_until_ = now + std::chrono::milliseconds(kGatherMs);
  }
  const bool gather = outstanding_ > 4 && now < gather_until_;
  ring_.GatherUpTo(gather ? outstanding_ / 4 : 1);
  return gather ? kGatherMs : kHourMs;
}

DurationMs PahoMqtt::WatchMs() {
  in_loop_ = true;
  ReleaseSender();
  const DurationMs gather = GatherMs();
  if (link_ == nullptr) return gather;
  const DurationMs link = std::min(gather, link_->WatchMs());
  if (state_ != State::kLinking) return link;
  return std::min(link, std::max<DurationMs>(Remaining(address_deadline_), 0));
}

void PahoMqtt::Drive() {
  if (link_ != nullptr) link_->Drive();
}

}  // namespace depotlink::platform
