// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stages of geo links: decode, compare, publish as `link/<id>`, and, where they are the scope,
// say which trackers they share at this moment.
//
// Status changes by time alone as well, also while the API cannot be reached. What time it is, the
// API says (Date) and a clock that never jumps carries on; the machine's own clock, which may be
// set to anything, decides nothing. As long as the API has not said, a link that has a lifetime
// shows nothing. A link ends up to two seconds early rather than late, and more where the API was
// last heard long ago, for any clock drifts.
//
// At such a change `link/<id>` gets the new status at once, without description and trackers, which
// are not kept; the link is read again for the rest. In a scope by links only an active link has
// them. A link that is bounded by zones is refused as a scope: it would show a tracker in some
// places only, and the agent does not know them.

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/base/log.hpp"
#include "agent/encode/topics.hpp"
#include "agent/fleet/link_table.hpp"
#include "agent/fleet/scope.hpp"
#include "agent/json/element_reader.hpp"
#include "agent/model/geo_link.hpp"
#include "agent/navixy/decode_notes.hpp"
#include "agent/pipeline.hpp"
#include "agent/poll/link_work.hpp"
#include "agent/poll/server_clock.hpp"
#include "agent/ports/clock.hpp"
#include "agent/queue/record.hpp"

namespace depotlink {

// Who reads a link again when it is asked to.
class LinkReader {
 public:
  virtual ~LinkReader() = default;
  virtual void ReadLinkSoon(model::LinkId id) = 0;
};

class LinkStage : public poll::LinkWork {
 public:
  // References must outlive this; `run`: as the pipeline's.
  LinkStage(fleet::Scope& scope, Pipeline& pipeline, json::ElementReader& reader,
            const encode::TopicBuilder& topics, std::string_view run, queue::RecordSink& sink,
            LinkReader& link_reader, const poll::ServerClock& server, const ports::Clock& clock,
            Logger& log);

  // A link of the scope that was not read for so long shares nothing until it was, while the API
  // answers other calls.
  void set_stale_ms(DurationMs stale_ms) { stale_ms_ = stale_ms; }
  // What has changed by time alone, and what is to be cleared; returns when to call again at the
  // latest.
  MonoTime Step(MonoTime now, bool bus_up);
  // Of a link that may stand on the bus from an earlier run: clears it where it is not published.
  void ClearStray(model::LinkId id);
  // A record did not reach the bus.
  void Forget(const queue::Record& record);
  // The broker has none of it any more.
  void ForgetAll();
  // The bus lacks some that must be read again.
  void WantReadAgain() { read_again_ = true; }
  // True once where it does.
  bool TakeReadAgain() { return std::exchange(read_again_, false); }

  std::size_t known() const { return table_.size(); }
  std::size_t active() const;
  std::uint64_t left_out() const { return left_out_; }
  // Links that the scope names and that share nothing, though not by their status.
  std::size_t refused() const;
  // For people; empty: none.
  std::string_view trouble() const { return refusal_.empty() ? trouble_ : refusal_; }
  const navixy::DecodeNotes& notes() const { return notes_; }
  std::uint64_t unreadable() const { return unreadable_; }

  bool LinksReady() const override { return sink_->Ready(); }
  model::LinkId OnLink(std::string_view element) override;
  void OnLinkMissing(model::LinkId id) override;
  void OnLinkUnreadable(model::LinkId id) override;
  void OnLinkListBegin() override;
  void OnLinkListEnd(bool whole) override;
  void OnLinkTrouble(std::string_view why) override { trouble_ = why; }

 private:
  // Why a link of the scope shares nothing.
  enum class Refusal : std::uint8_t { kNone, kMissing, kUnreadable, kZones, kLifetime };

  model::TimeRange RangeAt(MonoTime now) const;
  // False where nothing of the link may be said.
  bool TakeForScope();
  void Refuse(std::size_t link, Refusal why);
  void TellRefusals();
  fleet::KnownLink* Place();
  void Publish(fleet::KnownLink& known, model::LinkStatus status, const model::GeoLink* link);
  void MarkGone(model::LinkId id);
  void LookAt(const model::TimeRange& range, MonoTime now);
  void FollowScope(const model::TimeRange& range, MonoTime now);
  void SayChanges(bool bus_up);
  void Push(queue::RecordKind kind, model::LinkId id, std::string_view payload);

  static constexpr DurationMs kLookMs = kSecondMs;
  // A Date is cut to the second, and takes its time to arrive.
  static constexpr DurationMs kDateMs = 2 * kSecondMs;
  // Clocks of such boards are off by a hundred millionths at most; twice that.
  static constexpr DurationMs kDriftShare = 5000;

  fleet::Scope* scope_;
  Pipeline* pipeline_;
  json::ElementReader* reader_;
  const encode::TopicBuilder* topics_;
  std::string run_;
  queue::RecordSink* sink_;
  LinkReader* link_reader_;
  const poll::ServerClock* server_;
  const ports::Clock* clock_;
  Logger* log_;

  fleet::LinkTable table_;
  std::array<Refusal, limits::kScopeLinks> refusals_{};
  std::array<MonoTime, limits::kScopeLinks> read_at_{};
  DurationMs stale_ms_ = 24 * kHourMs;
  std::string refusal_;
  std::string trouble_;
  MonoTime look_at_{};
  MonoTime change_at_ = kNever;
  bool to_say_ = false;  // some are `unsaid` or `gone`
  bool read_again_ = false;
  std::uint64_t left_out_ = 0;
  std::uint64_t left_out_now_ = 0;  // in the list under way
  bool left_out_told_ = false;
  std::uint64_t unreadable_ = 0;
  navixy::DecodeNotes notes_;
  model::GeoLink link_;
  std::array<char, limits::kPayloadBytes> payload_;
  std::array<char, limits::kTopicBytes> topic_;
};

}  // namespace depotlink
