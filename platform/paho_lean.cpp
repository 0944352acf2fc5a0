// SPDX-License-Identifier: Apache-2.0

// Stands between the files of Paho's C library (linker option --wrap; static builds only). As
// Debian builds it, each of its functions notes its name in a list of the thread's calls as it is
// entered and left, under a lock and by copying it, and each block of memory is entered in a tree,
// which takes a block of its own: aids to whoever looks for a fault in Paho, which its own option
// PAHO_HIGH_PERFORMANCE leaves out, and which nothing of ours can show. They take a good third of
// what a publish costs. What Paho asks for goes to the allocator as it is, which counts and bounds
// it (counted_heap.hpp). Called on all threads; a Paho with that option does not ask for these.

#include <cstddef>
#include <cstdlib>

// The linker's names.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {

// The names and places in Paho's sources are for its lists alone; likewise the levels, an enum.
void __wrap_StackTrace_entry(const char* name, int line, int level);
void __wrap_StackTrace_exit(const char* name, int line, void* result, int level);
void* __wrap_mymalloc(char* file, int line, std::size_t bytes);
void* __wrap_myrealloc(char* file, int line, void* block, std::size_t bytes);
void __wrap_myfree(char* file, int line, void* block);

void __wrap_StackTrace_entry(const char* /*name*/, int /*line*/, int /*level*/) {}

void __wrap_StackTrace_exit(const char* /*name*/, int /*line*/, void* /*result*/, int /*level*/) {}

// NOLINTBEGIN(cppcoreguidelines-no-malloc): it is malloc that a C library asks for
void* __wrap_mymalloc(char* /*file*/, int /*line*/, std::size_t bytes) {
  return std::malloc(bytes);
}

void* __wrap_myrealloc(char* /*file*/, int /*line*/, void* block, std::size_t bytes) {
  return std::realloc(block, bytes);
}

void __wrap_myfree(char* /*file*/, int /*line*/, void* block) {
  std::free(block);
}
// NOLINTEND(cppcoreguidelines-no-malloc)

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
