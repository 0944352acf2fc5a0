// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stand-in's frames and its few careful system calls. Fixed slots of 64 bytes, so that a
// damaged one costs just itself.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace standin {

inline constexpr std::size_t kSlot = 64;
inline constexpr std::uint32_t kMagic = 0x51544e44;

struct Slot {
  std::uint32_t magic = kMagic;
  std::uint32_t crc = 0;  // over the slot with this field 0
  std::uint64_t seq = 0;
  std::uint32_t tracker = 0;
  std::uint32_t number = 0;
  std::array<unsigned char, kSlot - 24> filler{};
};
static_assert(sizeof(Slot) == kSlot);

inline std::uint32_t Crc32(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::uint32_t crc = ~0U;
  for (std::size_t i = 0; i < size; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

inline Slot MakeSlot(std::uint64_t seq, std::uint32_t tracker, std::uint32_t number) {
  Slot slot;
  slot.seq = seq;
  slot.tracker = tracker;
  slot.number = number;
  slot.filler.fill(static_cast<unsigned char>(seq * 37 + 11));
  slot.crc = Crc32(&slot, sizeof slot);
  return slot;
}

// Its contents are those that MakeSlot gives a record.
inline bool SameFiller(const Slot& slot) {
  return slot.filler == MakeSlot(slot.seq, slot.tracker, slot.number).filler;
}

inline bool Sound(const Slot& slot) {
  Slot copy = slot;
  copy.crc = 0;
  return slot.magic == kMagic && Crc32(&copy, sizeof copy) == slot.crc;
}

// True where all of it was written; with `ignore_short` the first answer is taken for all.
inline bool WriteAt(int file, std::string_view bytes, off_t offset, bool ignore_short) {
  while (!bytes.empty()) {
    const ssize_t wrote = pwrite(file, bytes.data(), bytes.size(), offset);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    if (ignore_short) return true;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
    offset += wrote;
  }
  return true;
}

// True where the whole slot was read; `bad` where reading failed.
inline bool ReadSlot(int file, off_t offset, Slot* slot, bool* bad) {
  std::size_t have = 0;
  while (have < kSlot) {
    const ssize_t got = pread(file, reinterpret_cast<char*>(slot) + have, kSlot - have,
                              offset + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) *bad = true;
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
  }
  return true;
}

inline bool SyncData(int file, bool retry) {
  for (int tries = retry ? 2 : 1;;) {
    if (fdatasync(file) == 0) return true;
    if (errno != EINTR && --tries == 0) return false;
  }
}

inline bool SyncDirectory(const std::string& path) {
  const int directory = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  int result = fsync(directory);
  while (result != 0 && errno == EINTR) result = fsync(directory);
  close(directory);
  return result == 0;
}

inline std::string_view BytesOf(const Slot& slot) {
  return {reinterpret_cast<const char*>(&slot), sizeof slot};
}

}  // namespace standin
