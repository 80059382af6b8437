// RESERVE and SETTLE: what a call takes of its budgets before it runs, and what it leaves behind.
#include "budget/compile.h"
#include "budget/scopes.h"
#include "core/names.h"
#include "relay/request.h"
#include "relay/worst_case.h"
#include "session/labels.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using budget::Amount;
using budget::Unit;

// Of an elastic budget that names none: a second or two of a usual stream.
constexpr std::uint64_t slice_tokens_usual = 128;

static_assert(budget::name_bytes_max == ledger::budget_name_bytes_max);

// As many calls, and as many accounts looked at: no session is kept for long after it is over.
constexpr std::size_t settled_per_sweep = 64;

std::string named(const budget::Standing& standing) {
  const budget::Budget& budget = standing.budget->document();
  std::string text =
      fmt::format("the budget {} of {}", budget.name, budget::text_of(budget.unit, standing.limit));
  if (!standing.key.empty()) text += " (" + shown(standing.key) + ")";
  return text;
}

// "$4.20 of the budget acme of $5.00 is used"
std::string used_of(const budget::Standing& standing) {
  return fmt::format("{} of {} is used",
                     budget::text_of(standing.budget->document().unit, standing.charged),
                     named(standing));
}

std::string whom_to_ask(const budget::Budget& budget) {
  if (budget.owner.empty() && budget.contact.empty()) return "";
  bool both = !budget.owner.empty() && !budget.contact.empty();
  return fmt::format(". Ask {}{}{} for more", budget.owner, both ? ", " : "", budget.contact);
}

// Until what drains has made room for what is needed.
Duration wait_for(const budget::Exhausted& why) {
  const budget::Window& window = why.standing.budget->document().window;
  if (window.type != budget::WindowType::rate || window.drain == 0) return 1s;
  auto missing = static_cast<__int128>(why.needed) - why.standing.remaining();
  __int128 ns = missing * window.duration.count() / window.drain;
  return Duration(
      static_cast<std::int64_t>(std::clamp<__int128>(ns, 0, std::chrono::nanoseconds(1h).count())));
}

// What so much input takes of a budget in that unit.
Amount amount_of_input(Unit unit, const price::Priced& priced, price::Bound bound,
                       std::uint64_t tokens, WallTime at) {
  WorstCase input{.input_tokens = tokens, .output_tokens = 0};
  bound.input_tokens = tokens;
  input.money = money_demand(upper_price(priced, bound, at), tokens);
  std::optional<budget::Demand> demand = input.demand(unit);
  return demand ? demand->base : 0;
}

// A limit of the moment: to come back is right, and how soon is said.
bool passes_by_itself(const budget::Budget& budget) {
  return budget.window.type == budget::WindowType::rate || budget.unit == Unit::calls;
}

Refused refuse_rate(const budget::Exhausted& why) {
  const budget::Budget& budget = why.standing.budget->document();
  bool at_once = budget.unit == Unit::calls;
  std::string message =
      at_once ? fmt::format("the limit {} lets {} run, and as many do", budget.name,
                            budget::text_of(budget.unit, why.standing.limit))
              : fmt::format("the limit {} lets {} in a minute, and they are used", budget.name,
                            budget::text_of(budget.unit, why.standing.limit));
  if (!why.standing.key.empty()) message += " (" + shown(why.standing.key) + ")";
  return {.refusal = codec::Refusal::rate_limited,
          .message = message + whom_to_ask(budget),
          .rule = "limit/" + budget.name,
          .retry_after = wait_for(why),
          .limit = limit_state(why.standing)};
}

// Whether a stream pays for its answer as it comes, or not at all.
bool grows_with_answer(const budget::Ask::Scope& scope) {
  const budget::Budget& budget = scope.budget->document();
  bool counts_output =
      budget.unit == Unit::usd || budget.unit == Unit::tokens || budget.unit == Unit::output_tokens;
  return !counts_output || budget.reserve == budget::Reserve::elastic ||
         budget.reserve == budget::Reserve::none;
}

