#include "books/finding.h"

namespace recloser::books {
namespace {

void write_counts(JsonWriter& json, const Counts& counts, unsigned known) {
  for (std::size_t i = 0; i < count_kinds; ++i) {
    if ((known >> i & 1U) != 0) json.member(name_of(Count(i)), counts.at[i]);
  }
}

void write_side(JsonWriter& json, std::string_view name, const Counts& counts, Amount cost,
                bool money_known, unsigned known) {
  json.key(name).open_object();
  write_counts(json, counts, known);
  if (money_known) json.member("cost_usd", std::string_view(text_of(cost)));
  json.close_object();
}

void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
  if (text.empty()) {
    json.key(name).null();
  } else {
    json.member(name, text);
  }
}

void write_finding(JsonWriter& json, const Finding& finding, unsigned known) {
  json.open_object();
  json.member("kind", name_of(finding.kind));
  json.member("day", std::string_view(text_of(finding.day)));
  write_text(json, "provider", finding.provider);
  write_text(json, "model", finding.model);
  json.member("why", std::string_view(finding.why));
  write_text(json, "explained_by", finding.code);
  write_text(json, "call", finding.call);
  write_text(json, "provider_request_id", finding.request_id);
  json.key("line");
  if (finding.line == 0) {
    json.null();
  } else {
    json.value(finding.line);
  }
  json.member("at_border", finding.at_border);
  write_side(json, "bill", finding.bill, finding.bill_cost, finding.money_known, known);
  write_side(json, "books", finding.books, finding.books_cost, finding.money_known, known);
  json.close_object();
}

}  // namespace

std::string_view name_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::missing_in_books:
      return "missing_in_books";
    case FindingKind::missing_at_provider:
      return "missing_at_provider";
    case FindingKind::billed_twice:
      return "billed_twice";
    case FindingKind::counted_otherwise:
      return "counted_otherwise";
    case FindingKind::priced_otherwise:
      return "priced_otherwise";
    case FindingKind::cost_differs:
      return "cost_differs";
    case FindingKind::unpriced:
      return "unpriced";
  }
  return "";
}

void Report::add(Finding finding) {
  ++totals[std::size_t(finding.kind)];
  if (findings.size() < findings_kept_max) findings.push_back(std::move(finding));
}

std::uint64_t Report::count() const {
  std::uint64_t count = 0;
  for (std::uint64_t of_kind : totals) count += of_kind;
  return count;
}

std::string report_json(const Report& report, unsigned counts_known) {
  std::string out;
  JsonWriter json(out);
  json.open_object().key("data").open_array();
  for (const Finding& finding : report.findings) write_finding(json, finding, counts_known);
  json.close_array().key("next").null();
  json.key("summary").open_object();
  json.member("format", std::string_view(report.format));
  json.member("providers", std::string_view(report.providers));
  json.member("first_day", std::string_view(text_of(report.first)));
  json.member("last_day", std::string_view(text_of(report.last)));
  json.member("day_of_a_call", report.rule == DayRule::start ? "start" : "end");
  json.member("by_call", report.by_call);
  json.member("bill_lines", report.bill_lines);
  json.member("books_calls", report.books_calls);
  if (report.money_known) {
    json.member("bill_cost_usd", std::string_view(text_of(report.bill_cost)));
    json.member("books_cost_usd", std::string_view(text_of(report.books_cost)));
  }
  json.key("findings").open_object();
  json.member("all", report.count());
  for (std::size_t i = 0; i < finding_kinds; ++i) {
    json.member(name_of(FindingKind(i)), report.totals[i]);
  }
  json.close_object();
  json.key("notes").open_array();
  for (const std::string& note : report.notes) json.value(std::string_view(note));
  json.close_array().close_object().close_object();
  return out;
}

}  // namespace recloser::books
