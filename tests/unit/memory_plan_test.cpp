// SPDX-License-Identifier: Apache-2.0
#include "agent/memory_plan.hpp"

#include <cstdint>
#include <string>

#include "agent/base/limits.hpp"
#include "agent/fleet/table.hpp"
#include "agent/settings/reader.hpp"

#include "CppUTest/TestHarness.h"

using depotlink::MemoryPlan;
using depotlink::PlanMemory;
using depotlink::settings::Settings;

TEST_GROUP(MemoryPlan) {
  Settings settings = Read("");

  static Settings Read(const std::string& more) {
    const auto outcome = depotlink::settings::ReadSettings(
        R"({"site": "s", "api": {"url": "https://h/v2", "key_file": "/k"}, )"
        R"("mqtt": {"url": "mqtt://localhost"})" +
        more + "}");
    CHECK(outcome.faults.empty());
    return outcome.settings;
  }
  std::uint64_t Bytes() const {
    return PlanMemory(settings).bytes;
  }
  std::string Fault() const {
    return depotlink::MemoryFault(settings);
  }
};

TEST(MemoryPlan, IsTheSumOfItsParts) {
  const MemoryPlan plan = PlanMemory(settings);
  std::uint64_t sum = 0;
  for (const depotlink::MemoryPart& part : plan.parts) {
    CHECK_FALSE(part.name.empty());
    sum += part.bytes;
  }
  CHECK_EQUAL(sum, plan.bytes);
  LONGS_EQUAL(25000, plan.trackers);
}

TEST(MemoryPlan, TheDefaultsFitWithEverySwitchOn) {
  STRCMP_EQUAL("", Fault().c_str());
  settings = Read(R"(, "poll": {"links": "1m"}, "queue": {"drop": "all_but_newest"},
      "publish": {"snapshot_every": "1h"},
      "extra": [{"path": "zone/list", "topic": "z", "split": true}])");
  STRCMP_EQUAL("", Fault().c_str());
}

TEST(MemoryPlan, GrowsByWhatATrackerTakes) {
  settings.memory.max_trackers = 1000;
  const std::uint64_t small = Bytes();
  settings.memory.max_trackers = 2000;
  CHECK_EQUAL(1000 * (40 + 2 + depotlink::limits::kLabelRoomPerTracker), Bytes() - small);
}

TEST(MemoryPlan, EachSwitchTakesItsPart) {
  const std::uint64_t plain = Bytes();
  const auto more = [this, plain](const char* what) {
    settings = Read(what);
    return Bytes() - plain;
  };
  CHECK_EQUAL(depotlink::limits::kExtraBytes,
              more(R"(, "extra": [{"path": "zone/list", "topic": "z"}])"));
  CHECK_EQUAL(depotlink::limits::kExtraBytes + 24 * depotlink::limits::kExtraItems,
              more(R"(, "extra": [{"path": "zone/list", "topic": "z", "split": true}])"));
  CHECK_EQUAL(9 * 1024, more(R"(, "publish": {"snapshot_every": "1h", "snapshot_page": "9KiB"})"));
  CHECK_EQUAL(depotlink::limits::NewestTableBytes(25000) + 32 * 1024,
              more(R"(, "queue": {"drop": "all_but_newest"})"));
  CHECK(more(R"(, "poll": {"links": "1m"})") > depotlink::limits::kMaxLinks * 40);
  settings = Read("");
  settings.api.url = "http://localhost/v2";
  CHECK(Bytes() < plain);
}

TEST(MemoryPlan, AScopeThatNamesItsTrackersNeedsNoRoomForMore) {
  const std::uint64_t whole = Bytes();
  settings = Read(R"(, "scope": {"trackers": [1, 2, 3]})");
  LONGS_EQUAL(3, PlanMemory(settings).trackers);
  CHECK_EQUAL(depotlink::fleet::Table::BytesFor(25000) - depotlink::fleet::Table::BytesFor(3),
              whole - Bytes());
  settings = Read(R"(, "scope": {"trackers": [1, 2, 3], "groups": [7]})");
  LONGS_EQUAL(25000, PlanMemory(settings).trackers);
  settings = Read(R"(, "scope": {"links": [103, 104]})");
  LONGS_EQUAL(200, PlanMemory(settings).trackers);
  settings.memory.max_trackers = 50;
  LONGS_EQUAL(50, PlanMemory(settings).trackers);
}

TEST(MemoryPlan, WhatDoesNotFitIsToldWithBothRemedies) {
  settings.memory.budget_bytes = Bytes();
  STRCMP_EQUAL("", Fault().c_str());
  --settings.memory.budget_bytes;
  STRCMP_CONTAINS("KiB that are planned for 25000 trackers", Fault().c_str());
  STRCMP_CONTAINS("lower memory.max_trackers to at most 24999", Fault().c_str());
}

TEST(MemoryPlan, BothRemediesHelp) {
  settings.memory.max_trackers = depotlink::limits::kMaxTrackers;
  settings.queue.keep_newest = true;
  settings.memory.budget_bytes = 6 * 1024 * 1024;
  const std::string fault = Fault();
  Settings richer = settings;
  richer.memory.budget_bytes =
      std::stoull(fault.substr(fault.find("at least \"") + 10)) * 1024 * 1024;
  STRCMP_EQUAL("", depotlink::MemoryFault(richer).c_str());
  richer.memory.budget_bytes -= 1024 * 1024;
  CHECK(!depotlink::MemoryFault(richer).empty());
  const unsigned long most = std::stoul(fault.substr(fault.find("at most ") + 8));
  settings.memory.max_trackers = static_cast<std::uint32_t>(most);
  STRCMP_EQUAL("", Fault().c_str());
  ++settings.memory.max_trackers;
  CHECK(!Fault().empty());
}

TEST(MemoryPlan, WhereNoFleetFitsOnlyTheBudgetIsNamed) {
  settings.memory.budget_bytes = 1024 * 1024;
  STRCMP_CONTAINS("raise memory.budget to at least \"", Fault().c_str());
  CHECK(Fault().find("max_trackers") == std::string::npos);
}

TEST(MemoryPlan, TheHeapMayTakeWhatTheBudgetLeavesIt) {
  const std::uint64_t ceiling = depotlink::HeapCeiling(settings);
  CHECK(ceiling < settings.memory.budget_bytes);
  CHECK(ceiling > depotlink::fleet::Table::BytesFor(25000));
  settings.memory.budget_bytes += 4096;
  CHECK_EQUAL(ceiling + 4096, depotlink::HeapCeiling(settings));
  settings.scope.trackers = {1};  // the table is reserved whole, but not touched
  CHECK(depotlink::HeapCeiling(settings) > ceiling + 4096);
}
