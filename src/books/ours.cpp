#include "books/ours.h"

namespace recloser::books {

std::string_view name_of(Otherwise way) {
  switch (way) {
    case Otherwise::cached_as_input:
      return "cached_as_input";
    case Otherwise::cache_write_as_input:
      return "cache_write_as_input";
    case Otherwise::cache_write_1h_as_5m:
      return "cache_write_1h_as_5m";
    case Otherwise::standard:
      return "tier_standard";
    case Otherwise::batch:
      return "tier_batch";
    case Otherwise::flex:
      return "tier_flex";
    case Otherwise::priority:
      return "tier_priority";
    case Otherwise::fast:
      return "tier_fast";
    case Otherwise::list:
      return "list_price";
    case Otherwise::catalogue:
      return "catalogue";
  }
  return "";
}

std::string_view sentence_of(Otherwise way) {
  switch (way) {
    case Otherwise::cached_as_input:
      return "cached tokens are charged at the full price of input";
    case Otherwise::cache_write_as_input:
      return "cache writes are charged at the price of input";
    case Otherwise::cache_write_1h_as_5m:
      return "an hour's cache writes are charged at the price of five minutes'";
    case Otherwise::standard:
      return "charged at the standard tier, booked at another";
    case Otherwise::batch:
      return "charged at the batch tier, booked at another";
    case Otherwise::flex:
      return "charged at the flex tier, booked at another";
    case Otherwise::priority:
      return "charged at the priority tier, booked at another";
    case Otherwise::fast:
      return "charged at the fast tier, booked at another";
    case Otherwise::list:
      return "charged at the list price, without what the contract takes off";
    case Otherwise::catalogue:
      return "charged as today's price list says; booked at another price";
  }
  return "";
}

void OurCell::add(const OurCall& call) {
  if (calls++ == 0) model_as_written = call.model;
  counts += call.counts;
  if (!call.exact) estimated += call.counts;
  if (!call.priced) {
    ++unpriced;
    return;
  }
  cost += call.cost;
  fees += call.fees;
  if (!call.exact) estimated_cost += call.cost;
  for (std::size_t i = 0; i < otherwise_kinds; ++i) otherwise[i] += call.otherwise[i];
}

void OurCell::add(const OurCell& other) {
  if (calls == 0) model_as_written = other.model_as_written;
  calls += other.calls;
  unpriced += other.unpriced;
  counts += other.counts;
  estimated += other.estimated;
  cost += other.cost;
  fees += other.fees;
  estimated_cost += other.estimated_cost;
  for (std::size_t i = 0; i < otherwise_kinds; ++i) otherwise[i] += other.otherwise[i];
}

Day day_at(WallTime at, std::chrono::minutes utc_offset) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds(at.ns)} +
      utc_offset);
}

bool OurBooks::add(const OurCall& call) {
  auto known = keys_.find(call.model);
  if (known == keys_.end()) {
    known = keys_.emplace(std::string(call.model), names_->key_of(call.model)).first;
  }
  for (DayRule rule : {DayRule::start, DayRule::end}) {
    std::map<Key, OurCell>& cells = cells_[std::size_t(rule)];
    Key key{.quarter = std::chrono::floor<Quarter>(Duration(time_of(call, rule).ns)).count(),
            .provider = std::string(call.provider),
            .model = known->second};
    auto [at, fresh] = cells.try_emplace(std::move(key));
    if (fresh && cells.size() > our_cells_max) {
      cells.erase(at);
      return false;
    }
    at->second.add(call);
  }
  ++calls_;
  return true;
}

std::map<CellKey, OurCell> OurBooks::by_day(std::chrono::minutes utc_offset, DayRule rule,
                                            bool with_providers) const {
  std::map<CellKey, OurCell> days;
  for (const auto& [key, cell] : cells_[std::size_t(rule)]) {
    std::chrono::sys_seconds begin{std::chrono::seconds(key.quarter * Quarter::period::num)};
    days[{.day = std::chrono::floor<std::chrono::days>(begin + utc_offset),
          .provider = with_providers ? key.provider : std::string(),
          .model = key.model}]
        .add(cell);
  }
  return days;
}

}  // namespace recloser::books
