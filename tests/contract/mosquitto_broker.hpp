// SPDX-License-Identifier: Apache-2.0
#pragma once

// A real mosquitto on the loopback, with a directory of its own, started and killed by the test.

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace depotlink::contract {

class MosquittoBroker {
 public:
  // Where mosquitto is not installed nothing is started: see running().
  // `acl`: lines of an ACL file, empty for none. `password`: of the user "depot"; empty: anonymous.
  // `more_ways`: listens with TLS, for localhost and 127.0.0.1, and on a UNIX socket, too.
  MosquittoBroker(const std::string& acl, const std::string& password, bool more_ways = false);
  ~MosquittoBroker();
  MosquittoBroker(const MosquittoBroker&) = delete;
  MosquittoBroker& operator=(const MosquittoBroker&) = delete;

  bool running() const { return process_ > 0; }
  std::uint16_t port() const { return port_; }
  std::uint16_t tls_port() const { return tls_port_; }
  std::string ca_file() const { return directory_ + "/cert.pem"; }
  std::string unix_path() const { return directory_ + "/sock"; }
  void Kill();
  // On the same port, without its memory.
  void Start();

 private:
  std::string MoreWays();

  std::string directory_;
  std::string program_;
  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
  pid_t process_ = -1;
};

}  // namespace depotlink::contract