// What its model reads of a tool that its provider runs, and how often, is for the two to decide.
Refused refuse_unlimited(const Call& call, const codec::AskedTool& tool,
                         const budget::Budget& budget) {
  std::string_view limit =
      call.route.family == codec::Family::anthropic         ? "give the tool `max_uses`"
      : call.route.operation == codec::Operation::responses ? "send `max_tool_calls`"
                                                            : "leave it out";
  return {.refusal = codec::Refusal::budget_exhausted,
          .message = fmt::format(
              "the provider may run the tool {} as often as it likes, and the budget {} holds all "
              "that a call may take: {}, or ask for a budget with reserve: elastic",
              shown(tool.name), budget.name, limit),
          .param = "tools",
          .rule = "budget/" + budget.name};
}

// Anthropic's messages refuse a limit that leaves nothing behind the thinking.
std::uint64_t thinking_least(const codec::RequestFacts& facts) {
  bool bounded = facts.thinks && facts.thinking_tokens != 0;
  return bounded && facts.thinking_tokens != UINT64_MAX ? facts.thinking_tokens + 1 : 0;
}

}  // namespace

Refused refused_by_budget(const budget::Exhausted& why) {
  const budget::Standing& standing = why.standing;
  const budget::Budget& budget = standing.budget->document();
  if (passes_by_itself(budget)) return refuse_rate(why);
  Amount left = std::max<Amount>(standing.remaining(), 0);
  std::string message =
      fmt::format("{} has {} left", named(standing), budget::text_of(budget.unit, left));
  // Of time nobody knows ahead what a call takes.
  if (budget.unit != Unit::seconds) {
    message += fmt::format(", and this call may take {}", budget::text_of(budget.unit, why.needed));
  }
  message += fmt::format(": {} spent, {} held by calls that run",
                         budget::text_of(budget.unit, standing.charged),
                         budget::text_of(budget.unit, standing.reserved));
  if (standing.resets) message += "; it begins anew at " + rfc3339(*standing.resets);
  return {.refusal = codec::Refusal::budget_exhausted,
          .message = message + whom_to_ask(budget),
          .rule = "budget/" + budget.name,
          .limit = limit_state(why.standing)};
}

bool holds_worst_case(const budget::Ask::Scope& scope) {
  const budget::Budget& budget = scope.budget->document();
  bool bounds =
      budget.reserve == budget::Reserve::clamp || budget.reserve == budget::Reserve::upper_bound;
  bool counts_input =
      budget.unit == Unit::usd || budget.unit == Unit::tokens || budget.unit == Unit::input_tokens;
  return bounds && counts_input && !is_rate(budget);
}

void Relay::find_budgets(const Call& call, Request& request) {
  const budget::ScopeIndex& in_force = *scopes_.current();
  if (in_force.empty()) return;
  const ledger::CallRecord& row = call.row.record();
  std::array<std::string_view, limits::labels_max> labels;
  std::size_t label_count = session::split_labels(row.text(ledger::Text::labels), labels);
  budget::CallFacts facts{.org = row.text(ledger::Text::org),
                          .team = row.text(ledger::Text::team),
                          .user = row.text(ledger::Text::user),
                          .agent = row.text(ledger::Text::agent),
                          .key = row.text(ledger::Text::key_id),
                          .session = row.text(ledger::Text::session),
                          .trace = row.text(ledger::Text::trace),
                          .model = row.text(ledger::Text::model_requested),
                          .provider = call.provider->config->name,
                          .target = request.target_name,
                          .call = call.id(),
                          .labels = std::span(labels).first(label_count)};
  in_force.find(facts, request.scopes, request.room.scope_texts, scope_keys_);
  bool may_ask = (request.facts.other_tools || request.facts.web_search_options) &&
                 !codec::only_counts(call.route.operation);
  if (!may_ask || request.scopes.empty()) return;
  request.server_tools =
      codec::server_tools(call.route.operation, request.facts, call.client.body());
}

