// SPDX-License-Identifier: Apache-2.0
// What agent/ports/http.hpp promises, held against the adapter for libcurl and a server on the
// loopback. TLS is covered end to end.

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/http.hpp"
#include "platform/curl_http.hpp"
#include "platform/tls_trust.hpp"
#include "platform/versions.hpp"
#include "tests/contract/loopback_server.hpp"
#include "tests/contract/wait_until.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::Code;
using depotlink::Status;
using depotlink::contract::Connection;
using depotlink::contract::Deadline;
using depotlink::contract::FreePort;
using depotlink::contract::GzipOf;
using depotlink::contract::LoopbackServer;
using depotlink::platform::CurlHttp;
using depotlink::platform::CurlHttpOptions;
using depotlink::ports::BodyFlow;
using depotlink::ports::HttpEnd;
using depotlink::ports::HttpRequest;
using depotlink::ports::HttpResult;
using depotlink::ports::HttpSink;

namespace {

class RecordingSink final : public HttpSink {
 public:
  BodyFlow OnBody(int status, std::string_view piece) override {
    ++calls;
    largest = piece.size() > largest ? piece.size() : largest;
    body_status = status;
    if (pauses_left > 0) {
      --pauses_left;
      paused = true;
      refused.emplace_back(piece);
      return BodyFlow::kPause;
    }
    if (abort) return BodyFlow::kAbort;
    if (!refused.empty() && refused.back() == piece) ++offered_again;
    refused.clear();
    body.append(piece);
    return BodyFlow::kContinue;
  }
  void OnEnd(const HttpResult& outcome) override {
    ++ends;
    result = outcome;
    detail = outcome.detail;
  }

  int pauses_left = 0;
  bool abort = false;
  bool paused = false;
  int offered_again = 0;
  std::vector<std::string> refused;
  int calls = 0;
  int body_status = 0;
  std::size_t largest = 0;
  std::string body;
  int ends = 0;
  HttpResult result;
  std::string detail;
};

CurlHttpOptions Options() {
  CurlHttpOptions options;
  options.user_agent = "depotlink/9.9";
  options.allow_http = true;
  return options;
}

std::string Answer(std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string Noise(std::size_t bytes) {  // does not compress
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < bytes) {
    state = state * 1664525U + 1013904223U;
    text.push_back(static_cast<char>(state >> 24));
  }
  return text;
}

}  // namespace

TEST_GROUP(HttpContract) {
  CurlHttp http{Options()};
  RecordingSink sink;

  HttpRequest Request(std::string_view url) {
    HttpRequest request;
    request.url = url;
    request.authorization = "NVX canary-key";
    request.body = R"({"ids":[1]})";
    request.timeout_ms = 15000;
    request.max_body_bytes = 4 << 20;
    return request;
  }
  void Start(const HttpRequest& request) {
    const Status status = http.Start(request, sink);
    CHECK_TEXT(status.ok(), status.message().c_str());
    LONGS_EQUAL(0, sink.calls);
    LONGS_EQUAL(0, sink.ends);
  }
  void PollUntilEnd() {
    const Deadline deadline;
    while (sink.ends == 0 && !deadline.over()) http.Poll(nullptr, 0, 100);
    LONGS_EQUAL(1, sink.ends);
    CHECK(sink.detail.find("canary") == std::string::npos);
  }
  void Run(const LoopbackServer& server) {
    const std::string url = server.Url("/v2/tracker/list");
    Start(Request(url));
    PollUntilEnd();
  }
  void Ended(HttpEnd end) {
    CHECK_TEXT(sink.result.end == end, sink.detail.c_str());
    if (end != HttpEnd::kComplete) CHECK_FALSE(sink.detail.empty());
  }
};

