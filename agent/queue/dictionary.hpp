// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace depotlink::queue {

// What a payload is likely to hold, for blocks of a few records only: what stands at the end costs
// least to refer to. Part of the file format (BlockPacking::kDeflate1): it never changes; a better
// one gets a number of its own.
inline constexpr std::string_view kDictionary1 =
    R"("additional":{"moving":"0"},"gsm_roaming":false,"gsm_network":"T-Mobile","gsm_network":"Vodafone",)"
    R"("gsm_network":"Orange","actual_track_update_time":"2026-01-01T00:00:00Z","precision_m":10,)"
    R"("connection":"signal_lost","connection":"just_registered","connection":"offline","connection":"idle",)"
    R"("movement":"stopped","movement":"parked","alarm":false,"battery_time":"2026-)"
    R"(,"inputs":[false,false,false,false],"inputs":[true,false],"inputs_time":"2026-,"outputs":[true,false],)"
    R"("outputs":[false,false,false],"outputs_time":"2026-01-01T00:00:00Z","group":"Main office",)"
    R"({"id":1000001,"label":"Truck 7","group":"Main","lat":45.0888968,"lng":10.0343262,"speed_kmh":64,)"
    R"("heading_deg":304,"altitude_m":270,"fix_time":"2026-01-01T13:45:18Z","update_time":"2026-01-01T13:45:23Z",)"
    R"("poll_time":"2026-01-01T13:45:24.107Z","movement":"moving","movement_time":"2026-01-01T13:38:55Z",)"
    R"("connection":"active","ignition":true,"ignition_time":"2026-01-01T13:38:55Z","gps_signal_pct":100,)"
    R"("gsm_signal_pct":85,"gsm_time":"2026-01-01T13:45:23Z","battery_pct":100,"inputs":[true,false,false],)"
    R"("outputs":[false,false],"additional":{"moving":"1"},"run":"k3v9","seq":812})";

}  // namespace depotlink::queue
