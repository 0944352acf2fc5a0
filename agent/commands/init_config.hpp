// SPDX-License-Identifier: Apache-2.0
#pragma once

// The config that `depotlink init` writes: a few answers, comments, and what is most often changed.

#include <cstdint>
#include <string>
#include <string_view>

namespace depotlink::commands {

// Texts as the config holds them, not validated. Empty: not given.
struct FirstConfig {
  std::string site;
  std::string api_url;
  std::string ca_file;      // api.ca_file
  std::string login;        // api.user.login; empty: there is an API key
  std::string secret_file;  // api.key_file; with a login api.user.password_file
  std::string mqtt_url;
  std::string queue_dir;
  std::string runtime_dir;
};

// The whole file. Whatever the answers hold, it is JSON with comments that nothing in them ends.
std::string FirstConfigText(const FirstConfig& config);

// What the config's reader has against the value of `key` (`api.url`), in its words; empty where
// nothing. What else is not given yet counts as good.
std::string FaultOf(const FirstConfig& config, std::string_view key);

// The Fingerprint() of config/depotlink.json, which packages put into place: nobody's work.
inline constexpr std::uint64_t kSampleConfig = 0xb9718c39b435670aULL;

// `api.key_file`, or with a login `api.user.password_file`.
std::string_view SecretKey(const FirstConfig& config);

}  // namespace depotlink::commands
