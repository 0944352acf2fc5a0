// SPDX-License-Identifier: Apache-2.0
#include "platform/tls_client.hpp"

#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <sys/random.h>
#include <sys/socket.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "platform/posix_files.hpp"
#include "platform/tls_trust.hpp"

namespace depotlink::platform {

namespace {

// Our own certificate and those above it.
constexpr std::size_t kCertificateFileBytes = std::size_t{64} * 1024;

int FillWithRandom(void*, unsigned char* out, std::size_t count) {
  while (count > 0) {
    const ssize_t got = getrandom(out, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return MBEDTLS_ERR_ERROR_GENERIC_ERROR;
    out += got;
    count -= static_cast<std::size_t>(got);
  }
  return 0;
}

int ParseKey(mbedtls_pk_context& key, const Secret& text) {
  // The length of PEM counts its final zero, which the view's string has behind it.
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.Reveal().data());
  const std::size_t length = text.Reveal().size() + 1;
#if MBEDTLS_VERSION_MAJOR >= 3
  return mbedtls_pk_parse_key(&key, bytes, length, nullptr, 0, FillWithRandom, nullptr);
#else
  return mbedtls_pk_parse_key(&key, bytes, length, nullptr, 0);
#endif
}

int CheckPair(const mbedtls_pk_context& certificate, const mbedtls_pk_context& key) {
#if MBEDTLS_VERSION_MAJOR >= 3
  return mbedtls_pk_check_pair(&certificate, &key, FillWithRandom, nullptr);
#else
  return mbedtls_pk_check_pair(&certificate, &key);
#endif
}

// The library's words for `code`, with its number to search for.
std::string ErrorWords(int code) {
  std::array<char, 120> words{};
  mbedtls_strerror(code, words.data(), words.size());
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), " (-0x%04X)", static_cast<unsigned>(-code));
  return std::string(words.data()) + number.data();
}

// RFC 8446, section 6.2: what a broker says of us.
const char* AlertWords(unsigned alert) {
  switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
      return "it finds no common ground (handshake failure); it may want a client certificate";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
      return "it does not accept our certificate";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
      return "our certificate is revoked";
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
      return "our certificate has expired, or is not valid yet";
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
      return "it does not know who issued our certificate";
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
      return "it denies us access";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
      return "it speaks no version of TLS that we do (1.2, 1.3)";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
      return "it does not know the host's name";
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
      return "it speaks no MQTT there";
    case 116:  // certificate_required
      return "it wants a client certificate";
    default:
      return nullptr;
  }
}

unsigned AlertOf(const mbedtls_ssl_context& ssl) {
  // The library has no accessor: level and description of the alert that it has just read.
#if MBEDTLS_VERSION_MAJOR >= 3
  const unsigned char* message = ssl.MBEDTLS_PRIVATE(in_msg);
#else
  const unsigned char* message = ssl.in_msg;
#endif
  return message != nullptr ? message[1] : 0;
}

}  // namespace

