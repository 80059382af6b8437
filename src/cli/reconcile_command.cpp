// reconcile: a provider's bill against our books.
#include "books/bill_file.h"
#include "books/bill_row.h"
#include "books/compare.h"
#include "books/row_reader.h"
#include "cli/human.h"
#include "cli/output.h"
#include "cli/prices.h"
#include "cli/row_source.h"
#include "cli/run_commands.h"
#include "core/names.h"
#include "ledger/files.h"
#include "net/http1/list.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using books::Finding;
using books::FindingKind;
using books::OurCall;

constexpr std::size_t map_bytes_max = 4u << 20;
constexpr std::size_t shown_findings = 50;

struct Asked {
  books::CompareSettings settings;
  std::set<std::string, std::less<>> providers;  // empty: the bill's own
};

std::unexpected<Error> wrong(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

Result<std::chrono::minutes> read_offset(std::string_view text) {
  constexpr std::string_view form = "+00:00";
  auto two = [&](std::size_t at) {
    int value = -1;
    std::from_chars(text.data() + at, text.data() + at + 2, value);
    return value;
  };
  bool fits = text.size() == form.size() && (text[0] == '+' || text[0] == '-') && text[3] == ':' &&
              two(1) >= 0 && two(1) <= 14 && two(4) >= 0 && two(4) <= 59 && two(4) % 15 == 0;
  if (!fits) {
    return wrong(
        fmt::format("--utc-offset must be hours and quarters such as -08:00 or +05:30; "
                    "you wrote '{}'",
                    shown(text)));
  }
  std::chrono::minutes offset{two(1) * 60 + two(4)};
  return text[0] == '-' ? -offset : offset;
}

Result<unsigned> read_tolerance(std::string_view text) {
  constexpr std::int64_t permille_max = 1'000;
  Result<std::int64_t> permille = parse_decimal(text, 1);
  if (permille && *permille >= 0 && *permille <= permille_max) {
    return static_cast<unsigned>(*permille);
  }
  return wrong(fmt::format(
      "--tolerance must be per cent from 0 to 100 with at most one place; you wrote '{}'",
      shown(text)));
}

Result<void> read_days(const Invocation& invocation, books::CompareSettings& settings) {
  for (std::string_view name : {"since", "until"}) {
    if (!invocation.has(name)) continue;
    Result<books::Day> day = books::parse_day(invocation.value(name), std::chrono::minutes(0));
    if (!day) return fail(day.error().while_doing(fmt::format("--{}", name)));
    (name == std::string_view("since") ? settings.since : settings.until) = *day;
  }
  return {};
}

Result<Asked> read_options(const Invocation& invocation, WallTime now) {
  Asked asked;
  if (invocation.has("utc-offset")) {
    Result<std::chrono::minutes> offset = read_offset(invocation.value("utc-offset"));
    if (!offset) return fail(offset.error());
    asked.settings.utc_offset = *offset;
  }
  if (invocation.has("tolerance")) {
    Result<unsigned> permille = read_tolerance(invocation.value("tolerance"));
    if (!permille) return fail(permille.error());
    asked.settings.tolerance_permille = *permille;
  }
  Result<void> days = read_days(invocation, asked.settings);
  if (!days) return fail(days.error());
  asked.settings.today = books::day_at(now, asked.settings.utc_offset);
  for (net::http1::ListItems items(invocation.value("provider")); items.next();) {
    asked.providers.emplace(items.item());
  }
  return asked;
}

// Errors of the file itself are the user's (malformed, ..); of reading it, Kind::io.
Result<void> read_bill(const std::string& path, books::BillFile& file) {
  constexpr std::size_t piece_bytes = 256u << 10;
  ledger::File opened;
  int descriptor = STDIN_FILENO;
  if (path != "-") {
    opened = ledger::File(::open(path.c_str(), O_RDONLY | O_CLOEXEC));  // NOLINT: varargs
    descriptor = opened.get();
  }
  std::vector<char> room(piece_bytes);
  for (;;) {
    ssize_t size = descriptor < 0 ? -1 : ::read(descriptor, room.data(), room.size());
    if (size < 0 && descriptor >= 0 && errno == EINTR) continue;
    if (size < 0) return fail(Side::operator_, Kind::io, std::generic_category().message(errno));
    if (size == 0) return file.finish();
    Result<void> fed = file.feed({room.data(), static_cast<std::size_t>(size)});
    if (!fed) return fed;
  }
}

// Which of our providers a bill is of.
class Wanted {
 public:
  Wanted(const Asked& asked, const books::Bill& bill, const books::RowPrices& prices)
      : asked_(asked), bill_(bill), prices_(prices) {}

  bool operator()(std::string_view provider) {
    auto known = known_.find(provider);
    if (known == known_.end()) {
      known = known_.emplace(std::string(provider), decide(provider)).first;
    }
    return known->second;
  }

  // "openai, azure-eu": of those that were asked about.
  std::string listed(bool wanted) const {
    std::string out;
    for (const auto& [name, is_wanted] : known_) {
      if (is_wanted == wanted) out += fmt::format("{}{}", out.empty() ? "" : ", ", name);
    }
    return out;
  }

 private:
  bool decide(std::string_view provider) const {
    if (!asked_.providers.empty()) return asked_.providers.contains(provider);
    if (bill_.usual_provider.empty() || provider == bill_.usual_provider) return true;
    const price::Catalogue& catalogue = prices_.catalogue();
    std::string_view id = catalogue.provider_id(prices_.place_of(provider));
    return !id.empty() && id == catalogue.provider_id(catalogue.place_named(bill_.usual_provider));
  }

  const Asked& asked_;
  const books::Bill& bill_;
  const books::RowPrices& prices_;
  std::map<std::string, bool, std::less<>> known_;
};

// One pass over the calls that may be on the bill; a day more on both sides, because a call may be
// booked when it ends, and days may be of another zone.
class Pass {
 public:
  Pass(const Rows& rows, const books::Bill& bill, const Asked& asked, books::RowReader& reader,
       Wanted& wanted)
      : rows_(rows), reader_(reader), wanted_(wanted) {
    using std::chrono::days;
    books::Day first = asked.settings.since.value_or(bill.first()) - days(2);
    books::Day last = asked.settings.until.value_or(bill.last()) + days(3);
    begin_ = WallTime{std::chrono::nanoseconds(first.time_since_epoch()).count()};
    end_ = WallTime{std::chrono::nanoseconds(last.time_since_epoch()).count()};
  }

  template <class See>
  std::expected<void, Exit> run(See see) {
    std::unique_ptr<RowSource> source = rows_.between(begin_, end_);
    for (;;) {
      std::expected<std::vector<ledger::StoredCall>, Exit> page = source->next();
      if (!page) return std::unexpected(page.error());
      if (page->empty()) return {};
      for (const ledger::StoredCall& row : *page) {
        for (const OurCall& call : reader_.read(row)) {
          if (wanted_(call.provider)) see(call);
        }
      }
    }
  }

 private:
  const Rows& rows_;
  books::RowReader& reader_;
  Wanted& wanted_;
  WallTime begin_;
  WallTime end_;
};

std::string with_sign(books::Amount amount) {
  return (amount.atto >= 0 ? "+" : "") + books::text_of(amount);
}

std::string side_text(const books::Counts& counts, unsigned known) {
  using books::Count;
  auto known_of = [&](Count kind) { return (known >> std::size_t(kind) & 1U) != 0; };
  bool whole = known_of(Count::input);
  std::int64_t input =
      whole ? counts[Count::input]
            : counts[Count::fresh_input] + counts[Count::cached_input] + counts[Count::cache_write];
  return fmt::format("{} / {}", with_thousands(input), with_thousands(counts[Count::output]));
}

std::string why_of(const Finding& finding) {
  std::string why = finding.why;
  if (!finding.call.empty()) why += fmt::format(" (call {})", finding.call);
  if (finding.call.empty() && !finding.request_id.empty()) {
    why += fmt::format(" (request {})", shown(finding.request_id));
  }
  if (finding.at_border && finding.call.empty()) why += "; the bill begins or ends on this day";
  return why;
}

std::vector<Cell> finding_row(const Finding& finding, unsigned known) {
  bool money = finding.money_known;
  std::string model = finding.provider.empty()
                          ? or_dash(finding.model)
                          : fmt::format("{} @{}", or_dash(finding.model), finding.provider);
  return {{books::text_of(finding.day), Colour::none},
          {shown(model), Colour::none},
          {std::string(books::name_of(finding.kind)), Colour::red},
          {known == 0 ? "-" : side_text(finding.bill, known), Colour::none},
          {side_text(finding.books, known == 0 ? ~0U : known), Colour::none},
          {money ? with_sign(finding.bill_cost - finding.books_cost) : "-", Colour::none},
          {why_of(finding), Colour::none}};
}

std::string report_text(const books::Report& report, unsigned known, const Style& style) {
  std::string out =
      fmt::format("{}, {} to {}, {}; {} of {} in our books.\n", report.format,
                  books::text_of(report.first), books::text_of(report.last),
                  counted(report.bill_lines, "lines"), counted(report.books_calls, "calls"),
                  report.providers.empty() ? "no provider" : report.providers);
  if (report.money_known) {
    out += fmt::format("Billed ${}, booked ${}, a difference of {}.\n",
                       books::text_of(report.bill_cost), books::text_of(report.books_cost),
                       with_sign(report.bill_cost - report.books_cost));
  }
  if (report.rule == books::DayRule::end)
    out += "Calls are taken for the day on which they ended.\n";
  if (report.clean()) {
    out += style.paint(Colour::green, "The bill and our books agree.") + "\n";
  } else {
    Table table({{"DAY"},
                 {"MODEL"},
                 {"FINDING"},
                 {"BILLED IN / OUT", true},
                 {"BOOKED IN / OUT", true},
                 {"DIFFERENCE $", true},
                 {"WHY"}});
    std::size_t count = std::min(report.findings.size(), shown_findings);
    for (std::size_t i = 0; i < count; ++i) table.add(finding_row(report.findings[i], known));
    out += '\n' + table.text(style) + '\n';
    out += counted(report.count(), "findings");
    if (report.count() > count) out += fmt::format(", {} of them shown; --json has more", count);
    out += ".\n";
  }
  for (const std::string& note : report.notes) out += fmt::format("Note: {}.\n", shown(note, 500));
  return out;
}

void add_notes(books::Report& report, const books::Bill& bill, const Wanted& wanted) {
  if (bill.pages_missing) {
    report.notes.push_back("the last page of the file says that more follow: it is not all");
  }
  if (bill.not_compared_lines != 0) {
    report.notes.push_back(fmt::format("not compared: taxes, credits and the like, {}, ${}",
                                       counted(bill.not_compared_lines, "lines"),
                                       books::text_of(bill.not_compared)));
  }
  if (report.books_calls == 0 && !wanted.listed(false).empty()) {
    report.notes.push_back(
        fmt::format("no call of the period is of the bill's provider ({}); there are calls of {}: "
                    "--provider says which to take",
                    bill.usual_provider, wanted.listed(false)));
  }
}

std::expected<books::Report, Exit> compare(Pass& pass, books::Bill& bill,
                                           const books::ModelNames& names, const Asked& asked,
                                           const Process& process) {
  if (bill.is_per_call()) {
    books::CallComparison comparison(bill, asked.settings);
    std::expected<void, Exit> done = pass.run([&](const OurCall& call) { comparison.see(call); });
    if (!done) return std::unexpected(done.error());
    return comparison.take_report();
  }
  books::OurBooks ours(names);
  bool fits = true;
  std::expected<void, Exit> done =
      pass.run([&](const OurCall& call) { fits = fits && ours.add(call); });
  if (!done) return std::unexpected(done.error());
  if (!fits) {
    return std::unexpected(complain(process, Exit::could_not,
                                    "the period has too many models and quarters of an hour; "
                                    "compare it month by month"));
  }
  books::DayComparison comparison(bill, ours, asked.settings);
  if (comparison.wants_calls()) {
    done = pass.run([&](const OurCall& call) { comparison.look_at(call, names); });
    if (!done) return std::unexpected(done.error());
  }
  return comparison.take_report();
}

}  // namespace

