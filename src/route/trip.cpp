#include "route/trip.h"

#include "core/check.h"

#include <utility>

namespace recloser::route {

std::string_view name_of(State state) {
  switch (state) {
    case State::passing:
      return "passing";
    case State::probing:
      return "probing";
    case State::tripped:
      return "tripped";
  }
  std::unreachable();
}

State Trip::state(Instant now) const {
  return state_ == State::tripped && now >= until_ ? State::probing : state_;
}

std::uint32_t Trip::in_a_row(Instant now) const {
  bool recovered = state_ == State::passing && now - since_ >= calm;
  return recovered ? 0 : trips_;
}

bool Trip::would_let_in(Instant now) const {
  switch (state(now)) {
    case State::passing:
      return true;
    case State::probing:
      return free_place(now) < probes_;
    case State::tripped:
      return false;
  }
  std::unreachable();
}

Ticket Trip::let_in(Instant now) {
  CHECK(would_let_in(now));
  if (state_ == State::passing) return {.generation = generation_};
  if (state_ == State::tripped) {
    state_ = State::probing;
    since_ = now;
  }
  places_[free_place(now)] = {.probe = ++last_probe_, .begun = now};
  return {.generation = generation_, .probe = last_probe_};
}

void Trip::give_back(Ticket& ticket) {
  for (Place& place : places_) {
    if (place.probe == ticket.probe) place = {};  // 0: what is free stays so
  }
}

bool Trip::went_well(Ticket& ticket, Instant now) {
  give_back(ticket);
  if (!counts(ticket) || state_ != State::probing) return false;
  if (++good_probes_ < probes_) return false;
  state_ = State::passing;
  since_ = now;
  return true;
}

void Trip::trip(Instant now, Duration open) {
  trips_ = in_a_row(now) + 1;
  state_ = State::tripped;
  since_ = now;
  until_ = now + open;
  ++generation_;
  good_probes_ = 0;
  places_ = {};
}

std::size_t Trip::free_place(Instant now) const {
  std::size_t place = 0;
  while (place < probes_ && places_[place].probe != 0 &&
         now - places_[place].begun < probe_patience) {
    ++place;
  }
  return place;
}

}  // namespace recloser::route