struct TlsClient::State {
  explicit State(const TlsClientOptions& options)
      : trust(options.ca_file, {}), protocols{options.protocol, nullptr} {
    mbedtls_ssl_config_init(&config);
    mbedtls_x509_crt_init(&no_roots);
    mbedtls_x509_crt_init(&certificate);
    mbedtls_pk_init(&key);
    mbedtls_ssl_session_init(&session);
  }
  ~State() {
    mbedtls_ssl_session_free(&session);
    mbedtls_ssl_config_free(&config);
    mbedtls_pk_free(&key);
    mbedtls_x509_crt_free(&certificate);
    mbedtls_x509_crt_free(&no_roots);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool SetUp();
  Status LoadIdentity(const std::string& file, const Secret& text);
  void Keep(const mbedtls_ssl_context& ssl);
  void Forget();

  TlsTrust trust;
  const char* protocols[2];
  Status status;
  mbedtls_ssl_config config{};
  mbedtls_x509_crt no_roots{};  // TlsTrust brings them
  mbedtls_x509_crt certificate{};
  mbedtls_pk_context key{};
  mbedtls_ssl_session session{};
  bool has_session = false;
};

bool TlsClient::State::SetUp() {
#if MBEDTLS_VERSION_MAJOR >= 3
  if (psa_crypto_init() != PSA_SUCCESS) return false;
#endif
  if (mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
    return false;
  }
  mbedtls_ssl_conf_rng(&config, FillWithRandom, nullptr);
  mbedtls_ssl_conf_ca_chain(&config, &no_roots, nullptr);
#if MBEDTLS_VERSION_MAJOR >= 3
  mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
  mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
      &config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#else
  mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
  return protocols[0] == nullptr || mbedtls_ssl_conf_alpn_protocols(&config, protocols) == 0;
}

Status TlsClient::State::LoadIdentity(const std::string& file, const Secret& text) {
  const Result<std::string> chain = PosixFiles().ReadText(file, kCertificateFileBytes);
  if (!chain.ok()) return chain.status();
  // The length of PEM counts its final zero.
  int code = mbedtls_x509_crt_parse(&certificate,
                                    reinterpret_cast<const unsigned char*>(chain.value().c_str()),
                                    chain.value().size() + 1);
  if (code != 0) {
    const std::string why = code > 0 ? "a certificate in it cannot be read" : ErrorWords(code);
    return {Code::kAskPerson, file + ": not usable as a client certificate: " + why};
  }
  code = ParseKey(key, text);
  if (code != 0) {
    return {Code::kAskPerson,
            "the private key cannot be used (PEM without a pass phrase is expected): " +
                ErrorWords(code)};
  }
  if (CheckPair(certificate.pk, key) != 0) {
    return {Code::kAskPerson, file + ": the private key is not that of this certificate"};
  }
  if (mbedtls_ssl_conf_own_cert(&config, &certificate, &key) != 0) {
    return {Code::kRetryLater, "no memory for the client certificate"};
  }
  return Status::Ok();
}

void TlsClient::State::Keep(const mbedtls_ssl_context& ssl) {
  Forget();
  has_session = mbedtls_ssl_get_session(&ssl, &session) == 0;
}

void TlsClient::State::Forget() {
  mbedtls_ssl_session_free(&session);
  mbedtls_ssl_session_init(&session);
  has_session = false;
}

TlsClient::TlsClient(const TlsClientOptions& options, const Secret& key)
    : state_(std::make_unique<State>(options)) {
  if (!state_->SetUp()) {
    state_->status = {Code::kRetryLater, "no memory or randomness to set TLS up"};
  } else if (!options.cert_file.empty()) {
    state_->status = state_->LoadIdentity(options.cert_file, key);
  }
}

TlsClient::~TlsClient() = default;

const Status& TlsClient::ready() const {
  return state_->status;
}

std::unique_ptr<TlsStream> TlsClient::Begin(Descriptor socket, const std::string& host) {
  return std::make_unique<TlsStream>(*state_, std::move(socket), host);
}

struct TlsStream::State {
  State(TlsClient::State& owner, Descriptor connected)
      : client(&owner), socket(std::move(connected)) {
    mbedtls_ssl_init(&ssl);
  }
  ~State() { mbedtls_ssl_free(&ssl); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static int Send(void* self, const unsigned char* bytes, std::size_t count);
  static int Receive(void* self, unsigned char* out, std::size_t most);

  TlsClient::State* client;
  Descriptor socket;
  mbedtls_ssl_context ssl{};
  int socket_error = 0;
  bool lenient = true;  // until the handshake is over
};

int TlsStream::State::Send(void* self, const unsigned char* bytes, std::size_t count) {
  auto* state = static_cast<State*>(self);
  const ssize_t sent = send(state->socket.get(), bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<int>(sent);
  if (errno == EAGAIN || errno == EINTR) return MBEDTLS_ERR_SSL_WANT_WRITE;
  // A server that does not want us may have closed by now. What it said before can still be read,
  // if the handshake only goes on to read it; so can the end of the connection.
  if (state->lenient) return static_cast<int>(count);
  state->socket_error = errno;
  return MBEDTLS_ERR_NET_SEND_FAILED;
}

int TlsStream::State::Receive(void* self, unsigned char* out, std::size_t most) {
  auto* state = static_cast<State*>(self);
  const ssize_t got = recv(state->socket.get(), out, most, MSG_DONTWAIT);
  if (got >= 0) return static_cast<int>(got);
  if (errno == EAGAIN || errno == EINTR) return MBEDTLS_ERR_SSL_WANT_READ;
  state->socket_error = errno;
  return MBEDTLS_ERR_NET_RECV_FAILED;
}

TlsStream::TlsStream(TlsClient::State& client, Descriptor socket, const std::string& host)
    : state_(std::make_unique<State>(client, std::move(socket))) {
  if (!client.status.ok()) {
    failure_ = client.status.message();
    return;
  }
  client.trust.Configure(&client.config, host);
  mbedtls_ssl_context* ssl = &state_->ssl;
  int code = mbedtls_ssl_setup(ssl, &client.config);
  // Both the name that is asked for and the one that the certificate must have.
  if (code == 0) code = mbedtls_ssl_set_hostname(ssl, host.c_str());
  // A session that cannot be taken up is none that is needed.
  if (code == 0 && client.has_session) mbedtls_ssl_set_session(ssl, &client.session);
  mbedtls_ssl_set_bio(ssl, state_.get(), &State::Send, &State::Receive, nullptr);
  if (code != 0) failure_ = "TLS cannot begin: " + ErrorWords(code);
}

TlsStream::~TlsStream() = default;

int TlsStream::get() const {
  return state_->socket.get();
}

IoState TlsStream::Judge(int code, short& wants) {
  if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) {
    wants = code == MBEDTLS_ERR_SSL_WANT_READ ? POLLIN : POLLOUT;
    return IoState::kAgain;
  }
  const bool end =
      code == 0 || code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || code == MBEDTLS_ERR_SSL_CONN_EOF;
  if (end && established_) return IoState::kEnd;
  Fail(code);
  return IoState::kFailed;
}

void TlsStream::Fail(int code) {
  if (!failure_.empty()) return;
  const std::string& untrusted = state_->client->trust.problem();
  if (!established_ && !untrusted.empty()) {
    failure_ = untrusted;
  } else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
    const unsigned alert = AlertOf(state_->ssl);
    const char* words = AlertWords(alert);
    failure_ = "TLS: the server ended it: " +
               (words != nullptr ? std::string(words) : "alert " + std::to_string(alert));
  } else if (state_->socket_error != 0) {
    failure_ = std::string("the connection broke: ") + std::strerror(state_->socket_error);
  } else if (code == 0 || code == MBEDTLS_ERR_SSL_CONN_EOF ||
             code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
    failure_ = "the server closed the connection during the TLS handshake";
  } else {
    failure_ = "TLS: " + ErrorWords(code);
  }
}

IoState TlsStream::Handshake() {
  if (!failure_.empty()) return IoState::kFailed;
  TlsClient::State& client = *state_->client;
  const int code = mbedtls_ssl_handshake(&state_->ssl);
  if (code != 0) {
    const IoState state = Judge(code, read_wants_);
    if (state != IoState::kAgain) client.Forget();
    return state;
  }
  // It was required; this is for the day on which somebody relaxes that.
  if (mbedtls_ssl_get_verify_result(&state_->ssl) != 0) {
    failure_ = "the server's certificate is not acceptable";
    client.Forget();
    return IoState::kFailed;
  }
  established_ = true;
  state_->lenient = false;
  read_wants_ = POLLIN;
  // With TLS 1.3 what can be resumed comes later, as a ticket.
  settled_ = std::strcmp(mbedtls_ssl_get_version(&state_->ssl), "TLSv1.3") != 0;
  if (settled_) client.Keep(state_->ssl);
  return IoState::kDone;
}

IoState TlsStream::Settle() {
  if (settled_ || !failure_.empty()) return settled_ ? IoState::kDone : IoState::kFailed;
  unsigned char byte = 0;
  const int code = mbedtls_ssl_read(&state_->ssl, &byte, 1);
  settled_ = TookTicket(code);
  if (settled_) return IoState::kDone;
  if (code > 0) {
    failure_ = "the server speaks before it is asked: it is no MQTT broker";
    return IoState::kFailed;
  }
  const IoState state = Judge(code, read_wants_);
  if (state == IoState::kAgain) return state;
  // A server that closes in haste takes its own words with it.
  if (state == IoState::kEnd || state_->socket_error != 0) {
    failure_ =
        "the server broke the connection right after the TLS handshake; it may want a client "
        "certificate, or another one";
  }
  return IoState::kFailed;
}

// Reading and writing alike may come upon a ticket, and want to be called again then.
bool TlsStream::TookTicket([[maybe_unused]] int code) {
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
  if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
    state_->client->Keep(state_->ssl);
    return true;
  }
#endif
  return false;
}

