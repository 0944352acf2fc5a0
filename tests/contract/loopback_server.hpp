// SPDX-License-Identifier: Apache-2.0
#pragma once

// A server on 127.0.0.1 whose every connection is played by a function of the test, on a thread of
// its own, one connection after the other. Reads time out after some seconds, so that no test
// hangs.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace depotlink::contract {

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One HTTP request, head and body. Empty where the peer closed.
  std::string ReadRequest();
  // At least one byte, of any protocol. Empty where the peer closed.
  std::string ReadSome();
  // False where the peer is gone.
  bool Send(std::string_view bytes);
  // Ends with a reset instead of an orderly close.
  void Reset();
  // Waits until the peer closes.
  void AwaitClose();

 private:
  int fd_;
  std::string rest_;
};

class LoopbackServer {
 public:
  // `play(connection, index)`: index 0 is the first connection.
  using Play = std::function<void(Connection&, int)>;
  explicit LoopbackServer(Play play);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string Url(std::string_view path) const;
  int accepted() const { return accepted_; }

 private:
  void Serve();

  Play play_;
  std::uint16_t port_ = 0;
  int listener_ = -1;  // after port_, which it fills in
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  int current_ = -1;  // under the mutex
  bool stop_ = false;
  std::thread thread_;
};

// A port on which nobody listens at the moment.
std::uint16_t FreePort();

// `text` as a gzip stream.
std::string GzipOf(std::string_view text);

}  // namespace depotlink::contract
