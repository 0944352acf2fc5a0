// SPDX-License-Identifier: Apache-2.0
#include "agent/fleet/table.hpp"

#include <cstring>

namespace depotlink::fleet {

static_assert(limits::kMaxTrackers <= UINT16_MAX, "places are kept in 16 bits");
static_assert(limits::kLabelBytes <= UINT8_MAX, "a label's length is kept in 8 bits");

// Plain new[] of trivial types: pages that no tracker has used stay out of the resident set.
Table::Table(std::uint32_t max_trackers)
    : capacity_(max_trackers),
      trackers_(new Tracker[max_trackers]),
      by_id_(new std::uint16_t[max_trackers]),
      labels_capacity_(LabelBytesFor(max_trackers)),
      labels_(new unsigned char[labels_capacity_]) {}

std::uint32_t Table::LowerBound(model::TrackerId id) const {
  std::uint32_t low = 0;
  std::uint32_t high = size_;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (trackers_[by_id_[middle]].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Tracker* Table::Find(model::TrackerId id) {
  const std::uint32_t at = LowerBound(id);
  if (at == size_ || trackers_[by_id_[at]].id != id) return nullptr;
  return &trackers_[by_id_[at]];
}

Tracker* Table::After(model::TrackerId id) {
  const std::uint32_t at = LowerBound(id + 1);
  return at == size_ ? nullptr : &trackers_[by_id_[at]];
}

Tracker* Table::Add(model::TrackerId id) {
  const std::uint32_t at = LowerBound(id);
  if (at < size_ && trackers_[by_id_[at]].id == id) return &trackers_[by_id_[at]];
  if (size_ == capacity_) return nullptr;
  std::memmove(&by_id_[at + 1], &by_id_[at], (size_ - at) * sizeof(by_id_[0]));
  by_id_[at] = static_cast<std::uint16_t>(size_);
  Tracker& tracker = trackers_[size_++];
  tracker = Tracker{};
  tracker.id = id;
  return &tracker;
}

void Table::Remove(model::TrackerId id) {
  const std::uint32_t at = LowerBound(id);
  if (at == size_ || trackers_[by_id_[at]].id != id) return;
  const std::uint32_t place = by_id_[at];
  const std::uint32_t last = size_ - 1;
  if (place != last) {
    by_id_[LowerBound(trackers_[last].id)] = static_cast<std::uint16_t>(place);
    trackers_[place] = trackers_[last];
    const Tracker& moved = trackers_[place];
    if (moved.label_at != 0) WriteLabelHead(moved.label_at - 1, place, Label(moved).size());
  }
  std::memmove(&by_id_[at], &by_id_[at + 1], (last - at) * sizeof(by_id_[0]));
  size_ = last;
}

void Table::ForgetPublished() {
  for (std::uint32_t i = 0; i < size_; ++i) {
    trackers_[i].state_fingerprint = 0;
    trackers_[i].info_fingerprint = 0;
  }
}

std::string_view Table::Label(const Tracker& tracker) const {
  if (tracker.label_at == 0) return {};
  const unsigned char* head = &labels_[tracker.label_at - 1];
  return {reinterpret_cast<const char*>(head + kLabelHeadBytes), head[2]};
}

bool Table::SetLabel(Tracker& tracker, std::string_view label) {
  if (Label(tracker) == label) return true;
  tracker.label_at = 0;
  if (label.empty()) return true;
  if (label.size() > limits::kLabelBytes) return false;
  const std::size_t wanted = kLabelHeadBytes + label.size();
  if (wanted > labels_capacity_ - labels_used_) CompactLabels();
  if (wanted > labels_capacity_ - labels_used_) return false;
  WriteLabelHead(labels_used_, static_cast<std::uint32_t>(&tracker - trackers_.get()),
                 label.size());
  std::memcpy(&labels_[labels_used_ + kLabelHeadBytes], label.data(), label.size());
  tracker.label_at = (labels_used_ + 1) & Tracker::kLabelAtMost;
  labels_used_ += wanted;
  return true;
}

void Table::WriteLabelHead(std::size_t at, std::uint32_t place, std::size_t length) {
  labels_[at] = static_cast<unsigned char>(place & 0xFFU);
  labels_[at + 1] = static_cast<unsigned char>(place >> 8U);
  labels_[at + 2] = static_cast<unsigned char>(length);
}

// Labels that nobody points to any more are left behind; those in use slide to the front, in place.
void Table::CompactLabels() {
  std::size_t to = 0;
  std::size_t bytes = 0;
  for (std::size_t from = 0; from < labels_used_; from += bytes) {
    const unsigned char* head = &labels_[from];
    bytes = kLabelHeadBytes + head[2];
    const std::size_t place = head[0] + head[1] * std::size_t{256};
    if (place >= size_ || trackers_[place].label_at != from + 1) continue;
    trackers_[place].label_at = (to + 1) & Tracker::kLabelAtMost;
    std::memmove(&labels_[to], &labels_[from], bytes);
    to += bytes;
  }
  labels_used_ = to;
}

}  // namespace depotlink::fleet
