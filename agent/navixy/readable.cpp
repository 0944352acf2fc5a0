// SPDX-License-Identifier: Apache-2.0
#include "agent/navixy/readable.hpp"

#include <algorithm>

namespace depotlink::navixy {
namespace {

constexpr Readable Row(std::string_view path, Answers answers, bool paged, std::string_view needs) {
  Readable row;
  row.path = path;
  row.answers = answers;
  row.paged = paged;
  row.needs = needs;
  return row;
}

constexpr Readable List(std::string_view path, std::string_view needs = {}) {
  return Row(path, Answers::kList, false, needs);
}

constexpr Readable Paged(std::string_view path, std::string_view needs = {}) {
  return Row(path, Answers::kList, true, needs);
}

constexpr Readable Value(std::string_view path, std::string_view needs = {}) {
  return Row(path, Answers::kValue, false, needs);
}

// A value that the API calls otherwise.
constexpr Readable Named(Readable row, std::string_view member) {
  row.member = member;
  return row;
}

// What a panel session must be allowed: to read this category.
constexpr Readable Granted(Readable row, std::string_view category) {
  row.category = category;
  row.operation = "read";
  return row;
}

// Source: vendor documents, user-api/backend-api/resources and panel-api/resources; the page of
// each stands beside it.
// clang-format off
constexpr Readable kReadable[] = {
    List("asset_group/list", "group_ids"),  // tracking/asset/asset-groups
    Paged("checkin/list"),  // field-service/checkin
    Value("checkin/read", "checkin_id"),  // field-service/checkin
    List("data/import/list"),  // commons/data
    List("department/list"),  // field-service/department
    Paged("employee/list"),  // field-service/employee/index
    Value("employee/read", "employee_id"),  // field-service/employee/index
    List("entity/fields/read", "entity_id"),  // commons/entity/fields
    List("entity/list"),  // commons/entity/index
    Value("file/stats/read"),  // commons/file
    List("form/template/list"),  // field-service/form/template
    Value("form/template/read", "template_id"),  // field-service/form/template
    List("garage/list"),  // fleet/garage
    Value("history/read", "id"),  // commons/history/index
    List("history/type/list", "locale"),  // commons/history/history_type
    List("history/unread/list"),  // commons/history/history_unread
    List("map_layer/list"),  // tracking/map_layer
    List("notification/list"),  // commons/notification
    Granted(Value("panel/dealer/settings/notification/read"), "notification_settings"),  // panel-api/dealer/settings/notification
    Granted(Value("panel/order/read", "order_id"), "tracker_bundles"),  // panel-api/order
    Granted(Paged("panel/subpaas/list"), "subpaas"),  // panel-api/subpaas/README
    Granted(Value("panel/subpaas/read", "subpaas_id"), "subpaas"),  // panel-api/subpaas/README
    Granted(Paged("panel/tariff/list"), "tariffs"),  // panel-api/tariff
    Granted(Value("panel/tariff/read", "tariff_id"), "tariffs"),  // panel-api/tariff
    List("panel/timezone/list"),  // panel-api/timezone
    Granted(Paged("panel/tracker/list"), "trackers"),  // panel-api/tracker
    Granted(Value("panel/tracker/read", "tracker_id"), "trackers"),  // panel-api/tracker
    Granted(Paged("panel/user/list"), "users"),  // panel-api/user/README
    Granted(List("panel/user/menu/preset/list"), "users"),  // panel-api/user/preset
    Granted(Value("panel/user/mfa/settings/default/read"), "users"),  // panel-api/user/mfa-settings
    Granted(Value("panel/user/read", "user_id"), "users"),  // panel-api/user/README
    Paged("place/list"),  // field-service/place/work-with-poi
    Value("place/read", "place_id"),  // field-service/place/work-with-poi
    List("plugin/list"),  // commons/plugin/index
    List("report/schedule/list"),  // commons/report/report_schedule
    List("report/tracker/list"),  // commons/report/report_tracker
    List("retranslator/list"),  // tracking/retranslator
    List("retranslator/protocol/list"),  // tracking/retranslator
    List("status/list", "listing_id"),  // tracking/status/index
    List("status/listing/list"),  // tracking/status/listing/index
    Value("status/tracker/list", "trackers"),  // tracking/status/tracker
    List("subuser/list"),  // commons/subuser/index
    Paged("subuser/places/list", "subuser_id"),  // commons/subuser/places
    List("subuser/security_group/list"),  // commons/subuser/security_group
    List("subuser/tracker/list", "subuser_id"),  // commons/subuser/tracker
    Paged("subuser/zones/list", "subuser_id"),  // commons/subuser/zones
    List("tag/list"),  // commons/tag/index
    List("tariff/list"),  // billing/tariff/index
    List("tariff/tracker/list", "tracker_id"),  // billing/tariff/tariff_tracker
    List("task/checkpoint/list", "checkpoint_ids"),  // field-service/task/checkpoint
    Value("task/checkpoint/read", "checkpoint_id"),  // field-service/task/checkpoint
    Paged("task/list"),  // field-service/task/README
    Value("task/read", "task_id"),  // field-service/task/README
    List("task/route/list"),  // field-service/task/route/index
    List("task/schedule/list"),  // field-service/task/schedule/index
    List("timezone/list", "locale"),  // commons/timezone
    Value("track/waybill/settings/read"),  // tracking/track/waybill/settings
    List("tracker/chat/list", "tracker_id"),  // tracking/tracker/chat
    Value("tracker/chat/unread/count"),  // tracking/tracker/chat
    Value("tracker/chat/updated/list", "trackers"),  // tracking/tracker/chat
    Value("tracker/counter/read", "tracker_id type"),  // tracking/tracker/counter
    Value("tracker/counter/value/get", "tracker_id type"),  // tracking/tracker/counter
    Value("tracker/counter/value/list", "trackers type"),  // tracking/tracker/counter
    List("tracker/get_counters", "tracker_id"),  // tracking/tracker/counter
    Value("tracker/get_last_gps_point", "tracker_id"),  // tracking/tracker/README
    List("tracker/group/list"),  // tracking/tracker/group
    Value("tracker/led/read", "tracker_id"),  // tracking/tracker/led
    List("tracker/list"),  // tracking/tracker/README
    Value("tracker/read", "tracker_id"),  // tracking/tracker/README
    Named(Value("tracker/readings/batch_list", "trackers"), "result"),  // tracking/tracker/readings
    List("tracker/retranslator/list", "tracker_id"),  // tracking/tracker/retranslator
    List("tracker/rule/list"),  // tracking/tracker/rules/rule
    Value("tracker/sensor/calibration_data/read", "tracker_id sensor_id"),  // tracking/tracker/sensor/calibration_data
    List("tracker/sensor/input_name/list"),  // tracking/tracker/sensor/input_name
    List("tracker/sensor/list", "tracker_id"),  // tracking/tracker/sensor/index
    Value("tracker/settings/tracking/read", "tracker_id"),  // tracking/tracker/settings/tracking
    Value("user/get_tariff_restrictions"),  // commons/user/index
    Paged("vehicle/list"),  // fleet/vehicle/README
    Value("vehicle/read", "vehicle_id"),  // fleet/vehicle/README
    Paged("vehicle/service_task/list"),  // fleet/vehicle/service-task/README
    Value("vehicle/service_task/read", "task_id"),  // fleet/vehicle/service-task/README
    List("vehicle/status/listing/read"),  // fleet/vehicle/listing
    Paged("zone/list"),  // tracking/zone/README
    List("zone/point/list", "zone_id"),  // tracking/zone/zone_point
    Value("zone/read", "zone_id"),  // tracking/zone/README
};
// clang-format on

struct Withheld {
  std::string_view begin;  // of paths
  std::string_view why;
};
constexpr Withheld kWithheld[] = {
    {"api/key/", "it answers API keys"},
    {"tracker/location/link/", "it answers the addresses of shares, whoever has one can follow"},
    {"user/session/", "it answers sessions"},
    {"apn_settings/", "it answers passwords"},
    {"tracker/apn_settings/", "it answers passwords"},
    {"tracker/settings/special/", "it answers passwords"},
    {"panel/dealer/settings/service/", "it answers a password"},
    {"panel/dealer/activation_code/", "whoever reads a code can use it"},
    {"tracker/get_state", "states are published by themselves"},
};

}  // namespace

ReadableTable AllReadable() {
  return {kReadable, sizeof kReadable / sizeof kReadable[0]};
}

const Readable* FindReadable(std::string_view path) {
  const ReadableTable table = AllReadable();
  const Readable* row =
      std::lower_bound(table.begin(), table.end(), path,
                       [](const Readable& r, std::string_view p) { return r.path < p; });
  return row != table.end() && row->path == path ? row : nullptr;
}

std::string_view WhyWithheld(std::string_view path) {
  for (const Withheld& withheld : kWithheld) {
    if (path.substr(0, withheld.begin.size()) == withheld.begin) return withheld.why;
  }
  return {};
}

}  // namespace depotlink::navixy
