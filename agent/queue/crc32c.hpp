// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace depotlink::queue {

// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected; RFC 3720, appendix B.4). Tells accidents,
// not attacks. `so_far`: the result for what stands before `bytes`.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t so_far = 0);

}  // namespace depotlink::queue