TEST(HttpContract, SendsWhatWasAskedForAndNothingElse) {
  std::string seen;
  LoopbackServer server([&seen](Connection& c, int) {
    seen = c.ReadRequest();
    c.Send(Answer("{}"));
    c.AwaitClose();
  });
  Run(server);
  Ended(HttpEnd::kComplete);
  LONGS_EQUAL(200, sink.result.status);
  STRCMP_EQUAL("{}", sink.body.c_str());
  CHECK(sink.result.retry_after_ms == -1);
  CHECK(seen.find("POST /v2/tracker/list HTTP/1.1\r\n") == 0);
  CHECK(seen.find("\r\nUser-Agent: depotlink/9.9\r\n") != std::string::npos);
  CHECK(seen.find("\r\nAuthorization: NVX canary-key\r\n") != std::string::npos);
  CHECK(seen.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
  CHECK(seen.find("\r\nNVX-ISO-DateTime: true\r\n") != std::string::npos);
  CHECK(seen.find("\r\nAccept-Encoding: gzip\r\n") != std::string::npos);
  CHECK(seen.find("Expect:") == std::string::npos);
  CHECK(seen.find("Cookie") == std::string::npos);
  CHECK(seen.size() > 11 && seen.substr(seen.size() - 11) == R"({"ids":[1]})");
  LONGS_EQUAL(seen.size(), sink.result.wire_bytes_out);
  LONGS_EQUAL(Answer("{}").size(), sink.result.wire_bytes_in);
}

TEST(HttpContract, AbsentHeadersStayAbsent) {
  std::string seen;
  LoopbackServer server([&seen](Connection& c, int) {
    seen = c.ReadRequest();
    c.Send(Answer("{}"));
    c.AwaitClose();
  });
  const std::string url = server.Url("/");
  HttpRequest request = Request(url);
  request.authorization = {};
  request.iso_datetime = false;
  Start(request);
  PollUntilEnd();
  CHECK(seen.find("Authorization") == std::string::npos);
  CHECK(seen.find("NVX-ISO") == std::string::npos);
}

TEST(HttpContract, PiecesComeInOrderWithTheStatus) {
  const std::string body = Noise(300000);
  LoopbackServer server([&body](Connection& c, int) {
    c.ReadRequest();
    c.Send("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 300000\r\n\r\n");
    for (std::size_t at = 0; at < body.size(); at += 10000) c.Send(body.substr(at, 10000));
    c.AwaitClose();
  });
  Run(server);
  Ended(HttpEnd::kComplete);
  LONGS_EQUAL(503, sink.result.status);
  LONGS_EQUAL(503, sink.body_status);
  LONGS_EQUAL(7000, sink.result.retry_after_ms);
  CHECK(sink.body == body);
  CHECK(sink.largest <= 16384);
}

TEST(HttpContract, RetryAfterReadsADate) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadRequest();
    c.Send(Answer("", "Retry-After: Wed, 01 Jan 2020 00:00:00 GMT\r\n"));
    c.AwaitClose();
  });
  Run(server);
  LONGS_EQUAL(0, sink.result.retry_after_ms);  // long past
}

TEST(HttpContract, ChunkedGzipIsDecoded) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "{\"id\":" + std::to_string(i) + "},";
  const std::string zipped = GzipOf(text);
  LoopbackServer server([&zipped](Connection& c, int) {
    c.ReadRequest();
    c.Send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < zipped.size(); at += 1000) {
      const std::string piece = zipped.substr(at, 1000);
      char head[16];
      std::snprintf(head, sizeof(head), "%zx\r\n", piece.size());
      c.Send(head + piece + "\r\n");
    }
    c.Send("0\r\n\r\n");
    c.AwaitClose();
  });
  Run(server);
  Ended(HttpEnd::kComplete);
  CHECK(sink.body == text);
  CHECK(sink.result.wire_bytes_in < text.size() / 2);
  CHECK(sink.result.wire_bytes_in > zipped.size());
}

TEST(HttpContract, APausedPieceIsHandedAgainAndNothingIsLost) {
  const std::string text = Noise(200000) + std::string(200000, 'x');
  for (const bool gzip : {false, true}) {
    sink = {};
    sink.pauses_left = 5;
    LoopbackServer server([&text, gzip](Connection& c, int) {
      c.ReadRequest();
      c.Send(gzip ? Answer(GzipOf(text), "Content-Encoding: gzip\r\n") : Answer(text));
      c.AwaitClose();
    });
    const std::string url = server.Url("/");
    Start(Request(url));
    const Deadline deadline;
    int seen_while_paused = 0;
    while (sink.ends == 0 && !deadline.over()) {
      http.Poll(nullptr, 0, 100);
      if (!sink.paused) continue;
      const int calls = sink.calls;
      http.Poll(nullptr, 0, 0);  // paused means silent
      seen_while_paused += sink.calls - calls;
      sink.paused = false;
      http.Resume();
      LONGS_EQUAL(calls, sink.calls);
    }
    Ended(HttpEnd::kComplete);
    LONGS_EQUAL(0, sink.pauses_left);
    LONGS_EQUAL(0, seen_while_paused);
    LONGS_EQUAL(1, sink.offered_again);
    CHECK(sink.body == text);
  }
}

