// SPDX-License-Identifier: Apache-2.0
#include "platform/tls_link.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace depotlink::platform {

namespace {

constexpr DurationMs kForeverMs = kHourMs;
// What is left when one side has closed is handed over within this, or not at all.
constexpr DurationMs kMostEndingMs = 2 * kSecondMs;
// How long a server may take to say that it does not want us, before it is taken to be content: two
// handshakes, within these.
constexpr DurationMs kLeastSettlingMs = 200;
constexpr DurationMs kMostSettlingMs = 2 * kSecondMs;
// A connection on which nothing comes back is given up by the kernel, too, besides MQTT's own
// keep-alive and the wait for acknowledgements.
constexpr int kKeepAliveIdleS = 30;
constexpr int kKeepAliveEveryS = 10;
constexpr int kKeepAliveTries = 3;
constexpr unsigned kUnansweredMs = 20000;

std::string SystemWords(const char* what, int error) {
  return std::string(what) + std::strerror(error);
}

void SetOptions(int fd) {
  const auto set = [fd](int level, int name, auto value) {
    setsockopt(fd, level, name, &value, sizeof(value));  // what fails is missed by nobody
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleS);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveEveryS);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveTries);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUnansweredMs);
}

// Begins to connect; an invalid descriptor with errno set where that fails at once.
Descriptor BeginConnect(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    errno = EINVAL;
    return Descriptor();
  }
  Descriptor made(socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.valid()) {
    SetOptions(made.get());
    const int outcome = connect(made.get(), found->ai_addr, found->ai_addrlen);
    if (outcome != 0 && errno != EINPROGRESS) made = Descriptor();
  }
  const int error = errno;
  freeaddrinfo(found);
  errno = error;
  return made;
}

}  // namespace

void TlsLink::Begin(const std::string& address, std::uint16_t port, const std::string& host) {
  Close();
  host_ = host;
  connecting_ = BeginConnect(address, port);
  if (!connecting_.valid()) return Fail(SystemWords("no connection: ", errno));
  state_ = State::kConnecting;
}

void TlsLink::Close() {
  if (far_ != nullptr && state_ == State::kCarrying)
    far_->Finish();  // a word of goodbye, if it can
  relay_.reset();
  near_.reset();
  far_.reset();
  connecting_ = Descriptor();
  more_ = ending_ = reached_ = false;
  settle_by_ = {};
  failure_.clear();
  state_ = State::kIdle;
}

void TlsLink::Fail(std::string why) {
  const bool reached = state_ == State::kHandshake;
  Close();
  reached_ = reached;
  failure_ = std::move(why);
  state_ = State::kFailed;
}

Descriptor TlsLink::TakeNear() {
  std::array<int, 2> ends{-1, -1};
  if (state_ != State::kReady ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    Fail(SystemWords("no descriptors: ", errno));
    return Descriptor();
  }
  settle_by_ = {};
  near_.emplace(Descriptor(ends[0]));
  relay_.emplace(*near_, *far_);
  state_ = State::kCarrying;
  return Descriptor(ends[1]);
}

void TlsLink::Drive() {
  if (state_ == State::kConnecting) DriveConnect();
  if (state_ == State::kHandshake) DriveHandshake();
  if (state_ == State::kCarrying) DriveRelay();
}

void TlsLink::DriveConnect() {
  pollfd ready{connecting_.get(), POLLOUT, 0};
  if (poll(&ready, 1, 0) == 0) return;
  int error = 0;
  socklen_t length = sizeof(error);
  if (getsockopt(connecting_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return Fail(SystemWords("no connection: ", error));
  far_ = client_.Begin(std::move(connecting_), host_);
  handshake_at_ = std::chrono::steady_clock::now();
  state_ = State::kHandshake;
}

void TlsLink::DriveHandshake() {
  if (settle_by_ != SteadyTime()) return Settle();
  const IoState state = far_->Handshake();
  if (state == IoState::kAgain) return;
  if (state != IoState::kDone) return Fail(far_->failure());
  const SteadyTime now = std::chrono::steady_clock::now();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - handshake_at_);
  settle_by_ = now + std::chrono::milliseconds(std::clamp<DurationMs>(
                         2 * took.count(), kLeastSettlingMs, kMostSettlingMs));
  Settle();
}

void TlsLink::Settle() {
  const IoState state = far_->Settle();
  if (state == IoState::kFailed) return Fail(far_->failure());
  const bool waited = settle_by_ <= std::chrono::steady_clock::now();
  if (state == IoState::kDone || waited) state_ = State::kReady;
}

void TlsLink::DriveRelay() {
  more_ = relay_->Step();
  if (relay_->ending() && !ending_) {
    ending_ = true;
    end_by_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(kMostEndingMs);
  }
  const bool late = ending_ && end_by_ <= std::chrono::steady_clock::now();
  if (!relay_->done() && !late) return;
  std::string why = far_->failure();
  Close();
  failure_ = std::move(why);
}

void TlsLink::Flush(DurationMs timeout_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (Drive(); state_ == State::kCarrying; Drive()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    std::array<pollfd, 2> fds{};
    const std::size_t count = Watch(fds.data());
    poll(fds.data(), count, static_cast<int>(std::min<DurationMs>(left.count(), WatchMs())));
  }
}

std::size_t TlsLink::Watch(pollfd* out) const {
  std::size_t count = 0;
  const auto add = [out, &count](int fd, short events) {
    if (events != 0) out[count++] = {fd, events, 0};
  };
  if (state_ == State::kConnecting) add(connecting_.get(), POLLOUT);
  if (state_ == State::kHandshake) add(far_->get(), far_->read_wants());
  if (state_ == State::kCarrying) {
    add(near_->get(), relay_->near_events());
    add(far_->get(), relay_->far_events());
  }
  return count;
}

DurationMs TlsLink::WatchMs() const {
  if (more_) return 0;
  const SteadyTime by = ending_ ? end_by_ : settle_by_;
  if (by == SteadyTime()) return kForeverMs;
  // A millisecond more: what is rounded down would come too early, over and over.
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(by - std::chrono::steady_clock::now());
  return std::max<DurationMs>(left.count() + 1, 0);
}

}  // namespace depotlink::platform
