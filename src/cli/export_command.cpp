// export focus: the books in the FinOps format, as CSV.
#include "books/focus.h"
#include "cli/human.h"
#include "cli/output.h"
#include "cli/period.h"
#include "cli/prices.h"
#include "cli/row_source.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"
#include "core/names.h"
#include "ledger/files.h"

#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

struct Asked {
  Period period;
  books::FocusBy by = books::FocusBy::day;
  std::string file;  // "" = standard output
};

Result<Asked> read_options(const Invocation& invocation, WallTime now) {
  Result<Period> period = read_period(invocation, now);
  if (!period) return fail(period.error());
  Asked asked{.period = *period, .file = std::string(invocation.value("out"))};
  std::string_view by = invocation.value("by");
  if (by == "call") asked.by = books::FocusBy::call;
  if (by.empty() || by == "call" || by == "day") return asked;
  return fail(Side::operator_, Kind::malformed,
              fmt::format("--by must be call or day; you wrote '{}'", shown(by)));
}

// A file stands under its name only once it is whole.
class Target {
 public:
  Target(std::string file, const Process& process) : file_(std::move(file)), process_(process) {}

  Exit open() {
    if (file_.empty()) return Exit::fine;
    Result<ledger::File> opened =
        ledger::open_private(part(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    if (!opened) return complain(process_, Exit::could_not, opened.error().message());
    opened_ = std::move(*opened);
    return Exit::fine;
  }
  Exit write(std::string_view text) {
    if (file_.empty()) return show(process_, text);
    Process into = process_;
    into.out = opened_.get();
    return show(into, text);
  }
  Exit finish() {
    if (file_.empty() || std::rename(part().c_str(), file_.c_str()) == 0) return Exit::fine;
    Error error = ledger::system_error("rename", part(), errno);
    return complain(process_, Exit::could_not, error.message());
  }

 private:
  std::string part() const { return file_ + ".part"; }

  std::string file_;
  const Process& process_;
  ledger::File opened_;
};

Exit complain_of(const Process& process, const Error& error) {
  return complain(process, Exit::could_not, error.message());
}

Exit write_rows(RowSource& source, books::FocusExport& focus, Target& target,
                const Process& process) {
  std::string text = books::FocusExport::header();
  for (;;) {
    std::expected<std::vector<ledger::StoredCall>, Exit> page = source.next();
    if (!page) return page.error();
    for (const ledger::StoredCall& row : *page) {
      Result<void> added = focus.add(row, text);
      if (!added) return complain_of(process, added.error());
    }
    if (page->empty()) {
      Result<void> rest = focus.finish(text);
      if (!rest) return complain_of(process, rest.error());
    }
    Exit written = target.write(text);
    if (written != Exit::fine || page->empty()) return written;
    text.clear();
  }
}

std::string totals_text(const books::FocusTotals& totals, const Asked& asked, bool as_json) {
  if (as_json) {
    std::string out;
    JsonWriter json(out);
    json.open_object().member("file", asked.file).member("calls", totals.calls);
    json.member("lines", totals.lines).member("unpriced_calls", totals.unpriced);
    json.member("cost_usd", text_of(totals.cost));
    json.member("list_cost_usd", text_of(totals.list_cost)).close_object();
    return out + '\n';
  }
  return fmt::format("{} of {}, ${} (at list prices ${}), {} in {}.\n",
                     counted(totals.lines, "lines"), counted(totals.calls, "calls"),
                     text_of(totals.cost), text_of(totals.list_cost),
                     totals.lines == 1 ? "is" : "are", asked.file);
}

}  // namespace

Exit run_export_focus(const Invocation& invocation, const Process& process) {
  Result<Asked> asked = read_options(invocation, process.clock.wall());
  if (!asked) return complain(process, Exit::usage, asked.error().message());
  if (invocation.has("json") && asked->file.empty()) {
    return complain(process, Exit::usage,
                    "--json is about what --out FILE wrote; the export itself is CSV");
  }
  std::expected<Rows, Exit> rows = Rows::find(invocation, process);
  if (!rows) return rows.error();
  std::expected<books::RowPrices, Exit> prices =
      prices_of(*rows, Shipped::do_alone, invocation, process);
  if (!prices) return prices.error();
  books::FocusExport focus(asked->by, std::move(*prices));
  Target target(asked->file, process);
  Exit done = target.open();
  if (done != Exit::fine) return done;
  std::unique_ptr<RowSource> source = rows->between(asked->period.since, asked->period.until);
  done = write_rows(*source, focus, target, process);
  if (done == Exit::fine) done = target.finish();
  if (done != Exit::fine) return done;
  const books::FocusTotals& totals = focus.totals();
  if (totals.unpriced != 0) {
    complain(process, Exit::fine,
             fmt::format("{} without a price {} not in it", counted(totals.unpriced, "calls"),
                         totals.unpriced == 1 ? "is" : "are"));
  }
  if (asked->file.empty()) return Exit::fine;
  return show(process, totals_text(totals, *asked, invocation.has("json")));
}

}  // namespace recloser::cli
