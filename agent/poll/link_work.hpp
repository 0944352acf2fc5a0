// SPDX-License-Identifier: Apache-2.0
#pragma once

// What polling geo links needs from the stages behind it.

#include <string_view>

#include "agent/model/geo_link.hpp"

namespace depotlink::poll {

class LinkWork {
 public:
  virtual ~LinkWork() = default;
  virtual bool LinksReady() const = 0;
  // One link, as it comes. Returns its id; 0 where it cannot be read.
  virtual model::LinkId OnLink(std::string_view element) = 0;
  // It was asked for, and is not there.
  virtual void OnLinkMissing(model::LinkId id) = 0;
  // It was asked for, and what came cannot be read.
  virtual void OnLinkUnreadable(model::LinkId id) = 0;
  // A reading of the whole list.
  virtual void OnLinkListBegin() = 0;
  // `whole`: what it did not name is not there.
  virtual void OnLinkListEnd(bool whole) = 0;
  // `why` for people; empty: all is well again.
  virtual void OnLinkTrouble(std::string_view why) = 0;
};

}  // namespace depotlink::poll
