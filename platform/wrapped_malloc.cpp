// SPDX-License-Identifier: Apache-2.0

// Every way to glibc's allocator leads through here (linker option --wrap; static builds only, in
// which each library and most of the C library itself is linked with the program, and so is wrapped
// as well). A block counts with what it can hold and the allocator's word before it. operator new,
// of which those for arrays and std::nothrow are made, takes in the agent's name.

#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "platform/counted_heap.hpp"

using depotlink::platform::HeapHasRoom;
using depotlink::platform::HeapPart;
using depotlink::platform::HeapScope;
using depotlink::platform::NoteHeap;

namespace {

std::ptrdiff_t SizeOf(void* block) {
  if (block == nullptr) return 0;
  return static_cast<std::ptrdiff_t>(malloc_usable_size(block) + sizeof(std::size_t));
}

void* Taken(void* block) {
  if (block != nullptr) NoteHeap(SizeOf(block));
  return block;
}

void* Refused() {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace

// The linker's names.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {

void* __real_malloc(std::size_t bytes);
void* __real_calloc(std::size_t count, std::size_t bytes);
void* __real_realloc(void* block, std::size_t bytes);
void __real_free(void* block);
void* __real_memalign(std::size_t alignment, std::size_t bytes);
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes);
int __real_posix_memalign(void** block, std::size_t alignment, std::size_t bytes);

void* __wrap_malloc(std::size_t bytes);
void* __wrap_calloc(std::size_t count, std::size_t bytes);
void* __wrap_realloc(void* block, std::size_t bytes);
void __wrap_free(void* block);
void* __wrap_memalign(std::size_t alignment, std::size_t bytes);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes);
int __wrap_posix_memalign(void** block, std::size_t alignment, std::size_t bytes);

void* __wrap_malloc(std::size_t bytes) {
  return HeapHasRoom(bytes) ? Taken(__real_malloc(bytes)) : Refused();
}

void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  std::size_t all = 0;
  if (__builtin_mul_overflow(count, bytes, &all)) return Refused();
  return HeapHasRoom(all) ? Taken(__real_calloc(count, bytes)) : Refused();
}

void* __wrap_realloc(void* block, std::size_t bytes) {
  const std::ptrdiff_t before = SizeOf(block);
  const auto had = static_cast<std::size_t>(before);
  if (bytes > had && !HeapHasRoom(bytes - had)) return Refused();
  void* after = __real_realloc(block, bytes);
  if (after != nullptr) {
    NoteHeap(SizeOf(after) - before);
  } else if (bytes == 0) {
    NoteHeap(-before);  // glibc has freed it
  }
  return after;
}

void __wrap_free(void* block) {
  if (block == nullptr) return;
  NoteHeap(-SizeOf(block));
  __real_free(block);
}

void* __wrap_memalign(std::size_t alignment, std::size_t bytes) {
  return HeapHasRoom(bytes) ? Taken(__real_memalign(alignment, bytes)) : Refused();
}

void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return HeapHasRoom(bytes) ? Taken(__real_aligned_alloc(alignment, bytes)) : Refused();
}

int __wrap_posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  if (!HeapHasRoom(bytes)) return ENOMEM;
  const int error = __real_posix_memalign(block, alignment, bytes);
  if (error == 0) Taken(*block);
  return error;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

void* operator new(std::size_t bytes) {
  const HeapScope scope(HeapPart::kAgent);
  void* block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept {
  const HeapScope scope(HeapPart::kAgent);
  std::free(block);
}

void operator delete(void* block, std::size_t) noexcept {
  operator delete(block);
}
