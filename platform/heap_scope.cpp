// SPDX-License-Identifier: Apache-2.0
#include "platform/heap_scope.hpp"

#include <utility>

namespace depotlink::platform {
namespace {

// Written here only, where no compiler sees what is called meanwhile: to it malloc() is known to
// read no variable of ours, and a store before it that is taken back after it to be of no use.
thread_local HeapPart current = HeapPart::kRest;

}  // namespace

HeapScope::HeapScope(HeapPart part) : before_(std::exchange(current, part)) {}

HeapScope::~HeapScope() {
  current = before_;
}

HeapPart HeapScope::Current() {
  return current;
}

}  // namespace depotlink::platform
