// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hands Paho a socket that is connected already: to a broker's UNIX socket, or to our own relay,
// which carries its bytes through TLS. Paho as it is linked can do neither by itself. No address is
// listened on, so nobody else can get at it: Paho is told to connect to an address that no TCP
// connection ever goes to (255.255.255.255), and where it calls connect(), what was offered under
// that port is put in the place of its socket (linker option --wrap; with shared libraries the
// symbol of the program comes before that of the C library). An offer that is not taken is of no
// use to anybody: the kernel refuses that address.

#include <cstdint>

#include "platform/descriptor.hpp"

namespace depotlink::platform {

inline constexpr const char* kOfferedHost = "255.255.255.255";

// `socket` must be non-blocking. Returns the port under which it can be taken, once, by any thread.
// One offer at a time: a new one closes the one before.
std::uint16_t OfferSocket(Descriptor socket);
// Closes what was offered and not taken.
void WithdrawSocket();

}  // namespace depotlink::platform
