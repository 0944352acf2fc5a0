// SPDX-License-Identifier: Apache-2.0
// What a login sends and reads, and what a panel session may do.
#include <string>
#include <string_view>

#include "agent/json/element_reader.hpp"
#include "agent/navixy/login.hpp"
#include "agent/navixy/permissions.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/payload_check.hpp"
#include "tests/fuzz/strict_json.hpp"

namespace depotlink::fuzz {
namespace {

void ReadPermissions(std::string_view bytes) {
  json::ElementReader reader;
  navixy::Permissions permissions;
  permissions.Read(reader, bytes);
  Json::Value root;
  const bool grants = permissions.Grants("users", "read");
  if (!StrictlyParses(bytes, root)) return;  // a mended text may grant more than JsonCpp reads
  bool named = false;
  if (root.isObject() && root["users"].isArray()) {
    for (const Json::Value& operation : root["users"]) named = named || operation == "read";
  }
  Require(named || !grants, "nothing is granted that is not named");
}

}  // namespace

void Login(std::string_view bytes) {
  ReadPermissions(bytes);
  std::string hash = "before";
  if (navixy::ReadSessionHash(bytes, hash)) {
    Require(hash.size() == 32 && bytes == '"' + hash + '"', "a hash is what stands there");
    Require(hash.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos,
            "a hash is hexadecimal");
  } else {
    Require(hash == "before", "no hash, no change");
  }
  static_cast<void>(navixy::IsSecondFactor(bytes));
  Input input(bytes);
  const std::string_view login = input.Word();
  const Secret password{std::string(input.rest())};
  std::string body;
  if (!navixy::WriteLogin(login, password, body)) return;
  RequirePayload(body);
  Json::Value sent;
  Require(StrictlyParses(body, sent) && sent.size() == 2, "a login is two members");
  if (IsCalm(login)) Require(sent["login"] == std::string(login), "a login is sent as it is");
}

}  // namespace depotlink::fuzz
