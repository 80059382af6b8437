#include "admin/approvals.h"

#include "admin/budgets.h"
#include "admin/calls.h"
#include "admin/json_object.h"
#include "admin/ratings.h"
#include "admin/request.h"
#include "core/json_writer.h"
#include "core/limits.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using ledger::BudgetRequest;
using ledger::RequestState;

constexpr std::array<std::string_view, 6> request_fields{"key",  "add",    "for",
                                                         "wait", "reason", "who"};
constexpr std::array<std::string_view, 5> answer_fields{"decision", "add", "for", "reason", "who"};
constexpr std::array<std::string_view, 3> parameters{"state", "limit", "cursor"};
constexpr std::string_view who_default = "admin";
constexpr std::int64_t ns_per_ms = 1'000'000;

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

std::string_view name_of(RequestState state) {
  switch (state) {
    case RequestState::waiting:
      return "waiting";
    case RequestState::granted:
      return "approved";
    case RequestState::denied:
      return "denied";
    case RequestState::expired:
      return "expired";
  }
  return "";
}

// An amount of a budget that may be in force no more.
std::string amount_of(const BudgetRequest& request, budget::Amount amount) {
  for (std::size_t i = 0; i < budget::unit_count; ++i) {
    auto unit = static_cast<budget::Unit>(i);
    if (budget::name_of(unit) == request.budget.unit) return budget::number_of(unit, amount);
  }
  return std::to_string(amount);
}

Result<Duration> read_span(const JsonMember& member, Duration most) {
  Result<Duration> span = parse_duration(member.text);
  if (span && *span >= 1s && *span <= most) return *span;
  return malformed(fmt::format("{} must be a duration from 1s to {}, such as 24h; you sent '{}'",
                               member.name, human_duration(most), shown(member.text)));
}

// Known, and text; an amount may be a number. Nothing: it is null, which is left open said aloud.
Result<bool> check_member(const JsonMember& member, std::string_view what,
                          std::span<const std::string_view> known) {
  if (std::ranges::find(known, member.name) == known.end()) {
    return malformed(fmt::format("{} has no field '{}'{}; there are {}", what, shown(member.name),
                                 did_you_mean(member.name, known), listed(known)));
  }
  if (member.kind == JsonMember::Kind::null) return false;
  bool number = member.kind == JsonMember::Kind::number && member.name == "add";
  if (member.kind == JsonMember::Kind::text || number) return true;
  return malformed(
      fmt::format("{} must be a string; you sent {}", member.name, name_of(member.kind)));
}

Result<void> read_request_field(const JsonMember& member, RequestAsked& asked) {
  if (member.name == "for" || member.name == "wait") {
    bool lasts = member.name == "for";
    Result<Duration> span = read_span(member, lasts ? top_up_lasts_max : answer_wait_max);
    if (!span) return fail(span.error());
    (lasts ? asked.lasts : asked.wait) = *span;
  }
  if (member.name == "key") asked.more.key = member.text;
  if (member.name == "add") asked.more.amount = member.text;
  if (member.name == "reason") asked.more.reason = member.text;
  if (member.name == "who") asked.more.who = member.text;
  return {};
}

Result<void> read_answer_field(const JsonMember& member, AnswerAsked& asked, bool& decided) {
  if (member.name == "decision") {
    decided = member.text == "approve" || member.text == "deny";
    asked.grants = member.text == "approve";
  }
  if (member.name == "add") {
    if (member.text.empty()) return malformed("add is empty; leave it out to give all of it");
    asked.amount = member.text;
  }
  if (member.name == "for") {
    Result<Duration> span = read_span(member, top_up_lasts_max);
    if (!span) return fail(span.error());
    asked.lasts = *span;
  }
  if (member.name == "reason") {
    Result<void> fits = check_reason(member.text, "so, or leave reason out");
    if (!fits) return fits;
    asked.reason = member.text;
  }
  if (member.name == "who") asked.who = member.text;
  return {};
}

void append_answer(JsonWriter& json, const BudgetRequest& request) {
  const std::optional<ledger::RequestAnswer>& answer = request.answer;
  bool granted = answer && answer->granted;
  json.key("answered_at");
  answer ? json.value(rfc3339(answer->at)) : json.null();
  json.key("answered_by");
  answer ? json.value(answer->who) : json.null();
  json.key("answer_reason");
  answer && !answer->reason.empty() ? json.value(answer->reason) : json.null();
  json.key("added");
  granted ? json.value(amount_of(request, answer->amount)) : json.null();
  json.key("until");
  granted && answer->until ? json.value(rfc3339(*answer->until)) : json.null();
  json.key("adjustment");
  granted ? json.value(std::to_string(answer->adjustment)) : json.null();
}

