// SPDX-License-Identifier: Apache-2.0
#pragma once

// The key that seals the queue: given by the config's file, or else in a file of its own beside the
// segments, made at the first start. What that protects, and what not, says README.md of this
// folder.

#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "agent/ports/cipher.hpp"
#include "agent/ports/storage.hpp"
#include "agent/queue/segment_format.hpp"

namespace depotlink::queue {

inline constexpr std::string_view kKeyFileName = "queue.key";
inline constexpr std::size_t kKeyHexDigits = 2 * ports::kCipherKeyBytes;

// `given`: 64 hexadecimal digits, or empty: the file `queue.key` in the queue's directory, made
// where it is missing (on the device before this returns). kAskPerson where the key is malformed;
// else what the disk says.
Status LoadQueueKey(const Secret& given, ports::Storage& disk, ports::Cipher& cipher,
                    ports::CipherKey& key);

// What segments say of the key that sealed them.
Status MarkOf(ports::Cipher& cipher, const ports::CipherKey& key, KeyMark& mark);

}  // namespace depotlink::queue
