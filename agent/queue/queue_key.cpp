// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/queue_key.hpp"

#include <algorithm>
#include <string>

#include "agent/queue/small_file.hpp"

namespace depotlink::queue {
namespace {

constexpr std::string_view kNewKeyName = "queue.key.new";
constexpr std::string_view kKeyDigits = "0123456789abcdef";
constexpr std::string_view kMarkPurpose = "depotlink queue key mark";

bool ParseHex(std::string_view text, ports::CipherKey& key) {
  if (text.size() != kKeyHexDigits) return false;
  for (std::size_t i = 0; i < ports::kCipherKeyBytes; ++i) {
    const std::size_t high = kKeyDigits.find(text[2 * i]);
    const std::size_t low = kKeyDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    key.data()[i] = static_cast<unsigned char>(high << 4U | low);
  }
  return true;
}

Status MakeKey(ports::Storage& disk, ports::Cipher& cipher) {
  char random[ports::kCipherKeyBytes];
  Status status = cipher.RandomBytes(random, sizeof random);
  if (!status.ok()) return status;
  char text[kKeyHexDigits + 1];
  for (std::size_t i = 0; i < sizeof random; ++i) {
    const auto byte = static_cast<unsigned char>(random[i]);
    text[2 * i] = kKeyDigits[byte >> 4U];
    text[2 * i + 1] = kKeyDigits[byte & 0xFU];
  }
  text[kKeyHexDigits] = '\n';
  status = ReplaceFile(disk, kKeyFileName, kNewKeyName, {text, sizeof text}, Durable::kYes);
  // A key whose name may be gone after a power cut must seal nothing.
  if (!status.ok()) static_cast<void>(disk.Remove(kKeyFileName).ok());
  Wipe(random, sizeof random);
  Wipe(text, sizeof text);
  return status;
}

Status ReadKey(ports::Storage& disk, ports::CipherKey& key) {
  char text[kKeyHexDigits + 2];
  const Result<std::size_t> got = ReadSmallFile(disk, kKeyFileName, text, sizeof text);
  Status status = got.status();
  if (status.ok()) {
    std::string_view digits(text, got.value());
    if (!digits.empty() && digits.back() == '\n') digits.remove_suffix(1);
    if (!ParseHex(digits, key)) {
      status = {Code::kAskPerson,
                "queue.key in the queue's directory is not a key (64 hexadecimal digits); put the "
                "right one "
                "back, or remove it to begin with a new one"};
    }
  }
  Wipe(text, sizeof text);
  return status;
}

}  // namespace

Status LoadQueueKey(const Secret& given, ports::Storage& disk, ports::Cipher& cipher,
                    ports::CipherKey& key) {
  if (!given.empty()) {
    if (ParseHex(given.Reveal(), key)) return {};
    return {Code::kAskPerson,
            "queue.key_file does not hold a key: 64 hexadecimal digits (0-9, a-f)"};
  }
  Status status = ReadKey(disk, key);
  if (status.code() != Code::kSkip) return status;
  status = MakeKey(disk, cipher);
  return status.ok() ? ReadKey(disk, key) : status;
}

Status MarkOf(ports::Cipher& cipher, const ports::CipherKey& key, KeyMark& mark) {
  ports::CipherKey derived;
  Status status = cipher.DeriveKey(key, {}, kMarkPurpose, derived);
  if (status.ok()) std::copy_n(derived.data(), mark.size(), mark.begin());
  return status;
}

}  // namespace depotlink::queue
