// SPDX-License-Identifier: Apache-2.0
#include "agent/login_book.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "agent/queue/small_file.hpp"

namespace depotlink {
namespace {

constexpr std::string_view kBookFile = "logins";
constexpr std::string_view kNewBookFile = "logins.new";
constexpr std::size_t kBookBytes = 512;

}  // namespace

void LoginBook::Recall(MonoTime now) {
  std::array<char, kBookBytes> text{};
  const Result<std::size_t> bytes =
      queue::ReadSmallFile(*ram_, kBookFile, text.data(), text.size());
  if (!bytes.ok()) return;
  const char* at = text.data();
  const char* const end = at + bytes.value();
  for (Times& times : times_) {
    for (std::int64_t& time : times) {
      const auto [next, error] = std::from_chars(at, end, time);
      // A time to come is of a clock before a reboot, where the directory is not in memory.
      if (error != std::errc() || time < 0 || time > now.ms) time = 0;
      at = std::min(next + 1, end);
    }
    std::sort(times.begin(), times.end());
  }
}

MonoTime LoginBook::FreeAt(navixy::Api api) const {
  const std::int64_t oldest = times_[static_cast<std::size_t>(api)].front();
  return {oldest == 0 ? 0 : oldest + kHourMs};
}

void LoginBook::OnLogin(navixy::Api api, MonoTime now) {
  Times& times = times_[static_cast<std::size_t>(api)];
  std::move(times.begin() + 1, times.end(), times.begin());
  times.back() = now.ms;
  Write();
}

// What it took the place of is more than an hour old.
void LoginBook::OnNoLogin(navixy::Api api) {
  Times& times = times_[static_cast<std::size_t>(api)];
  std::move_backward(times.begin(), times.end() - 1, times.end());
  times.front() = 0;
  Write();
}

void LoginBook::Write() {
  std::string text;
  for (const Times& times : times_) {
    for (const std::int64_t time : times) text += std::to_string(time) + ' ';
  }
  const Status kept = queue::ReplaceFile(*ram_, kBookFile, kNewBookFile, text, queue::Durable::kNo);
  if (!kept.ok()) log_->Debug("a login could not be noted", {{"why", kept.message()}});
}

}  // namespace depotlink
