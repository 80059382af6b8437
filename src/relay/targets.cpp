// ROUTE: where a call may be served, in which order, and the next place to ask.
#include "codec/prompt_reader.h"
#include "core/json_writer.h"
#include "core/names.h"
#include "relay/request.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using net::http1::Name;
using route::Candidate;
using route::WhyNot;

bool allows(const void* patterns, std::string_view name) {
  return static_cast<const auth::ModelPatterns*>(patterns)->allow(name);
}

// Of a usual text. What only seems to fit its provider refuses, and the client hears of it.
constexpr std::uint64_t bytes_per_token_usual = 4;

// What an answer takes of a provider's limits, however long it may be.
constexpr std::uint64_t output_tokens_usual = 1024;

bool has_images(const Call& call) {
  codec::PromptReader prompt(call.route.operation, codec::PromptValue::body, call.client.body());
  while (std::optional<codec::PromptPiece> piece = prompt.next()) {
    if (piece->part == codec::PromptPart::image) return true;
  }
  return false;
}

route::Needs needs_of(const Call& call, const Request& request) {
  using config::Ability;
  const codec::RequestFacts& facts = request.facts;
  route::Needs needs{
      .abilities = {},
      .tokens = call.client.body().size() / bytes_per_token_usual + facts.max_tokens};
  if (facts.has_tools()) needs.abilities.add(Ability::tools);
  if (facts.structured_output) needs.abilities.add(Ability::schema);
  if (call.streams) needs.abilities.add(Ability::streaming);
  return needs;
}

// Of the session where it may be kept together: one that the client names, or a conversation that
// goes on. The first calls of many conversations are alike, and would all go to one target.
std::optional<std::uint64_t> together(const Call& call, const Request& request) {
  constexpr std::uint32_t messages_of_a_conversation = 3;
  bool goes_on = request.session_is_named || request.facts.messages >= messages_of_a_conversation;
  std::string_view session = call.row.record().text(ledger::Text::session);
  if (!request.resolved->model().sticky || !goes_on || session.empty()) return std::nullopt;
  return route::session_hash(call.principal.low, session);
}

bool any_loads(const Request& request) {
  return std::ranges::any_of(request.candidates,
                             [](const Candidate& each) { return each.why_not == WhyNot::loading; });
}

}  // namespace

bool key_is_ours(const Provider& provider) {
  return provider.config->api_key.source != config::ApiKey::Source::client;
}

void note_not_admitted(Candidate& candidate, const route::Admission& why) {
  candidate.why_not = route::why_not(why.why);
  candidate.until = why.until;
}

std::expected<void, Refused> Relay::find_targets(Call& call, const auth::Principal& principal,
                                                 Request& request) {
  const std::string& model = request.facts.model;
  bool allowed = model.empty() ? principal.models.allow_all() : principal.models.allow(model);
  if (!allowed) {
    return std::unexpected(Refused{.refusal = codec::Refusal::model_not_allowed,
                                   .message = auth::message_model_not_allowed(principal, model),
                                   .param = "model"});
  }
  route::NameFilter visible{.context = &principal.models, .allows = allows};
  const Provider* of_login = provider_of_login(call);
  std::expected<route::Resolved, route::Unresolved> resolved =
      of_login != nullptr ? route::Resolved({.provider = of_login->index, .model = model})
      : model.empty()
          ? resolver_.resolve_without_model(call.route.family)
          : resolver_.resolve(model, call.route.family, *model_lists_.current(), visible);
  if (!resolved) {
    return std::unexpected(Refused{.refusal = resolved.error().refusal,
                                   .message = std::move(resolved.error().message),
                                   .param = "model"});
  }
  request.resolved = *resolved;
  std::span<const route::Target> targets = request.resolved->targets();
  request.candidates.reserve(targets.size());
  for (const route::Target& target : targets) {
    request.candidates.push_back({.target = &target});
  }
  request.priority = principal.priority;
  route::Needs needs = needs_of(call, request);
  request.asker = {
      .principal = call.principal.low,
      .needs = {.input_tokens = needs.tokens - request.facts.max_tokens,
                .output_tokens = std::min(request.facts.max_tokens, output_tokens_usual)},
      .streams = call.streams};
  if (request.candidates.size() > 1) judge_targets(call, request, needs);
  return {};
}

