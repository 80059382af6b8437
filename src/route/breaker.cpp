#include "route/breaker.h"

#include <algorithm>

namespace recloser::route {

Duration open_time(std::uint32_t in_a_row, Random& random) {
  constexpr std::uint32_t doublings_max = 10;  // beyond the longest
  Duration longest = std::min<Duration>(
      open_first_longest * (1 << std::min(in_a_row, doublings_max)), open_longest);
  auto spread = static_cast<std::uint64_t>((longest - open_shortest).count());
  return open_shortest + Duration{static_cast<std::int64_t>(random.below(spread))};
}

void Breaker::first_token(Ticket& ticket, PrincipalHash principal, Instant now) {
  if (trip_.counts(ticket)) works(ticket, principal, now);
}

bool Breaker::end(Ticket& ticket, PrincipalHash principal, AttemptEnd end, Instant now,
                  Random& random) {
  bool counts = trip_.counts(ticket);
  trip_.give_back(ticket);
  if (!counts) return false;
  if (end == AttemptEnd::answered) {
    works(ticket, principal, now);
    row_.answered();
  }
  if (!counts_as_failure(end)) return false;
  tally_.add(now, ticket.counted ? 0 : 1, 1);
  row_.failed(ticket.counted);
  note(principal, true, now);
  bool probe_failed = trip_.state(now) == State::probing;
  if (!probe_failed && !(is_enough(now) && concerns_all(now))) return false;
  trip_.trip(now, open_time(trip_.in_a_row(now), random));
  return true;
}

// Once it had said something, the end of a call is news of it alone: of a principal that has failed
// since then it says nothing.
void Breaker::works(Ticket& ticket, PrincipalHash principal, Instant now) {
  bool is_news = !ticket.counted;
  if (is_news) {
    ticket.counted = true;
    tally_.add(now, 1, 0);
    row_.first_token();
    if (trip_.went_well(ticket, now)) forget();
  }
  if (is_news || !has_failed(principal)) note(principal, false, now);
}

bool Breaker::is_enough(Instant now) const {
  if (row_.is_enough()) return true;
  Tally::Sums sums = tally_.sums(now);
  return sums.calls >= calls_least && sums.marked * 100 >= sums.calls * failed_percent;
}

// Each principal is asked for its last call: of one whose prompts break the target, and of others
// that fail now and then, the others are its witnesses.
bool Breaker::concerns_all(Instant now) const {
  std::size_t failing = 0;
  std::size_t witnesses = 0;
  for (const Seen& seen : seen_) {
    if (!seen.used || now - seen.last >= window) continue;
    ++(seen.failed ? failing : witnesses);
  }
  return failing >= principals_least || witnesses == 0;
}

void Breaker::note(PrincipalHash principal, bool failed, Instant now) {
  Seen* place = &seen_.front();
  for (Seen& seen : seen_) {
    if (seen.used && seen.principal == principal) {
      place = &seen;
      break;
    }
    if (place->used && (!seen.used || seen.last < place->last)) place = &seen;
  }
  *place = {.principal = principal, .last = now, .failed = failed, .used = true};
}

bool Breaker::has_failed(PrincipalHash principal) const {
  return std::ranges::any_of(seen_, [principal](const Seen& seen) {
    return seen.used && seen.failed && seen.principal == principal;
  });
}

void Breaker::forget() {
  tally_.clear();
  row_.begin_anew();
  seen_ = {};
}

bool OwnBreakers::would_admit(PrincipalHash principal, Instant now) const {
  const Own* own = find(principal);
  return own == nullptr || own->trip.would_let_in(now);
}

Instant OwnBreakers::until(PrincipalHash principal) const {
  const Own* own = find(principal);
  return own == nullptr ? Instant{} : own->trip.until();
}

Ticket OwnBreakers::admit(PrincipalHash principal, Instant now) {
  Own* own = find(principal);
  return own == nullptr ? Ticket{} : own->trip.let_in(now);
}

Ticket OwnBreakers::admit_anyhow(PrincipalHash principal, Instant now) {
  if (would_admit(principal, now)) return admit(principal, now);
  return find(principal)->trip.let_by();
}

void OwnBreakers::first_token(Ticket& ticket, PrincipalHash principal, Instant now) {
  if (ticket.counted) return;
  ticket.counted = true;
  Own* own = find(principal);
  if (own == nullptr) return;
  if (own->trip.counts(ticket)) own->row.first_token();
  if (own->trip.went_well(ticket, now)) own->row.begin_anew();
}

void OwnBreakers::end(Ticket& ticket, PrincipalHash principal, AttemptEnd end, Instant now,
                      Random& random) {
  if (end == AttemptEnd::answered) {
    first_token(ticket, principal, now);
    Own* own = find(principal);
    if (own == nullptr || !own->trip.counts(ticket)) return;
    own->row.answered();
    if (!own->row.empty()) return;
    if (own->trip.ever_tripped()) return;  // how often in a row is still to be known
    by_recency_.erase(own_.at(principal));
    own_.erase(principal);
    return;
  }
  if (!counts_as_failure(end)) {
    if (Own* own = find(principal)) own->trip.give_back(ticket);
    return;
  }
  Own& own = failed(principal);
  bool counts = own.trip.counts(ticket);
  own.trip.give_back(ticket);
  if (!counts) return;
  own.row.failed(ticket.counted);
  bool probe_failed = own.trip.state(now) == State::probing;
  if (!probe_failed && !own.row.is_enough()) return;
  own.trip.trip(now, open_time(own.trip.in_a_row(now), random));
}

void OwnBreakers::clear() {
  own_.clear();
  by_recency_.clear();
}

OwnBreakers::Own* OwnBreakers::find(PrincipalHash principal) {
  auto found = own_.find(principal);
  return found == own_.end() ? nullptr : &*found->second;
}

const OwnBreakers::Own* OwnBreakers::find(PrincipalHash principal) const {
  auto found = own_.find(principal);
  return found == own_.end() ? nullptr : &*found->second;
}

OwnBreakers::Own& OwnBreakers::failed(PrincipalHash principal) {
  if (auto found = own_.find(principal); found != own_.end()) {
    by_recency_.splice(by_recency_.begin(), by_recency_, found->second);
    return by_recency_.front();
  }
  if (by_recency_.size() == principals_max) {
    own_.erase(by_recency_.back().principal);
    by_recency_.pop_back();
  }
  by_recency_.push_front(Own{.principal = principal});
  own_.emplace(principal, by_recency_.begin());
  return by_recency_.front();
}

}  // namespace recloser::route
