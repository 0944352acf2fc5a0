// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the writer of an unknown key meant.

#include <string>
#include <string_view>
#include <vector>

namespace depotlink::settings {

// The keys that `section`.`leaf` looks like, nearest first in the sense of: a slip within the
// section; the same name in another section; a slip of a key of another section. Keys of this
// version before those of later ones. Empty where nothing looks alike; several where they are
// equally near.
std::vector<std::string_view> Suggest(std::string_view section, std::string_view leaf);

// The key that names the file for a credential called `leaf` (`password`, `apiKey`, `token`, ...)
// in `section`; empty where `leaf` is no such name.
std::string_view SecretFileKey(std::string_view section, std::string_view leaf);

// `"url", "key_file" and "ca_file"`: the supported keys of a section.
std::string ListKeys(std::string_view section);

}  // namespace depotlink::settings