TEST(HttpContract, TheSinkCanAbort) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadRequest();
    c.Send(Answer(Noise(100000)));
    c.AwaitClose();
  });
  sink.abort = true;
  Run(server);
  Ended(HttpEnd::kAborted);
  LONGS_EQUAL(1, sink.calls);
}

TEST(HttpContract, CancelEndsInTheNextWait) {
  LoopbackServer server([](Connection& c, int) { c.AwaitClose(); });
  const std::string url = server.Url("/");
  Start(Request(url));
  http.Poll(nullptr, 0, 10);
  http.Cancel();
  LONGS_EQUAL(0, sink.ends);
  http.Poll(nullptr, 0, 0);
  LONGS_EQUAL(1, sink.ends);
  Ended(HttpEnd::kAborted);
  http.Cancel();  // nothing under way: no effect
  http.Resume();
  http.Poll(nullptr, 0, 0);
  LONGS_EQUAL(1, sink.ends);
}

TEST(HttpContract, ABodyThatEndsEarlyIsCutShort) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadRequest();
    c.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });
  Run(server);
  Ended(HttpEnd::kCutShort);
}

TEST(HttpContract, AGzipStreamThatEndsEarlyIsCutShort) {
  const std::string zipped = GzipOf(Noise(5000));
  LoopbackServer server([&zipped](Connection& c, int) {
    c.ReadRequest();
    c.Send(Answer(zipped.substr(0, 3000), "Content-Encoding: gzip\r\n"));
    c.AwaitClose();
  });
  Run(server);
  Ended(HttpEnd::kCutShort);
}

TEST(HttpContract, WhatIsNoGzipAfterAllIsCutShort) {
  for (const char* encoding : {"gzip", "br", "gzip, gzip"}) {
    sink = {};
    LoopbackServer server([encoding](Connection& c, int) {
      c.ReadRequest();
      c.Send(Answer("{\"plain\":true}", "Content-Encoding: " + std::string(encoding) + "\r\n"));
      c.AwaitClose();
    });
    Run(server);
    Ended(HttpEnd::kCutShort);
    LONGS_EQUAL(0, sink.calls);
  }
}

TEST(HttpContract, TooMuchIsTooLargeHoweverItIsPacked) {
  const std::string bomb = GzipOf(std::string(20 << 20, '0'));
  const std::string plain = Noise(70000);
  for (const bool gzip : {false, true}) {
    sink = {};
    LoopbackServer server([&bomb, &plain, gzip](Connection& c, int) {
      c.ReadRequest();
      c.Send(gzip ? Answer(bomb, "Content-Encoding: gzip\r\n") : Answer(plain));
      c.AwaitClose();
    });
    const std::string url = server.Url("/");
    HttpRequest request = Request(url);
    request.max_body_bytes = 65536;
    Start(request);
    PollUntilEnd();
    Ended(HttpEnd::kTooLarge);
    CHECK(sink.body.size() <= 65536);
  }
}

TEST(HttpContract, AFloodOfHeadersIsTooLarge) {
  LoopbackServer server([](Connection& c, int) {
    c.ReadRequest();
    c.Send("HTTP/1.1 200 OK\r\n");
    while (c.Send("X-Flood: " + std::string(1000, 'a') + "\r\n")) {
    }
  });
  Run(server);
  Ended(HttpEnd::kTooLarge);
}

TEST(HttpContract, SilenceTimesOut) {
  LoopbackServer server([](Connection& c, int) { c.AwaitClose(); });
  const std::string url = server.Url("/");
  HttpRequest request = Request(url);
  request.timeout_ms = 60;
  Start(request);
  PollUntilEnd();
  Ended(HttpEnd::kTimeout);
}

TEST(HttpContract, NobodyListeningIsAFailedConnect) {
  const std::string url = "http://127.0.0.1:" + std::to_string(FreePort()) + "/";
  Start(Request(url));
  PollUntilEnd();
  Ended(HttpEnd::kConnectFailed);
  LONGS_EQUAL(0, sink.result.status);
}

TEST(HttpContract, AnUnknownNameIsAFailedName) {
  Start(Request("http://no-such-host.invalid/"));
  PollUntilEnd();
  Ended(HttpEnd::kNameFailed);
}

TEST(HttpContract, ARedirectIsAnAnswerLikeAnyOther) {
  std::atomic<int> stolen{0};
  LoopbackServer elsewhere([&stolen](Connection& c, int) {
    c.ReadRequest();
    ++stolen;
  });
  LoopbackServer server([&elsewhere](Connection& c, int) {
    c.ReadRequest();
    c.Send("HTTP/1.1 307 Go\r\nLocation: " + elsewhere.Url("/") + "\r\nContent-Length: 0\r\n\r\n");
    c.AwaitClose();
  });
  Run(server);
  Ended(HttpEnd::kComplete);
  LONGS_EQUAL(307, sink.result.status);
  LONGS_EQUAL(0, stolen);
  LONGS_EQUAL(0, elsewhere.accepted());
}

