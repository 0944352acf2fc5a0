// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/init_questions.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/limits.hpp"

namespace depotlink::commands {
namespace {

struct Region {
  std::string_view number;
  std::string_view name;
  std::string_view url;
};
// As the vendor's documentation lists them (platform-api, "Standard URL format").
constexpr Region kRegions[] = {
    {"1", "eu", "https://api.eu.navixy.com/v2"},
    {"2", "us", "https://api.us.navixy.com/v2"},
    {"3", "me", "https://api.me.navixy.com/v2"},
};

constexpr std::string_view kApiQuestion =
    "The Navixy platform of this account:\n"
    "  1  Europe           https://api.eu.navixy.com/v2\n"
    "  2  North America    https://api.us.navixy.com/v2\n"
    "  3  Middle East      https://api.me.navixy.com/v2\n"
    "or the address of another one, such as https://api.example.com\n"
    "Platform: ";

constexpr std::size_t kApiKeyDigits = 32;

std::string AsItIs(std::string_view answer) {
  return std::string(answer);
}

std::string ReadApi(std::string_view answer) {
  for (const Region& region : kRegions) {
    if (answer == region.number || answer == region.name) return std::string(region.url);
  }
  return std::string(answer);
}

std::string ReadBroker(std::string_view answer) {
  return std::string(answer.empty() ? kUsualBroker : answer);
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Status NoAnswer(std::string_view what) {
  return {Code::kReject, "no answer that would do for " + std::string(what) + " in " +
                             std::to_string(kQuestionTimes) + " attempts"};
}

}  // namespace

Secret WithoutBlanks(const Secret& secret) {
  return Secret(std::string(Trimmed(secret.Reveal())));
}

bool LooksLikeApiKey(std::string_view key) {
  return key.size() == kApiKeyDigits &&
         key.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string SecretFault(std::string_view secret) {
  if (secret.empty()) return "it is empty";
  if (secret.size() > limits::kSecretFileBytes) return "it is too long";
  const bool control = std::any_of(secret.begin(), secret.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  return control ? "it holds a control character" : "";
}

Status Questions::AskFor(Field field, std::string_view key, std::string_view prompt,
                         Reading reading) {
  for (int i = 0; i < kQuestionTimes; ++i) {
    terminal_->Say(prompt);
    const Result<std::string> line = terminal_->ReadLine(kAnswerBytes);
    if (line.status().code() == Code::kReject) {
      terminal_->Say("  that is too long\n");
      continue;
    }
    if (!line.ok()) return line.status();
    config_->*field = reading(Trimmed(line.value()));
    const std::string fault = FaultOf(*config_, key);
    if (fault.empty()) return Status::Ok();
    terminal_->Say("  " + fault + '\n');
  }
  return NoAnswer(key);
}

Status Questions::AskSite() {
  return AskFor(&FirstConfig::site, "site",
                "The name of this depot, a level of every topic (A-Z a-z 0-9 . _ -): ", AsItIs);
}

Status Questions::AskApi() {
  return AskFor(&FirstConfig::api_url, "api.url", kApiQuestion, ReadApi);
}

Status Questions::AskBroker() {
  return AskFor(&FirstConfig::mqtt_url, "mqtt.url",
                "The MQTT broker [mqtt://localhost:1883]: ", ReadBroker);
}

Status Questions::AskLogin() {
  return AskFor(&FirstConfig::login, "api.user.login", "The user's login: ", AsItIs);
}

Status Questions::AskSecret(std::string_view prompt, bool may_be_empty, Secret& out) {
  for (int i = 0; i < kQuestionTimes; ++i) {
    terminal_->Say(prompt);
    Result<Secret> line = terminal_->ReadHidden(limits::kSecretFileBytes);
    if (!line.ok() && line.status().code() != Code::kReject) return line.status();
    out = WithoutBlanks(line.value());
    if (line.ok() && out.empty() && may_be_empty) return Status::Ok();
    const std::string fault = line.ok() ? SecretFault(out.Reveal()) : "it is too long";
    if (fault.empty()) return Status::Ok();
    terminal_->Say("  " + fault + '\n');
  }
  return NoAnswer("the secret");
}

Status Questions::AskApiKey(bool may_be_empty, Secret& out) {
  const std::string_view prompt =
      may_be_empty ? "The API key, made in Navixy's web interface (not shown; Enter alone: a "
                     "login instead): "
                   : "The API key (not shown): ";
  for (int i = 0; i < kQuestionTimes; ++i) {
    Status status = AskSecret(prompt, may_be_empty, out);
    if (!status.ok() || out.empty() || LooksLikeApiKey(out.Reveal())) return status;
    const Result<bool> kept = Confirm(
        "  An API key has 32 hexadecimal digits, and this has not. Take it all the same?", false);
    if (!kept.ok() || kept.value()) return kept.status();
  }
  return NoAnswer("the API key");
}

Status Questions::AskPassword(Secret& out) {
  return AskSecret("The password (not shown): ", /*may_be_empty=*/false, out);
}

Result<bool> Questions::Confirm(std::string_view question, bool usually) {
  terminal_->Say(std::string(question) + (usually ? " [Y/n] " : " [y/N] "));
  const Result<std::string> line = terminal_->ReadLine(kAnswerBytes);
  if (line.status().code() == Code::kReject) return false;
  if (!line.ok()) return line.status();
  const std::string_view answer = Trimmed(line.value());
  if (answer.empty()) return usually;
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace depotlink::commands
