// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every bound in one place. Whatever can grow is held by one of these; the plan adds them up.

#include <cstddef>
#include <cstdint>

namespace depotlink::limits {

// Navixy allows at most 25,000 devices an account; an index of 16 bits reaches further.
inline constexpr std::uint32_t kMaxTrackers = 60000;
inline constexpr std::uint32_t kDefaultMaxTrackers = 25000;
inline constexpr std::size_t kMaxGroups = 512;

// Text from strangers, in bytes of UTF-8. Navixy: group titles have 1 to 60 characters.
inline constexpr std::size_t kLabelBytes = 192;
inline constexpr std::size_t kGroupTitleBytes = 192;
inline constexpr std::size_t kModelBytes = 64;
inline constexpr std::size_t kNetworkNameBytes = 64;
// Room for labels a tracker, on average; what does not fit is published without its label.
inline constexpr std::size_t kLabelRoomPerTracker = 24;

// Gateways that share an account.
inline constexpr std::uint32_t kShards = 64;

// tracker/get_states: at most 2000 ids a request (vendor, tracker/get_states, Parameters). Smaller
// batches keep what one answer can throw at the window within the window.
inline constexpr std::size_t kMaxBatch = 2000;
inline constexpr std::size_t kDefaultBatch = 500;

// Geo links. Navixy: at most 10,000 an account, 100 trackers a link, descriptions of 255
// characters; of an alias no bound is documented. kMaxLinks: that are published; those that show
// something come first. kScopeLinks: that a scope names, each of which is kept whole (21 KiB).
inline constexpr std::size_t kAccountLinks = 10000;
inline constexpr std::size_t kMaxLinks = 1000;
inline constexpr std::size_t kLinkPage = 100;
inline constexpr std::size_t kLinkTrackers = 100;
inline constexpr std::size_t kLinkDescriptionBytes = 512;
inline constexpr std::size_t kAliasBytes = 192;
inline constexpr std::size_t kScopeLinks = 32;
inline constexpr std::size_t kScopeTrackers = 4000;

// The splitter: one element held at a time. The largest that is documented is a geo link of 100
// trackers: 330 bytes each.
inline constexpr std::size_t kElementBytes = 32 * 1024;
inline constexpr std::size_t kKeyBytes = 64;
inline constexpr int kJsonDepth = 24;
// Values in one element, objects and lists included: 16 bytes each, and 32 KiB of text could hold
// 16,000. A link of 100 trackers has about 1,500.
inline constexpr std::size_t kElementValues = 3072;

// A state's lists and maps.
inline constexpr std::size_t kMaxIo = 64;
inline constexpr std::size_t kMaxAdditional = 48;
inline constexpr std::size_t kAdditionalTextBytes = 2048;

// A record on its way to the bus.
inline constexpr std::size_t kTopicBytes = 256;
inline constexpr std::size_t kPayloadBytes = 8 * 1024;
inline constexpr std::size_t kWindowBytes = 128 * 1024;
inline constexpr std::size_t kWindowRecords = 512;
// What was read back from the disk, on its way.
inline constexpr std::size_t kBacklogWindowBytes = 32 * 1024;
inline constexpr std::size_t kBacklogWindowRecords = 128;
// Publishes in flight. Paho's own maxInflight must stay above it (it stalls for a second when an
// application has more outstanding).
inline constexpr std::size_t kInFlight = 32;

// Topics that have arrived and wait to be looked at, while the agent looks what stands retained.
inline constexpr std::size_t kArrivalBytes = 32 * 1024;

// queue.drop "all_but_newest", and only there: which record of each tracker is the newest, a place
// of a table that is filled to four fifths at most, with a map of what is kept; a block that is
// read and one that is written.
inline constexpr std::size_t kNewestPlaceBytes = 12;
inline constexpr std::size_t kNewestParts = 4096;
constexpr std::size_t NewestPlaces(std::uint32_t trackers) {
  return std::size_t{trackers} + trackers / 4 + 2;
}
constexpr std::size_t NewestTableBytes(std::uint32_t trackers) {
  return NewestPlaces(trackers) * kNewestPlaceBytes + kNewestParts;
}

// zlib's state for the queue's blocks, taken at the start.
inline constexpr std::size_t kCompressorBytes = 72 * 1024;

// HTTP: bytes of one decoded answer. 25,000 trackers in one tracker/list weigh about 12 MB.
inline constexpr std::uint64_t kResponseBytes = 64ULL * 1024 * 1024;

// Files.
inline constexpr std::size_t kConfigFileBytes = 64 * 1024;
inline constexpr std::size_t kSecretFileBytes = 4 * 1024;

// Extra polls. A whole answer stands in one message, in a buffer that is there only where extras
// are configured; an element of a list in one of its own. What is known of those on the bus is 24
// bytes each, and is taken as it is needed.
inline constexpr std::size_t kExtras = 16;
inline constexpr std::size_t kExtraBytes = 32 * 1024;
inline constexpr std::size_t kExtraItems = 10000;
inline constexpr std::size_t kExtraItemBytes = 24;
inline constexpr std::size_t kExtraTopicCharacters = 64;
inline constexpr std::size_t kExtraParamsBytes = 4 * 1024;
// Elements a page, and pages a poll.
inline constexpr std::uint32_t kExtraPage = 100;
inline constexpr std::uint32_t kExtraPages = 100;

// Snapshots: bytes of a page, at most and at least (a state has room on any), and pages. The
// largest account takes some 550 of the default size.
inline constexpr std::size_t kSnapshotBytes = 32 * 1024;
inline constexpr std::size_t kSnapshotLeastBytes = 9 * 1024;
inline constexpr std::uint64_t kSnapshotPages = 4096;

// Missed positions: spans of time that are kept apart, and the file that names them, three numbers
// of at most 20 digits each.
inline constexpr std::size_t kGaps = 8;
inline constexpr std::size_t kGapsFileBytes = (kGaps + 1) * 64;

// The pin of a public key: `sha256//` and 32 bytes in base64.
inline constexpr std::size_t kPinCharacters = 8 + 44;
// A login, and its password.
inline constexpr std::size_t kLoginCharacters = 256;
inline constexpr std::size_t kLoginBytes = 4 * kLoginCharacters;

static_assert(kElementBytes + kPayloadBytes + kWindowBytes + kAdditionalTextBytes < 256 * 1024,
              "the fixed buffers must leave room for TLS within the budget's floor");
static_assert(kExtraBytes + kExtraItemBytes * kExtraItems <= 272 * 1024,
              "what extras take at most must stay a small part of the budget's floor");
static_assert(kPayloadBytes + 512 <= kSnapshotLeastBytes, "a state, and what stands around it");
static_assert(kSnapshotBytes + kTopicBytes <= kWindowBytes / 2,
              "a page leaves room to live records");
static_assert(NewestTableBytes(kDefaultMaxTrackers) + 32 * 1024 <= 412 * 1024,
              "what a full queue takes to keep the newest must fit beside a fleet of 25,000");

}  // namespace depotlink::limits