Exit run_reconcile(const Invocation& invocation, const Process& process) {
  Result<Asked> asked = read_options(invocation, process.clock.wall());
  if (!asked) return complain(process, Exit::usage, asked.error().message());
  books::ModelNames names;
  if (invocation.has("models")) {
    std::string path(invocation.value("models"));
    Result<std::string> text = process.environment.file(path, map_bytes_max);
    Result<void> read = text ? names.read_map(*text) : Result<void>(fail(text.error()));
    if (!read) return complain(process, Exit::usage, path + ": " + read.error().message());
  }
  const std::string& path = invocation.arguments().front();
  books::Bill bill(names);
  books::BillFile file(bill, asked->settings.utc_offset);
  Result<void> read = read_bill(path, file);
  if (!read) {
    Exit exit = read.error().kind() == Kind::io ? Exit::could_not : Exit::usage;
    return complain(process, exit, fmt::format("{}: {}", shown(path, 256), read.error().message()));
  }
  if (bill.empty()) {
    return complain(process, Exit::usage,
                    fmt::format("{}: there is no charge of a model in it", shown(path, 256)));
  }
  std::expected<Rows, Exit> rows = Rows::find(invocation, process);
  if (!rows) return rows.error();
  std::expected<books::RowPrices, Exit> prices =
      prices_of(*rows, Shipped::do_alone, invocation, process);
  if (!prices) return prices.error();
  books::RowReader reader(*prices);
  Wanted wanted(*asked, bill, *prices);
  Pass pass(*rows, bill, *asked, reader, wanted);
  std::expected<books::Report, Exit> report = compare(pass, bill, names, *asked, process);
  if (!report) return report.error();
  report->format = bill.format;
  report->bill_lines = bill.lines();
  report->providers = wanted.listed(true);
  add_notes(*report, bill, wanted);
  Exit shown_all = invocation.has("json")
                       ? show(process, books::report_json(*report, bill.counts_known) + '\n')
                       : show(process, report_text(*report, bill.counts_known, Style::of(process)));
  if (shown_all != Exit::fine) return shown_all;
  return report->clean() ? Exit::fine : Exit::no;
}

}  // namespace recloser::cli
