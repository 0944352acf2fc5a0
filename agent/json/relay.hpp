// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hands an element of an answer on as it is, where nobody knows its fields: what comes out is the
// same JSON, made fit for the bus. As JsonWriter's promises go:
// - Whole numbers beyond 2^53 become text, because many readers hold numbers as doubles; so does
//   any other number with more than 15 digits before its point, exponent reckoned in.
// - U+0000 (which would end a C string) becomes U+FFFD.
// - What acts on a terminal (IsControl() of utf8.hpp) is escaped as \uXXXX: the same text for a
//   JSON reader.
// And as secrets go: a member whose name says that it is one (IsSecretName()) is left out, but for
// true, false and null: `has_password` may say true.

#include <cstddef>
#include <string_view>

namespace depotlink::json {

// `text` as the splitter hands it over: sound JSON, at most limits::kJsonDepth deep. Written to
// `out`; returns the bytes, 0 where they do not fit, or where the text is not sound after all.
[[nodiscard]] std::size_t Relay(std::string_view text, char* out, std::size_t capacity);

// `password`, `apn_password`, `sessionHash`, `token`, `api_key`, ...: by the end of the name,
// without regard to case, `_` and `-`.
[[nodiscard]] bool IsSecretName(std::string_view name);

}  // namespace depotlink::json