// All that apply, or none.
std::expected<void, Refused> Relay::reserve(Call& call, Request& request) {
  if (request.scopes.empty()) return {};
  const ledger::CallRecord& row = call.record();
  WorstCase worst;
  std::uint64_t most = 0;  // of output, as the client and the model have it
  bool only_counts = codec::only_counts(call.route.operation);
  if (only_counts) {
    worst.input_tokens = worst.output_tokens = 0;
    worst.money = budget::Demand{};
  } else {
    if (row.upper_input_tokens != ledger::absent) {
      worst.input_tokens = static_cast<std::uint64_t>(row.upper_input_tokens);
    }
    most = codec::writes(call.route.operation) ? most_output(request.facts, call.model->priced) : 0;
    most = std::min(most, most_of_the_rest(request));
    bool grows = call.is_streamed() && std::ranges::all_of(request.scopes, grows_with_answer);
    worst.output_tokens = grows ? most : output_held_ahead(most, request.facts);
    worst.money = money_demand(request.upper_price, worst.input_tokens);
  }
  bool has_rate = false;
  for (budget::Ask::Scope& scope : request.scopes) {
    const budget::Budget& budget = scope.budget->document();
    has_rate = has_rate || is_rate(budget);
    if (holds_worst_case(scope)) {
      const codec::AskedTool* tool = unlimited(request.server_tools);
      if (tool != nullptr) return std::unexpected(refuse_unlimited(call, *tool, budget));
    }
    std::optional<budget::Demand> demand = worst.demand(budget.unit);
    bool must_be_known = budget.reserve != budget::Reserve::none &&
                         (budget.unit != Unit::usd || budget.deny_unpriced);
    bool known = demand && !(budget.unit == Unit::usd &&
                             refuse_unpriced_tool(call, request, request.server_tools));
    if (!known && must_be_known) return std::unexpected(refuse_unknown_cost(call, request, budget));
    scope.demand = demand.value_or(budget::Demand{});
  }
  std::expected<budget::Permit, budget::Exhausted> permit = services_.budgets.reserve(
      {.scopes = request.scopes,
       .output_tokens_max = worst.output_tokens,
       .output_tokens_least = thinking_least(request.facts),
       .slice_tokens = slice_tokens_usual,
       .hidden_tokens = hidden_reserve(request.facts, call.model->priced, call.route.family, most),
       .whole = !call.is_streamed()},
      &lines_);
  if (!permit) {
    request.may_fit = may_fit_exactly(call, request, permit.error());
    Refused why = refused_by_budget(permit.error());
    if (!request.server_tools.empty()) {
      why.message += fmt::format("; its tool {} may read as much as the model's context holds",
                                 shown(request.server_tools.front().name));
    }
    return std::unexpected(std::move(why));
  }
  std::uint64_t allowed = permit->output_tokens_max();
  call.held = std::make_unique<Held>(std::move(*permit), worker_.now(), has_rate);
  call.held->revision() = services_.budgets.revision();
  std::expected<void, Refused> timed = begin_time(call);
  if (!timed) return timed;
  if (allowed < most) lower_limit(call, request, allowed);
  note_degraded(call, allowed);
  return book_held(call, request);
}

void Relay::note_degraded(Call& call, std::uint64_t allowed) {
  std::optional<budget::Permit::Lowered> lowered = call.held->permit().lowered();
  if (!lowered || !lowered->degraded || !codec::writes(call.route.operation)) return;
  const budget::Budget& budget = lowered->by.budget->document();
  std::string rule = "budget/" + budget.name;
  std::string reason =
      fmt::format("{}: the answer may have {} tokens", used_of(lowered->by), allowed);
  call.record().add_decision(
      {.phase = "request", .policy = {}, .rule = rule, .action = "degrade", .reason = reason});
  call.held->warn(std::move(reason));
}

// Whether to count the input by the tokenizer is worth its while: there is one, and with half of
// what is expected of the input there would be room.
bool Relay::may_fit_exactly(const Call& call, const Request& request,
                            const budget::Exhausted& why) const {
  const ledger::CallRecord& row = call.row.record();
  Unit unit = why.standing.budget->document().unit;
  bool counts_input = unit == Unit::usd || unit == Unit::tokens || unit == Unit::input_tokens;
  bool exact = call.model->family->exact && !request.reads_elsewhere;
  if (request.may_fit || !counts_input || !exact || row.upper_input_tokens == ledger::absent) {
    return false;
  }
  auto upper = static_cast<std::uint64_t>(row.upper_input_tokens);
  auto least = static_cast<std::uint64_t>(std::max<std::int64_t>(row.expected_input_tokens, 0)) / 2;
  const price::Priced& priced = call.model->priced;
  price::Bound bound = price_bound(request.facts, request.server_tools);
  Amount spared = amount_of_input(unit, priced, bound, upper, row.started_at) -
                  amount_of_input(unit, priced, bound, least, row.started_at);
  return why.needed - spared <= why.standing.remaining();
}

