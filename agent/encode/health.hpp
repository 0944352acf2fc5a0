// SPDX-License-Identifier: Apache-2.0
#pragma once

// The payload of `health`: how the agent itself is doing, once a minute. At most two levels deep;
// README.md here has the table. Counters run since the start that `run` names.

#include <cstdint>
#include <string_view>

#include "agent/base/time.hpp"
#include "agent/json/json_writer.hpp"
#include "agent/model/tracker_state.hpp"

namespace depotlink::encode {

enum class ApiState : std::uint8_t {
  kStarting,   // no answer yet
  kOk,         // the last request succeeded
  kFailing,    // the last request failed; it is retried
  kCredential  // the credential is refused: a person must act
};

enum class BrokerState : std::uint8_t {
  kStarting,     // not tried yet
  kConnected,    // CONNACK with success
  kUnreachable,  // no connection; it is retried
  kRefused       // the broker said no: a person must act
};

struct ApiHealth {
  ApiState state = ApiState::kStarting;
  model::Maybe<WallTime> last_success_time;
  std::string_view last_error;  // for people; empty: none. Never a secret.
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t bytes_in = 0;  // on the wire
  std::uint64_t bytes_out = 0;
  std::string_view credential;  // ok, starting, refused, second_factor, blocked, limited
};

// The credential of the admin panel's API. All empty: there is none.
struct PanelHealth {
  std::string_view credential;  // as in ApiHealth
  std::string_view last_error;  // for people; empty: none
};

// Geo links, where they are polled.
struct LinksHealth {
  bool polled = false;
  std::uint64_t known = 0;
  std::uint64_t active = 0;
  std::uint64_t left_out = 0;   // more than are published
  std::uint64_t refused = 0;    // of the scope: share nothing, though not by their status
  std::uint64_t withheld = 0;   // records that were not sent, since the share had ended before
  std::string_view last_error;  // for people; empty: none
};

struct BrokerHealth {
  BrokerState state = BrokerState::kStarting;
  std::string_view protocol;    // "5" or "3.1.1"; empty: not connected yet
  std::uint64_t connects = 0;   // that succeeded
  std::string_view last_error;  // for people; empty: none
  std::uint64_t takeovers = 0;  // by another client with the same name
};

// Which part of the account; left out where it is the whole.
struct ShardHealth {
  std::uint64_t index = 1;
  std::uint64_t count = 1;
};

struct RecordCounts {
  std::uint64_t published = 0;  // handed to the broker, repeats included
  std::uint64_t acked = 0;      // acknowledged with a good reason code
  std::uint64_t refused = 0;    // set aside because the broker would not have them
  std::uint64_t dropped = 0;    // by the queue's limits
  std::uint64_t waiting = 0;    // now: in the window and the queue
};

// The queue on disk and in memory. Empty texts are left out.
struct QueueHealth {
  std::string_view disk;        // ok, starting, full, refused, failing
  std::string_view last_error;  // for people; empty: none
  bool journal = true;          // what is in memory outlives a crash of the agent
  std::uint64_t on_disk = 0;    // records
  std::uint64_t bytes = 0;      // on disk
  model::Maybe<WallTime> oldest_time;
  std::uint64_t locked = 0;     // records sealed with another key
  std::uint64_t set_aside = 0;  // damaged segments
  // Records lost, by reason; `dropped` in RecordCounts is their sum.
  std::uint64_t lost_memory = 0;
  std::uint64_t lost_quota = 0;
  std::uint64_t lost_age = 0;
  std::uint64_t lost_damaged = 0;
  std::uint64_t out_of_scope = 0;  // recorded for a wider scope than there is now
};

// Extra polls; left out where there are none.
struct ExtrasHealth {
  std::uint64_t count = 0;
  std::uint64_t failing = 0;      // not answered, not permitted, or not published as they should be
  std::string_view failing_path;  // of the first of them
  std::string_view last_error;    // why, for people
};

// Positions that were missed and are read back; left out where that is switched off.
struct BackfillHealth {
  bool on = false;
  std::uint64_t gaps = 0;           // not worked off yet
  std::uint64_t trackers_left = 0;  // of the gap at hand
  std::uint64_t points = 0;         // published
  std::uint64_t refused = 0;        // trackers that the API would not answer for
};

// Pages of states; left out where they are off.
struct SnapshotHealth {
  bool on = false;
  std::uint64_t rounds = 0;    // published whole
  std::uint64_t pages = 0;     // of the last one of them
  std::uint64_t states = 0;    // likewise
  std::uint64_t left_out = 0;  // states that are larger than a page
  std::string_view last_error;
};

// KiB of the heap that a part has, now and at most.
struct HeapPartHealth {
  std::uint64_t kib = 0;
  std::uint64_t peak_kib = 0;
};

struct HeapHealth {
  HeapPartHealth agent;
  HeapPartHealth http;
  HeapPartHealth tls;
  HeapPartHealth rest;  // MQTT and the C library
};

// The views must stay valid during EncodeHealth.
struct HealthReport {
  std::string_view site;
  WallTime time;
  bool time_trusted = true;  // false while the box's clock may be wrong: then `time` is left out
  std::string_view run;
  std::uint64_t uptime_s = 0;
  std::string_view version;
  ApiHealth api;
  PanelHealth panel;
  BrokerHealth broker;
  LinksHealth links;
  std::uint64_t trackers = 0;           // now, in scope
  std::uint64_t trackers_left_out = 0;  // beyond memory.max_trackers, when they were last listed
  ShardHealth shard;
  std::uint64_t polls = 0;
  model::Maybe<std::uint64_t> lag_s;  // from the device's report to its publication, the latest
  RecordCounts records;
  QueueHealth queue;
  ExtrasHealth extras;
  BackfillHealth backfill;
  SnapshotHealth snapshot;
  std::uint64_t skipped_elements = 0;  // elements of an answer that could not be read
  std::uint64_t ignored_fields = 0;    // fields of read elements that could not be used
  std::uint64_t memory_rss_kib = 0;    // 0: unknown
  std::uint64_t memory_peak_kib = 0;
  std::uint64_t memory_heap_kib = 0;  // 0: not counted
  std::uint64_t memory_heap_peak_kib = 0;
  HeapHealth heap;                   // left out where memory_heap_kib is 0
  std::uint64_t memory_refused = 0;  // allocations that failed, so that the budget holds
  std::uint64_t memory_planned_kib = 0;
  std::uint64_t memory_budget_kib = 0;
};

// Writes one whole payload; false where it did not fit the writer's buffer. Errors are cut at
// kMaxErrorBytes.
inline constexpr std::size_t kMaxErrorBytes = 256;
// Room for any report: seven errors full of quotes, and all numbers at their largest.
inline constexpr std::size_t kHealthBytes = 7168;
[[nodiscard]] bool EncodeHealth(const HealthReport& report, json::JsonWriter& out);

std::string_view ApiStateName(ApiState state);
std::string_view BrokerStateName(BrokerState state);

}  // namespace depotlink::encode
