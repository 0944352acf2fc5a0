// SPDX-License-Identifier: Apache-2.0
#pragma once

// The credential of one of the two APIs, and what it takes to have a valid one: an API key as it
// is, or a session that is begun with login and password, prolonged ahead of time, begun anew when
// the API has forgotten it, and ended on a clean stop (vendor documents, user-api/authentication,
// user-api/backend-api/resources/commons/user, panel-api/authentication).
//
// Logins are never hammered, for that locks an account: after a refusal one more attempt after ten
// seconds, then at most three an hour. A secret that was refused is looked at again every ten
// seconds, in its file only: one that has changed there is tried at once, without a restart.

#include <cstdint>
#include <string>

#include "agent/base/log.hpp"
#include "agent/base/secret.hpp"
#include "agent/navixy/permissions.hpp"
#include "agent/poll/job.hpp"
#include "agent/poll/login_limit.hpp"
#include "agent/ports/files.hpp"
#include "agent/ports/random.hpp"

namespace depotlink::poll {

enum class CredentialKind : std::uint8_t { kApiKey, kUserLogin, kPanelLogin };

struct SessionConfig {
  CredentialKind kind = CredentialKind::kApiKey;
  std::string login;        // empty with a key
  std::string secret_file;  // of the key or the password; read anew when it was refused
};

enum class SessionState : std::uint8_t {
  kStarting,  // nothing was answered yet
  kGood,
  kRefused,       // key, login or password: a person must put another
  kSecondFactor,  // the account asks for one, which an agent cannot give
  kBlocked,       // the user or the dealer: a person must see to it
  kLimited        // too many logins or sessions: it waits
};
std::string_view SessionStateName(SessionState state);

// True for the codes by which the API says that it does not know a key or a session (any more).
bool IsGone(std::int32_t code);

class Session : public Job {
 public:
  // References must outlive this.
  Session(SessionConfig config, Secret secret, ports::FileReader& files,
          json::ElementReader& reader, ports::Random& random, Logger& log);
  ~Session() override;

  navixy::Api api() const {
    return config_.kind == CredentialKind::kPanelLogin ? navixy::Api::kPanel : navixy::Api::kUser;
  }
  // Looks whether a refused secret was replaced; returns when to call again at the latest.
  MonoTime Step(MonoTime now);
  // Whom it asks before each login; must outlive this. Without one it is bounded by itself alone.
  void SetLimit(LoginLimit& limit) { limit_ = &limit; }
  // From when on calls may be made with it; kNever while there is no session.
  MonoTime ReadyAt() const;
  // The Authorization header's value, a secret; empty where there is none. Holds until the next
  // call of OnGood or OnRefused.
  std::string_view authorization() const { return authorization_; }
  SessionState state() const { return state_; }
  // What is wrong and what to do about it; empty where it is good.
  const std::string& trouble() const { return trouble_; }
  // Of a panel session, as its login told; empty for others.
  const navixy::Permissions& permissions() const { return permissions_; }
  // False while there is no session, and where its login told none.
  bool permissions_told() const { return permissions_told_; }
  // Another number, from 1 on, with each login and whenever the permissions have changed.
  std::uint32_t grants() const { return grants_; }
  // A call was not permitted: the permissions are read again, at most once an hour.
  void AskPermissions(MonoTime now);

  // When it is tried again after a refusal.
  MonoTime NextTry() const { return HasLogin() ? due_ : not_before_; }

  // A call with it was answered well.
  void OnAccepted();
  // A call was refused for it (Verdict::kCredential). True where it had come to its end, and is
  // begun anew at once: that is no failure.
  bool OnRefused(const navixy::Judgement& judgement, MonoTime now);
  // From now on it wants to end the session, if there is one to end, and nothing else.
  void BeginStop();
  bool ended() const { return stopping_ && !ending_; }

  const navixy::Endpoint& endpoint() const override;
  MonoTime Due() override;
  bool Begin(MonoTime now, std::string& body) override;
  bool core() const override { return api() == navixy::Api::kUser; }
  void OnValue(std::string_view key, std::string_view text) override;
  void OnGood(bool whole, MonoTime now) override;
  bool OnBad(const navixy::Judgement& judgement, MonoTime now) override;

 private:
  bool HasLogin() const { return config_.kind != CredentialKind::kApiKey; }
  bool MayLogIn(MonoTime now);
  void OnLoggedIn(MonoTime now);
  void Refuse(SessionState state, std::string trouble, MonoTime now);
  void Forget();
  void ReadPermissions(std::string_view text);
  DurationMs WaitMs() const;
  void TakeSecret(Secret secret, MonoTime now);

  static constexpr DurationMs kLookMs = 10 * kSecondMs;
  // A user session ends after 24 hours or 30 days without use (the documents differ).
  static constexpr DurationMs kRenewMs = 8 * kHourMs;
  // A panel session ends after 24 hours whatever is done.
  static constexpr DurationMs kPanelMs = 23 * kHourMs;
  // One that ends sooner was no good: its end counts like a refused login.
  static constexpr DurationMs kSoundMs = 10 * kMinuteMs;
  static constexpr DurationMs kPermissionsMs = kHourMs;

  SessionConfig config_;
  Secret secret_;
  ports::FileReader* files_;
  json::ElementReader* reader_;
  ports::Random* random_;
  Logger* log_;
  LoginLimit* limit_ = nullptr;

  std::string authorization_;
  SessionState state_ = SessionState::kStarting;
  std::string trouble_;
  navixy::Permissions permissions_;
  bool permissions_told_ = false;
  std::uint32_t grants_ = 1;
  bool asking_permissions_ = false;
  MonoTime ask_permissions_at_{0};  // not before
  MonoTime due_{0};                 // with a login: when to log in, or to renew
  MonoTime not_before_{0};          // with a key: when to try it again
  MonoTime began_{};                // the session
  MonoTime look_at_{kNever};        // at the secret's file
  int refusals_ = 0;                // in a row
  bool stopping_ = false;
  bool ending_ = false;  // the call that ends it is to be made, or under way
  // Of the answer under way.
  std::string hash_;
  bool second_factor_ = false;
};

}  // namespace depotlink::poll