Refused Relay::refuse_unknown_cost(const Call& call, const Request& request,
                                   const budget::Budget& budget) const {
  std::optional<Refused> unpriced;
  if (!call.model->priced) {
    unpriced = refuse_model(call, request);
  } else if (budget.unit == Unit::usd) {
    unpriced = refuse_unpriced_tool(call, request, request.server_tools);
  }
  if (unpriced) {
    unpriced->message = fmt::format("the budget {} counts what cannot be told: ", budget.name) +
                        std::move(unpriced->message);
    unpriced->rule = "budget/" + budget.name;
    return std::move(*unpriced);
  }
  return {.refusal = codec::Refusal::budget_exhausted,
          .message = fmt::format(
              "what this call may take of the budget {} has no bound: it goes on from what only "
              "its provider has, and the context of the model {} is not known; send the "
              "conversation itself",
              budget.name, request.provider_model),
          .rule = "budget/" + budget.name};
}

// A provider that stops at a limit of ours has been told one that is paid for.
void Relay::lower_limit(Call& call, Request& request, std::uint64_t allowed) {
  if (!codec::writes(call.route.operation)) return;
  if (request.out) request.continued->limit_is_written = true;
  std::uint64_t each = allowed / std::max<std::uint64_t>(request.facts.n, 1);
  codec::limit_output(request.edits, request.facts,
                      codec::output_limit_name(call.route.operation, call.model->family->exact),
                      each);
  call.held->limit_lowered();
}

// A call that nothing can stop any more, because its provider does not stream after all: what it
// holds is brought to its worst case, or to what is left.
std::expected<void, Refused> Relay::hold_whole(Call& call, Request& request) {
  if (call.held == nullptr) return {};
  budget::Permit& permit = call.held->permit();
  std::uint64_t most = output_held_ahead(permit.output_tokens_max(), request.facts);
  std::expected<void, budget::Exhausted> all = permit.extend(most);
  std::uint64_t allowed = std::min(most, permit.output_tokens_granted());
  std::optional<budget::Standing> least = permit.tightest();
  if (allowed < most && least) {
    std::uint64_t floor = least->budget->document().clamp_floor_tokens;
    if (all && allowed < std::min(most, floor)) all = permit.extend(allowed + 1);
  }
  if (!all) return std::unexpected(refused_by_budget(all.error()));
  call.held->growing().clear();  // nothing is counted on its way
  if (allowed < most_output(request.facts, call.model->priced)) lower_limit(call, request, allowed);
  return {};
}

// Whether what runs is to be cut because a limit is no longer what it was.
bool Relay::is_over_limit(Call& call) {
  if (call.held == nullptr) return false;
  if (call.held->ended()) return true;
  if (call.held->revision() == services_.budgets.revision()) return false;
  call.held->revision() = services_.budgets.revision();
  std::optional<budget::Exhausted> over = call.held->permit().over_limit();
  if (!over) return false;
  call.held->end(std::move(*over));
  return true;
}

