// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `check --online` asks of the API: the way to it, the credentials, what they may read, and
// how large the fleet is. Logs in where the config has logins, and out again.

#include <cstdint>
#include <string>

#include "agent/base/log.hpp"
#include "agent/commands/online_check.hpp"
#include "agent/commands/online_patience.hpp"
#include "agent/commands/online_report.hpp"
#include "agent/commands/online_talk.hpp"
#include "agent/poll/session.hpp"
#include "agent/settings/urls.hpp"

namespace depotlink::commands {

// What to do about a certificate or a key that is not to be trusted, by the words that it is told
// in. `section`: of the config, `api` or `mqtt`.
std::string TlsRemedy(std::string_view why, std::string_view section);

class ApiProbes {
 public:
  // All references must outlive this.
  ApiProbes(const settings::Settings& settings, OnlineSecrets& secrets, const OnlinePorts& ports,
            Patience& patience, OnlineReport& report);

  void Run();
  // Trackers within the config's scope; for one by links, at most that many. -1: not known.
  std::int64_t trackers() const { return trackers_; }

 private:
  class Quiet : public LogSink {
    void WriteLine(LogLevel /*level*/, std::string_view /*line*/) override {}
  };

  Finding LookUp();
  void Reach();
  void TellReached();
  Finding Clock() const;
  Finding Tcp() const;
  Finding Tls() const;
  Finding Credential();
  std::string RefusedRemedy() const;
  std::string NoAnswerRemedy() const;
  bool LogIn(poll::Session& session, Finding& out);
  void TellPanel();
  Finding PermissionsFinding();
  // Empty, or what is refused.
  std::string TryCall(std::string_view path, std::string body, poll::Session& session);
  std::string TryExtra(const settings::Extra& extra);
  Finding Fleet() const;
  void LogOut(poll::Session& session);

  const settings::Settings* settings_;
  const OnlinePorts* ports_;
  Patience* patience_;
  OnlineReport* report_;
  settings::Url url_;
  bool has_panel_ = false;
  bool key_looks_right_ = true;
  Quiet quiet_;
  Logger log_{quiet_, LogLevel::kError};
  json::ElementReader reader_;
  OnlineTalk talk_;
  poll::Session session_;
  poll::Session panel_;

  bool logged_in_ = false;
  bool panel_good_ = false;
  Finding login_;
  navixy::Judgement first_;
  ports::HttpEnd first_end_ = ports::HttpEnd::kFailed;
  navixy::Judgement list_;
  std::int64_t trackers_ = -1;
  std::uint64_t one_tracker_ = 0;
  bool unanswered_ = false;  // a call on the way failed for another reason than a right
};

}  // namespace depotlink::commands
