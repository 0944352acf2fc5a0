// SPDX-License-Identifier: Apache-2.0
#include "agent/settings/cross_check.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "agent/settings/keys.hpp"

namespace depotlink::settings {
namespace {

class AcrossKeys {
 public:
  AcrossKeys(const Settings& settings, bool plain_http, Findings& findings)
      : settings_(&settings), findings_(&findings), plain_http_(plain_http) {}

  void Run() {
    const Findings::Given* url = findings_->Find("api.url");
    if (plain_http_ && !settings_->api.allow_http && url != nullptr) {
      findings_->Report(
          url->offset, url->path,
          "http:// to another machine sends the key in the clear; use https://, or set "
          "\"api.allow_http\": true where that is meant");
    }
    const Findings::Given* password = findings_->Find("mqtt.password_file");
    if (password != nullptr && findings_->Find("mqtt.username") == nullptr &&
        !findings_->IsExcused("mqtt.username")) {
      findings_->Report(password->offset, password->path,
                        "a password needs \"mqtt.username\" beside it");
    }
    CheckMqttTls();
    CheckLogin("api.user", settings_->api.user);
    CheckLogin("api.panel", settings_->api.panel);
    const Findings::Given* key = findings_->Find("api.key_file");
    if (key != nullptr && findings_->Find("api.user") != nullptr) {
      findings_->Report(key->offset, key->path,
                        "both a key and \"api.user\" are given; remove one (a key is better)");
    }
    CheckOwnFiles();
    CheckQueueDirs();
    CheckScope();
    CheckShard();
  }

 private:
  void CheckShard() {
    const Findings::Given* section = findings_->Find("shard");
    if (section == nullptr) return;
    const Findings::Given* index = findings_->Find("shard.index");
    for (const char* path : {"shard.index", "shard.count"}) {
      if (findings_->Find(path) != nullptr || findings_->IsExcused(path)) continue;
      findings_->ReportMissing(section->offset, path, *FindKey(path));
    }
    if (index == nullptr || settings_->shard.index <= settings_->shard.count) return;
    if (findings_->Find("shard.count") == nullptr) return;
    findings_->Report(index->offset, index->path,
                      "found " + std::to_string(settings_->shard.index) +
                          "; at most \"shard.count\", which is " +
                          std::to_string(settings_->shard.count));
  }

  // A link says what may be seen: neither may more be published beside it, nor the past where the
  // present stands, when the link has long ended.
  void CheckScope() {
    const Findings::Given* links = findings_->Find("scope.links");
    if (links == nullptr) return;
    if (findings_->Find("scope.trackers") != nullptr ||
        findings_->Find("scope.groups") != nullptr) {
      findings_->Report(links->offset, links->path,
                        "a scope is by geo links, or by trackers and groups; remove one");
    }
    const Findings::Given* extra = findings_->Find("extra");
    if (extra != nullptr) {
      findings_->Report(
          extra->offset, extra->path,
          "with \"scope.links\" nothing else of the account is published; remove one");
    }
    const Findings::Given* replay = findings_->Find("queue.replay_to");
    if (replay != nullptr && settings_->queue.replay_to_state) {
      findings_->Report(
          replay->offset, replay->path,
          "with \"scope.links\" only \"history\": what waited until a link has ended must not "
          "stand retained");
    }
  }

  // What belongs to mqtts:// only; and of a certificate and its key, both.
  void CheckMqttTls() {
    const std::string_view keys[] = {"mqtt.ca_file", "mqtt.cert_file", "mqtt.private_key_file"};
    const bool known = !settings_->mqtt.host.empty();  // else the address has a fault of its own
    const bool tls = !known || settings_->mqtt.scheme == MqttScheme::kMqtts;
    for (const std::string_view key : keys) {
      const Findings::Given* given = findings_->Find(key);
      if (given == nullptr || tls) continue;
      findings_->Report(given->offset, given->path,
                        "only an address with mqtts:// has a use for it");
    }
    for (const auto& [one, other] : {std::pair(keys[1], keys[2]), std::pair(keys[2], keys[1])}) {
      const Findings::Given* given = findings_->Find(one);
      if (given == nullptr || findings_->Find(other) != nullptr || findings_->IsExcused(other))
        continue;
      findings_->Report(given->offset, given->path,
                        "it needs \"" + std::string(other) + "\" beside it");
    }
  }

  // Both halves of a login, where its section is given.
  void CheckLogin(const std::string& section, const Login& login) {
    const Findings::Given* given = findings_->Find(section);
    if (given == nullptr || findings_->IsExcused(section)) return;
    const std::pair<std::string, bool> halves[] = {
        {section + ".login", login.login.empty()},
        {section + ".password_file", login.password_file.empty()}};
    for (const auto& [path, missing] : halves) {
      if (!missing || findings_->Find(path) != nullptr || findings_->IsExcused(path)) continue;
      findings_->ReportMissing(given->offset, path, *FindKey(path));
    }
  }

  // Each secret stands in a file of its own.
  void CheckOwnFiles() {
    const std::pair<std::string_view, const std::string*> files[] = {
        {"api.key_file", &settings_->api.key_file},
        {"api.user.password_file", &settings_->api.user.password_file},
        {"api.panel.password_file", &settings_->api.panel.password_file},
        {"mqtt.password_file", &settings_->mqtt.password_file},
        {"mqtt.private_key_file", &settings_->mqtt.private_key_file},
        {"queue.key_file", &settings_->queue.key_file}};
    for (const auto& file : files) {
      for (const auto* other = files; other != &file; ++other) {
        const Findings::Given* given = findings_->Find(file.first);
        if (given == nullptr || file.second->empty() || *file.second != *other->second) continue;
        findings_->Report(given->offset, given->path,
                          "the same file as \"" + std::string(other->first) +
                              "\"; each secret stands in a file of its own");
      }
    }
  }

  // What is written in the one must cost no flash, and what is in the other must outlive a reboot.
  void CheckQueueDirs() {
    const Queue& queue = settings_->queue;
    if (queue.dir != queue.runtime_dir) return;
    const Findings::Given* given = findings_->Find("queue.runtime_dir");
    if (given == nullptr) given = findings_->Find("queue.dir");
    if (given == nullptr) return;
    findings_->Report(
        given->offset, given->path,
        "\"queue.dir\" and \"queue.runtime_dir\" are the same directory; the first belongs on a "
        "disk, the second in memory, such as \"/run/depotlink\"");
  }

  const Settings* settings_;
  Findings* findings_;
  bool plain_http_;
};

}  // namespace

void CheckAcross(const Settings& settings, bool plain_http, Findings& findings) {
  AcrossKeys(settings, plain_http, findings).Run();
}

}  // namespace depotlink::settings