IoResult TlsStream::Read(char* out, std::size_t most) {
  if (!established_ || !failure_.empty()) return {IoState::kFailed, 0};
  int code = 0;
  do {
    code = mbedtls_ssl_read(&state_->ssl, reinterpret_cast<unsigned char*>(out), most);
  } while (TookTicket(code));
  if (code > 0) return {IoState::kDone, static_cast<std::size_t>(code)};
  return {Judge(code, read_wants_), 0};
}

IoResult TlsStream::Write(const char* bytes, std::size_t count) {
  if (!established_ || !failure_.empty()) return {IoState::kFailed, 0};
  int code = 0;
  do {
    code = mbedtls_ssl_write(&state_->ssl, reinterpret_cast<const unsigned char*>(bytes), count);
  } while (TookTicket(code));
  if (code > 0) return {IoState::kDone, static_cast<std::size_t>(code)};
  if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) {
    return {Judge(code, write_wants_), 0};
  }
  // Why, the next Read finds out: the server may have said it.
  state_->socket_error = 0;
  return {IoState::kFailed, 0};
}

bool TlsStream::Finish() {
  if (!established_ || !failure_.empty()) return true;
  const int code = mbedtls_ssl_close_notify(&state_->ssl);
  if (code == MBEDTLS_ERR_SSL_WANT_WRITE || code == MBEDTLS_ERR_SSL_WANT_READ) {
    write_wants_ = code == MBEDTLS_ERR_SSL_WANT_READ ? POLLIN : POLLOUT;
    return false;
  }
  shutdown(state_->socket.get(), SHUT_WR);
  return true;
}

}  // namespace depotlink::platform
