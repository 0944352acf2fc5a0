// SPDX-License-Identifier: Apache-2.0
// Which entries of a subjectAltName name a host; whole certificates stand in tests/e2e/test_tls.py.
#include "platform/tls_name.hpp"

#include <mbedtls/asn1.h>
#include <mbedtls/x509_crt.h>

#include <list>
#include <string>
#include <string_view>

#include "CppUTest/TestHarness.h"

using depotlink::platform::CheckName;
using depotlink::platform::Naming;

namespace {

using namespace std::string_view_literals;

constexpr int kMail = 1;
constexpr int kDns = 2;
constexpr int kUri = 6;
constexpr int kIp = 7;
constexpr std::string_view kLoopback6 = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"sv;

}  // namespace

TEST_GROUP(TlsName) {
  mbedtls_x509_crt certificate{};
  std::list<std::string> texts;
  std::list<mbedtls_x509_sequence> others;
  mbedtls_x509_sequence* last = nullptr;

  void Add(int type, std::string_view bytes) {
    texts.emplace_back(bytes);
    if (last == nullptr) {
      last = &certificate.subject_alt_names;
    } else {
      last->next = &others.emplace_back();
      last = last->next;
    }
    last->buf.tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | type;
    last->buf.p = reinterpret_cast<unsigned char*>(texts.back().data());
    last->buf.len = bytes.size();
  }
  bool Names(std::string_view host) {
    return CheckName(certificate, host) == Naming::kGood;
  }
};

TEST(TlsName, WithoutASubjectAltNameThereIsNoName) {
  CHECK(CheckName(certificate, "localhost") == Naming::kNone);
  CHECK(CheckName(certificate, "127.0.0.1") == Naming::kNone);
}

TEST(TlsName, ANameIsNamedByDnsAlone) {
  Add(kMail, "mail");
  Add(kUri, "uri");
  Add(kDns, "Api.Example.com");
  Add(kDns, "zero\0.example.com"sv);
  CHECK(Names("api.example.com"));
  CHECK(Names("API.EXAMPLE.COM"));
  for (const char* host : {"", "example.com", "x.api.example.com", "api.example.com.", "api", "uri",
                           "mail", "zero", "zero.example.com", "api.example.co"}) {
    CHECK_TRUE_TEXT(CheckName(certificate, host) == Naming::kOther, host);
  }
}

TEST(TlsName, AStarIsOneWholeLabel) {
  Add(kDns, "*.example.com");
  Add(kDns, "a*.example.org");
  Add(kDns, "*");
  CHECK(Names("a.example.com"));
  for (const char* host : {"example.com", ".example.com", "a.b.example.com", "ab.example.org",
                           "localhost", "aexample.com"}) {
    CHECK_FALSE_TEXT(Names(host), host);
  }
}

TEST(TlsName, AnAddressIsNamedByItsBytesAlone) {
  Add(kDns, "10.0.0.1");
  Add(kDns, "*.0.0.1");
  Add(kDns, "10.1");
  Add(kDns, "::2");
  Add(kUri, "10.0.0.1");
  Add(kIp, "\x0A\0\0\2"sv);
  Add(kIp, kLoopback6);
  Add(kIp, "\x0A\0\0"sv);
  CHECK(Names("10.0.0.2"));
  CHECK(Names("::1"));
  CHECK(Names("0:0:0:0:0:0:0:1"));
  for (const char* host : {"10.0.0.1", "10.1", "10.0.0", "::2", "::", "0.0.0.1", "::1%lo",
                           "::ffff:10.0.0.2", "0x0a000002", "167772162", "10.0.0.0x2"}) {
    CHECK_TRUE_TEXT(CheckName(certificate, host) == Naming::kOtherAddress, host);
  }
}
