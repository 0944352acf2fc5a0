// SPDX-License-Identifier: Apache-2.0
#pragma once

// The times of the last logins, kept in the runtime directory: that costs no flash, and outlives a
// crash. Times are of the clock that only goes forward, which begins anew with a reboot, as does
// that directory.

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/base/log.hpp"
#include "agent/poll/login_limit.hpp"
#include "agent/ports/storage.hpp"

namespace depotlink {

class LoginBook final : public poll::LoginLimit {
 public:
  static constexpr std::size_t kLoginsAnHour = 8;

  // Both must outlive this.
  LoginBook(ports::Storage& ram, Logger& log) : ram_(&ram), log_(&log) {}

  // Takes up what an earlier run left, once at the start. What cannot be is passed over.
  void Recall(MonoTime now);
  MonoTime FreeAt(navixy::Api api) const override;
  // Writes it down before it is tried; where that fails, it still holds for this run.
  void OnLogin(navixy::Api api, MonoTime now) override;
  void OnNoLogin(navixy::Api api) override;

 private:
  static constexpr std::size_t kApis = 2;
  // The oldest first; 0: none.
  using Times = std::array<std::int64_t, kLoginsAnHour>;

  void Write();

  ports::Storage* ram_;
  Logger* log_;
  std::array<Times, kApis> times_{};
};

}  // namespace depotlink
