// Rows of the ledger for commands that read many: from the running gateway, or from its store when
// none runs.
#pragma once

#include "cli/command_line.h"
#include "config/config.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/stored_call.h"
#include "ledger/usage.h"

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace recloser::cli {

class RowSource {
 public:
  virtual ~RowSource() = default;
  // The next rows, newest first; none at the end. A failure was complained about.
  virtual std::expected<std::vector<ledger::StoredCall>, Exit> next() = 0;
};

// Where rows come from, which several passes may be made over.
class Rows {
 public:
  // --admin and RECLOSER_ADMIN mean a gateway. Without them the store of the configuration is read
  // when nothing holds its lock, else the gateway that does is asked.
  static std::expected<Rows, Exit> find(const Invocation& invocation, const Process& process);

  Rows(Rows&&) noexcept;
  ~Rows();

  // Those that began then or later, and before `end`.
  std::unique_ptr<RowSource> between(WallTime begin, WallTime end) const;
  // Writes these beside their calls, all or none; the first says when, why, who and by which prices
  // for all. A gateway takes `ratings_max` of them, and its own time. A failure was complained
  // about.
  std::expected<void, Exit> rate(std::span<const ledger::CallRating> ratings) const;
  // Null when a gateway elsewhere is asked.
  const std::shared_ptr<const config::Config>& config() const;

 private:
  struct State;
  explicit Rows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace recloser::cli
