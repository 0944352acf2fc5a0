// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/queue_export.hpp"

#include <string>

#include "agent/commands/queue_view.hpp"
#include "agent/encode/topics.hpp"

namespace depotlink::commands {
namespace {

class Exporter {
 public:
  Exporter(const settings::Settings& settings, const std::function<void(std::string_view)>& print)
      : topics_(settings.mqtt.topic_prefix, settings.site),
        kind_(settings.queue.replay_to_state ? encode::TrackerTopic::kState
                                             : encode::TrackerTopic::kHistory),
        print_(&print) {}

  // Topics hold nothing that JSON would have to escape; payloads are JSON already.
  void Export(const queue::Record& record) {
    char topic[limits::kTopicBytes];
    char time[kIsoTimeMaxBytes];
    line_.assign("{\"topic\":\"")
        .append(topics_.Tracker(record.tracker, kind_, topic, sizeof topic))
        .append("\",\"time\":\"")
        .append(time, FormatIsoTime({record.time_ms}, /*with_ms=*/true, time))
        .append("\",\"late\":true,\"payload\":")
        .append(record.payload)
        .append("}\n");
    (*print_)(line_);
  }

 private:
  encode::TopicBuilder topics_;
  encode::TrackerTopic kind_;
  const std::function<void(std::string_view)>* print_;
  std::string line_;
};

}  // namespace

int RunQueueExport(const settings::Settings& settings, const queue::QueuePorts& ports,
                   const Secret& given_key, Logger& log,
                   const std::function<void(std::string_view)>& print) {
  QueueView view(ports, given_key);
  Status status = view.Open();
  if (!status.ok()) {
    log.Error("the queue cannot be read", {{"why", status.message()}});
    return 1;
  }
  int code = 0;
  Exporter exporter(settings, print);
  const auto on_record = [&exporter](const queue::Record& record) { exporter.Export(record); };
  for (const queue::SegmentId id : view.segments()) {
    SegmentLine line;
    bool found = false;
    status = view.Read(id, line, found, on_record);
    if (!found || (status.ok() && line.state == SegmentState::kOk)) continue;
    code = 1;
    const bool locked = line.state == SegmentState::kLocked;
    const std::string_view why = !status.ok() ? std::string_view(status.message())
                                 : !locked    ? std::string_view("a part of it is damaged")
                                 : view.key_trouble().empty()
                                     ? std::string_view("it was sealed with another key")
                                     : std::string_view(view.key_trouble());
    log.Error("a segment of the queue was not exported as a whole",
              {{"segment", id}, {"why", why}});
  }
  status = view.ReadJournal(on_record);
  if (status.ok()) return code;
  log.Error("the journal cannot be read", {{"why", status.message()}});
  return 1;
}

}  // namespace depotlink::commands
