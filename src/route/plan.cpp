#include "route/plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

namespace recloser::route {
namespace {

struct Words {
  std::string_view name;
  std::string_view words;
};
constexpr std::array<Words, why_not_count> all_words{{
    {"", ""},
    {"dialect", "speaks another API, and nothing is translated in this version"},
    {"region", "is not in a region that the model may be served from"},
    {"tools", "cannot call tools"},
    {"vision", "cannot read images"},
    {"schema", "cannot follow a JSON schema"},
    {"streaming", "cannot stream"},
    {"context", "cannot read so much"},
    {"refused", "may not serve this call"},
    {"tried", "has failed this call"},
    {"drained", "is drained by an operator"},
    {"key_tripped", "does not take Recloser's key at present"},
    {"tripped", "has failed too often of late"},
    {"probe_failed", "fails its health check"},
    {"own_tripped", "has failed too often of late for calls like these"},
    {"cooling", "has asked to be left alone for a while"},
    {"loading", "is still loading its model"},
    {"quota", "has no quota left for the moment"},
    {"full", "is busy"},
}};

// Of a 64-bit hash, or of a random number: in (0, 1].
double unit(std::uint64_t bits) {
  constexpr double scale = 1.0 / 9007199254740992.0;  // 2^-53
  return static_cast<double>((bits >> 11) + 1) * scale;
}

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): neighbouring values become unlike ones.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// FNV-1a, from another basis for each seed.
std::uint64_t hash_of(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ mixed(seed);
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

double place_of(const Target& target, const Choosing& choosing, Random& random) {
  if (target.weight == 0) return std::numeric_limits<double>::infinity();
  std::uint64_t bits = choosing.session
                           ? mixed(*choosing.session ^ hash_of(target.provider, target.model))
                           : random.next();
  return -std::log(unit(bits)) / target.weight;
}

// Those that are asked first; among equals as they stand in the configuration.
bool before(const Candidate& a, const Candidate& b) {
  auto rank = [](const Candidate& each) {
    return std::tuple(each.why_not != WhyNot::none, each.target->stage, each.target->order,
                      each.why_not == WhyNot::none ? each.place : 0, each.target);
  };
  return rank(a) < rank(b);
}

bool same_order(const Candidate& a, const Candidate& b) {
  return a.target->stage == b.target->stage && a.target->order == b.target->order;
}

// The second of the race takes the place of the first, where it answers sooner.
void prefer_quick(std::span<Candidate> fit, const Choosing& choosing) {
  double patience = choosing.session ? 2.0 : 1.0;
  for (std::size_t i = 0; i + 1 < fit.size(); ++i) {
    bool first = i == 0 || !same_order(fit[i - 1], fit[i]);
    bool pair = first && same_order(fit[i], fit[i + 1]) && fit[i + 1].target->weight != 0;
    if (pair && fit[i + 1].cost * patience < fit[i].cost) std::swap(fit[i], fit[i + 1]);
  }
}

}  // namespace

std::string_view name_of(WhyNot why) { return all_words.at(static_cast<std::size_t>(why)).name; }
std::string_view words_of(WhyNot why) { return all_words.at(static_cast<std::size_t>(why)).words; }

WhyNot why_not(Admission::Why why) {
  switch (why) {
    case Admission::Why::yes:
      return WhyNot::none;
    case Admission::Why::drained:
      return WhyNot::drained;
    case Admission::Why::tripped:
      return WhyNot::tripped;
    case Admission::Why::probe_failed:
      return WhyNot::probe_failed;
    case Admission::Why::own_tripped:
      return WhyNot::own_tripped;
    case Admission::Why::cooling:
      return WhyNot::cooling;
    case Admission::Why::loading:
      return WhyNot::loading;
    case Admission::Why::key_tripped:
      return WhyNot::key_tripped;
    case Admission::Why::quota:
      return WhyNot::quota;
    case Admission::Why::full:
      return WhyNot::full;
  }
  std::unreachable();
}

bool is_unfit(WhyNot why) {
  switch (why) {
    case WhyNot::dialect:
    case WhyNot::region:
    case WhyNot::tools:
    case WhyNot::vision:
    case WhyNot::schema:
    case WhyNot::streaming:
    case WhyNot::context:
      return true;
    default:
      return false;
  }
}

bool passes_by_itself(WhyNot why) {
  switch (why) {
    case WhyNot::key_tripped:
    case WhyNot::tripped:
    case WhyNot::probe_failed:
    case WhyNot::own_tripped:
    case WhyNot::cooling:
    case WhyNot::loading:
    case WhyNot::quota:
    case WhyNot::full:
      return true;
    default:
      return false;
  }
}

WhyNot lacking(const Needs& needs, const Facilities& target) {
  using config::Ability;
  constexpr std::array<std::pair<Ability, WhyNot>, config::ability_count> all{
      {{Ability::tools, WhyNot::tools},
       {Ability::vision, WhyNot::vision},
       {Ability::schema, WhyNot::schema},
       {Ability::streaming, WhyNot::streaming}}};
  for (auto [ability, why] : all) {
    if (needs.abilities.has(ability) && target.lacks.has(ability)) return why;
  }
  bool too_large = target.context_tokens != 0 && needs.tokens > target.context_tokens;
  return too_large ? WhyNot::context : WhyNot::none;
}

std::uint64_t session_hash(std::uint64_t principal, std::string_view session) {
  return mixed(hash_of(principal, session));
}

void arrange(std::span<Candidate> candidates, const Choosing& choosing, Random& random) {
  std::size_t fit = 0;
  for (Candidate& each : candidates) {
    if (each.why_not != WhyNot::none) continue;
    each.place = place_of(*each.target, choosing, random);
    ++fit;
  }
  std::ranges::sort(candidates, before);
  if (choosing.balance == config::Balance::least_latency) {
    prefer_quick(candidates.first(fit), choosing);
  }
}

NoneLeft none_left(std::span<const Candidate> candidates) {
  NoneLeft nearest;
  for (const Candidate& each : candidates) {
    if (!passes_by_itself(each.why_not)) continue;
    if (nearest.why_not == WhyNot::none || each.until < nearest.until) {
      nearest = {.why_not = each.why_not, .until = each.until};
    }
  }
  return nearest;
}

}  // namespace recloser::route
