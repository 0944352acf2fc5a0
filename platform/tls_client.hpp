// SPDX-License-Identifier: Apache-2.0
#pragma once

// TLS to one server on Mbed TLS, for what is not HTTP: who is trusted (tls_trust.hpp, as for
// HTTPS), who we are, and the session that the next connection resumes. One TlsStream at a time.
// Main thread. Memory: a certificate and a key of our own where there are any, a session of some 3
// KiB; a stream takes 22 KiB for its records, and 10 to 20 more during its handshake.

#include <memory>
#include <string>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "platform/byte_stream.hpp"
#include "platform/descriptor.hpp"

namespace depotlink::platform {

struct TlsClientOptions {
  std::string ca_file;    // roots to trust, PEM
  std::string cert_file;  // our own certificate and those between it and its root, PEM; empty: none
  const char* protocol = nullptr;  // offered by ALPN; null: none. Must live as long as the client
};

class TlsStream;

class TlsClient {
 public:
  // `key`: of the certificate, PEM; is not kept as text.
  TlsClient(const TlsClientOptions& options, const Secret& key);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // kAskPerson, with the path and what to do, where certificate or key cannot be used; kRetryLater
  // where there is no memory. Then Begin gives a stream that fails.
  const Status& ready() const;

  // `socket`: connected, non-blocking. `host`: the name or address that its certificate must be
  // for. The stream must go before the client, and before the next one.
  std::unique_ptr<TlsStream> Begin(Descriptor socket, const std::string& host);

 private:
  friend class TlsStream;
  struct State;
  std::unique_ptr<State> state_;
};

class TlsStream final : public ByteStream {
 public:
  TlsStream(TlsClient::State& client, Descriptor socket, const std::string& host);
  ~TlsStream() override;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // kAgain: wait for read_wants(). kDone: the server is who it should be, Read and Write may begin.
  IoState Handshake();
  // After the handshake, as long as kAgain: with TLS 1.3 the server's opinion of us comes only
  // then, and would get lost with whatever was sent meanwhile. kDone: it takes us. Not every server
  // says so: whoever waits bounds that.
  IoState Settle();
  IoResult Read(char* out, std::size_t most) override;
  IoResult Write(const char* bytes, std::size_t count) override;
  bool Finish() override;
  short read_wants() const override { return read_wants_; }
  short write_wants() const override { return write_wants_; }

  int get() const;
  // Why it failed, for people; empty where it did not.
  const std::string& failure() const { return failure_; }

 private:
  struct State;
  // What a return code of Mbed TLS means; sets `wants` or failure_.
  IoState Judge(int code, short& wants);
  void Fail(int code);
  bool TookTicket(int code);

  std::unique_ptr<State> state_;
  std::string failure_;
  short read_wants_ = POLLIN;
  short write_wants_ = POLLOUT;
  bool established_ = false;
  bool settled_ = false;
};

}  // namespace depotlink::platform
