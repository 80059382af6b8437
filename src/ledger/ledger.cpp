#include "ledger/ledger.h"

#include "core/check.h"
#include "ledger/writer.h"

#include <utility>

#include <fmt/format.h>

namespace recloser::ledger {

struct Ledger::Impl {
  Impl(const LedgerOptions& given, std::unique_ptr<Store> rows, std::unique_ptr<Journal> slots,
       Recovery found, const Clock& time, Log& log)
      : options(given),
        clock(time),
        store(std::move(rows)),
        journal(std::move(slots)),
        recovery(std::move(found)),
        writer(options, *journal, *store, clock, log) {}

  const LedgerOptions options;
  const Clock& clock;
  const std::unique_ptr<Store> store;
  const std::unique_ptr<Journal> journal;
  const Recovery recovery;
  Writer writer;  // last: it stops first
};

namespace {

void tell(Log& log, const Recovery& found, const std::string& path) {
  if (found.settled + found.open > 0) {
    log.warning("booked the calls that the last run left in its journal",
                {{"ended", found.settled},
                 {"running", found.open},
                 {"new_rows", found.new_rows},
                 {"journal", path}});
  }
  if (found.damaged > 0) {
    log.error(
        "the journal of calls is damaged: what it still proves is booked, but calls of the "
        "last run that had no row yet may be missing; the file is kept for you to look at",
        {{"fault", found.fault},
         {"damaged", found.damaged},
         {"kept_in", found.aside},
         {"journal", path}});
  }
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const LedgerOptions& options,
                                             std::unique_ptr<Store> store, const Clock& clock,
                                             Log& log) {
  std::string path = options.directory + "/calls.journal";
  Result<Recovery> found = recover_journal(path, *store, options.journal.program_version);
  if (!found) return fail(found.error());
  tell(log, *found, path);
  Result<void> cut_off = store->cut_off_answers(clock.wall() + options.answers_ttl);
  if (!cut_off) return fail(cut_off.error());
  Result<std::unique_ptr<Journal>> journal = Journal::create(path, options.journal);
  if (!journal) return fail(journal.error());
  auto impl = std::make_unique<Impl>(options, std::move(store), std::move(*journal),
                                     std::move(*found), clock, log);
  return std::make_unique<Ledger>(Made{}, std::move(impl));
}

Ledger::Ledger(Made, std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Ledger::~Ledger() { CHECK(status().open_calls == 0, "a call outlives its ledger"); }

Result<OpenCall> Ledger::begin(CallId id, Instant now, WallTime started_at,
                               const CallOpening& who) {
  if (std::string_view name = who.too_long(); !name.empty()) [[unlikely]] {
    return fail(Side::client, Kind::too_large,
                fmt::format("the name of the {} is longer than the ledger keeps", name));
  }
  if (!impl_->writer.admitting()) [[unlikely]]
    return fail(impl_->writer.why_not());
  std::optional<std::uint32_t> slot = impl_->journal->take(id, started_at, who);
  if (!slot) [[unlikely]] {
    Result<void> grown = impl_->writer.grow_journal();
    if (!grown) return fail(grown.error());
    slot = impl_->journal->take(id, started_at, who);
    if (!slot) return fail(Side::gateway, Kind::full, "the journal of calls is full");
  }
  return OpenCall(*this, *slot, impl_->journal->record(*slot), now);
}

bool Ledger::admitting() const { return impl_->writer.admitting(); }
std::uint32_t Ledger::fullness() const {
  const Journal& journal = *impl_->journal;
  std::uint32_t room = impl_->writer.growth_blocked() ? journal.capacity() : journal.capacity_max();
  return static_cast<std::uint32_t>(std::uint64_t{journal.slots_in_use()} * 1000 / room);
}

bool Ledger::keeps_answers() const { return impl_->options.answers_ttl > Duration::zero(); }

Result<ClaimFinding> Ledger::claim_answer(const AnswerClaim& claim) {
  Result<ClaimFinding> found = impl_->store->claim_answer(claim, impl_->clock.wall());
  Result<void> done = found ? Result<void>() : fail(found.error());
  impl_->writer.note_answers(Writer::AnswerStep::claim, done);
  if (found && found->was_damaged) impl_->writer.note_damaged_answer(claim.call);
  return found;
}

void Ledger::end_answer(EndedAnswer&& ended) {
  ended.until = impl_->clock.wall() + impl_->options.answers_ttl;
  impl_->writer.end_answer(std::move(ended));
}

Result<void> Ledger::flush() { return impl_->writer.flush(); }
Store& Ledger::store() { return *impl_->store; }
const Recovery& Ledger::recovery() const { return impl_->recovery; }
LedgerStatus Ledger::status() const { return impl_->writer.status(); }
void Ledger::settle(std::uint32_t slot) { impl_->writer.settle(slot); }
Instant Ledger::now() const { return impl_->clock.now(); }

Result<void> Ledger::add_part(std::uint32_t slot, const BudgetLine& line) {
  if (impl_->journal->add_part(slot, line)) return {};
  Result<void> grown = impl_->writer.grow_journal();
  if (!grown) return grown;
  if (impl_->journal->add_part(slot, line)) return {};
  return fail(Side::gateway, Kind::full, "the journal of calls is full");
}

OpenCall::OpenCall(OpenCall&& other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr)),
      record_(other.record_),
      begun_(other.begun_),
      slot_(other.slot_),
      if_dropped_(other.if_dropped_) {}

OpenCall& OpenCall::operator=(OpenCall&& other) noexcept {
  OpenCall taken(std::move(other));
  std::swap(ledger_, taken.ledger_);
  std::swap(record_, taken.record_);
  std::swap(begun_, taken.begun_);
  std::swap(slot_, taken.slot_);
  std::swap(if_dropped_, taken.if_dropped_);
  return *this;
}

OpenCall::~OpenCall() {
  if (ledger_ != nullptr) settle(if_dropped_, ledger_->now());
}

Result<void> OpenCall::add_budget(const BudgetLine& line) {
  CHECK(ledger_ != nullptr, "a settled call reserves nothing");
  if (std::string_view text = line.too_long(); !text.empty()) [[unlikely]] {
    return fail(
        Side::client, Kind::too_large,
        fmt::format("the {} of a budget of this call is longer than the ledger keeps", text));
  }
  if (record_->add_budget(line)) return {};
  return ledger_->add_part(slot_, line);
}

void OpenCall::settle(Outcome outcome, Instant now) {
  CHECK(ledger_ != nullptr, "a call is settled once");
  CHECK(outcome != Outcome::open, "a settled call has an outcome");
  record_->outcome = outcome;
  record_->duration_ns = (now - begun_).count();
  std::exchange(ledger_, nullptr)->settle(slot_);
  record_ = nullptr;
}

}  // namespace recloser::ledger
