#include "ledger/kept_answer.h"

namespace recloser::ledger {

// What failed or was refused was told so, and a call without an attempt asked nobody.
bool left_nothing(const StoredCall& call) {
  bool failed = call.outcome == Outcome::refused || call.outcome == Outcome::provider_failed;
  return failed || call.attempts == "[]";
}

}  // namespace recloser::ledger
