#include "admin/metrics_page.h"

#include <fmt/format.h>

namespace recloser::admin {
namespace {

// One metric without labels of its own; `labels` is "" or rendered with braces.
template <class Value>
void append(std::string& out, std::string_view type, std::string_view name, std::string_view help,
            Value value, std::string_view labels = {}) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n{0}{3} {4}\n", name,
                 help, type, labels, value);
}

void append_ledger(std::string& out, const ledger::LedgerStatus& ledger) {
  append(out, "gauge", "recloser_ledger_queue_depth",
         "Calls that have ended and wait to be written to the store.", ledger.waiting_rows);
  append(out, "counter", "recloser_ledger_dropped_total", "Rows lost; must stay 0.",
         ledger.dropped_rows);
  append(out, "counter", "recloser_ledger_stored_total", "Rows written to the store.",
         ledger.stored_rows);
  append(out, "counter", "recloser_ledger_deleted_total",
         "Rows deleted because they are older than `ledger.retain`.", ledger.deleted_rows);
  append(out, "gauge", "recloser_ledger_admitting",
         "1 while new calls are taken, 0 when their rows could not be stored.",
         ledger.admitting ? 1 : 0);
  append(out, "gauge", "recloser_ledger_slots", "Calls that the journal has room for.",
         ledger.slots);
  append(out, "gauge", "recloser_calls_open", "Calls that are running.", ledger.open_calls);
}

}  // namespace

std::string metrics_page(const MetricsFacts& facts) {
  relay::Metrics::Snapshot sum;
  for (const relay::Metrics* worker : facts.calls) worker->add_to(sum);
  std::string out;
  relay::append_call_metrics(out, sum);
  append_ledger(out, facts.ledger);
  append(out, "counter", "recloser_log_lines_dropped_total",
         "Log lines that found no room in the queue.", facts.log_lines_dropped);
  std::string build = "{version=\"";
  relay::append_label_value(build, facts.version);
  build += "\"}";
  append(out, "gauge", "recloser_build_info", "The program that runs.", 1, build);
  append(out, "gauge", "process_start_time_seconds", "When it was started, in Unix time.",
         fmt::format("{:.3f}", static_cast<double>(facts.started_at.ns) / 1e9));
  return out;
}

}  // namespace recloser::admin
