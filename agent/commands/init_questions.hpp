// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `depotlink init` asks a person for, one question after the other.

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "agent/commands/init_config.hpp"
#include "agent/ports/terminal.hpp"

namespace depotlink::commands {

inline constexpr std::string_view kUsualBroker = "mqtt://localhost:1883";
// How often a question is asked whose answer will not do.
inline constexpr int kQuestionTimes = 5;
inline constexpr std::size_t kAnswerBytes = 2048;

// Each question fills a field of `config` with an answer that the config's reader takes; a wrong
// one is told at once and asked for again. Fails with kSkip where the input ended or was
// interrupted, with kReject after kQuestionTimes answers that would not do.
class Questions {
 public:
  // Both must outlive this.
  Questions(ports::Terminal& terminal, FirstConfig& config)
      : terminal_(&terminal), config_(&config) {}

  Status AskSite();
  // Offers the known regions.
  Status AskApi();
  // Enter alone is kUsualBroker.
  Status AskBroker();
  Status AskLogin();
  // Where `may_be_empty`, an empty one is taken: then there is to be a login instead.
  Status AskApiKey(bool may_be_empty, Secret& out);
  Status AskPassword(Secret& out);
  // Enter alone is yes where `usually`. False also for anything that is neither.
  Result<bool> Confirm(std::string_view question, bool usually);

 private:
  using Field = std::string FirstConfig::*;
  using Reading = std::string (*)(std::string_view answer);
  Status AskFor(Field field, std::string_view key, std::string_view prompt, Reading reading);
  Status AskSecret(std::string_view prompt, bool may_be_empty, Secret& out);

  ports::Terminal* terminal_;
  FirstConfig* config_;
};

// Without white space around it, as it is read from a file.
Secret WithoutBlanks(const Secret& secret);

// As ports::FileReader::ReadSecret would have it in a file: empty, or what is wrong with `secret`.
std::string SecretFault(std::string_view secret);

// What an API key of Navixy looks like: 32 hexadecimal digits.
bool LooksLikeApiKey(std::string_view key);

}  // namespace depotlink::commands
