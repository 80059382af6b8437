// Orgs, teams and users as the admin API shows, sets and removes them.
#pragma once

#include "admin/roster.h"
#include "config/holder.h"
#include "core/result.h"
#include "core/time.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

// One of them as a request names it; without an org it is the one of that name, if there is one.
struct HolderName {
  config::HolderKind kind = config::HolderKind::org;
  std::optional<std::string> org;
  std::string name;
};

// The query of a request: `org`, of a team or a user.
Result<HolderName> read_holder_name(config::HolderKind kind, std::string_view name,
                                    std::string_view query);

// Those of the store and of the configuration's documents, which stand before stored ones. All of
// it waits for the store: never on a worker. When a change returns, every worker knows.
class HolderBook {
 public:
  HolderBook(Roster& roster, std::string config_file)
      : roster_(roster), config_file_(std::move(config_file)) {}

  Result<std::string> list_json(config::HolderKind kind, WallTime now) const;
  Result<std::string> find_json(const HolderName& name, WallTime now) const;

  // `body` is the `spec` of a document. What it does not say is gone; with `merge` it stays, and
  // what is null is taken away.
  Result<std::string> put(const HolderName& name, std::string_view body, bool merge,
                          WallTime now) const;
  Result<std::string> remove(const HolderName& name, WallTime now) const;

 private:
  struct Known {
    config::Holder holder;
    std::optional<WallTime> changed_at;  // nothing: it is declared
  };
  Result<std::vector<Known>> all(config::HolderKind kind, const Roster::Stored& stored) const;
  Result<Known> find(const HolderName& name, const Roster::Stored& stored) const;
  Error declared(const config::Holder& holder) const;
  static std::string json_of(const Known& known, WallTime now);

  Roster& roster_;
  std::string config_file_;
};

}  // namespace recloser::admin
