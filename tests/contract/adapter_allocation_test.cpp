// SPDX-License-Identifier: Apache-2.0
// The adapters of the queue allocate nothing where all goes well, in the C library neither. Counted
// by the address sanitizer, which sees every allocation of the process; built with it only.

#include <cstddef>
#include <filesystem>
#include <string>

#include "platform/deflate_compressor.hpp"
#include "platform/mbedtls_cipher.hpp"
#include "platform/posix_storage.hpp"
#include "tests/contract/system_calls.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::platform::DeflateCompressor;
using depotlink::platform::MbedtlsCipher;
using depotlink::platform::PosixStorage;
using depotlink::ports::FileEntry;

// Of the sanitizer's <sanitizer/allocator_interface.h>, which Debian's GCC comes without.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             size_t),
                                                         void (*free_hook)(const volatile void*));

namespace {

std::size_t allocations = 0;
bool counting = false;

void OnAllocation(const volatile void*, size_t) {
  if (counting) ++allocations;
}
void OnFree(const volatile void*) {}

// Once: each hook that is put in counts by itself.
bool Hooked() {
  static const int hooked = __sanitizer_install_malloc_and_free_hooks(OnAllocation, OnFree);
  return hooked != 0;
}

// What `work` allocates. It must check nothing: a check may allocate.
template <typename Work>
std::size_t AllocationsOf(const Work& work) {
  CHECK(Hooked());
  allocations = 0;
  counting = true;
  work();
  counting = false;
  return allocations;
}

class Count : public depotlink::ports::FileVisitor {
 public:
  void OnFile(const FileEntry&) override { ++files; }
  int files = 0;
};

}  // namespace

TEST_GROUP(AdapterAllocation){};

TEST(AdapterAllocation, TheCounterCounts) {
  LONGS_EQUAL(1, AllocationsOf([] { delete new std::string(); }));
}

TEST(AdapterAllocation, Storage) {
  std::string folder = std::filesystem::temp_directory_path() / "depotlink-storage-XXXXXX";
  CHECK(mkdtemp(folder.data()) != nullptr);
  PosixStorage disk;
  CHECK(disk.Open(folder).ok());
  const std::string name = "a-name-too-long-for-the-small-string";
  const std::string text(10000, 'x');
  char out[100];
  bool ok = true;
  Count count;
  depotlink::contract::Calls().full_syncs.reserve(100);  // the seam's own notes
  LONGS_EQUAL(0, AllocationsOf([&] {
                const int file = disk.Create(name).value();
                ok = ok && disk.WriteAt(file, 0, text).ok() && disk.Sync(file).ok();
                ok = ok && disk.ReadAt(file, 1, out, sizeof out).value() == sizeof out;
                ok = ok && disk.Truncate(file, 10).ok() && disk.Size(file).value() == 10;
                disk.Close(file);
                disk.Close(disk.OpenRead(name).value());
                disk.Close(disk.OpenWrite(name).value());
                ok = ok && disk.Rename(name, "b").ok() && disk.List(count).ok() &&
                     disk.FreeBytes().ok();
                ok = ok && disk.Remove("b").ok() && disk.SyncDirectory().ok();
              }));
  CHECK(ok);
  LONGS_EQUAL(1, count.files);
  std::filesystem::remove_all(folder);
}

TEST(AdapterAllocation, Cipher) {
  MbedtlsCipher cipher;
  depotlink::ports::CipherKey key;
  const depotlink::ports::CipherNonce nonce{};
  std::string place(1016, 'x');
  const auto seal_and_open = [&] {
    return cipher.Seal(key, nonce, "associated", {place.data(), 1000}, place.data()).ok() &&
           cipher.Open(key, nonce, "associated", place, place.data());
  };
  CHECK(seal_and_open());  // takes the key in
  bool ok = true;
  LONGS_EQUAL(0, AllocationsOf([&] {
                ok = ok && seal_and_open() && seal_and_open();
                ok = ok && cipher.RandomBytes(place.data(), 100).ok();
              }));
  CHECK(ok);
}

TEST(AdapterAllocation, Compressor) {
  DeflateCompressor compressor;
  const std::string text(32768, 'x');
  std::string packed(1000, '\0');
  std::string again(text.size(), '\0');
  bool ok = true;
  LONGS_EQUAL(
      0, AllocationsOf([&] {
        for (int round = 0; round < 3; ++round) {
          const std::size_t bytes = compressor.Pack(DeflateCompressor::Effort::kFull, "dictionary",
                                                    text, packed.data(), packed.size());
          ok = ok && bytes > 0 &&
               compressor.Pack(DeflateCompressor::Effort::kFull, "", text, packed.data(), 3) == 0;
          ok = ok && compressor.Pack(DeflateCompressor::Effort::kFull, "dictionary", text,
                                     packed.data(), packed.size()) == bytes;
          ok = ok &&
               compressor.Unpack("dictionary", {packed.data(), bytes}, again.data(), again.size());
        }
      }));
  CHECK(ok && again == text);
}
