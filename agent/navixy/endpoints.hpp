// SPDX-License-Identifier: Apache-2.0
#pragma once

// The calls of the API that the agent makes by itself: one row each. What a config may ask for
// beyond them stands in readable.hpp. But for sessions, which are begun and ended, only read-only
// actions stand here.
// Source: vendor documents, user-api/backend-api/resources and panel-api/resources/account.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace depotlink::navixy {

// There are two APIs below one base URL, and a credential of one never reaches the other (vendor
// documents, QnA, "User session hash vs admin panel hash vs API key"): the path decides.
enum class Api : std::uint8_t { kUser, kPanel };

inline constexpr std::string_view kPanelFolder = "panel/";
constexpr Api ApiOf(std::string_view path) {
  return path.substr(0, kPanelFolder.size()) == kPanelFolder ? Api::kPanel : Api::kUser;
}

struct Endpoint {
  std::string_view path;                         // below the base URL
  std::array<std::string_view, 3> containers{};  // top-level names whose members come one by one
  std::size_t container_count = 0;
  bool open = false;  // needs no credential, and is sent none
};

// Containers of tracker/get_states, by number in its row.
enum StatesContainer : std::size_t { kStates = 0, kBlocked = 1, kNotExist = 2 };

inline constexpr Endpoint kGroupList{"tracker/group/list", {"list"}, 1};
inline constexpr Endpoint kTrackerList{"tracker/list", {"list"}, 1};
inline constexpr Endpoint kGetStates{"tracker/get_states", {"states", "blocked", "not_exist"}, 3};

inline constexpr Endpoint kTrackRead{"track/read", {"list"}, 1};

inline constexpr Endpoint kLinkList{"tracker/location/link/list", {"list"}, 1};
inline constexpr Endpoint kLinkRead{"tracker/location/link/read"};  // `value` comes whole

inline constexpr Endpoint kUserAuth{"user/auth", {}, 0, true};
inline constexpr Endpoint kUserRenew{"user/session/renew"};
inline constexpr Endpoint kUserLogout{"user/logout"};
inline constexpr Endpoint kPanelAuth{"panel/account/auth", {}, 0, true};
inline constexpr Endpoint kPanelPermissions{"panel/account/get_permissions"};
inline constexpr Endpoint kPanelLogout{"panel/account/logout"};

}  // namespace depotlink::navixy
