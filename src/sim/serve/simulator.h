// Simulator: the simulated provider behind an HTTP server: routes, keys, calls, and the truth.
#pragma once

#include "core/ids.h"
#include "net/http_server.h"
#include "sim/call.h"
#include "sim/serve/delivery.h"
#include "sim/serve/route.h"
#include "sim/truth.h"

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::sim {

struct SimulatorOptions {
  std::uint64_t seed = 1;
  bool check_keys = true;         // a request without a key is 401
  std::vector<std::string> keys;  // the right ones; none: every key that does not begin "invalid"
  int send_buffer_bytes = 16 << 10;
  std::size_t body_bytes_max = 32u << 20;
};

// Names whose past is kept; beyond it all are forgotten and begin anew.
inline constexpr std::size_t pasts_kept_max = 10'000;

// All of it on one worker.
class Simulator final : public net::HttpHandler {
 public:
  explicit Simulator(SimulatorOptions options);

  Task<void> handle(net::Exchange& exchange) override;
  net::PlainAnswer refuse(int status, std::string_view sentence) override;

  // What GET /sim/truth and /sim/attempts answer to this query, up to date.
  std::string truth_json(std::string_view query);
  std::string attempts_json(std::string_view query) const { return truth_.attempts_json(query); }

  // Ends every answer under way, for a stop at once.
  void close_all();

 private:
  struct Served;
  Task<void> serve(net::Exchange& exchange, Served& served);
  Task<void> serve_call(net::Exchange& exchange, Served& served);
  Task<std::expected<Call, ApiError>> read(net::Exchange& exchange, const Served& served);
  Task<void> refuse_call(net::Exchange& exchange, Served& served, ApiError error);
  Task<void> serve_models(net::Exchange& exchange, Served& served);
  Task<void> serve_own(net::Exchange& exchange, const RequestFacts& request, Route::Kind kind);
  void script(Call& call, Instant now);
  bool key_is_right(std::string_view key) const;
  std::string next_id();

  // Of a name whose calls fare differently.
  struct Past {
    std::uint64_t calls = 0;
    Instant first;
  };

  SimulatorOptions options_;
  Random random_;
  Truth truth_;
  Deliveries deliveries_;
  std::map<std::string, Past, std::less<>> pasts_;
};

}  // namespace recloser::sim
