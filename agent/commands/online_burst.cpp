// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/online_burst.hpp"

#include <algorithm>
#include <utility>

namespace depotlink::commands {
namespace {

constexpr std::uint32_t kTopicsATracker = 2;  // state and info
constexpr ports::MqttToken kFirstToken = 100;
constexpr ports::MqttToken kAskToken = 99;
constexpr DurationMs kQuietMs = 3 * kSecondMs;
constexpr DurationMs kAnswerMs = 10 * kSecondMs;
constexpr std::uint32_t kExpiryS = 180;
// With its topic what a tracker's two weigh on average (25,000 states and infos: 16 MB).
constexpr std::size_t kBurstPayloadBytes = 280;

std::string Payload() {
  std::string payload = "{\"check\":true,\"of\":\"";
  payload.append(kBurstPayloadBytes - payload.size() - 2, '-');
  return payload + "\"}";
}

std::string Count(std::uint64_t value) {
  return std::to_string(value);
}

}  // namespace

Finding BurstProbe::Run(std::int64_t trackers) {
  const std::uint32_t most = kTopicsATracker * limits::kMaxTrackers;
  const std::uint32_t wanted =
      trackers < 0 ? 2 * kMostTopics
                   : static_cast<std::uint32_t>(std::min<std::int64_t>(
                         std::max<std::int64_t>(trackers, 1) * kTopicsATracker, most));
  const std::uint32_t topics = std::min(wanted, kMostTopics);
  const std::uint32_t times = (wanted + topics - 1) / topics;
  std::uint32_t heard = 0;
  const bool put = PublishAll(topics, Payload());
  const std::string not_put = why_;
  bool asked = false;
  if (put) {
    asked = Ask(static_cast<std::uint16_t>(times));
    if (asked) heard = Hear(topics * times);
    mqtt_->Unsubscribe(base_ + "/burst/+");
  }
  const bool cleared = PublishAll(topics, {});
  if (!put) {
    return Finding::Fail(base_ + "/burst/ as retained messages: " + not_put,
                         "let the broker take retained messages below " + base_ + "/");
  }
  if (!asked) {
    return Finding::Warn("not known: this client may not read below " + base_ + "/",
                         "let the broker's ACL allow reading it");
  }
  if (!cleared) {
    return Finding::Warn("retained messages stay below " + base_ + "/burst/: " + why_,
                         "run this check again");
  }
  // A broker may answer a filter that is named twice once only.
  const std::uint32_t tried = heard == topics ? topics : topics * times;
  return Judge(heard, tried, wanted);
}

Finding BurstProbe::Judge(std::uint32_t heard, std::uint32_t tried, std::uint32_t wanted) const {
  if (heard == 0) {
    return Finding::Warn("not known: of " + Count(tried) + " retained messages none came back",
                         "let the broker's ACL allow reading below " + base_ +
                             "/, and see to that it keeps retained messages");
  }
  if (heard < tried) {
    return Finding::Warn(
        "of " + Count(tried) + " retained messages at once " + Count(heard) +
            " came: a subscriber that comes late is not shown the whole fleet",
        "let the broker queue more for a subscriber (mosquitto: max_queued_messages 100000, as in "
        "config/mosquitto/depotlink.conf), or have subscribers read pages "
        "(publish.snapshot_every)");
  }
  const std::string text = Count(tried) + " retained messages at once arrive whole";
  return Finding::Ok(tried < wanted ? text + "; not known of the " + Count(wanted) + " of the fleet"
                                    : text);
}

// Time that is over, or a user who wants to stop, is no reason to leave anything there.
bool BurstProbe::Outcome(MonoTime deadline, ports::MqttEvent& out) {
  constexpr DurationMs kStepMs = 100;
  while (!mqtt_->NextEvent(out)) {
    if (deadline <= patience_->Now()) {
      why_ = "the broker took too long";
      return false;
    }
    const MonoTime next = std::min(patience_->Now() + kStepMs, deadline);
    if (!patience_->Wait(next) && patience_->Now() < next) {
      patience_->WaitTidying(next - patience_->Now());
    }
  }
  return true;
}

bool BurstProbe::Send(std::uint32_t index, std::string_view payload) {
  const std::string topic = base_ + "/burst/" + std::to_string(index);
  ports::MqttMessage message;
  message.topic = topic;
  message.payload = payload;
  message.retain = true;
  message.expiry_s = payload.empty() ? 0 : kExpiryS;
  const Status sent = mqtt_->Publish(kFirstToken + index, message);
  if (!sent.ok()) why_ = sent.message();
  return sent.ok();
}

// False where the connection is gone.
bool BurstProbe::Note(const ports::MqttEvent& event) {
  if (event.kind == ports::MqttEventKind::kAcked) return true;
  const std::string text(event.text.view());
  const bool refused = event.kind == ports::MqttEventKind::kRefused;
  why_ = refused ? text : "the connection broke: " + text;
  refused_ = refused_ || refused;
  return refused;
}

bool BurstProbe::PublishAll(std::uint32_t count, std::string_view payload) {
  const MonoTime deadline = patience_->Now() + kBurstMs;
  std::uint32_t sent = 0;
  std::uint32_t done = 0;
  refused_ = false;
  ports::MqttEvent event;
  while (done < count) {
    // Nothing more is put where one was refused or the user wants to stop, but all is cleared.
    const bool on = payload.empty() || (!refused_ && !patience_->over());
    while (on && sent < count && sent - done < in_flight_) {
      if (!Send(sent, payload)) return false;
      ++sent;
    }
    if (!on && done == sent) break;
    if (!Outcome(deadline, event) || !Note(event)) return false;
    if (event.token >= kFirstToken) ++done;
  }
  if (done < count && !refused_) why_ = "there was no time left";
  return done == count && !refused_;
}

bool BurstProbe::Ask(std::uint16_t times) {
  ports::MqttListening listening;
  listening.own = true;
  listening.at_least_once = true;
  listening.times = times;
  ports::MqttEvent event;
  return mqtt_->Subscribe(kAskToken, base_ + "/burst/+", listening).ok() &&
         Outcome(patience_->Now() + kAnswerMs, event) && event.kind == ports::MqttEventKind::kAcked;
}

std::uint32_t BurstProbe::Hear(std::uint32_t expected) {
  const MonoTime end = patience_->Now() + kBurstMs;
  MonoTime quiet = patience_->Now() + kQuietMs;
  std::uint32_t heard = 0;
  ports::MqttArrival arrival;
  do {
    const std::uint32_t before = heard;
    while (mqtt_->NextArrival(arrival)) heard += arrival.lost + (arrival.topic.empty() ? 0U : 1U);
    if (heard != before) quiet = patience_->Now() + kQuietMs;
  } while (heard < expected && patience_->Wait(std::min(end, quiet)));
  return heard;
}

}  // namespace depotlink::commands
