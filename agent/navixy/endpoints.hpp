// SPDX-License-Identifier: Apache-2.0
#pragma once

// The calls of the API that the agent makes: one row each. Only read-only actions stand here.
// Source: vendor documents, backend-api/resources/tracking/tracker and .../tracker/group.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace depotlink::navixy {

enum class Call : std::uint8_t { kGroupList, kTrackerList, kGetStates };

// Containers of tracker/get_states, by number in its row.
enum StatesContainer : std::size_t { kStates = 0, kBlocked = 1, kNotExist = 2 };

struct Endpoint {
  Call call;
  std::string_view path;                       // below the base URL
  std::array<std::string_view, 3> containers;  // top-level names whose members come one by one
  std::size_t container_count;
};

inline constexpr std::array<Endpoint, 3> kEndpoints{{
    {Call::kGroupList, "tracker/group/list", {"list"}, 1},
    {Call::kTrackerList, "tracker/list", {"list"}, 1},
    {Call::kGetStates, "tracker/get_states", {"states", "blocked", "not_exist"}, 3},
}};

constexpr const Endpoint& EndpointOf(Call call) {
  return kEndpoints[static_cast<std::size_t>(call)];
}
static_assert(EndpointOf(Call::kGroupList).call == Call::kGroupList &&
              EndpointOf(Call::kTrackerList).call == Call::kTrackerList &&
              EndpointOf(Call::kGetStates).call == Call::kGetStates);

}  // namespace depotlink::navixy
