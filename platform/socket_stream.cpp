// SPDX-License-Identifier: Apache-2.0
#include "platform/socket_stream.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace depotlink::platform {

namespace {

IoResult ToResult(ssize_t moved) {
  if (moved > 0) return {IoState::kDone, static_cast<std::size_t>(moved)};
  if (moved == 0) return {IoState::kEnd, 0};
  const bool later = errno == EAGAIN || errno == EINTR;
  return {later ? IoState::kAgain : IoState::kFailed, 0};
}

}  // namespace

IoResult SocketStream::Read(char* out, std::size_t most) {
  return ToResult(recv(socket_.get(), out, most, MSG_DONTWAIT));
}

IoResult SocketStream::Write(const char* bytes, std::size_t count) {
  return ToResult(send(socket_.get(), bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL));
}

bool SocketStream::Finish() {
  shutdown(socket_.get(), SHUT_WR);
  return true;
}

}  // namespace depotlink::platform
