// SPDX-License-Identifier: Apache-2.0
#include "platform/linux_system_info.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

#include "platform/counted_heap.hpp"

namespace depotlink::platform {
namespace {

// `Name:<blanks>12345 kB` (proc_pid_status(5)).
std::uint64_t FieldKib(std::string_view status, std::string_view name) {
  std::size_t at = status.find(name);
  if (at == std::string_view::npos) return 0;
  at = status.find_first_of("0123456789", at + name.size());
  if (at == std::string_view::npos) return 0;
  std::uint64_t kib = 0;
  std::from_chars(status.data() + at, status.data() + status.size(), kib);
  return kib;
}

ports::HeapPartUse Part(const HeapUse& heap, HeapPart part) {
  const PartUse& use = heap.parts[static_cast<std::size_t>(part)];
  return {use.live_bytes / 1024, use.peak_bytes / 1024};
}

}  // namespace

ports::MemoryUse LinuxSystemInfo::Memory() {
  std::array<char, 4096> text{};
  const HeapUse heap = ReadHeap();
  ports::MemoryUse use;
  use.heap_kib = heap.live_bytes / 1024;
  use.heap_peak_kib = heap.peak_bytes / 1024;
  use.agent = Part(heap, HeapPart::kAgent);
  use.http = Part(heap, HeapPart::kHttp);
  use.tls = Part(heap, HeapPart::kTls);
  use.rest = Part(heap, HeapPart::kRest);
  use.refused = heap.refused;
  const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return use;
  const ssize_t bytes = read(fd, text.data(), text.size());
  close(fd);
  if (bytes <= 0) return use;
  const std::string_view status(text.data(), static_cast<std::size_t>(bytes));
  use.resident_kib = FieldKib(status, "VmRSS:");
  use.peak_kib = FieldKib(status, "VmHWM:");
  return use;
}

}  // namespace depotlink::platform
