// What the relays of all workers share: const, or safe for all; outlives them.
#pragma once

#include "auth/jwt/issuers.h"
#include "auth/key_ring.h"
#include "budget/table.h"
#include "config/config.h"
#include "core/published.h"
#include "ledger/ledger.h"
#include "net/connection_limit.h"
#include "net/memory.h"
#include "net/resolver.h"
#include "price/catalogue.h"
#include "relay/answers.h"
#include "relay/plan_quota.h"
#include "relay/providers.h"
#include "relay/refused_sessions.h"
#include "relay/switches.h"
#include "route/health.h"
#include "route/model_lists.h"
#include "session/response_chain.h"

#include <cstdint>
#include <memory>

namespace recloser::relay {

struct Services {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const Providers> providers;
  std::shared_ptr<const price::Catalogue> prices;
  const Published<auth::KeyRing>& keys;
  const Published<route::ModelLists>& model_lists;
  ledger::Ledger& ledger;
  session::ResponseChain& responses;
  net::Resolver& resolver;
  budget::Table& budgets;
  route::Health& health;
  const Switches& switches;
  RefusedSessions& refused_sessions;
  auth::jwt::Issuers* token_issuers = nullptr;  // null: no tokens are taken, keys alone
  Answers* answers = nullptr;  // of calls with an Idempotency-Key; null: such keys are off
  const net::ConnectionLimit* connections = nullptr;  // of the servers; null: nobody looks
  const net::MemoryBudget* memory = nullptr;          // likewise
  PlanQuota* plans = nullptr;       // of subscriptions; null: nobody asks what answers say of them
  std::uint64_t instance_seed = 0;  // random: of the name that it makes up for itself (Via)
  std::uint64_t hash_seed = 0;      // random, and for nothing but the keys of tables (KeyedHash)
};

}  // namespace recloser::relay