// `document`: of the budget, when it is in force.
std::string request_json(const BudgetRequest& request, const budget::Budget* document,
                         WallTime now) {
  std::string out;
  JsonWriter json(out);
  json.open_object().member("id", std::to_string(request.id)).member("kind", "budget");
  json.member("state", name_of(request.state(now))).member("asked_at", rfc3339(request.at));
  json.member("answer_by", rfc3339(request.answer_by)).member("budget", request.budget.name);
  json.key("key");
  request.key.empty() ? json.null() : json.value(request.key);
  json.member("unit", request.budget.unit).member("add", amount_of(request, request.amount));
  json.member("for", human_duration(request.lasts)).member("reason", request.reason);
  json.member("who", request.who);
  append_answer(json, request);
  json.key("owner");
  document != nullptr && !document->owner.empty() ? json.value(document->owner) : json.null();
  json.key("contact");
  document != nullptr && !document->contact.empty() ? json.value(document->contact) : json.null();
  json.close_object();
  return out;
}

const budget::Budget* document_of(const budget::Table& table, const BudgetRequest& request) {
  budget::Live* live = table.find(request.budget.name);
  return live == nullptr ? nullptr : &live->document();
}

}  // namespace

Result<RequestAsked> read_request_for_more(std::string_view body) {
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  RequestAsked asked;
  asked.more.who = who_default;
  for (const JsonMember& member : *members) {
    Result<bool> given = check_member(member, "a request for more", request_fields);
    if (!given) return fail(given.error());
    if (!*given) continue;
    Result<void> read = read_request_field(member, asked);
    if (!read) return fail(read.error());
  }
  if (asked.more.amount.empty()) return malformed("say how much more: add, such as \"5\"");
  Result<void> fits = check_reason(asked.more.reason, "more is needed");
  if (!fits) return fail(fits.error());
  fits = check_name(Side::client, "who", asked.more.who, limits::principal_name_bytes_max);
  if (!fits) return fail(fits.error());
  return asked;
}

Result<AnswerAsked> read_answer(std::string_view body) {
  Result<std::vector<JsonMember>> members = read_json_object(body);
  if (!members) return fail(members.error());
  AnswerAsked asked;
  asked.who = who_default;
  bool decided = false;
  for (const JsonMember& member : *members) {
    Result<bool> given = check_member(member, "an answer", answer_fields);
    if (!given) return fail(given.error());
    if (!*given) continue;
    Result<void> read = read_answer_field(member, asked, decided);
    if (!read) return fail(read.error());
  }
  if (!decided) return malformed("decision must be approve or deny");
  if (!asked.grants && (!asked.amount.empty() || asked.lasts)) {
    return malformed("add and for are of what is approved");
  }
  Result<void> fits = check_name(Side::client, "who", asked.who, limits::principal_name_bytes_max);
  if (!fits) return fail(fits.error());
  return asked;
}

Result<ledger::RequestQuery> read_request_query(std::string_view text, WallTime now) {
  Result<Query> query = Query::read(text, parameters);
  if (!query) return fail(query.error());
  ledger::RequestQuery wanted{.limit = ledger::page_calls_default};
  if (const std::string* limit = query->find("limit")) {
    Result<std::uint32_t> read = read_limit(*limit);
    if (!read) return fail(read.error());
    wanted.limit = *read;
  }
  if (const std::string* cursor = query->find("cursor")) {
    Result<std::int64_t> before = read_request_id(*cursor);
    if (!before) return malformed("cursor must be what a page before said was `next`");
    wanted.before = *before;
  }
  const std::string* state = query->find("state");
  if (state == nullptr || *state == "all") return wanted;
  if (*state != "waiting") {
    return malformed(fmt::format("state must be waiting or all; you sent '{}'", shown(*state)));
  }
  wanted.waiting_at = now;
  return wanted;
}

Result<std::int64_t> read_request_id(std::string_view text) {
  std::int64_t id = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, id);
  if (error == std::errc{} && rest == end && id > 0) return id;
  return fail(Side::client, Kind::not_found,
              fmt::format("there is no request '{}'; an id is a number such as 7", shown(text)));
}

