// price rerate: calls of the past at the prices of now, beside what was booked.
#include "admin/ratings.h"
#include "books/rerate.h"
#include "cli/human.h"
#include "cli/output.h"
#include "cli/period.h"
#include "cli/prices.h"
#include "cli/row_source.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"
#include "core/limits.h"
#include "core/names.h"
#include "ledger/store.h"

#include <string>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

struct Asked {
  Period period;
  std::string reason;
  std::string who;
  bool dry_run = false;
};

// Who sits at the keyboard, as far as the shell tells: a note for people, proof of nothing.
std::string who_asks(const Process& process) {
  std::string user = process.environment.variable("USER").value_or("");
  Result<void> fits = check_name(Side::client, "USER", user, limits::principal_name_bytes_max);
  return fits ? user : "operator";
}

Result<Asked> read_options(const Invocation& invocation, const Process& process) {
  Asked asked{.period = {},
              .reason = std::string(invocation.value("reason")),
              .who = who_asks(process),
              .dry_run = invocation.has("dry-run")};
  Result<Period> period = read_period(invocation, process.clock.wall());
  if (!period) return fail(period.error());
  asked.period = *period;
  if (asked.dry_run && !invocation.has("reason")) return asked;
  Result<void> good = admin::check_reason(asked.reason);
  if (!good) {
    return fail(Side::operator_, Kind::malformed, fmt::format("--{}", good.error().message()));
  }
  return asked;
}

// How many were written before it failed is told, because they stay.
struct Done {
  Exit exit = Exit::fine;
  std::uint64_t written = 0;
};

Done rate_rows(const Rows& rows, const Asked& asked, books::Rerate& rerate,
               const Process& process) {
  Done done;
  WallTime now = process.clock.wall();
  std::unique_ptr<RowSource> source = rows.between(asked.period.since, asked.period.until);
  for (;;) {
    std::expected<std::vector<ledger::StoredCall>, Exit> page = source->next();
    if (!page) return {.exit = page.error(), .written = done.written};
    if (page->empty()) return done;
    static_assert(ledger::page_calls_max <= admin::ratings_max);  // a page fits
    std::vector<ledger::CallRating> ratings;
    for (const ledger::StoredCall& row : *page) {
      std::optional<ledger::CallRating> one = rerate.rate(row);
      if (!one) continue;
      one->rating.at = now;
      one->rating.reason = asked.reason;
      one->rating.who = asked.who;
      ratings.push_back(std::move(*one));
    }
    if (asked.dry_run || ratings.empty()) continue;
    std::expected<void, Exit> written = rows.rate(ratings);
    if (!written) return {.exit = written.error(), .written = done.written};
    done.written += ratings.size();
  }
}

std::string with_sign(NanoUsd amount) { return (amount.count >= 0 ? "+" : "") + text_of(amount); }

// "2 calls have no price.", and of one, that it has none; nothing of none.
std::string sentence(std::uint64_t count, std::string_view of_one, std::string_view of_more) {
  if (count == 0) return {};
  return fmt::format("{} {}\n", counted(count, "calls"), count == 1 ? of_one : of_more);
}

std::vector<Cell> table_row(std::string_view model, const books::RerateSums& sums, Colour colour) {
  return {{shown(model), colour},
          {with_thousands(static_cast<std::int64_t>(sums.calls)), colour},
          {text_of(sums.before), colour},
          {text_of(sums.after), colour},
          {with_sign(sums.after - sums.before), colour}};
}

std::string result_text(const books::Rerate& rerate, const Asked& asked, std::uint64_t written,
                        const Style& style) {
  std::string out;
  if (rerate.total().calls == 0) {
    out = "There are no such calls to rate.\n";
  } else {
    Table table(
        {{"MODEL"}, {"CALLS", true}, {"BOOKED $", true}, {"NOW $", true}, {"DIFFERENCE $", true}});
    for (const auto& [model, sums] : rerate.models()) {
      table.add(table_row(model, sums, Colour::none));
    }
    table.add(table_row("total", rerate.total(), Colour::bold));
    out = table.text(style);
  }
  if (std::uint64_t count = rerate.total().unpriced_before; count != 0) {
    out += fmt::format("{} of them had no price when booked.\n",
                       with_thousands(static_cast<std::int64_t>(count)));
  }
  const books::RerateLeft& left = rerate.left();
  out += sentence(left.billed, "keeps the bill that its provider made itself.",
                  "keep the bill that their provider made itself.");
  out += sentence(left.unpriced, "has no price, now as before.", "have no price, now as before.");
  out += sentence(left.unreadable, "used more than its row could tell, and is left.",
                  "used more than their rows could tell, and are left.");
  if (asked.dry_run) return out + "Nothing was written.\n";
  if (written == 0) return out;
  return out + fmt::format(
                   "Written beside {}, by prices {}. `recloser usage --rated` counts "
                   "with them.\n",
                   counted(written, "calls"), rerate.price_version());
}

void write_sums(JsonWriter& json, const books::RerateSums& sums) {
  json.member("calls", sums.calls).member("unpriced_before", sums.unpriced_before);
  json.member("booked_cost_usd", text_of(sums.before)).member("cost_usd", text_of(sums.after));
  json.member("difference_usd", text_of(sums.after - sums.before));
}

std::string result_json(const books::Rerate& rerate, const Asked& asked, std::uint64_t written) {
  std::string out;
  JsonWriter json(out);
  json.open_object().key("data").open_array();
  for (const auto& [model, sums] : rerate.models()) {
    json.open_object().member("model", model);
    write_sums(json, sums);
    json.close_object();
  }
  json.close_array().key("total").open_object();
  write_sums(json, rerate.total());
  json.close_object().key("left").open_object();
  json.member("provider_bill", rerate.left().billed).member("unpriced", rerate.left().unpriced);
  json.member("unreadable", rerate.left().unreadable).close_object();
  json.member("price_version", rerate.price_version()).member("dry_run", asked.dry_run);
  json.member("written", written).key("next").null().close_object();
  return out + "\n";
}

}  // namespace

Exit run_price_rerate(const Invocation& invocation, const Process& process) {
  Result<Asked> asked = read_options(invocation, process);
  if (!asked) return complain(process, Exit::usage, asked.error().message());
  std::expected<Rows, Exit> rows = Rows::find(invocation, process);
  if (!rows) return rows.error();
  std::expected<books::RowPrices, Exit> prices =
      prices_of(*rows, Shipped::do_not, invocation, process);
  if (!prices) return prices.error();
  books::Rerate rerate(std::move(*prices));
  rerate.only(std::string(invocation.value("provider")), std::string(invocation.value("model")));
  Done done = rate_rows(*rows, *asked, rerate, process);
  if (done.exit != Exit::fine) {
    if (done.written == 0) return done.exit;
    return complain(
        process, done.exit,
        fmt::format("{} {} rated before that, and {} so", counted(done.written, "calls"),
                    done.written == 1 ? "was" : "were", done.written == 1 ? "stays" : "stay"));
  }
  if (invocation.has("json")) return show(process, result_json(rerate, *asked, done.written));
  return show(process, result_text(rerate, *asked, done.written, Style::of(process)));
}

}  // namespace recloser::cli
