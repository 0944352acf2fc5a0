// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each stage of the agent wants to know, out of the settings.

#include <array>
#include <cstddef>

#include "agent/backfill.hpp"
#include "agent/base/secret.hpp"
#include "agent/encode/topics.hpp"
#include "agent/fleet/schedule.hpp"
#include "agent/fleet/scope.hpp"
#include "agent/fleet/shard.hpp"
#include "agent/fleet/table.hpp"
#include "agent/poll/extra_job.hpp"
#include "agent/poll/poller.hpp"
#include "agent/poll/session.hpp"
#include "agent/ports/random.hpp"
#include "agent/publish/publisher.hpp"
#include "agent/queue/offline_queue.hpp"
#include "agent/settings/settings.hpp"
#include "agent/snapshots.hpp"

namespace depotlink {

publish::PublisherConfig MakePublisherConfig(const settings::Settings& settings,
                                             const encode::TopicBuilder& topics, Secret password);

// When an agent that starts at `now` makes its first call.
MonoTime FirstCallAt(MonoTime now, ports::Random& random);

// `begin`: no call before.
poll::PollerConfig MakePollerConfig(const settings::Settings& settings, MonoTime begin);

queue::QueueConfig MakeQueueConfig(const settings::Settings& settings);

// `number`: its place in the settings' list.
BackfillConfig MakeBackfillConfig(const settings::Settings& settings);
SnapshotConfig MakeSnapshotConfig(const settings::Settings& settings);
poll::ExtraPlan MakeExtraPlan(const settings::Extra& extra, std::size_t number);

// Where the two APIs are.
poll::ApiAccess MakeApiAccess(const settings::Api& api);

// Which credential the user API is called with.
poll::SessionConfig MakeSessionConfig(const settings::Api& api);

fleet::Scope MakeScope(const settings::Scope& scope);
fleet::Shard MakeShard(const settings::Shard& shard);

// Periods by pace, in the order of fleet::Pace.
std::array<DurationMs, fleet::kPaceCount> PacePeriods(const settings::Poll& poll);

}  // namespace depotlink
