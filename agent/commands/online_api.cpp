// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/online_api.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "agent/clock_watch.hpp"
#include "agent/commands/amounts.hpp"
#include "agent/commands/init_questions.hpp"
#include "agent/navixy/decode_list.hpp"
#include "agent/navixy/readable.hpp"
#include "agent/stage_configs.hpp"

namespace depotlink::commands {
namespace {

constexpr DurationMs kLookUpMs = 10 * kSecondMs;
constexpr DurationMs kCallMostMs = 30 * kSecondMs;
constexpr DurationMs kSpacingMostMs = kSecondMs;
constexpr std::int32_t kWrongKind = 276;  // vendor documents, errors, Error Codes

// One call, whose answer matters by its verdict only.
class TryJob : public poll::Job {
 public:
  TryJob(std::string_view path, std::string body) : body_(std::move(body)) {
    endpoint_.path = path;
  }
  const navixy::Endpoint& endpoint() const override { return endpoint_; }
  MonoTime Due() override { return MonoTime{0}; }
  bool Begin(MonoTime /*now*/, std::string& body) override {
    body = body_;
    return true;
  }
  void OnGood(bool /*whole*/, MonoTime /*now*/) override {}
  bool OnBad(const navixy::Judgement& /*judgement*/, MonoTime /*now*/) override { return true; }

 private:
  navixy::Endpoint endpoint_;
  std::string body_;
};

// Counts the fleet's trackers that a scope holds.
class CountJob : public poll::Job {
 public:
  CountJob(fleet::Scope scope, const fleet::Shard& shard, json::ElementReader& reader)
      : scope_(std::move(scope)), shard_(shard), reader_(&reader) {}
  const navixy::Endpoint& endpoint() const override { return navixy::kTrackerList; }
  MonoTime Due() override { return MonoTime{0}; }
  bool Begin(MonoTime /*now*/, std::string& body) override {
    body = "{}";
    return true;
  }
  void OnElement(std::size_t /*container*/, std::string_view /*key*/,
                 std::string_view text) override {
    navixy::DecodeNotes notes;
    if (!navixy::DecodeTracker(*reader_, text, info_, notes).ok()) return;
    if (!shard_.Holds(info_.id)) return;
    if (!scope_.by_links() && !scope_.Holds(info_.id, info_.group_id)) return;
    one = info_.id;
    ++count;
  }
  void OnGood(bool /*whole*/, MonoTime /*now*/) override {}
  bool OnBad(const navixy::Judgement& /*judgement*/, MonoTime /*now*/) override { return true; }

  std::int64_t count = 0;
  model::TrackerId one = 0;