Result<std::string> Approvals::ask(std::string_view name, const RequestAsked& asked, WallTime now) {
  Result<budget::Live*> live = find_budget(table_, name);
  if (!live) return fail(live.error());
  Result<ledger::Adjustment> more = read_asked((*live)->document(), asked.more, now);
  if (!more) return fail(more.error());
  if (more->amount <= 0) return malformed("add must be more than nothing");
  BudgetRequest request{.at = now,
                        .budget = std::move(more->budget),
                        .key = std::move(more->key),
                        .amount = more->amount,
                        .lasts = asked.lasts,
                        .reason = asked.more.reason,
                        .who = asked.more.who,
                        .answer_by = WallTime{(now + asked.wait).ns / ns_per_ms * ns_per_ms},
                        .answer = std::nullopt};
  Result<std::int64_t> id = store_.add_request(request);
  if (!id) return fail(id.error());
  return told(*id, config::AlertSeverity::warning, now);
}

Result<std::string> Approvals::answer(std::int64_t id, const AnswerAsked& asked, WallTime now) {
  Result<std::optional<BudgetRequest>> request = store_.request(id);
  if (!request) return fail(request.error());
  Result<void> done = check_waits(*request, id, now);
  if (!done) return fail(done.error());
  if (asked.grants) {
    done = grant(**request, asked, now);
  } else {
    ledger::RequestAnswer no{.at = now, .who = asked.who, .reason = asked.reason};
    Result<std::int64_t> answered = store_.answer_request(id, no, nullptr);
    if (!answered) done = fail(answered.error());
  }
  if (!done) return fail(done.error());
  return told(id, config::AlertSeverity::info, now);
}

// Never more than was asked for, and never longer.
Result<void> Approvals::grant(const BudgetRequest& request, const AnswerAsked& asked,
                              WallTime now) {
  Result<budget::Live*> live = find_budget(table_, request.budget.name);
  if (!live) return fail(live.error());
  const budget::Budget& document = (*live)->document();
  if (identity_of(document) != request.budget) {
    return fail(Side::client, Kind::conflict,
                fmt::format("the budget {} counts otherwise than it did when request {} was made; "
                            "ask anew",
                            request.budget.name, request.id));
  }
  Duration lasts = asked.lasts.value_or(request.lasts);
  if (lasts > request.lasts) {
    return malformed(fmt::format("for is {}; {} were asked for, and no more can be given",
                                 human_duration(lasts), human_duration(request.lasts)));
  }
  std::string all = amount_of(request, request.amount);
  AdjustmentAsked more{.amount = asked.amount.empty() ? all : asked.amount,
                       .key = request.key,
                       .reason = request.reason,
                       .who = asked.who,
                       .expires = WallTime{(now + lasts).ns / ns_per_ms * ns_per_ms},
                       .grants = request.id,
                       .grant_reason = asked.reason};
  Result<ledger::Adjustment> read = read_asked(document, more, now);
  if (!read) return fail(read.error());
  if (read->amount <= 0 || read->amount > request.amount) {
    return malformed(
        fmt::format("add is {}; {} were asked for, and more than nothing and no more "
                    "than that can be given",
                    shown(more.amount), all));
  }
  Result<budget::Standing> standing = adjustments_.make(**live, more, now);
  if (!standing) return fail(standing.error());
  return {};
}

// As it stands now, and whoever listens has heard of it.
Result<std::string> Approvals::told(std::int64_t id, config::AlertSeverity severity, WallTime now) {
  Result<std::string> json = one_json(id, now);
  if (!json) return json;
  alerts_.raise(
      {.id = {}, .severity = severity, .type = "dev.recloser.approval", .at = now, .data = *json});
  return json;
}

Result<std::string> Approvals::one_json(std::int64_t id, WallTime now) {
  Result<std::optional<BudgetRequest>> request = store_.request(id);
  if (!request) return fail(request.error());
  if (!*request) return fail(check_waits(*request, id, now).error());
  return request_json(**request, document_of(table_, **request), now);
}

Result<std::string> Approvals::list_json(const ledger::RequestQuery& query, WallTime now) {
  Result<ledger::RequestPage> page = store_.requests(query);
  if (!page) return fail(page.error());
  std::string out = R"({"data":[)";
  for (const BudgetRequest& request : page->requests) {
    if (!out.ends_with('[')) out += ',';
    out += request_json(request, document_of(table_, request), now);
  }
  out += R"(],"next":)";
  return out + (page->next ? fmt::format("\"{}\"}}", *page->next) : "null}");
}

}  // namespace recloser::admin
