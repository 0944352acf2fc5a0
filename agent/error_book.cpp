// SPDX-License-Identifier: Apache-2.0
#include "agent/error_book.hpp"

#include <algorithm>

#include "agent/json/json_writer.hpp"
#include "agent/queue/small_file.hpp"

namespace depotlink {
namespace {

constexpr std::string_view kNewErrorName = "errors.new";
// A text full of quotes doubles; control characters become blanks.
constexpr std::size_t kErrorFileBytes = kErrorKinds * (2 * kErrorTextBytes + 80);

}  // namespace

const std::array<std::string_view, kErrorKinds> kErrorKindNames = {
    "api",     "credential", "panel", "links", "extras", "broker",
    "refused", "queue",      "lost",  "clock", "memory", "config"};

void ErrorBook::Note(ErrorKind kind, std::string_view text, MonoTime now) {
  if (text.empty()) return;
  Entry& entry = entries_[static_cast<std::size_t>(kind)];
  std::array<char, kErrorTextBytes> plain{};
  const std::size_t size = std::min(text.size(), plain.size());
  std::transform(
      text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), plain.begin(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c; });
  entry.text.Assign({plain.data(), size});
  entry.at = now;
  news_ = true;
}

void ErrorBook::Keep(ports::Storage& ram, WallTime wall, MonoTime now) {
  if (!news_) return;
  std::array<char, kErrorFileBytes> buffer;
  json::JsonWriter out(buffer.data(), buffer.size());
  out.BeginObject();
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    const Entry& entry = entries_[i];
    if (entry.text.empty()) continue;
    out.Key(kErrorKindNames[i]).BeginObject();
    out.Key("text").Text(entry.text.view());
    out.Key("time").Time({wall.ms - (now - entry.at)}, /*with_ms=*/false);
    out.EndObject();
  }
  out.EndObject();
  const Status status =
      queue::ReplaceFile(ram, kErrorFileName, kNewErrorName, out.view(), queue::Durable::kNo);
  news_ = !status.ok();  // the queue, whose journal is there as well, tells of trouble
}

}  // namespace depotlink
