// SPDX-License-Identifier: Apache-2.0
#include "platform/curl_heap.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "platform/heap_scope.hpp"

namespace depotlink::platform {
namespace {

void* TakeForCurl(std::size_t bytes) {
  const HeapScope scope(HeapPart::kHttp);
  return std::malloc(bytes);
}

void GiveBackFromCurl(void* block) {
  const HeapScope scope(HeapPart::kHttp);
  std::free(block);
}

void* ResizeForCurl(void* block, std::size_t bytes) {
  const HeapScope scope(HeapPart::kHttp);
  return std::realloc(block, bytes);
}

void* TakeZeroedForCurl(std::size_t count, std::size_t bytes) {
  const HeapScope scope(HeapPart::kHttp);
  return std::calloc(count, bytes);
}

char* CopyForCurl(const char* text) {
  const std::size_t bytes = std::strlen(text) + 1;
  void* copy = TakeForCurl(bytes);
  return copy == nullptr ? nullptr : static_cast<char*>(std::memcpy(copy, text, bytes));
}

}  // namespace

CURLcode InitCurl() {
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, TakeForCurl, GiveBackFromCurl, ResizeForCurl,
                              CopyForCurl, TakeZeroedForCurl);
}

}  // namespace depotlink::platform
