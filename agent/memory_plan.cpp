// SPDX-License-Identifier: Apache-2.0
#include "agent/memory_plan.hpp"

#include <algorithm>

#include "agent/base/limits.hpp"
#include "agent/fleet/link_table.hpp"
#include "agent/fleet/scope.hpp"
#include "agent/fleet/table.hpp"
#include "agent/json/element_tree.hpp"
#include "agent/link_stage.hpp"
#include "agent/model/geo_link.hpp"
#include "agent/queue/segment_format.hpp"
#include "agent/queue/window.hpp"

namespace depotlink {
namespace {

constexpr std::uint64_t kPlanKib = 1024;
constexpr std::uint64_t kPlanMib = 1024 * kPlanKib;

// The whole file of the static build, which the kernel may make resident: 3,471 KiB on amd64, 3,406
// on arm64, 2,036 on armhf. tests/e2e/test_memory.py holds the file against it.
constexpr std::uint64_t kProgramBytes = (sizeof(void*) == 8 ? 3520 : 2112) * kPlanKib;
// Main thread 60 KiB, Paho's two 8 each (tests/bench/memory_map.py); getaddrinfo takes 70 of the
// resolver's (glibc 2.36, by its frames).
constexpr std::uint64_t kStackBytes = 160 * kPlanKib;
// Mbed TLS: 43 KiB at the peak of a handshake with a chain of two, record buffers of 16 and 4 KiB
// within (heaptrack); twice as much for long chains and RSA of 4096 bits.
constexpr std::uint64_t kTlsBytes = 88 * kPlanKib;
// What carries Paho's bytes to it and back: 4 KiB each way.
constexpr std::uint64_t kRelayBytes = 8 * kPlanKib;
// libcurl 97 KiB, inflate 40 (heaptrack); a header line without an end grows to 100, then the
// answer is refused (libcurl's CURL_MAX_HTTP_HEADER).
constexpr std::uint64_t kHttpBytes = (97 + 40 + 100) * kPlanKib;
// A value in the element reader's table; texts with escapes once more, without them.
constexpr std::uint64_t kJsonValueBytes = sizeof(json::ElementTree::Node);
// Paho: 145 KiB with 32 publishes of 450 bytes in flight (heaptrack); what these carry counts with
// the windows below, of which each byte can be in flight.
constexpr std::uint64_t kMqttBytes = 112 * kPlanKib;
// What libraries take at the start (4 KiB of stdio, 73 of libstdc++'s for emergencies, of which a
// page is touched), config and secrets while they are read, logs, and pages that are half used.
constexpr std::uint64_t kOtherBytes = 64 * kPlanKib;
// Taken at the start, and never touched unless the library is traced or memory ends: Paho's log,
// libstdc++'s reserve.
constexpr std::uint64_t kUntouchedBytes = (125 + 73) * kPlanKib;
// A segment's entry, a refused record's text, a late one's payload, a record each; two entries of
// the journal.
constexpr std::uint64_t kQueueRecords = 5;

constexpr std::uint64_t kWindows =
    limits::kWindowBytes + limits::kBacklogWindowBytes +
    (limits::kWindowRecords + limits::kBacklogWindowRecords) * queue::Window::kEntryBytes;

// A scope of trackers or of links names so many at most; one of groups any number.
std::uint32_t TrackersOf(const settings::Settings& settings) {
  const settings::Scope& scope = settings.scope;
  std::size_t most = settings.memory.max_trackers;
  if (!scope.links.empty()) most = std::min(most, scope.links.size() * limits::kLinkTrackers);
  if (!scope.trackers.empty() && scope.groups.empty()) most = std::min(most, scope.trackers.size());
  return static_cast<std::uint32_t>(most);
}

std::uint64_t TlsBytes(const settings::Settings& settings) {
  const bool api = settings.api.url.compare(0, 8, "https://") == 0;
  const bool broker = settings.mqtt.scheme == settings::MqttScheme::kMqtts;
  return (api ? kTlsBytes : 0) + (broker ? kTlsBytes + kRelayBytes : 0);
}

std::uint64_t LinkBytes(const settings::Settings& settings) {
  if (settings.poll.links_ms == 0) return 0;
  return sizeof(LinkStage) + limits::kMaxLinks * sizeof(fleet::KnownLink) +
         settings.scope.links.size() * limits::kLinkTrackers * fleet::Scope::kSharedBytes;
}

std::uint64_t ExtraBytes(const settings::Settings& settings) {
  if (settings.extra.empty()) return 0;
  const bool split = std::any_of(settings.extra.begin(), settings.extra.end(),
                                 [](const settings::Extra& extra) { return extra.split; });
  return limits::kExtraBytes + (split ? limits::kExtraItems * limits::kExtraItemBytes : 0);
}

// A block that is read and one that is written, each plain, one without its repeats, and one
// sealed.
std::uint64_t QueueBytes(const settings::Settings& settings) {
  std::uint64_t bytes =
      2 * queue::kBlockRawBytes + queue::kBlockMostBytes + queue::kFoldedMostBytes +
      kQueueRecords * (limits::kPayloadBytes + limits::kTopicBytes) + limits::kCompressorBytes;
  if (settings.queue.keep_newest) {
    bytes += limits::NewestTableBytes(settings.memory.max_trackers) + 2 * queue::kBlockRawBytes;
  }
  return bytes;
}

std::uint64_t BytesWith(settings::Settings& settings, std::uint32_t max_trackers) {
  settings.memory.max_trackers = max_trackers;
  return PlanMemory(settings).bytes;
}

// The largest fleet that the budget has room for; 0: none.
std::uint32_t MostTrackers(settings::Settings settings) {
  std::uint32_t fits = 0;
  std::uint32_t above = settings.memory.max_trackers;
  while (above - fits > 1) {
    const std::uint32_t middle = fits + (above - fits) / 2;
    (BytesWith(settings, middle) <= settings.memory.budget_bytes ? fits : above) = middle;
  }
  return fits;
}

}  // namespace

MemoryPlan PlanMemory(const settings::Settings& settings) {
  MemoryPlan plan;
  plan.trackers = TrackersOf(settings);
  plan.parts = {{
      {"program, its constants and data", kProgramBytes},
      {"trackers and their labels", fleet::Table::BytesFor(plan.trackers)},
      {"one element of an answer, and its JSON",
       2 * limits::kElementBytes + limits::kElementValues * kJsonValueBytes},
      {"HTTP and gzip", kHttpBytes},
      {"TLS", TlsBytes(settings)},
      {"MQTT",
       kMqttBytes + limits::kWindowBytes + limits::kBacklogWindowBytes + limits::kArrivalBytes},
      {"records on their way", kWindows},
      {"queue on disk", QueueBytes(settings)},
      {"geo links", LinkBytes(settings)},
      {"extras", ExtraBytes(settings)},
      {"a page of the snapshot", settings.publish.snapshots ? settings.publish.page_bytes : 0},
      {"stacks, groups and the rest",
       kStackBytes + kOtherBytes + limits::kMaxGroups * sizeof(model::TrackerGroup)},
  }};
  for (const MemoryPart& part : plan.parts) plan.bytes += part.bytes;
  return plan;
}

std::string MemoryFault(const settings::Settings& settings) {
  const MemoryPlan plan = PlanMemory(settings);
  const std::uint64_t budget = settings.memory.budget_bytes;
  if (plan.bytes <= budget) return {};
  const std::uint32_t most = MostTrackers(settings);
  const std::uint64_t enough = (plan.bytes + kPlanMib - 1) / kPlanMib;
  return "a budget of " + std::to_string(InKib(budget)) + " KiB is less than the " +
         std::to_string(InKib(plan.bytes)) + " KiB that are planned for " +
         std::to_string(plan.trackers) + " trackers; raise memory.budget to at least \"" +
         std::to_string(enough) + "MiB\"" +
         (most == 0 ? std::string()
                    : ", or lower memory.max_trackers to at most " + std::to_string(most));
}

std::uint64_t HeapCeiling(const settings::Settings& settings) {
  const std::uint64_t fixed = kProgramBytes + kStackBytes;
  const std::uint64_t unused = fleet::Table::BytesFor(settings.memory.max_trackers) -
                               fleet::Table::BytesFor(TrackersOf(settings));
  const std::uint64_t budget = std::max(settings.memory.budget_bytes, fixed);
  return budget - fixed + unused + kUntouchedBytes;
}

}  // namespace depotlink
