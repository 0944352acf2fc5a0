// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/loopback_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace depotlink::contract {

namespace {

constexpr int kReadSeconds = 15;

int Listen(std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, 8) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::abort();
  }
  port = ntohs(address.sin_port);
  return fd;
}

// Of a head in lower or upper case.
std::size_t ContentLength(const std::string& head) {
  const std::size_t at = head.find("ontent-Length: ");
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 15, nullptr, 10);
}

}  // namespace

Connection::~Connection() {
  close(fd_);
}

std::string Connection::ReadSome() {
  std::array<char, 16384> buffer;
  const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

std::string Connection::ReadRequest() {
  std::string all = std::exchange(rest_, {});
  for (;;) {
    const std::size_t end = all.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t whole = end + 4 + ContentLength(all.substr(0, end + 2));
      if (all.size() >= whole) {
        rest_ = all.substr(whole);
        all.resize(whole);
        return all;
      }
    }
    const std::string more = ReadSome();
    if (more.empty()) return {};
    all += more;
  }
}

bool Connection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Connection::Reset() {
  const linger hard{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

void Connection::AwaitClose() {
  while (!ReadSome().empty()) {
  }
}

LoopbackServer::LoopbackServer(Play play) : play_(std::move(play)), listener_(Listen(port_)) {
  thread_ = std::thread([this] { Serve(); });
}

LoopbackServer::~LoopbackServer() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    shutdown(listener_, SHUT_RDWR);
    if (current_ >= 0) shutdown(current_, SHUT_RDWR);
  }
  thread_.join();
  close(listener_);
}

std::string LoopbackServer::Url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

void LoopbackServer::Serve() {
  for (int index = 0;; ++index) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const timeval most{kReadSeconds, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
    Connection connection(fd);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stop_) return;
      current_ = fd;
    }
    ++accepted_;
    play_(connection, index);
    const std::lock_guard<std::mutex> lock(mutex_);
    current_ = -1;
  }
}

std::uint16_t FreePort() {
  std::uint16_t port = 0;
  close(Listen(port));
  return port;
}

std::string GzipOf(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    std::abort();
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace depotlink::contract