TEST(HttpContract, OneConnectionServesManyRequests) {
  LoopbackServer server([](Connection& c, int) {
    while (!c.ReadRequest().empty()) c.Send(Answer("{}"));
  });
  for (int i = 0; i < 3; ++i) {
    sink = {};
    Run(server);
    Ended(HttpEnd::kComplete);
  }
  LONGS_EQUAL(1, server.accepted());
}

TEST(HttpContract, AKeptConnectionThatDiedIsReplaced) {
  for (const bool reset : {false, true}) {
    sink = {};
    LoopbackServer server([reset](Connection& c, int index) {
      c.ReadRequest();
      c.Send(Answer("{}"));
      if (index == 0) {
        c.ReadRequest();  // takes the second request, and dies of it
        if (reset) c.Reset();
        return;
      }
      c.AwaitClose();
    });
    Run(server);
    Ended(HttpEnd::kComplete);
    sink = {};
    Run(server);
    Ended(HttpEnd::kComplete);
    LONGS_EQUAL(2, server.accepted());
  }
}

TEST(HttpContract, AFreshConnectionThatDiesIsNotTriedAgain) {
  LoopbackServer server([](Connection& c, int) { c.ReadRequest(); });
  Run(server);
  Ended(HttpEnd::kCutShort);
  LONGS_EQUAL(1, server.accepted());
}

TEST(HttpContract, TheNextRequestMayStartWithinOnEnd) {
  class ChainSink final : public HttpSink {
   public:
    explicit ChainSink(CurlHttp& http) : http_(&http) {}
    BodyFlow OnBody(int, std::string_view) override { return BodyFlow::kContinue; }
    void OnEnd(const HttpResult& result) override {
      if (result.end == HttpEnd::kComplete) ++done;
      if (done < 3) started_all = http_->Start(request, *this).ok() && started_all;
    }
    HttpRequest request;
    int done = 0;
    bool started_all = true;

   private:
    CurlHttp* http_;
  };
  LoopbackServer server([](Connection& c, int) {
    while (!c.ReadRequest().empty()) c.Send(Answer("{}"));
  });
  const std::string url = server.Url("/");
  ChainSink chain(http);
  chain.request = Request(url);
  CHECK(http.Start(chain.request, chain).ok());
  const Deadline deadline;
  while (chain.done < 3 && !deadline.over()) http.Poll(nullptr, 0, 100);
  LONGS_EQUAL(3, chain.done);
  CHECK(chain.started_all);
}

TEST(HttpContract, BadRequestsAreRejectedWithoutAWord) {
  const auto rejected = [this](std::string_view url, std::string_view authorization = "") {
    HttpRequest request = Request(url);
    request.authorization = authorization;
    return http.Start(request, sink).code() == Code::kReject;
  };
  CHECK(rejected(""));
  CHECK(rejected("ftp://127.0.0.1/"));
  CHECK(rejected("http://"));
  CHECK(rejected("http://user:canary@127.0.0.1/"));
  CHECK(rejected("http://127.0.0.1/a b"));
  CHECK(rejected("http://127.0.0.1/a\r\nX: y"));
  CHECK(rejected("http://127.0.0.1/", "NVX a\r\nX-Forged: y"));
  CurlHttpOptions strict = Options();
  strict.allow_http = false;
  CurlHttp https(strict);
  CHECK(https.Start(Request("http://127.0.0.1/"), sink).code() == Code::kReject);
  http.Poll(nullptr, 0, 0);
  LONGS_EQUAL(0, sink.ends);
}

TEST(HttpContract, OneAtATime) {
  LoopbackServer server([](Connection& c, int) { c.AwaitClose(); });
  const std::string url = server.Url("/");
  Start(Request(url));
  RecordingSink other;
  CHECK(http.Start(Request(url), other).code() == Code::kReject);
  LONGS_EQUAL(0, other.ends);
}

// A build that forgets DEPOTLINK_CURL_MBEDTLS would accept RSA keys of 1024 bits.
TEST(HttpContract, WithMbedTlsTheTrustIsOurs) {
  for (const auto& library : depotlink::platform::LibraryVersions()) {
    if (library.name == "mbedTLS") CHECK(depotlink::platform::TlsTrust::kForCurl);
  }
}
