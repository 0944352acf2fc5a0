// SPDX-License-Identifier: Apache-2.0
#include "platform/paho_socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

namespace depotlink::platform {

namespace {

struct Offer {
  std::mutex mutex;
  Descriptor socket;
  std::uint16_t port = 0;
};

// The hook has no parameter that could carry it.
Offer& TheOffer() {
  static Offer offer;
  return offer;
}

bool IsOffered(const sockaddr* address, socklen_t bytes, std::uint16_t& port) {
  sockaddr_in to{};
  if (address == nullptr || bytes < sizeof(to)) return false;
  std::memcpy(&to, address, sizeof(to));
  port = ntohs(to.sin_port);
  return to.sin_family == AF_INET && to.sin_addr.s_addr == htonl(INADDR_BROADCAST);
}

// What was offered takes the place of `fd`, and with it its number.
int TakeOffer(int fd, std::uint16_t port) {
  Offer& offer = TheOffer();
  const std::lock_guard<std::mutex> lock(offer.mutex);
  if (!offer.socket.valid() || offer.port != port) {
    errno = ECONNREFUSED;
    return -1;
  }
  const Descriptor socket = std::move(offer.socket);
  return dup3(socket.get(), fd, O_CLOEXEC) < 0 ? -1 : 0;
}

}  // namespace

std::uint16_t OfferSocket(Descriptor socket) {
  Offer& offer = TheOffer();
  const std::lock_guard<std::mutex> lock(offer.mutex);
  offer.socket = std::move(socket);
  offer.port = static_cast<std::uint16_t>(offer.port % 60000 + 1);
  return offer.port;
}

void WithdrawSocket() {
  Offer& offer = TheOffer();
  const std::lock_guard<std::mutex> lock(offer.mutex);
  offer.socket = Descriptor();
}

}  // namespace depotlink::platform

extern "C" {

#ifdef DEPOTLINK_PAHO_STATIC

// The linker's names.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): --wrap asks for it
int __real_connect(int fd, const sockaddr* address, socklen_t bytes);
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): --wrap asks for it
int __wrap_connect(int fd, const sockaddr* address, socklen_t bytes);

// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): --wrap asks for it
int __wrap_connect(int fd, const sockaddr* address, socklen_t bytes) {
  std::uint16_t port = 0;
  if (depotlink::platform::IsOffered(address, bytes, port)) {
    return depotlink::platform::TakeOffer(fd, port);
  }
  return __real_connect(fd, address, bytes);
}

#else

// Stands before the C library's for everything in this program, its shared libraries included.
int connect(int fd, const sockaddr* address, socklen_t bytes) {
  std::uint16_t port = 0;
  if (depotlink::platform::IsOffered(address, bytes, port)) {
    return depotlink::platform::TakeOffer(fd, port);
  }
  return static_cast<int>(syscall(SYS_connect, fd, address, bytes));
}

#endif

}  // extern "C"
