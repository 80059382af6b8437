// Switches as the admin API shows and throws them: in the store first, then in force.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"
#include "relay/switches.h"

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

// Any thread may call anything; all but the restoring one waits for the store: never on a worker.
class SwitchBoard {
 public:
  // `thrown` is called after each change: what runs is to look again.
  SwitchBoard(
      ledger::Store& store, relay::Switches& switches,
      std::move_only_function<void()> thrown = [] {})
      : store_(store), switches_(switches), thrown_(std::move(thrown)) {}

  // As they were left last. Before the first call.
  Result<void> restore();

  Result<std::vector<ledger::Switch>> all() { return store_.switches(); }
  Result<std::string> list_json();                      // {"data": [..], "next": null}
  Result<std::string> one_json(std::string_view name);  // not_found: nobody has thrown it yet
  // How it stands afterwards.
  Result<std::string> put(const ledger::Switch& setting);

 private:
  ledger::Store& store_;
  relay::Switches& switches_;
  std::move_only_function<void()> thrown_;
  std::mutex mutex_;  // one after the other: what is in force is what the store has
};

// The body of PUT /admin/switches/{name}: {"on", "reason", "who"}.
Result<ledger::Switch> read_switch(std::string_view name, std::string_view body, WallTime now);

}  // namespace recloser::admin
