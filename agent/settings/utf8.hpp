// SPDX-License-Identifier: Apache-2.0
#pragma once

// UTF-8 as far as a config needs it (RFC 3629: no surrogates, no overlong forms).

#include <cstddef>
#include <string_view>

namespace depotlink::settings {

// What some editors put before the text.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The bytes of the character that begins at `at` (< text.size()); 0 where that is not UTF-8.
// `code` is its number.
std::size_t DecodeUtf8(std::string_view text, std::size_t at, char32_t& code);

// The characters of `text`; a byte that is not UTF-8 counts as one.
std::size_t CountCharacters(std::string_view text);

// C0, DEL or C1: what a terminal may obey and no text in a config needs.
bool IsControl(char32_t code);

// Valid UTF-8 without control characters.
bool IsPlainText(std::string_view text);

}  // namespace depotlink::settings
