#include "cli/row_source.h"

#include "books/row_json.h"
#include "cli/admin_client.h"
#include "cli/lenient_config.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "core/json_writer.h"
#include "core/money.h"
#include "ledger/lock_file.h"
#include "ledger/sqlite_store.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using ledger::StoredCall;

class OfGateway final : public RowSource {
 public:
  OfGateway(const Invocation& invocation, const Process& process, WallTime begin, WallTime end)
      : invocation_(invocation), process_(process), begin_(rfc3339(begin)), end_(rfc3339(end)) {}

  std::expected<std::vector<StoredCall>, Exit> next() override {
    if (ended_) return std::vector<StoredCall>();
    std::string target =
        fmt::format("/admin/calls?limit={}&since={}&until={}", ledger::page_calls_max,
                    percent_encoded(begin_), percent_encoded(end_));
    if (!cursor_.empty()) target += fmt::format("&cursor={}", percent_encoded(cursor_));
    std::expected<std::string, Exit> body =
        ask_remote(invocation_, process_, net::http1::Method::get, target);
    if (!body) return std::unexpected(body.error());
    std::optional<books::RowPage> page = books::read_row_page(*body);
    if (!page) return std::unexpected(not_understood(process_));
    cursor_ = page->next;
    ended_ = cursor_.empty();
    return std::move(page->rows);
  }

 private:
  const Invocation& invocation_;
  const Process& process_;
  std::string begin_;
  std::string end_;
  std::string cursor_;
  bool ended_ = false;
};

class OfStore final : public RowSource {
 public:
  OfStore(ledger::Store& store, const Process& process, WallTime begin, WallTime end)
      : store_(store), process_(process) {
    filter_.limit = ledger::page_calls_max;
    filter_.since = begin;
    filter_.until = end;
  }

  std::expected<std::vector<StoredCall>, Exit> next() override {
    if (ended_) return std::vector<StoredCall>();
    Result<ledger::CallPage> page = store_.calls(filter_);
    if (!page) {
      return std::unexpected(complain(process_, Exit::could_not, page.error().message()));
    }
    filter_.before = page->next;
    ended_ = !page->next;
    return std::move(page->calls);
  }

 private:
  ledger::Store& store_;
  const Process& process_;
  ledger::CallFilter filter_;
  bool ended_ = false;
};

std::string ratings_json(std::span<const ledger::CallRating> ratings) {
  const ledger::Rating& common = ratings.front().rating;
  std::string out;
  JsonWriter json(out);
  json.open_object().member("reason", common.reason).member("who", common.who);
  json.member("price_version", common.price_version).key("ratings").open_array();
  for (const ledger::CallRating& one : ratings) {
    NanoUsd cost{one.rating.cost_nano_usd.value_or(0)};
    NanoUsd list{one.rating.list_cost_nano_usd.value_or(0)};
    json.open_object().member("call", one.call.str()).member("cost_usd", text_of(cost));
    json.member("list_cost_usd", text_of(list)).close_object();
  }
  json.close_array().close_object();
  return out;
}

}  // namespace

struct Rows::State {
  const Invocation& invocation;
  const Process& process;
  std::shared_ptr<const config::Config> config;
  std::optional<ledger::StateLock> lock;
  std::unique_ptr<ledger::Store> store;  // null: a gateway is asked
};

Rows::Rows(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows::~Rows() = default;

std::expected<Rows, Exit> Rows::find(const Invocation& invocation, const Process& process) {
  auto state = std::make_unique<State>(
      State{.invocation = invocation, .process = process, .config = {}, .lock = {}, .store = {}});
  bool elsewhere = invocation.has("admin") ||
                   !process.environment.variable("RECLOSER_ADMIN").value_or("").empty();
  if (elsewhere) return Rows(std::move(state));
  Result<ConfigSource> source = find_config(invocation.value("config"), process);
  if (!source) return std::unexpected(complain(process, Exit::usage, source.error().message()));
  Result<std::shared_ptr<const config::Config>> config = read_lenient_config(*source, process);
  if (!config) return std::unexpected(complain(process, Exit::usage, config.error().message()));
  state->config = *config;
  const config::State& where = (*config)->state;
  std::error_code unknown;
  if (!std::filesystem::exists(where.database_path(), unknown)) return Rows(std::move(state));
  Result<ledger::StateLock> lock = ledger::StateLock::acquire(where.directory_path);
  if (!lock && lock.error().kind() == Kind::conflict) return Rows(std::move(state));
  if (!lock) return std::unexpected(complain(process, Exit::could_not, lock.error().message()));
  state->lock = std::move(*lock);
  ledger::SqliteOptions options{.query_time_max = 60s, .program_version = process.version};
  Result<std::unique_ptr<ledger::Store>> store =
      ledger::open_sqlite_store(where.database_path(), options, process.clock);
  if (!store) return std::unexpected(complain(process, Exit::could_not, store.error().message()));
  state->store = std::move(*store);
  return Rows(std::move(state));
}

// A gateway is asked in whole milliseconds, so the end is taken to one.
std::unique_ptr<RowSource> Rows::between(WallTime begin, WallTime end) const {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  WallTime to{(std::max<std::int64_t>(end.ns, 0) + ns_per_ms - 1) / ns_per_ms * ns_per_ms};
  if (state_->store) {
    return std::make_unique<OfStore>(*state_->store, state_->process, begin, to);
  }
  return std::make_unique<OfGateway>(state_->invocation, state_->process, begin, to);
}

std::expected<void, Exit> Rows::rate(std::span<const ledger::CallRating> ratings) const {
  const Process& process = state_->process;
  if (state_->store) {
    Result<void> added = state_->store->add_ratings(ratings);
    if (added) return {};
    return std::unexpected(complain(process, Exit::could_not, added.error().message()));
  }
  std::expected<std::string, Exit> body =
      ask_remote(state_->invocation, process, net::http1::Method::post, "/admin/ratings",
                 ratings_json(ratings));
  if (!body) return std::unexpected(body.error());
  return {};
}

const std::shared_ptr<const config::Config>& Rows::config() const { return state_->config; }

}  // namespace recloser::cli
