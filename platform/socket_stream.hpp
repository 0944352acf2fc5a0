// SPDX-License-Identifier: Apache-2.0
#pragma once

// A connected, non-blocking stream socket as a ByteStream.

#include "platform/byte_stream.hpp"
#include "platform/descriptor.hpp"

namespace depotlink::platform {

class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(Descriptor socket) : socket_(std::move(socket)) {}

  IoResult Read(char* out, std::size_t most) override;
  IoResult Write(const char* bytes, std::size_t count) override;
  bool Finish() override;

  int get() const { return socket_.get(); }

 private:
  Descriptor socket_;
};

}  // namespace depotlink::platform
