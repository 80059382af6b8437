// The books: one journal, one store, and the one thread that carries calls from the first to the
// second.
#pragma once

#include "core/ids.h"
#include "core/log.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/call_record.h"
#include "ledger/kept_answer.h"
#include "ledger/ledger_options.h"
#include "ledger/recovery.h"
#include "ledger/store.h"

#include <cstdint>
#include <memory>

namespace recloser::ledger {

class Ledger;

// One running call. What is taken gives itself back: a handle that is dropped unsettled settles
// with what was seen, as `gateway_failed` unless told otherwise.
class [[nodiscard]] OpenCall {
 public:
  OpenCall(OpenCall&& other) noexcept;
  OpenCall& operator=(OpenCall&& other) noexcept;
  ~OpenCall();

  // The row, to be written as facts become known: plain stores, no system call. Until settled.
  CallRecord& record() { return *record_; }
  const CallRecord& record() const { return *record_; }
  CallId id() const { return record_->id; }

  // A budget that the call reserves from; its place is record().budget_count() - 1 afterwards.
  // Kind::too_large when a text is beyond its limit; Kind::full when the journal has no room.
  Result<void> add_budget(const BudgetLine& line);

  // The outcome of a handle that is dropped.
  void if_dropped(Outcome outcome) { if_dropped_ = outcome; }

  // The call has ended. Before its last event goes to the client: from here on the row is certain,
  // even if the process is killed. Sets outcome and duration; the record is out of reach after it.
  void settle(Outcome outcome, Instant now);
  bool settled() const { return ledger_ == nullptr; }

 private:
  friend class Ledger;
  OpenCall(Ledger& ledger, std::uint32_t slot, CallRecord& record, Instant begun)
      : ledger_(&ledger), record_(&record), begun_(begun), slot_(slot) {}

  Ledger* ledger_;
  CallRecord* record_;
  Instant begun_;
  std::uint32_t slot_;
  Outcome if_dropped_ = Outcome::gateway_failed;
};

// Any thread may call anything. begin() and OpenCall never wait for a disk but for the rare growth
// of the journal; flush() and what goes to the store do, so no worker calls those.
class Ledger {
 public:
  // Recovers what the last run left (see recovery()), then starts the writer. The clock and the log
  // outlive the ledger.
  static Result<std::unique_ptr<Ledger>> open(const LedgerOptions& options,
                                              std::unique_ptr<Store> store, const Clock& clock,
                                              Log& log);
  // Stores what waits, once; what cannot be stored stays in the journal for the next start. Every
  // OpenCall must be gone (CHECK).
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // A slot for a call. Kind::full when no row can be promised: the store fails, or so many calls
  // are open; Kind::too_large when a name is beyond its limit.
  Result<OpenCall> begin(CallId id, Instant now, WallTime started_at, const CallOpening& who);

  // Whether begin() would be refused just now, without making the sentence.
  bool admitting() const;

  // How much of the room for rows is taken by calls that run and by rows that wait, in thousandths.
  std::uint32_t fullness() const;

  // Whether answers are kept beyond this process (LedgerOptions::answers_ttl).
  bool keeps_answers() const;
  // The store's claim_answer(), now; what fails is logged, once until it works again. Blocks: never
  // on a worker.
  Result<ClaimFinding> claim_answer(const AnswerClaim& claim);
  // Of a call that claimed. It is kept once its row is in the store, or not at all where it cannot
  // be: that is logged, and no call waits for it or fails by it.
  void end_answer(EndedAnswer&& ended);

  // Returns when every call settled before is in the store, or why it cannot be.
  Result<void> flush();

  // The store, for reading and for keys. flush() first to see what was settled before.
  Store& store();
  const Recovery& recovery() const;
  LedgerStatus status() const;

 private:
  friend class OpenCall;
  void settle(std::uint32_t slot);
  Result<void> add_part(std::uint32_t slot, const BudgetLine& line);
  Instant now() const;

  struct Impl;
  struct Made {};  // only open() can make one
  std::unique_ptr<Impl> impl_;

 public:
  Ledger(Made, std::unique_ptr<Impl> impl);
};

}  // namespace recloser::ledger