namespace {

// Of this attempt: what earlier ones used is settled.
budget::Use use_of(const Call& call, Duration run) {
  const ledger::CallRecord& row = call.row.record();
  const budget::Use nothing;
  const budget::Use& settled = call.earlier ? call.earlier->settled : nothing;
  auto beyond = [](std::int64_t figure, Amount before) {
    return std::max<Amount>(std::max<std::int64_t>(figure, 0) - before, 0);
  };
  std::uint32_t tool_calls = std::max(call.tool_calls, call.held->tool_calls());
  Amount requests = row.attempt_count() > 0 ? 1 : 0;  // else it was refused after all
  return {.nano_usd = beyond(row.cost_nano_usd, settled.nano_usd),
          .input_tokens = beyond(row.input_tokens, settled.input_tokens),
          .output_tokens = beyond(row.output_tokens, settled.output_tokens),
          .requests = beyond(requests, settled.requests),
          .tool_calls = static_cast<Amount>(tool_calls),
          .milliseconds = run / 1ms};
}

ledger::BudgetFigures figures_of(const budget::Line& line, WallTime now) {
  return {.reserved = line.reserved,
          .charged = line.charged,
          .remaining = line.remaining,
          .charged_at = now,
          .counts_until = line.counts_until};
}

// Where the row has a line of an earlier attempt for the same account.
std::optional<std::size_t> standing_line(const ledger::CallRecord& row, const budget::Line& line) {
  for (std::size_t i = 0; i < row.budget_count(); ++i) {
    ledger::BudgetLine known = row.budget(i);
    if (known.name == line.budget->document().name && known.key == line.key &&
        known.window_begun == line.window_begun) {
      return i;
    }
  }
  return std::nullopt;
}

// What is about to be sent, as the budget will count it: its provider may bill it, whatever becomes
// of us.
Amount sent_input(const ledger::CallRecord& row, const budget::Ask::Scope& scope) {
  Unit unit = scope.budget->document().unit;
  bool counts = unit == Unit::usd || unit == Unit::tokens || unit == Unit::input_tokens;
  if (!counts || row.upper_input_tokens <= 0) return 0;
  std::int64_t expected =
      std::clamp<std::int64_t>(row.expected_input_tokens, 0, row.upper_input_tokens);
  return static_cast<Amount>(static_cast<__int128>(scope.demand.base) * expected /
                             row.upper_input_tokens);
}

}  // namespace

// The row, and with it the journal, knows what a call holds before anything is sent: who is killed
// has it settled at the next start. The lines are those of reserve().
std::expected<void, Refused> Relay::book_held(Call& call, const Request& request) {
  std::optional<Error> failed;
  if (call.held->clock() != nullptr) call.held->permit().lines(lines_);  // it took some more
  WallTime now = worker_.wall();
  bool again = call.record().budget_count() > 0;
  for_each_booked(lines_, [&](std::size_t number, const budget::Line& line) {
    if (failed) return;
    const budget::Ask::Scope& scope =
        request.scopes[static_cast<std::size_t>(&line - lines_.data())];
    const budget::Budget& budget = line.budget->document();
    ledger::BudgetFigures figures = figures_of(line, now);
    figures.charged += sent_input(call.record(), scope);
    Held::Booked booked{.place = again ? call.record().budget_count() : number};
    std::optional<std::size_t> stands;
    if (again) stands = standing_line(call.record(), line);
    if (stands) {
      booked = {.place = *stands, .before = call.record().budget(*stands).figures.charged};
      figures.charged += booked.before;
      call.record().set_budget(booked.place, figures);
    } else {
      Result<void> added = call.row.add_budget({.name = budget.name,
                                                .unit = budget::name_of(budget.unit),
                                                .kind = line.budget->kind(),
                                                .key = line.key,
                                                .window_begun = line.window_begun,
                                                .figures = figures});
      if (!added) failed = added.error();
    }
    if (again) call.held->book(booked);
    if (!failed && call.is_streamed() && scope.demand.per_million_output > 0) {
      call.held->growing().push_back({.place = booked.place,
                                      .per_million_output = scope.demand.per_million_output,
                                      .charged = figures.charged});
    }
  });
  if (!failed) return {};
  return std::unexpected(
      Refused{.refusal = codec::refusal_of(*failed), .message = std::string(failed->message())});
}

void Relay::book_lines(Call& call) {
  ledger::CallRecord& row = call.record();
  budget::Amount overrun = 0;
  WallTime now = worker_.wall();
  std::size_t booked = row.budget_count();  // fewer where it is refused for want of room
  for_each_booked(lines_, [&](std::size_t number, const budget::Line& line) {
    Held::Booked at = call.held->booked(number);
    ledger::BudgetFigures figures = figures_of(line, now);
    figures.charged += at.before;
    if (at.place < booked) row.set_budget(at.place, figures);
    if (line.budget->document().unit == Unit::usd) overrun = std::max(overrun, line.overrun);
  });
  if (overrun > 0) row.overrun_nano_usd = overrun;
}

