// The lock of the state directory: two gateways never share a store by accident.
#pragma once

#include "core/result.h"
#include "ledger/files.h"

#include <string>

namespace recloser::ledger {

// Held as long as the object lives; the kernel lets go of it when the process dies, however it
// dies.
class StateLock {
 public:
  // Makes the directory (0700) when it is missing. Kind::conflict, naming the directory and the
  // process, when another instance holds it.
  static Result<StateLock> acquire(const std::string& directory);

 private:
  explicit StateLock(File file) : file_(std::move(file)) {}
  File file_;
};

}  // namespace recloser::ledger
