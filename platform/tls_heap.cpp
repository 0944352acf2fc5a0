// SPDX-License-Identifier: Apache-2.0
#include "platform/tls_heap.hpp"

#include <mbedtls/platform.h>

#include <cstddef>
#include <cstdlib>

#include "platform/heap_scope.hpp"

namespace depotlink::platform {
namespace {

[[maybe_unused]] void* TakeForTls(std::size_t count, std::size_t bytes) {
  const HeapScope scope(HeapPart::kTls);
  return std::calloc(count, bytes);
}

[[maybe_unused]] void GiveBackFromTls(void* block) {
  const HeapScope scope(HeapPart::kTls);
  std::free(block);
}

}  // namespace

void CountTlsHeap() {
#ifdef MBEDTLS_PLATFORM_MEMORY
  mbedtls_platform_set_calloc_free(TakeForTls, GiveBackFromTls);
#endif
}

}  // namespace depotlink::platform