 private:
  fleet::Scope scope_;
  fleet::Shard shard_;
  json::ElementReader* reader_;
  model::TrackerInfo info_;
};

bool Says(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

poll::ApiAccess Access(const settings::Api& api) {
  poll::ApiAccess access = MakeApiAccess(api);
  access.timeout_ms = std::min(access.timeout_ms, kCallMostMs);
  return access;
}

DurationMs Spacing(const settings::Api& api) {
  return std::min(kSpacingMostMs, static_cast<DurationMs>(static_cast<double>(kSecondMs) /
                                                          api.requests_per_second));
}

}  // namespace

std::string TlsRemedy(std::string_view why, std::string_view section) {
  const std::string name(section);
  if (Says(why, "not valid yet") || Says(why, "has expired")) {
    return "set this machine's clock (timedatectl set-ntp true) where it is wrong; else the server "
           "needs a new certificate";
  }
  if (Says(why, "another host")) {
    return name +
           ".url must name the host that the certificate is for; or something stands between";
  }
  if (Says(why, "no trusted root")) {
    return "put the root certificate that the server's rests on into the file of " + name +
           ".ca_file; where a firewall looks into TLS, its root, or have it let this host through";
  }
  if (Says(why, "api.pin")) {
    return "where the server's key was changed on purpose, put the new one into api.pin";
  }
  if (Says(why, "client certificate") || Says(why, "our certificate")) {
    return "see to mqtt.cert_file and mqtt.private_key_file, and to what the broker trusts";
  }
  return "see to the server's certificate, and whether " + name + ".url names the right port";
}

ApiProbes::ApiProbes(const settings::Settings& settings, OnlineSecrets& secrets,
                     const OnlinePorts& ports, Patience& patience, OnlineReport& report)
    : settings_(&settings),
      ports_(&ports),
      patience_(&patience),
      report_(&report),
      has_panel_(!settings.api.panel.login.empty()),
      key_looks_right_(LooksLikeApiKey(secrets.api.Reveal())),
      talk_(Access(settings.api), Spacing(settings.api), *ports.http, reader_, patience),
      session_(MakeSessionConfig(settings.api), std::move(secrets.api), *ports.files, reader_,
               *ports.random, log_),
      panel_({poll::CredentialKind::kPanelLogin, settings.api.panel.login,
              settings.api.panel.password_file},
             std::move(secrets.panel), *ports.files, reader_, *ports.random, log_) {
  settings::ParseApiUrl(settings.api.url, url_);
}

void ApiProbes::Run() {
  const Finding dns = LookUp();
  if (dns.good()) Reach();
  report_->Add("clock", Clock());
  report_->Add("dns", dns);
  if (dns.good()) {
    TellReached();
  } else {
    for (const char* probe : {"tcp", "tls", "credential"}) {
      report_->Add(probe, Finding::Skipped("the API's host is not known"));
    }
  }
  if (has_panel_) TellPanel();
  if (list_.verdict == navixy::Verdict::kGood || list_.verdict == navixy::Verdict::kForbidden) {
    report_->Add("permissions", PermissionsFinding());
  } else {
    report_->Add("permissions", Finding::Skipped("no call was answered well"));
  }
  report_->Add("fleet", Fleet());
  LogOut(session_);
  LogOut(panel_);
}

Finding ApiProbes::LookUp() {
  const std::string remedy =
      "see to this machine's name server (/etc/resolv.conf), to its network, and to api.url";
  const Status begun = ports_->names->Start(url_.host);
  if (!begun.ok()) return Finding::Fail(begun.message(), remedy);
  const MonoTime deadline = patience_->Now() + kLookUpMs;
  ports::NameAnswer answer;
  while (!ports_->names->Take(answer)) {
    if (patience_->Wait(deadline)) continue;
    return Finding::Fail("no name server answered for " + url_.host + " within 10 s", remedy);
  }
  if (!answer.addresses.empty()) return Finding::Ok(url_.host + " is " + answer.addresses);
  return Finding::Fail(url_.host + " was not found: " + answer.failure, remedy);
}

// The first call that needs the way to the API and the credential, and the fleet's list.
void ApiProbes::Reach() {
  const bool login = settings_->api.key_file.empty();
  if (login) {
    logged_in_ = LogIn(session_, login_);
    first_end_ = talk_.end();
  }
  if (!login || logged_in_) {
    CountJob count(MakeScope(settings_->scope), MakeShard(settings_->shard), reader_);
    list_ = talk_.Ask(count, session_.authorization());
    if (!login) {
      first_ = list_;
      first_end_ = talk_.end();
    }
    if (list_.verdict != navixy::Verdict::kGood) return;
    one_tracker_ = count.one;
    trackers_ = count.count;
    const auto shared =
        static_cast<std::int64_t>(settings_->scope.links.size() * limits::kLinkTrackers);
    if (shared > 0) trackers_ = std::min(trackers_, shared);
  }
}

bool ApiProbes::LogIn(poll::Session& session, Finding& out) {
  const navixy::Judgement& judgement = talk_.Ask(session, {});
  const bool panel = session.api() == navixy::Api::kPanel;
  if (!panel) first_ = judgement;
  if (judgement.verdict == navixy::Verdict::kGood) {
    session.OnGood(true, patience_->Now());
    if (session.trouble().empty()) {
      out = Finding::Ok(panel ? "the panel's login is accepted" : "the user's login is accepted");
      return true;
    }
    out = Finding::Fail(session.trouble(), "use an API key, or a login without a second factor");
    return false;
  }
  const std::string name = panel ? "api.panel" : "api.user";
  out = Finding::Fail(judgement.reason, navixy::NeedsPerson(judgement.verdict)
                                            ? "see to " + name + ".login and to the password in " +
                                                  name + ".password_file; too many tries lock it"
                                            : NoAnswerRemedy());
  return false;
}

void ApiProbes::TellReached() {
  const Finding tcp = Tcp();
  report_->Add("tcp", tcp);
  const Finding tls = tcp.good() ? Tls() : Finding::Skipped("no connection");
  report_->Add("tls", tls);
  report_->Add("credential",
               tls.good() ? Credential() : Finding::Skipped("the API is not reached"));
}

Finding ApiProbes::Clock() const {
  Quiet quiet;
  Logger log(quiet, LogLevel::kError);
  ClockWatch watch(log);
  const poll::ServerClock& server = talk_.server_clock();
  const WallTime wall = patience_->WallNow();
  const ClockFinding& found = watch.Look(patience_->Now(), wall, server);
  const std::string says = FormatTime(wall.ms);
  if (!found.trusted) {
    const std::string truth = server.known()
                                  ? "; the API says " + FormatTime(server.Now(patience_->Now()).ms)
                                  : std::string(", which is past for sure");
    return Finding::Fail("this machine says " + says + truth,
                         "set the clock: timedatectl set-ntp true, or chronyd; a box without a "
                         "battery needs it after each power cut");
  }
  if (!server.known()) return Finding::Ok(says + ", plausible; the API told no time to compare");
  const DurationMs off_s = std::abs(found.correction_ms) / kSecondMs;
  return Finding::Ok(says + ", " + std::to_string(off_s) + " s off the API's");
}

Finding ApiProbes::Tcp() const {
  const bool http = url_.scheme == "http";
  const int port = url_.port != 0 ? url_.port : http ? 80 : 443;
  const std::string where = url_.host + " port " + std::to_string(port);
  if (first_end_ == ports::HttpEnd::kNameFailed || first_end_ == ports::HttpEnd::kConnectFailed) {
    return Finding::Fail(first_.reason, "is " + where +
                                            " right, and may this machine go there? See to "
                                            "cable, modem, route and firewall");
  }
  return Finding::Ok(where + " takes connections");
}

Finding ApiProbes::Tls() const {
  if (url_.scheme == "http") {
    return Finding::Warn("none: api.url begins with http://, and who listens reads the key",
                         "use https:// where it is not a test");
  }
  if (first_end_ == ports::HttpEnd::kTlsFailed) {
    return Finding::Fail(first_.reason, TlsRemedy(first_.reason, "api"));
  }
  return Finding::Ok("the server's certificate is good");
}

std::string ApiProbes::RefusedRemedy() const {
  const std::string& file = settings_->api.key_file;
  if (!key_looks_right_) {
    return "what " + file +
           " holds is no API key, which has 32 hexadecimal digits: make one in Navixy's web "
           "interface and put it there";
  }
  return "the key was revoked or mistyped, belongs to another platform than api.url, or is no API "
         "key (a session of the admin panel looks just like one): make an API key in Navixy's web "
         "interface and put it into " +
         file;
}

std::string ApiProbes::NoAnswerRemedy() const {
  return "whoever runs the network must let this machine reach " + url_.host +
         " directly (a captive portal wants a login, a proxy an exception); or api.url is wrong; "
         "or "
         "the platform is down";
}

Finding ApiProbes::Credential() {
  const bool login = settings_->api.key_file.empty();
  if (login && !logged_in_) return login_;
  const bool refused = list_.verdict == navixy::Verdict::kCredential || list_.code == kWrongKind;
  if (refused) {
    return Finding::Fail(list_.reason,
                         login ? "the session was good a moment ago: try again" : RefusedRemedy());
  }
  if (list_.verdict == navixy::Verdict::kGood || list_.verdict == navixy::Verdict::kForbidden) {
    return login ? login_ : Finding::Ok("the API key is accepted");
  }
  return Finding::Fail(list_.reason, NoAnswerRemedy());
}

void ApiProbes::TellPanel() {
  Finding panel = Finding::Skipped("the API is not reached");
  const bool reached = first_.answered || list_.answered;
  if (reached) panel_good_ = LogIn(panel_, panel);
  report_->Add("panel", panel);
}

std::string ApiProbes::TryCall(std::string_view path, std::string body, poll::Session& session) {
  TryJob job(path, std::move(body));
  const navixy::Judgement& judgement = talk_.Ask(job, session.authorization());
  if (judgement.verdict == navixy::Verdict::kGood) return {};
  if (!navixy::NeedsPerson(judgement.verdict)) unanswered_ = true;
  return std::string(path) + ": " + judgement.reason;
}

std::string ApiProbes::TryExtra(const settings::Extra& extra) {
  const navixy::Readable* row = navixy::FindReadable(extra.path);
  if (row == nullptr) return {};
  const bool of_panel = navixy::ApiOf(row->path) == navixy::Api::kPanel;
  if (of_panel && !panel_good_) return {};  // said before
  if (of_panel && !row->category.empty() && panel_.permissions_told() &&
      !panel_.permissions().Grants(row->category, row->operation)) {
    return extra.path + ": the panel's login lacks the permission " + std::string(row->category) +
           ": " + std::string(row->operation);
  }
  return TryCall(row->path, extra.params.empty() ? "{}" : extra.params,
                 of_panel ? panel_ : session_);
}

Finding ApiProbes::PermissionsFinding() {
  const std::string remedy =
      "give the user that the key or login belongs to the right to it, or take it out of the "
      "config";
  if (list_.verdict == navixy::Verdict::kForbidden) {
    return Finding::Fail("tracker/list: " + list_.reason, remedy);
  }
  std::string refused;
  const auto note = [&refused](const std::string& text) {
    if (!text.empty()) refused += (refused.empty() ? "" : "; ") + text;
  };
  int tried = 1;
  if (one_tracker_ != 0) {
    const std::string id = std::to_string(one_tracker_);
    note(TryCall(navixy::kGetStates.path,
                 "{\"trackers\":[" + id + "],\"list_blocked\":true,\"allow_not_exist\":true}",
                 session_));
    ++tried;
  }
  for (const std::uint64_t link : settings_->scope.links) {
    note(TryCall(navixy::kLinkRead.path, "{\"id\":" + std::to_string(link) + "}", session_));
    ++tried;
  }
  if (settings_->poll.links_ms > 0 && settings_->scope.links.empty()) {
    note(TryCall(navixy::kLinkList.path, "{\"limit\":1}", session_));
    ++tried;
  }
  for (const settings::Extra& extra : settings_->extra) {
    note(TryExtra(extra));
    ++tried;
  }
  if (!refused.empty()) return Finding::Fail(refused, unanswered_ ? "try again later" : remedy);
  const std::string groups = TryCall(navixy::kGroupList.path, "{}", session_);
  if (!groups.empty()) {
    return Finding::Warn(groups + "; trackers are published without their group",
                         "give the user the right to it where groups matter");
  }
  return Finding::Ok("each of the " + std::to_string(tried + 1) +
                     " calls that this config needs was answered");
}

Finding ApiProbes::Fleet() const {
  if (trackers_ < 0) return Finding::Skipped("the list of trackers was not read");
  const std::int64_t most = settings_->memory.max_trackers;
  const std::string of =
      std::to_string(trackers_) + " trackers, memory.max_trackers is " + std::to_string(most);
  if (trackers_ > most) {
    return Finding::Fail(of,
                         "raise memory.max_trackers (and memory.budget where check says so), "
                         "or name fewer in scope");
  }
  if (trackers_ == 0) {
    return Finding::Warn(of, "the account or the scope holds no tracker: is it the right one?");
  }
  if (trackers_ * 10 > most * 9) {
    return Finding::Warn(of, "the fleet will not grow much more: raise memory.max_trackers");
  }
  return Finding::Ok(of);
}

void ApiProbes::LogOut(poll::Session& session) {
  session.BeginStop();
  if (session.ended() || patience_->over()) return;
  static_cast<void>(talk_.Ask(session, session.authorization()));
}

}  // namespace depotlink::commands