const Provider* Relay::provider_of_login(const Call& call) const {
  for (const Provider& provider : services_.providers->all()) {
    const std::string& field = provider.config->login_field;
    if (field.empty() || !provider.speaks(call.route.family)) continue;
    if (call.client.head().find(field)) return &provider;
  }
  return nullptr;
}

// Which of several may be asked, and in which order.
void Relay::judge_targets(Call& call, Request& request, route::Needs needs) {
  std::optional<bool> images;
  for (Candidate& each : request.candidates) {
    const KnownTarget& known = known_targets_.at(*each.target);
    if (known.facilities.lacks.has(config::Ability::vision) && !images) {
      images = has_images(call);  // looked for in all of the body: only where it matters
      if (*images) needs.abilities.add(config::Ability::vision);
    }
    each.why_not = unfit(request, *each.target, call.route.family);
    if (each.why_not == WhyNot::none) each.why_not = route::lacking(needs, known.facilities);
    each.health = known.model->health;
  }
  ask_health(request);
  route::arrange(request.candidates,
                 {.balance = request.resolved->model().balance, .session = together(call, request)},
                 random_);
  book_route(call, request);
}

// Of those that a call may be served by: whether they take one at this moment.
void Relay::ask_health(Request& request) {
  Instant now = worker_.now();
  bool costs = request.resolved->model().balance == config::Balance::least_latency;
  for (Candidate& each : request.candidates) {
    if (each.health == nullptr) continue;
    request.asker.key_is_ours = key_is_ours(services_.providers->at(each.target->provider));
    route::TargetHealth::Look look = each.health->look(request.asker, now);
    each.glance = look.glance;
    bool may_change = each.why_not == WhyNot::none || route::passes_by_itself(each.why_not);
    if (may_change) note_not_admitted(each, look.admission);
    if (may_change && costs) each.cost = each.health->cost(now);
  }
}

// What there was to choose from, and what it was like, as the row explains it.
void Relay::book_route(Call& call, const Request& request) {
  const config::Model& model = request.resolved->model();
  std::string& text = route_text_;
  text.clear();
  JsonWriter json(text);
  json.open_array().name(config::name_of(model.balance)).value(model.sticky ? 1 : 0);
  for (const Candidate& each : request.candidates) {
    std::size_t before = text.size();
    json.raw(known_targets_.told(*each.target, each.glance, each.why_not));
    if (text.size() < ledger::route_bytes_max) continue;
    text.resize(before);
    break;
  }
  json.close_array();
  if (!call.record().set(ledger::Text::route, text)) call.record().set(ledger::Text::route, "");
}

// Whatever the call needs: because of where it may go.
WhyNot Relay::unfit(const Request& request, const route::Target& target,
                    codec::Family family) const {
  const Provider& provider = services_.providers->at(target.provider);
  const std::vector<std::string>& regions = request.resolved->model().regions;
  if (!resolver_.serves(target.provider, family)) return WhyNot::dialect;
  if (!regions.empty() && std::ranges::find(regions, provider.config->region) == regions.end()) {
    return WhyNot::region;
  }
  return WhyNot::none;
}

// The next one that this call may be served by, and its place there. Error: there is none.
std::expected<void, Refused> Relay::take_target(Call& call, Request& request) {
  std::optional<Refused> first_no;
  for (route::Panic panic : {route::Panic::no, route::Panic::yes}) {
    // Where one only has too much to do, the call waits or is told to come back, and where one only
    // has to be loaded, it waits: it is not sent to those that fail.
    if (panic == route::Panic::yes && (any_is_busy(request) || any_loads(request))) break;
    for (Candidate& each : request.candidates) {
      bool asked = panic == route::Panic::no ? each.why_not == WhyNot::none
                                             : route::is_tripped(each.why_not);
      if (!asked) continue;
      if (request.target != nullptr) request.begin_again();
      point_at(call, request, *each.target);
      std::expected<void, Refused> may = may_be_asked(call, request);
      if (!may) each.why_not = WhyNot::refused;
      if (!may && !first_no) first_no = std::move(may.error());
      if (may && take_place(call, request, each, panic)) return {};
    }
  }
  if (first_no) return std::unexpected(std::move(*first_no));
  return std::unexpected(no_target(request));
}