void Relay::append_limits(std::string& head, const Call& call) {
  if (call.held == nullptr) return;
  std::array<LimitState, budget::Table::scopes_max> limits;
  std::size_t count = call.held->permit().left(limits);
  append_limit_fields(head, call.route.family, std::span(limits).first(count), worker_.wall());
}

// For everybody to see, and for the case that nobody gets to say it again.
void Relay::note_use(Call& call) {
  if (call.held == nullptr) return;
  budget::Permit& permit = call.held->permit();
  permit.publish(use_of(call, worker_.now() - call.held->since()));
  permit.lines(lines_);
  book_lines(call);
  call.held->told_output_tokens() = call.record().output_tokens;
  std::vector<Held::Growing>& growing = call.held->growing();
  for_each_booked(lines_, [&](std::size_t number, const budget::Line& line) {
    Held::Booked at = call.held->booked(number);
    auto known = std::ranges::find(growing, at.place, &Held::Growing::place);
    if (known != growing.end()) known->charged = line.charged + at.before;
  });
}

// What has come since then. Nobody else sees it, but who is killed leaves it behind.
void Relay::note_growth(Call& call) {
  if (call.held == nullptr) return;
  ledger::CallRecord& row = call.record();
  std::int64_t more =
      std::max<std::int64_t>(row.output_tokens - call.held->told_output_tokens(), 0);
  for (const Held::Growing& each : call.held->growing()) {
    auto exact = static_cast<__int128>(each.per_million_output) * more;
    row.set_charged(each.place, each.charged + static_cast<Amount>((exact + 999'999) / 1'000'000));
  }
}

budget::Use Relay::settle_permit(Call& call) {
  budget::Use use = use_of(call, worker_.now() - call.held->since());
  call.held->permit().settle(use, !call.is_estimate, lines_);
  book_lines(call);
  return use;
}

// The attempt has come to nothing, and another one is to be made: what it may be billed is charged,
// and what else it held is given back.
void Relay::release_budgets(Call& call) {
  if (call.held == nullptr) return;
  budget::Use use = settle_permit(call);
  budget::Use& settled = call.earlier->settled;
  settled.nano_usd += use.nano_usd;
  settled.input_tokens += use.input_tokens;
  settled.output_tokens += use.output_tokens;
  settled.requests += use.requests;
  call.held.reset();
}

void Relay::settle_budgets(Call& call) {
  if (call.held == nullptr) return;
  settle_permit(call);
  if (++budgets_settled_ % settled_per_sweep == 0) services_.budgets.sweep(settled_per_sweep);
}

namespace {

codec::CutFinish finish_of(budget::Finish finish) {
  switch (finish) {
    case budget::Finish::by_client:
      return codec::CutFinish::by_default;
    case budget::Finish::length:
      return codec::CutFinish::length;
    case budget::Finish::content_filter:
      return codec::CutFinish::content_filter;
    case budget::Finish::stop:
      return codec::CutFinish::stop;
  }
  std::unreachable();
}

}  // namespace

Cutting cutting_of(Call& call) {
  if (call.switched_off) return cutting_of_switch(call);
  budget::Standing standing;
  std::string what;
  std::optional<budget::Permit::Lowered> lowered = call.held->permit().lowered();
  if (call.held->exhausted()) {
    standing = call.held->exhausted()->standing;
  } else if (lowered) {
    standing = std::move(lowered->by);
    if (lowered->degraded) what = used_of(standing);
  } else if (std::optional<budget::Standing> least = call.held->permit().tightest()) {
    standing = std::move(*least);
  }
  if (what.empty()) what = named(standing) + " is spent";
  const budget::Budget& budget = standing.budget->document();
  std::string usual = fmt::format("[Recloser: stopped, {}. call {}]", what, call.id());
  return {.rule = "budget/" + budget.name,
          .reason = std::move(what),
          .note = budget.cut.note.value_or(std::move(usual)),
          .finish = finish_of(budget.cut.finish)};
}

}  // namespace recloser::relay
