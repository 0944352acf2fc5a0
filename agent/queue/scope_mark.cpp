// SPDX-License-Identifier: Apache-2.0
#include "agent/queue/scope_mark.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "agent/queue/crc32c.hpp"
#include "agent/queue/little_endian.hpp"

namespace depotlink::queue {
namespace {

constexpr std::string_view kNewScopeMark = "scope.new";
constexpr std::string_view kScopeMagic = "DLQ1SCP\n";
// magic 8, fingerprint 8, order 8, CRC-32C 4
constexpr std::size_t kScopeCrcAt = 24;
constexpr std::size_t kScopeMarkBytes = 28;

}  // namespace

ScopeMark ReadScopeMark(ports::Storage& storage) {
  char bytes[kScopeMarkBytes];
  const Result<std::size_t> got = ReadSmallFile(storage, kScopeMarkFile, bytes, sizeof bytes);
  const std::string_view whole(bytes, sizeof bytes);
  if (!got.ok() || got.value() < sizeof bytes || whole.substr(0, kScopeMagic.size()) != kScopeMagic)
    return {};
  if (GetFixed<std::uint32_t>(bytes + kScopeCrcAt) != Crc32c(whole.substr(0, kScopeCrcAt)))
    return {};
  return {GetFixed<std::uint64_t>(bytes + 8), GetFixed<std::uint64_t>(bytes + 16)};
}

Status WriteScopeMark(ports::Storage& storage, const ScopeMark& mark, Durable durable) {
  char bytes[kScopeMarkBytes];
  std::copy(kScopeMagic.begin(), kScopeMagic.end(), bytes);
  PutFixed(bytes + 8, mark.scope);
  PutFixed(bytes + 16, mark.others_up_to);
  PutFixed(bytes + kScopeCrcAt, Crc32c({bytes, kScopeCrcAt}));
  return ReplaceFile(storage, kScopeMarkFile, kNewScopeMark, {bytes, sizeof bytes}, durable);
}

}  // namespace depotlink::queue
