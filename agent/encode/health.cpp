// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/health.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/base/fixed_string.hpp"

namespace depotlink::encode {
namespace {

using json::JsonWriter;

void Text(JsonWriter& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out.Key(name).Text(text);
}

// Control characters, which JSON writes as six, give way to a space: so the whole has a bound.
void ErrorText(JsonWriter& out, std::string_view text) {
  const FixedString<kMaxErrorBytes> cut(text);
  std::array<char, kMaxErrorBytes> plain{};
  std::transform(cut.view().begin(), cut.view().end(), plain.begin(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  });
  Text(out, "last_error", {plain.data(), cut.size()});
}

void Kib(JsonWriter& out, std::string_view name, std::uint64_t kib) {
  if (kib > 0) out.Key(name).Uint(kib);
}

void Api(JsonWriter& out, const ApiHealth& api) {
  out.Key("api").BeginObject();
  out.Key("state").Text(ApiStateName(api.state));
  if (api.last_success_time.has) {
    out.Key("last_success_time").Time(api.last_success_time.value, /*with_ms=*/false);
  }
  Text(out, "credential", api.credential);
  ErrorText(out, api.last_error);
  out.Key("requests").Uint(api.requests);
  out.Key("errors").Uint(api.errors);
  out.Key("bytes_in").Uint(api.bytes_in);
  out.Key("bytes_out").Uint(api.bytes_out);
  out.EndObject();
}

void Panel(JsonWriter& out, const PanelHealth& panel) {
  if (panel.credential.empty()) return;
  out.Key("panel").BeginObject();
  out.Key("credential").Text(panel.credential);
  ErrorText(out, panel.last_error);
  out.EndObject();
}

void Links(JsonWriter& out, const LinksHealth& links) {
  if (!links.polled) return;
  out.Key("links").BeginObject();
  out.Key("known").Uint(links.known);
  out.Key("active").Uint(links.active);
  out.Key("left_out").Uint(links.left_out);
  out.Key("refused").Uint(links.refused);
  out.Key("withheld").Uint(links.withheld);
  ErrorText(out, links.last_error);
  out.EndObject();
}

void Broker(JsonWriter& out, const BrokerHealth& broker) {
  out.Key("broker").BeginObject();
  out.Key("state").Text(BrokerStateName(broker.state));
  Text(out, "protocol", broker.protocol);
  ErrorText(out, broker.last_error);
  out.Key("connects").Uint(broker.connects);
  if (broker.takeovers > 0) out.Key("takeovers").Uint(broker.takeovers);
  out.EndObject();
}

void Shard(JsonWriter& out, const ShardHealth& shard) {
  if (shard.count == 1) return;
  out.Key("shard").BeginObject();
  out.Key("index").Uint(shard.index);
  out.Key("count").Uint(shard.count);
  out.EndObject();
}

void Records(JsonWriter& out, const RecordCounts& records) {
  out.Key("records").BeginObject();
  out.Key("published").Uint(records.published);
  out.Key("acked").Uint(records.acked);
  out.Key("refused").Uint(records.refused);
  out.Key("dropped").Uint(records.dropped);
  out.Key("waiting").Uint(records.waiting);
  out.EndObject();
}

void Queue(JsonWriter& out, const QueueHealth& queue) {
  out.Key("queue").BeginObject();
  Text(out, "disk", queue.disk);
  ErrorText(out, queue.last_error);
  out.Key("journal").Bool(queue.journal);
  out.Key("on_disk").Uint(queue.on_disk);
  out.Key("bytes").Uint(queue.bytes);
  if (queue.oldest_time.has)
    out.Key("oldest_time").Time(queue.oldest_time.value, /*with_ms=*/false);
  out.Key("locked").Uint(queue.locked);
  out.Key("set_aside").Uint(queue.set_aside);
  out.Key("lost_memory").Uint(queue.lost_memory);
  out.Key("lost_quota").Uint(queue.lost_quota);
  out.Key("lost_age").Uint(queue.lost_age);
  out.Key("lost_damaged").Uint(queue.lost_damaged);
  if (queue.out_of_scope > 0) out.Key("out_of_scope").Uint(queue.out_of_scope);
  out.EndObject();
}

void Extras(JsonWriter& out, const ExtrasHealth& extras) {
  if (extras.count == 0) return;
  out.Key("extras").BeginObject();
  out.Key("count").Uint(extras.count);
  out.Key("failing").Uint(extras.failing);
  Text(out, "failing_path", extras.failing_path);
  ErrorText(out, extras.last_error);
  out.EndObject();
}

void Backfill(JsonWriter& out, const BackfillHealth& backfill) {
  if (!backfill.on) return;
  out.Key("backfill").BeginObject();
  out.Key("gaps").Uint(backfill.gaps);
  out.Key("trackers_left").Uint(backfill.trackers_left);
  out.Key("points").Uint(backfill.points);
  out.Key("refused").Uint(backfill.refused);
  out.EndObject();
}

void Snapshot(JsonWriter& out, const SnapshotHealth& snapshot) {
  if (!snapshot.on) return;
  out.Key("snapshot").BeginObject();
  out.Key("rounds").Uint(snapshot.rounds);
  out.Key("pages").Uint(snapshot.pages);
  out.Key("states").Uint(snapshot.states);
  if (snapshot.left_out > 0) out.Key("left_out").Uint(snapshot.left_out);
  ErrorText(out, snapshot.last_error);
  out.EndObject();
}

// Of each part all is said: 0 is a figure, too.
void Heap(JsonWriter& out, const HeapHealth& heap) {
  out.Key("heap").BeginObject();
  out.Key("agent_kib").Uint(heap.agent.kib);
  out.Key("agent_peak_kib").Uint(heap.agent.peak_kib);
  out.Key("http_kib").Uint(heap.http.kib);
  out.Key("http_peak_kib").Uint(heap.http.peak_kib);
  out.Key("tls_kib").Uint(heap.tls.kib);
  out.Key("tls_peak_kib").Uint(heap.tls.peak_kib);
  out.Key("rest_kib").Uint(heap.rest.kib);
  out.Key("rest_peak_kib").Uint(heap.rest.peak_kib);
  out.EndObject();
}

}  // namespace

std::string_view ApiStateName(ApiState state) {
  switch (state) {
    case ApiState::kOk:
      return "ok";
    case ApiState::kFailing:
      return "failing";
    case ApiState::kCredential:
      return "credential";
    case ApiState::kStarting:
      break;
  }
  return "starting";
}

std::string_view BrokerStateName(BrokerState state) {
  switch (state) {
    case BrokerState::kConnected:
      return "connected";
    case BrokerState::kUnreachable:
      return "unreachable";
    case BrokerState::kRefused:
      return "refused";
    case BrokerState::kStarting:
      break;
  }
  return "starting";
}

bool EncodeHealth(const HealthReport& report, json::JsonWriter& out) {
  out.BeginObject();
  out.Key("site").Text(report.site);
  if (report.time_trusted) out.Key("time").Time(report.time, /*with_ms=*/false);
  out.Key("time_trusted").Bool(report.time_trusted);
  Text(out, "run", report.run);
  out.Key("uptime_s").Uint(report.uptime_s);
  Text(out, "version", report.version);
  Api(out, report.api);
  Panel(out, report.panel);
  Broker(out, report.broker);
  Links(out, report.links);
  Shard(out, report.shard);
  out.Key("trackers").Uint(report.trackers);
  if (report.trackers_left_out > 0) out.Key("trackers_left_out").Uint(report.trackers_left_out);
  out.Key("polls").Uint(report.polls);
  if (report.lag_s.has) out.Key("lag_s").Uint(report.lag_s.value);
  Records(out, report.records);
  Queue(out, report.queue);
  Extras(out, report.extras);
  Backfill(out, report.backfill);
  Snapshot(out, report.snapshot);
  out.Key("skipped_elements").Uint(report.skipped_elements);
  out.Key("ignored_fields").Uint(report.ignored_fields);
  Kib(out, "memory_rss_kib", report.memory_rss_kib);
  Kib(out, "memory_peak_kib", report.memory_peak_kib);
  Kib(out, "memory_heap_kib", report.memory_heap_kib);
  Kib(out, "memory_heap_peak_kib", report.memory_heap_peak_kib);
  if (report.memory_heap_kib > 0) Heap(out, report.heap);
  if (report.memory_refused > 0) out.Key("memory_refused").Uint(report.memory_refused);
  Kib(out, "memory_planned_kib", report.memory_planned_kib);
  Kib(out, "memory_budget_kib", report.memory_budget_kib);
  out.EndObject();
  return out.ok();
}

}  // namespace depotlink::encode
