#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# curl, jq and mosquitto_pub, in a loop: a line a state that has changed, on one topic, since each connection of
# mosquitto_pub has one. What the broker did not take is tried again with the next poll.
set -u
cd "$WORK" || exit 1
export LC_ALL=C
printf 'Authorization: NVX %s\nContent-Type: application/json\nNVX-ISO-DateTime: true\n' "$(cat "$API_KEY_FILE")" > headers
: > before
call() { curl -sS --fail --compressed --max-time 30 --cacert "$CA_FILE" -H @headers --data "$2" "$API_URL/$1"; }

listed=-600
while :; do
  if (( SECONDS - listed >= 600 )); then
    call tracker/list '{}' | jq -c '{trackers: [.list[].id]}' > ids && listed=$SECONDS
  fi
  call tracker/get_states @ids | jq -c '.states | to_entries[] | {id: .key} + .value' | sort > now
  if [ -s now ]; then
    comm -13 before now | mosquitto_pub -h "$MQTT_HOST" -p "$MQTT_PORT" -q 1 -t depotlink/yard/states -l && mv now before
  fi
  sleep "$PERIOD"
done
