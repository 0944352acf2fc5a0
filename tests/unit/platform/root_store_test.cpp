// SPDX-License-Identifier: Apache-2.0
// Which roots are picked from a file. The certificates were made for this test and vouch for
// nothing.
#ifdef DEPOTLINK_CURL_MBEDTLS

#include "platform/root_store.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "CppUTest/TestHarness.h"

using depotlink::platform::LoadRootsFor;

namespace {

const char kRootA[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBeTCCAR+gAwIBAgIUIeI47S0akZ+xuZb4S6xLsf9JLhAwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGcm9vdCBhMCAXDTI2MTEyMjAzNTA0NFoYDzIxMjYxMDI5MDM1\n"
    "MDQ0WjARMQ8wDQYDVQQDDAZyb290IGEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AARgw6R30jG++sgFdkvZApUi9jlN47O22o5wfkkmPTSPjOdQF4bN89SZiP3dmFR2\n"
    "9UwLI9s/3DOueY8b8ZO0+/IYo1MwUTAdBgNVHQ4EFgQUlfTnrFIMIOd0YVRvN5UN\n"
    "uLFcxl4wHwYDVR0jBBgwFoAUlfTnrFIMIOd0YVRvN5UNuLFcxl4wDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAknk8r/ArbdHFJr3csEnHPy+9VwhU\n"
    "JABXz6WJdKFtR4ECIGddjeAgv2fuZjIBNHmTRmlOCHdWaS0XcV0cywT7q9eb\n"
    "-----END CERTIFICATE-----\n";
const char kRootB[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBeTCCAR+gAwIBAgIUFqL7pC5knQlrAPY0D88q4TRNfbwwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGcm9vdCBiMCAXDTI2MTEyMjAzNTA0NFoYDzIxMjYxMDI5MDM1\n"
    "MDQ0WjARMQ8wDQYDVQQDDAZyb290IGIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AATbSu1rs6d9Cmsb8vpW+1dLHnZ/d9HkpjCArbLLPilP+4Xv2GB4AT58D37v3U7D\n"
    "YiXQbmpdno+yQSE36fXRFl2xo1MwUTAdBgNVHQ4EFgQUtzsMR/bc9NLih8/pMV34\n"
    "uYPCQMowHwYDVR0jBBgwFoAUtzsMR/bc9NLih8/pMV34uYPCQMowDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAz1Vn3Iyt+P22NU8qzhF3uEZAPf6T\n"
    "oCgspegc3yCahz4CIFagNYKhenDgFdYlHo9zOBATYOPKw54eBjF/rqlU+oc8\n"
    "-----END CERTIFICATE-----\n";
// Named like A, with another key.
const char kTwinOfA[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBejCCAR+gAwIBAgIUKX2NRoQLfat9YBuGHCR0vfUwNyYwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGcm9vdCBhMCAXDTI2MTEyMjAzNTA0NFoYDzIxMjYxMDI5MDM1\n"
    "MDQ0WjARMQ8wDQYDVQQDDAZyb290IGEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AARz5ED4/GdFPtr/Ak7iKdGzZlfOoZ8rnXXQFxbx5EbD4vRerPfIze6O6ZhTiGO3\n"
    "YH9fM8Ti8HcmOB7H7djDMlHGo1MwUTAdBgNVHQ4EFgQUdBwnZg5AUcdFEGztFR60\n"
    "pX6jVvowHwYDVR0jBBgwFoAUdBwnZg5AUcdFEGztFR60pX6jVvowDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA7a08UYQc2okSBCuC1KjECiSAFY2h\n"
    "uYO5Aw8Ry/oatmYCIQCTlhzvmspRsAUPLJ2o+K2JkzznZrPmUb3eijWRhIkPBw==\n"
    "-----END CERTIFICATE-----\n";
const char kLeafOfA[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBHDCBwwIUCmFvoy6mzoeK8RwLr3AyAvajIlswCgYIKoZIzj0EAwIwETEPMA0G\n"
    "A1UEAwwGcm9vdCBhMCAXDTI2MTEyMjAzNTA0NVoYDzIxMjYxMDI5MDM1MDQ1WjAP\n"
    "MQ0wCwYDVQQDDARsZWFmMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeDLFc5Eh\n"
    "+Gg1hlzla0uh+6mQo5Ypuh/gnolW6ruSYcsfqB6Ut230P29KkvQSgNEqmg7S8y6j\n"
    "ypEqw3atoKG9yDAKBggqhkjOPQQDAgNIADBFAiEAy9ggs3/hM76ScSIyFUB3f1Oa\n"
    "hxznJwfzDvoQlwy0S0UCICW1HFUW9F3PAZbNcs1vD3LyPgOyQgwF7E0ProW1jX5D\n"
    "-----END CERTIFICATE-----\n";

}  // namespace

TEST_GROUP(RootStore) {
  mbedtls_x509_crt chain;
  mbedtls_x509_crt roots;
  std::string path = "/tmp/depotlink-roots-XXXXXX";
  std::string problem;

  void setup() override {
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&roots);
    const auto* text = reinterpret_cast<const unsigned char*>(kLeafOfA);
    LONGS_EQUAL(0, mbedtls_x509_crt_parse(&chain, text, sizeof(kLeafOfA)));
    close(mkstemp(path.data()));
  }
  void teardown() override {
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&roots);
    unlink(path.c_str());
  }
  bool Load(const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    return LoadRootsFor(chain, path, roots, problem);
  }
  int Taken() const {
    int count = 0;
    for (const mbedtls_x509_crt* one = &roots; one != nullptr; one = one->next) {
      if (one->raw.len > 0) ++count;
    }
    return count;
  }
  bool Verifies() {
    std::uint32_t flags = 0;
    return mbedtls_x509_crt_verify(&chain, &roots, nullptr, nullptr, &flags, nullptr, nullptr) == 0;
  }
};

TEST(RootStore, TakesTheIssuerOnly) {
  CHECK(Load(std::string("a bundle\n") + kRootB + "between\n" + kRootA));
  LONGS_EQUAL(1, Taken());
  CHECK(Verifies());
  CHECK(problem.empty());
}

TEST(RootStore, ANameIsNoProof) {
  CHECK(Load(kTwinOfA));
  LONGS_EQUAL(1, Taken());
  CHECK_FALSE(Verifies());
}

TEST(RootStore, TwinsAreBothTaken) {
  CHECK(Load(std::string(kTwinOfA) + kRootA));
  LONGS_EQUAL(2, Taken());
  CHECK(Verifies());
}

TEST(RootStore, AForeignRootIsLeftOut) {
  CHECK(Load(kRootB));
  LONGS_EQUAL(0, Taken());
  CHECK_FALSE(Verifies());
}

TEST(RootStore, DamageIsSkipped) {
  const std::string whole(kRootB);
  const std::string cut = whole.substr(0, whole.size() / 2) + "\n-----END CERTIFICATE-----\n";
  const std::string huge =
      "-----BEGIN CERTIFICATE-----\n" + std::string(100000, 'A') + "\n-----END CERTIFICATE-----\n";
  CHECK(Load(cut + huge + "-----BEGIN CERTIFICATE-----\n????\n" + kRootA));
  LONGS_EQUAL(1, Taken());
}

TEST(RootStore, AFileWithoutCertificatesIsSaid) {
  CHECK_FALSE(Load("nothing here\n"));
  CHECK(problem.find(path) != std::string::npos);
}

TEST(RootStore, AMissingFileIsSaid) {
  CHECK_FALSE(LoadRootsFor(chain, path + ".not", roots, problem));
  CHECK(problem.find(path) != std::string::npos);
}

#endif  // DEPOTLINK_CURL_MBEDTLS