// With Panic::yes a tripped target too: it is asked because every other one is worse.
bool Relay::take_place(Call& call, Request& request, Candidate& candidate, route::Panic panic) {
  request.asker.key_is_ours = key_is_ours(*call.provider);
  std::expected<route::TargetHealth::Slot, route::Admission> slot =
      call.model->health->admit(request.asker, worker_.now(), panic);
  if (!slot) {
    candidate.health = call.model->health;
    note_not_admitted(candidate, slot.error());
    return false;
  }
  call.slot = std::move(*slot);
  request.panics = panic == route::Panic::yes;
  return true;
}

void Relay::point_at(Call& call, Request& request, const route::Target& target) {
  const Provider& provider = services_.providers->at(target.provider);
  call.provider = &provider;
  call.model_known = target.known;
  request.target = &target;
  request.provider_model = target.model;
  request.target_name.reserve(provider.config->name.size() + 1 + target.model.size());
  request.target_name.append(provider.config->name);
  if (!target.model.empty()) request.target_name.append(1, '/').append(target.model);
  call.record().set(ledger::Text::provider, provider.config->name);
  call.record().set(ledger::Text::region, provider.config->region);
}

// What an operator, a plan or a price has against this call at the target.
std::expected<void, Refused> Relay::may_be_asked(Call& call, Request& request) {
  std::expected<void, Refused> may = refuse_own_key(call);
  if (may) may = refuse_switched_off(call, request);
  if (may) may = within_plan(call);
  if (may) may = find_price(call, request);
  if (may && request.out) may = ask_for_the_rest(call, request);
  return may;
}

// An empty x-recloser-key counts as not sent (auth/authenticate.h): what the other headers hold is
// then a key of ours, and must not go to a provider.
std::expected<void, Refused> Relay::refuse_own_key(const Call& call) const {
  bool needs_clients_own = call.provider->config->api_key.source == config::ApiKey::Source::client;
  if (!needs_clients_own || services_.config->auth.mode != config::AuthMode::keys ||
      !call.client.head().find(Name::x_recloser_key).value_or("").empty()) {
    return {};
  }
  return std::unexpected(Refused{
      .refusal = codec::Refusal::invalid_key,
      .message = fmt::format("provider {} is called with your own provider key: send that where "
                             "you sent your Recloser key, and the Recloser key in x-recloser-key",
                             call.provider->config->name)});
}

// Each of them, and why not.
Refused Relay::no_target(const Request& request) const {
  std::string all;
  for (const Candidate& each : request.candidates) {
    const Provider& provider = services_.providers->at(each.target->provider);
    all += fmt::format("{}{}/{} {}", all.empty() ? "" : ", ", provider.config->name,
                       shown(each.target->model), route::words_of(each.why_not));
  }
  route::NoneLeft left = route::none_left(request.candidates);
  Refused why{.refusal = codec::Refusal::provider_unavailable,
              .message = fmt::format("no target of the model {} can answer this call: {}",
                                     shown(request.facts.model), all)};
  if (std::ranges::all_of(request.candidates, route::is_unfit, &Candidate::why_not)) {
    why.refusal = codec::Refusal::invalid_request;
  }
  if (any_is_busy(request)) {
    why.refusal = codec::Refusal::rate_limited;
    why.rule = "targets";
  }
  if (any_is_busy(request) || left.why_not == WhyNot::loading) {
    why.retry_after = std::clamp<Duration>(left.until - worker_.now(), 1s, 60s);
  }
  return why;
}

}  // namespace recloser::relay
