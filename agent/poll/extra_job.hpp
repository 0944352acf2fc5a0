// SPDX-License-Identifier: Apache-2.0
#pragma once

// One of the config's extra polls: a read-only action asked for every so often, page by page where
// it has pages. Its trouble is its own: it is told once for each new reason, waits longer each
// time, and never counts as a failure of polling. Where the panel's session lacks the permission,
// it is not asked for at all until a login, or a reading of the permissions, grants it.

#include <cstdint>
#include <string>

#include "agent/base/backoff.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/log.hpp"
#include "agent/navixy/readable.hpp"
#include "agent/poll/extra_work.hpp"
#include "agent/poll/job.hpp"
#include "agent/poll/session.hpp"
#include "agent/ports/random.hpp"

namespace depotlink::poll {

struct ExtraPlan {
  const navixy::Readable* row = nullptr;
  std::size_t number = 0;  // by which ExtraWork knows it
  DurationMs every_ms = kHourMs;
  std::string params;  // JSON, one object; empty: none
};

class ExtraJob : public Job {
 public:
  // References must outlive this. `session`: of the API that the row belongs to.
  ExtraJob(ExtraPlan plan, ExtraWork& work, Session& session, ports::Random& random, Logger& log);

  // What is wrong with it and what to do; empty where it is well.
  const std::string& trouble() const { return trouble_; }
  std::string_view path() const { return plan_.row->path; }
  // All of it was read once, or cannot be.
  bool done() const { return done_; }

  const navixy::Endpoint& endpoint() const override { return endpoint_; }
  MonoTime Due() override;
  bool Begin(MonoTime now, std::string& body) override;
  bool Ready() const override;
  void OnElement(std::size_t container, std::string_view key, std::string_view text) override;
  void OnValue(std::string_view key, std::string_view text) override;
  void OnGood(bool whole, MonoTime now) override;
  bool OnBad(const navixy::Judgement& judgement, MonoTime now) override;

 private:
  // The session does not say that it may.
  bool Lacks() const;
  std::string Permission() const;
  bool MorePages(bool whole);
  void EndPoll(MonoTime now);
  void Tell(std::string trouble, LogLevel level, DurationMs retry_ms);

  // Where only a person can help.
  static constexpr DurationMs kForbiddenMs = 6 * kHourMs;
  static constexpr DurationMs kRejectedMs = kHourMs;
  // The bus did not take it.
  static constexpr DurationMs kAgainMs = 10 * kSecondMs;

  ExtraPlan plan_;
  ExtraWork* work_;
  Session* session_;
  ports::Random* random_;
  Logger* log_;
  navixy::Endpoint endpoint_;
  bool pages_ = false;  // it is asked for page by page

  MonoTime due_{0};
  MonoTime not_before_{0};  // after trouble
  bool done_ = false;
  std::string trouble_;
  std::uint32_t refused_grant_ = 0;  // Session::grants() when it was refused
  std::uint32_t lack_told_ = 0;      // likewise when it was told that it lacks the permission
  Backoff backoff_{kMinuteMs, kHourMs};

  // Of the poll under way, over its pages.
  bool reading_ = false;    // begun, and neither ended nor abandoned
  bool under_way_ = false;  // a call is
  bool whole_ = true;
  std::uint32_t page_ = 0;
  std::uint32_t offset_ = 0;
  // Of the page under way.
  std::uint32_t elements_ = 0;
  bool value_seen_ = false;
  bool counted_ = false;  // `count` was there
  std::uint64_t count_ = 0;
};

}  // namespace depotlink::poll
