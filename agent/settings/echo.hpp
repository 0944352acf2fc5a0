// SPDX-License-Identifier: Apache-2.0
#pragma once

// What may be shown of a text that somebody wrote into a config: nothing that moves a terminal's
// cursor, nothing long, nothing that could be a credential.

#include <cstddef>
#include <string>
#include <string_view>

namespace depotlink::settings {

inline constexpr std::size_t kEchoCharacters = 40;

// `text` without quotes, at most kEchoCharacters characters. Control characters, characters that
// turn the direction of writing and broken UTF-8 become \xNN or \uNNNN. In an address, everything
// before the last `@` and after the first `?` or `#` becomes `***`; so does a run of 20 or more
// hexadecimal digits.
std::string Echo(std::string_view text);

// Echo within double quotes.
std::string EchoQuoted(std::string_view text);

}  // namespace depotlink::settings
