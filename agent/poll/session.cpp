// SPDX-License-Identifier: Apache-2.0
#include "agent/poll/session.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/backoff.hpp"
#include "agent/navixy/login.hpp"

namespace depotlink::poll {
namespace {

// Codes of the API, where the session's state hangs on one (vendor documents, errors, Error Codes).
enum ApiCode : std::int32_t {
  kServiceAuth = 2,
  kWrongHash = 3,
  kSessionEnded = 4,
  kAccessDenied = 11,
  kNotActivated = 103,
  kTooManySessions = 104,
  kTooManyAttempts = 105,
  kUserBlocked = 275
};

SessionState StateOf(std::int32_t code) {
  switch (code) {
    case kServiceAuth:
    case kAccessDenied:
    case kNotActivated:
    case kUserBlocked:
      return SessionState::kBlocked;
    case kTooManySessions:
    case kTooManyAttempts:
      return SessionState::kLimited;
    default:
      return SessionState::kRefused;
  }
}

std::string_view RemedyOf(SessionState state, CredentialKind kind) {
  switch (state) {
    case SessionState::kRefused:
      if (kind == CredentialKind::kApiKey) return "; put a valid key into the file of api.key_file";
      return kind == CredentialKind::kUserLogin
                 ? "; see to api.user.login, and to the password in its file"
                 : "; see to api.panel.login, and to the password in its file";
    case SessionState::kBlocked:
      return "; ask the platform's support, or the dealer";
    case SessionState::kLimited:
      return "; the agent waits; an API key needs no sessions";
    default:
      return {};
  }
}

}  // namespace

bool IsGone(std::int32_t code) {
  return code == kWrongHash || code == kSessionEnded;
}

std::string_view SessionStateName(SessionState state) {
  switch (state) {
    case SessionState::kStarting:
      return "starting";
    case SessionState::kGood:
      return "ok";
    case SessionState::kRefused:
      return "refused";
    case SessionState::kSecondFactor:
      return "second_factor";
    case SessionState::kBlocked:
      return "blocked";
    case SessionState::kLimited:
      break;
  }
  return "limited";
}

Session::Session(SessionConfig config, Secret secret, ports::FileReader& files,
                 json::ElementReader& reader, ports::Random& random, Logger& log)
    : config_(std::move(config)),
      secret_(std::move(secret)),
      files_(&files),
      reader_(&reader),
      random_(&random),
      log_(&log) {
  if (!HasLogin()) authorization_ = navixy::MakeAuthorization(secret_.Reveal());
}

Session::~Session() {
  Secret::WipeString(authorization_);
  Secret::WipeString(hash_);
}

MonoTime Session::Step(MonoTime now) {
  if (stopping_ || now < look_at_) return look_at_;
  look_at_ = now + kLookMs;
  Result<Secret> secret = files_->ReadSecret(config_.secret_file);
  if (secret.ok() && secret.value().Reveal() != secret_.Reveal()) {
    TakeSecret(std::move(secret.value()), now);
  }
  return look_at_;
}

void Session::TakeSecret(Secret secret, MonoTime now) {
  secret_ = std::move(secret);
  log_->Info(HasLogin() ? "the password's file has changed; logging in with what it holds now"
                        : "the key's file has changed; going on with what it holds now",
             {{"file", config_.secret_file}});
  look_at_ = kNever;
  refusals_ = 0;
  not_before_ = due_ = now;
  Forget();
}

void Session::Forget() {
  Secret::WipeString(authorization_);
  permissions_.Clear();
  permissions_told_ = asking_permissions_ = false;
  if (!HasLogin()) authorization_ = navixy::MakeAuthorization(secret_.Reveal());
}

MonoTime Session::ReadyAt() const {
  if (authorization_.empty()) return kNever;
  return not_before_;
}

void Session::OnAccepted() {
  state_ = SessionState::kGood;
  trouble_.clear();
  look_at_ = kNever;
  if (!HasLogin()) refusals_ = 0;  // a login is proven by its age
}

// The first refusal may be the server's stumble; then seldom.
DurationMs Session::WaitMs() const {
  if (state_ == SessionState::kSecondFactor) return 6 * kHourMs;  // each try sends a mail
  if (state_ == SessionState::kLimited) return kHourMs;
  if (refusals_ == 1) return 10 * kSecondMs;
  return HasLogin() ? 20 * kMinuteMs : 10 * kMinuteMs;
}

void Session::Refuse(SessionState state, std::string trouble, MonoTime now) {
  state_ = state;
  trouble_ = std::move(trouble);
  trouble_ += RemedyOf(state, config_.kind);
  ++refusals_;
  const DurationMs base_ms = WaitMs();
  const auto tenth = static_cast<std::uint64_t>(base_ms / 10);
  not_before_ = due_ = now + base_ms + static_cast<DurationMs>(random_->Next() % tenth);
  look_at_ = now + kLookMs;
  if (HasLogin()) Forget();
}

bool Session::OnRefused(const navixy::Judgement& judgement, MonoTime now) {
  const bool was_sound = HasLogin() && IsGone(judgement.code) && now - began_ >= kSoundMs;
  if (!was_sound) {
    Refuse(StateOf(judgement.code), judgement.reason, now);
    return false;
  }
  log_->Info("the session has ended; logging in again", {{"why", judgement.reason}});
  refusals_ = 0;
  due_ = now;
  Forget();
  return true;
}

void Session::BeginStop() {
  stopping_ = true;
  ending_ = HasLogin() && !authorization_.empty();
  look_at_ = kNever;
}

const navixy::Endpoint& Session::endpoint() const {
  const bool panel = api() == navixy::Api::kPanel;
  if (ending_) return panel ? navixy::kPanelLogout : navixy::kUserLogout;
  if (panel) return asking_permissions_ ? navixy::kPanelPermissions : navixy::kPanelAuth;
  return authorization_.empty() ? navixy::kUserAuth : navixy::kUserRenew;
}

MonoTime Session::Due() {
  if (stopping_) return ending_ ? MonoTime{0} : kNever;
  if (asking_permissions_) return MonoTime{0};
  return HasLogin() ? due_ : kNever;
}

void Session::AskPermissions(MonoTime now) {
  if (now < ask_permissions_at_ || api() != navixy::Api::kPanel || authorization_.empty()) return;
  ask_permissions_at_ = now + kPermissionsMs;
  asking_permissions_ = true;
}

void Session::ReadPermissions(std::string_view text) {
  const navixy::Permissions before = permissions_;
  permissions_.Read(*reader_, text);
  if (permissions_told_ && permissions_ == before) return;
  permissions_told_ = true;
  ++grants_;
}

bool Session::Begin(MonoTime now, std::string& body) {
  Secret::WipeString(hash_);
  second_factor_ = false;
  body = "{}";
  if (!endpoint().open) return true;
  if (!MayLogIn(now)) return false;
  if (navixy::WriteLogin(config_.login, secret_, body)) return true;
  Refuse(SessionState::kRefused, "the password is too long to be one", now);
  return false;
}

bool Session::MayLogIn(MonoTime now) {
  if (limit_ == nullptr) return true;
  const MonoTime free_at = limit_->FreeAt(api());
  if (free_at <= now) {
    limit_->OnLogin(api(), now);
    return true;
  }
  state_ = SessionState::kLimited;
  trouble_ = "too many logins within an hour, restarts included: the next one waits";
  due_ = free_at;
  log_->Warn("the agent does not log in now",
             {{"why", trouble_}, {"file", config_.secret_file}, {"retry_ms", free_at - now}});
  return false;
}

void Session::OnValue(std::string_view key, std::string_view text) {
  if (key == "permissions") ReadPermissions(text);
  if (!endpoint().open) return;
  if (key == "hash" && !navixy::ReadSessionHash(text, hash_)) hash_.clear();
  if (key == "type") second_factor_ = navixy::IsSecondFactor(text);
}

void Session::OnGood(bool /*whole*/, MonoTime now) {
  if (stopping_) {
    ending_ = false;
    return;
  }
  if (endpoint().open) return OnLoggedIn(now);
  if (std::exchange(asking_permissions_, false)) return;
  due_ = now + kRenewMs;
}

void Session::OnLoggedIn(MonoTime now) {
  if (second_factor_) {
    return Refuse(SessionState::kSecondFactor,
                  "the account asks for a second factor, which an agent cannot give; use an API "
                  "key, or a user without one",
                  now);
  }
  if (hash_.empty()) {
    return Refuse(SessionState::kRefused, "the API let the agent log in, but named no session",
                  now);
  }
  Secret::WipeString(authorization_);
  authorization_ = navixy::MakeAuthorization(hash_);
  Secret::WipeString(hash_);
  began_ = now;
  not_before_ = now;
  const DurationMs lasts_ms = api() == navixy::Api::kPanel ? kPanelMs : kRenewMs;
  due_ = now + SpreadSooner(lasts_ms, random_->Next());
  ++grants_;
  OnAccepted();
  log_->Info("logged in", {{"api", api() == navixy::Api::kPanel ? "panel" : "user"}});
}

bool Session::OnBad(const navixy::Judgement& judgement, MonoTime now) {
  if (stopping_) {
    ending_ = false;
    return true;
  }
  const bool refused = navixy::NeedsPerson(judgement.verdict);
  // A night without the API must not use up the logins of the morning.
  if (endpoint().open && limit_ != nullptr && !refused && (judgement.answered || !judgement.sent)) {
    limit_->OnNoLogin(api());
  }
  // They can wait for the next login.
  if (judgement.verdict != navixy::Verdict::kCredential &&
      std::exchange(asking_permissions_, false))
    return true;
  if (!refused) return false;
  if (endpoint().open) {
    Refuse(StateOf(judgement.code), judgement.reason, now);
  } else if (judgement.verdict == navixy::Verdict::kCredential) {
    return OnRefused(judgement, now);  // it could not be prolonged
  } else {
    due_ = now + kHourMs;
  }
  return false;
}

}  // namespace depotlink::poll
