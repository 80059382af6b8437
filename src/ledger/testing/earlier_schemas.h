// For tests: stores as earlier versions of the program left them.
#pragma once

#include <string>
#include <vector>

namespace recloser::ledger::test {

// What each schema before this one's is, in a test's own words, with rows: a file that a release
// wrote must open for ever. Element n is schema n + 1.
inline const std::vector<std::string> earlier_schemas{R"sql(
  PRAGMA journal_mode = WAL;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('written_by', '0.1.0');
  CREATE TABLE call_rows (key INTEGER PRIMARY KEY, not_completed TEXT, facts TEXT NOT NULL) STRICT;
  CREATE INDEX call_rows_not_completed ON call_rows (not_completed) WHERE not_completed IS NOT NULL;
  CREATE TABLE call_sessions (batch INTEGER PRIMARY KEY, newest_key INTEGER NOT NULL,
    entries BLOB NOT NULL) STRICT;
  CREATE TABLE keys (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL UNIQUE, org TEXT, team TEXT,
    user TEXT, agent TEXT, models TEXT, labels TEXT, plan TEXT, created_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER, revoked_at_ns INTEGER) STRICT, WITHOUT ROWID;
  CREATE VIEW calls AS SELECT facts ->> 0 AS id, facts ->> 6 AS team FROM call_rows;
  CREATE VIEW attempts AS SELECT facts ->> 0 AS id FROM call_rows;
  INSERT INTO call_rows VALUES (113513530495783094, NULL, '["01JD3Z8QK6T2V9M4B7XHPW5RNC",'
    || '1790000000000000000,1500000000,251234567,"ci","acme","search","ada","crawler","s-1",null,'
    || '"openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,1024,null,'
    || '567,0,"exact",567,0,null,143,"nightly,batch",null,[["openai/gpt-4o-mini",1000000,'
    || '250000000,200,"completed",null,"req_1",1234,567]]]');
  INSERT INTO call_rows VALUES (113513530495783095, 'refused', '["01JD3Z8QK6T2V9M4B7XHPW5RND",'
    || '1790000000000000000,null,null,"ci","acme","search"]');
  INSERT INTO keys (id, secret_hash, created_at_ns) VALUES ('ci', zeroblob(32), 5);
  PRAGMA user_version = 1;
  PRAGMA application_id = 1380142162;
)sql",
                                                      R"sql(
  PRAGMA journal_mode = WAL;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('written_by', '0.1.0');
  CREATE TABLE call_rows (key INTEGER PRIMARY KEY, not_completed TEXT, facts TEXT NOT NULL) STRICT;
  CREATE INDEX call_rows_not_completed ON call_rows (not_completed) WHERE not_completed IS NOT NULL;
  CREATE TABLE call_sessions (batch INTEGER PRIMARY KEY, newest_key INTEGER NOT NULL,
    entries BLOB NOT NULL) STRICT;
  CREATE TABLE keys (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL UNIQUE, org TEXT, team TEXT,
    user TEXT, agent TEXT, models TEXT, labels TEXT, plan TEXT, created_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER, revoked_at_ns INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE ratings (key INTEGER NOT NULL, n INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    cost_nano_usd INTEGER, list_cost_nano_usd INTEGER, price_version TEXT, reason TEXT NOT NULL,
    who TEXT NOT NULL, PRIMARY KEY (key, n)) STRICT, WITHOUT ROWID;
  CREATE VIEW calls AS SELECT facts ->> 0 AS id, facts ->> '$[31][2]' AS cost_nano_usd
    FROM call_rows;
  CREATE VIEW attempts AS SELECT facts ->> 0 AS id FROM call_rows;
  INSERT INTO call_rows VALUES (113513530495783094, NULL, '["01JD3Z8QK6T2V9M4B7XHPW5RNC",'
    || '1790000000000000000,1500000000,251234567,"ci","acme","search","ada","crawler","s-1",null,'
    || '"openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,1024,null,'
    || '567,0,"exact",567,0,null,143,"nightly,batch",null,[["openai/gpt-4o-mini",1000000,'
    || '250000000,200,"completed",null,"req_1",1234,567]]]');
  INSERT INTO call_rows VALUES (113513530495783095, 'refused', '["01JD3Z8QK6T2V9M4B7XHPW5RND",'
    || '1790000000000000000,null,null,"ci","acme","search"]');
  INSERT INTO keys (id, secret_hash, created_at_ns) VALUES ('ci', zeroblob(32), 5);
  PRAGMA user_version = 2;
  PRAGMA application_id = 1380142162;
)sql",
                                                      R"sql(
  PRAGMA journal_mode = WAL;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('written_by', '0.1.0');
  CREATE TABLE call_rows (key INTEGER PRIMARY KEY, not_completed TEXT, facts TEXT NOT NULL) STRICT;
  CREATE INDEX call_rows_not_completed ON call_rows (not_completed) WHERE not_completed IS NOT NULL;
  CREATE TABLE call_sessions (batch INTEGER PRIMARY KEY, newest_key INTEGER NOT NULL,
    entries BLOB NOT NULL) STRICT;
  CREATE TABLE keys (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL UNIQUE, org TEXT, team TEXT,
    user TEXT, agent TEXT, models TEXT, labels TEXT, plan TEXT, created_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER, revoked_at_ns INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE ratings (key INTEGER NOT NULL, n INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    cost_nano_usd INTEGER, list_cost_nano_usd INTEGER, price_version TEXT, reason TEXT NOT NULL,
    who TEXT NOT NULL, PRIMARY KEY (key, n)) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_balances (budget TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
    key TEXT NOT NULL, window_begun_ns INTEGER NOT NULL, charged INTEGER NOT NULL,
    last_settled_ns INTEGER NOT NULL, counts_until_ns INTEGER,
    PRIMARY KEY (budget, unit, kind, key, window_begun_ns)) STRICT, WITHOUT ROWID;
  CREATE INDEX budget_balances_ending ON budget_balances (counts_until_ns)
    WHERE counts_until_ns IS NOT NULL;
  CREATE TABLE budget_adjustments (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'set', 'reset')), amount INTEGER NOT NULL,
    expires_at_ns INTEGER, reason TEXT NOT NULL CHECK (reason <> ''), who TEXT,
    window_begun_ns INTEGER NOT NULL, charged_change INTEGER NOT NULL, counts_until_ns INTEGER)
    STRICT;
  CREATE TABLE switches (name TEXT PRIMARY KEY, is_on INTEGER NOT NULL, since_ns INTEGER NOT NULL,
    reason TEXT, who TEXT) STRICT, WITHOUT ROWID;
  CREATE VIEW calls AS SELECT facts ->> 0 AS id, facts ->> 6 AS team, ifnull(not_completed,
    'completed') AS outcome, facts ->> 18 AS input_tokens, facts ->> '$[31][2]' AS cost_nano_usd,
    facts -> 32 AS budgets FROM call_rows;
  CREATE VIEW call_budgets AS SELECT call_rows.facts ->> 0 AS id, budget.value ->> 0 AS budget
    FROM call_rows, json_each(call_rows.facts, '$[32]') AS budget;
  CREATE VIEW attempts AS SELECT facts ->> 0 AS id FROM call_rows;
  INSERT INTO call_rows VALUES (113513530495783094, NULL, '["01JD3Z8QK6T2V9M4B7XHPW5RNC",'
    || '1790000000000000000,1500000000,251234567,"ci","acme","search","ada","crawler","s-1",null,'
    || '"openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,1024,null,'
    || '567,0,"exact",567,0,null,143,"nightly,batch",null,[["openai/gpt-4o-mini",1000000,'
    || '250000000,200,"completed",null,"req_1",1234,567]]]');
  INSERT INTO call_rows VALUES (113513530495783095, 'refused', '["01JD3Z8QK6T2V9M4B7XHPW5RND",'
    || '1790000000000000000,null,null,"ci","acme","search"]');
  INSERT INTO keys (id, secret_hash, created_at_ns) VALUES ('ci', zeroblob(32), 5);
  PRAGMA user_version = 3;
  PRAGMA application_id = 1380142162;
)sql",
                                                      R"sql(
  PRAGMA journal_mode = WAL;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('written_by', '0.1.0');
  CREATE TABLE call_rows (key INTEGER PRIMARY KEY, not_completed TEXT, facts TEXT NOT NULL) STRICT;
  CREATE INDEX call_rows_not_completed ON call_rows (not_completed) WHERE not_completed IS NOT NULL;
  CREATE TABLE call_sessions (batch INTEGER PRIMARY KEY, newest_key INTEGER NOT NULL,
    entries BLOB NOT NULL) STRICT;
  CREATE TABLE keys (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL UNIQUE, org TEXT, team TEXT,
    user TEXT, agent TEXT, models TEXT, labels TEXT, plan TEXT, created_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER, revoked_at_ns INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE ratings (key INTEGER NOT NULL, n INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    cost_nano_usd INTEGER, list_cost_nano_usd INTEGER, price_version TEXT, reason TEXT NOT NULL,
    who TEXT NOT NULL, PRIMARY KEY (key, n)) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_balances (budget TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
    key TEXT NOT NULL, window_begun_ns INTEGER NOT NULL, charged INTEGER NOT NULL,
    last_settled_ns INTEGER NOT NULL, counts_until_ns INTEGER,
    PRIMARY KEY (budget, unit, kind, key, window_begun_ns)) STRICT, WITHOUT ROWID;
  CREATE INDEX budget_balances_ending ON budget_balances (counts_until_ns)
    WHERE counts_until_ns IS NOT NULL;
  CREATE TABLE budget_adjustments (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'set', 'reset')), amount INTEGER NOT NULL,
    expires_at_ns INTEGER, reason TEXT NOT NULL CHECK (reason <> ''), who TEXT,
    window_begun_ns INTEGER NOT NULL, charged_change INTEGER NOT NULL, counts_until_ns INTEGER)
    STRICT;
  CREATE TABLE switches (name TEXT PRIMARY KEY, is_on INTEGER NOT NULL, since_ns INTEGER NOT NULL,
    reason TEXT, who TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_requests (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), lasts_ns INTEGER NOT NULL CHECK (lasts_ns > 0),
    reason TEXT NOT NULL CHECK (reason <> ''), who TEXT NOT NULL, answer_by_ns INTEGER NOT NULL,
    answered_at_ns INTEGER, is_granted INTEGER, answered_by TEXT, answer_reason TEXT,
    adjustment INTEGER REFERENCES budget_adjustments (id),
    granted_amount INTEGER CHECK (granted_amount BETWEEN 1 AND amount), granted_until_ns INTEGER)
    STRICT;
  CREATE INDEX budget_requests_waiting ON budget_requests (answer_by_ns)
    WHERE answered_at_ns IS NULL;
  CREATE VIEW calls AS SELECT facts ->> 0 AS id, facts ->> 6 AS team, ifnull(not_completed,
    'completed') AS outcome, facts ->> 18 AS input_tokens, facts ->> '$[31][2]' AS cost_nano_usd,
    facts -> 32 AS budgets FROM call_rows;
  CREATE VIEW call_budgets AS SELECT call_rows.facts ->> 0 AS id, budget.value ->> 0 AS budget
    FROM call_rows, json_each(call_rows.facts, '$[32]') AS budget;
  CREATE VIEW attempts AS SELECT facts ->> 0 AS id FROM call_rows;
  INSERT INTO call_rows VALUES (113513530495783094, NULL, '["01JD3Z8QK6T2V9M4B7XHPW5RNC",'
    || '1790000000000000000,1500000000,251234567,"ci","acme","search","ada","crawler","s-1",null,'
    || '"openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,1024,null,'
    || '567,0,"exact",567,0,null,143,"nightly,batch",null,[["openai/gpt-4o-mini",1000000,'
    || '250000000,200,"completed",null,"req_1",1234,567]]]');
  INSERT INTO call_rows VALUES (113513530495783095, 'refused', '["01JD3Z8QK6T2V9M4B7XHPW5RND",'
    || '1790000000000000000,null,null,"ci","acme","search"]');
  INSERT INTO keys (id, secret_hash, created_at_ns) VALUES ('ci', zeroblob(32), 5);
  PRAGMA user_version = 4;
  PRAGMA application_id = 1380142162;
)sql",
                                                      R"sql(
  PRAGMA journal_mode = WAL;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('written_by', '0.1.0');
  CREATE TABLE call_rows (key INTEGER PRIMARY KEY, not_completed TEXT, facts TEXT NOT NULL) STRICT;
  CREATE INDEX call_rows_not_completed ON call_rows (not_completed) WHERE not_completed IS NOT NULL;
  CREATE TABLE call_sessions (batch INTEGER PRIMARY KEY, newest_key INTEGER NOT NULL,
    entries BLOB NOT NULL) STRICT;
  CREATE TABLE keys (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL UNIQUE, org TEXT, team TEXT,
    user TEXT, agent TEXT, models TEXT, labels TEXT, plan TEXT, created_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER, revoked_at_ns INTEGER, disabled INTEGER NOT NULL DEFAULT 0, limits TEXT,
    old_secret_hash BLOB, old_until_ns INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE holders (kind TEXT NOT NULL CHECK (kind IN ('org', 'team', 'user')),
    org TEXT NOT NULL, name TEXT NOT NULL CHECK (name <> ''), spec TEXT NOT NULL,
    changed_at_ns INTEGER NOT NULL, PRIMARY KEY (kind, org, name)) STRICT, WITHOUT ROWID;
  CREATE TABLE ratings (key INTEGER NOT NULL, n INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    cost_nano_usd INTEGER, list_cost_nano_usd INTEGER, price_version TEXT, reason TEXT NOT NULL,
    who TEXT NOT NULL, PRIMARY KEY (key, n)) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_balances (budget TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
    key TEXT NOT NULL, window_begun_ns INTEGER NOT NULL, charged INTEGER NOT NULL,
    last_settled_ns INTEGER NOT NULL, counts_until_ns INTEGER,
    PRIMARY KEY (budget, unit, kind, key, window_begun_ns)) STRICT, WITHOUT ROWID;
  CREATE INDEX budget_balances_ending ON budget_balances (counts_until_ns)
    WHERE counts_until_ns IS NOT NULL;
  CREATE TABLE budget_adjustments (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'set', 'reset')), amount INTEGER NOT NULL,
    expires_at_ns INTEGER, reason TEXT NOT NULL CHECK (reason <> ''), who TEXT,
    window_begun_ns INTEGER NOT NULL, charged_change INTEGER NOT NULL, counts_until_ns INTEGER)
    STRICT;
  CREATE TABLE switches (name TEXT PRIMARY KEY, is_on INTEGER NOT NULL, since_ns INTEGER NOT NULL,
    reason TEXT, who TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_requests (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), lasts_ns INTEGER NOT NULL CHECK (lasts_ns > 0),
    reason TEXT NOT NULL CHECK (reason <> ''), who TEXT NOT NULL, answer_by_ns INTEGER NOT NULL,
    answered_at_ns INTEGER, is_granted INTEGER, answered_by TEXT, answer_reason TEXT,
    adjustment INTEGER REFERENCES budget_adjustments (id),
    granted_amount INTEGER CHECK (granted_amount BETWEEN 1 AND amount), granted_until_ns INTEGER)
    STRICT;
  CREATE INDEX budget_requests_waiting ON budget_requests (answer_by_ns)
    WHERE answered_at_ns IS NULL;
  CREATE VIEW calls AS SELECT facts ->> 0 AS id, facts ->> 6 AS team, ifnull(not_completed,
    'completed') AS outcome, facts ->> 18 AS input_tokens, facts ->> '$[31][2]' AS cost_nano_usd,
    facts -> 32 AS budgets FROM call_rows;
  CREATE VIEW call_budgets AS SELECT call_rows.facts ->> 0 AS id, budget.value ->> 0 AS budget
    FROM call_rows, json_each(call_rows.facts, '$[32]') AS budget;
  CREATE VIEW attempts AS SELECT facts ->> 0 AS id FROM call_rows;
  INSERT INTO call_rows VALUES (113513530495783094, NULL, '["01JD3Z8QK6T2V9M4B7XHPW5RNC",'
    || '1790000000000000000,1500000000,251234567,"ci","acme","search","ada","crawler","s-1",null,'
    || '"openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,1024,null,'
    || '567,0,"exact",567,0,null,143,"nightly,batch",null,[["openai/gpt-4o-mini",1000000,'
    || '250000000,200,"completed",null,"req_1",1234,567]],null,[["team-day","org=acme,team=search",'
    || '"usd","calendar/day/UTC org,team",1789948800000000000,600,300,1999999700]]]');
  INSERT INTO call_rows VALUES (113513530495783095, 'refused', '["01JD3Z8QK6T2V9M4B7XHPW5RND",'
    || '1790000000000000000,null,null,"ci","acme","search"]');
  INSERT INTO keys (id, secret_hash, created_at_ns) VALUES ('ci', zeroblob(32), 5);
  PRAGMA user_version = 5;
  PRAGMA application_id = 1380142162;
)sql",
                                                      R"sql(
  PRAGMA journal_mode = WAL;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('written_by', '0.1.0');
  CREATE TABLE call_rows (key INTEGER PRIMARY KEY, not_completed TEXT, facts TEXT NOT NULL) STRICT;
  CREATE INDEX call_rows_not_completed ON call_rows (not_completed) WHERE not_completed IS NOT NULL;
  CREATE TABLE call_sessions (batch INTEGER PRIMARY KEY, newest_key INTEGER NOT NULL,
    entries BLOB NOT NULL) STRICT;
  CREATE TABLE keys (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL UNIQUE, org TEXT, team TEXT,
    user TEXT, agent TEXT, models TEXT, labels TEXT, plan TEXT, created_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER, revoked_at_ns INTEGER, disabled INTEGER NOT NULL DEFAULT 0, limits TEXT,
    old_secret_hash BLOB, old_until_ns INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE holders (kind TEXT NOT NULL CHECK (kind IN ('org', 'team', 'user')),
    org TEXT NOT NULL, name TEXT NOT NULL CHECK (name <> ''), spec TEXT NOT NULL,
    changed_at_ns INTEGER NOT NULL, PRIMARY KEY (kind, org, name)) STRICT, WITHOUT ROWID;
  CREATE TABLE ratings (key INTEGER NOT NULL, n INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    cost_nano_usd INTEGER, list_cost_nano_usd INTEGER, price_version TEXT, reason TEXT NOT NULL,
    who TEXT NOT NULL, PRIMARY KEY (key, n)) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_balances (budget TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
    key TEXT NOT NULL, window_begun_ns INTEGER NOT NULL, charged INTEGER NOT NULL,
    last_settled_ns INTEGER NOT NULL, counts_until_ns INTEGER,
    PRIMARY KEY (budget, unit, kind, key, window_begun_ns)) STRICT, WITHOUT ROWID;
  CREATE INDEX budget_balances_ending ON budget_balances (counts_until_ns)
    WHERE counts_until_ns IS NOT NULL;
  CREATE TABLE budget_adjustments (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'set', 'reset')), amount INTEGER NOT NULL,
    expires_at_ns INTEGER, reason TEXT NOT NULL CHECK (reason <> ''), who TEXT,
    window_begun_ns INTEGER NOT NULL, charged_change INTEGER NOT NULL, counts_until_ns INTEGER)
    STRICT;
  CREATE TABLE budgets (number INTEGER PRIMARY KEY, budget TEXT NOT NULL, unit TEXT NOT NULL,
    kind TEXT NOT NULL, UNIQUE (budget, unit, kind)) STRICT;
  CREATE TABLE switches (name TEXT PRIMARY KEY, is_on INTEGER NOT NULL, since_ns INTEGER NOT NULL,
    reason TEXT, who TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_requests (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), lasts_ns INTEGER NOT NULL CHECK (lasts_ns > 0),
    reason TEXT NOT NULL CHECK (reason <> ''), who TEXT NOT NULL, answer_by_ns INTEGER NOT NULL,
    answered_at_ns INTEGER, is_granted INTEGER, answered_by TEXT, answer_reason TEXT,
    adjustment INTEGER REFERENCES budget_adjustments (id),
    granted_amount INTEGER CHECK (granted_amount BETWEEN 1 AND amount), granted_until_ns INTEGER)
    STRICT;
  CREATE INDEX budget_requests_waiting ON budget_requests (answer_by_ns)
    WHERE answered_at_ns IS NULL;
  CREATE VIEW calls AS SELECT facts ->> 0 AS id, facts ->> 6 AS team, ifnull(not_completed,
    'completed') AS outcome, facts ->> 18 AS input_tokens, facts ->> '$[31][2]' AS cost_nano_usd,
    facts -> 33 AS budgets FROM call_rows;
  CREATE VIEW call_budgets AS SELECT call_rows.facts ->> 0 AS id, budget.value ->> 0 AS budget
    FROM call_rows, json_each(call_rows.facts, '$[33]') AS budget;
  CREATE VIEW attempts AS SELECT facts ->> 0 AS id FROM call_rows;
  INSERT INTO call_rows VALUES (113513530495783094, NULL, '["01JD3Z8QK6T2V9M4B7XHPW5RNC",'
    || '1790000000000000000,1500000000,251234567,"ci","acme","search","ada","crawler","s-1",null,'
    || '"openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,1024,null,'
    || '567,0,"exact",567,0,null,143,"nightly,batch",null,[["openai/gpt-4o-mini",1000000,'
    || '250000000,200,"completed",null,"req_1",1234,567]],null,null,[[1,"org=acme,team=search",'
    || '1789948800000000000,600,300,1999999700]]]');
  INSERT INTO budgets VALUES (1, 'team-day', 'usd', 'calendar/day/UTC org,team');
  INSERT INTO call_rows VALUES (113513530495783095, 'refused', '["01JD3Z8QK6T2V9M4B7XHPW5RND",'
    || '1790000000000000000,null,null,"ci","acme","search"]');
  INSERT INTO keys (id, secret_hash, created_at_ns) VALUES ('ci', zeroblob(32), 5);
  PRAGMA user_version = 6;
  PRAGMA application_id = 1380142162;
)sql",
                                                      R"sql(
  PRAGMA journal_mode = WAL;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('written_by', '0.1.0');
  CREATE TABLE call_rows (key INTEGER PRIMARY KEY, not_completed TEXT, facts TEXT NOT NULL) STRICT;
  CREATE INDEX call_rows_not_completed ON call_rows (not_completed) WHERE not_completed IS NOT NULL;
  CREATE TABLE call_sessions (batch INTEGER PRIMARY KEY, newest_key INTEGER NOT NULL,
    entries BLOB NOT NULL) STRICT;
  CREATE TABLE keys (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL UNIQUE, org TEXT, team TEXT,
    user TEXT, agent TEXT, models TEXT, labels TEXT, plan TEXT, created_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER, revoked_at_ns INTEGER, disabled INTEGER NOT NULL DEFAULT 0, limits TEXT,
    old_secret_hash BLOB, old_until_ns INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE holders (kind TEXT NOT NULL CHECK (kind IN ('org', 'team', 'user')),
    org TEXT NOT NULL, name TEXT NOT NULL CHECK (name <> ''), spec TEXT NOT NULL,
    changed_at_ns INTEGER NOT NULL, PRIMARY KEY (kind, org, name)) STRICT, WITHOUT ROWID;
  CREATE TABLE ratings (key INTEGER NOT NULL, n INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    cost_nano_usd INTEGER, list_cost_nano_usd INTEGER, price_version TEXT, reason TEXT NOT NULL,
    who TEXT NOT NULL, PRIMARY KEY (key, n)) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_balances (budget TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
    key TEXT NOT NULL, window_begun_ns INTEGER NOT NULL, charged INTEGER NOT NULL,
    last_settled_ns INTEGER NOT NULL, counts_until_ns INTEGER,
    PRIMARY KEY (budget, unit, kind, key, window_begun_ns)) STRICT, WITHOUT ROWID;
  CREATE INDEX budget_balances_ending ON budget_balances (counts_until_ns)
    WHERE counts_until_ns IS NOT NULL;
  CREATE TABLE budget_adjustments (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'set', 'reset')), amount INTEGER NOT NULL,
    expires_at_ns INTEGER, reason TEXT NOT NULL CHECK (reason <> ''), who TEXT,
    window_begun_ns INTEGER NOT NULL, charged_change INTEGER NOT NULL, counts_until_ns INTEGER)
    STRICT;
  CREATE TABLE budgets (number INTEGER PRIMARY KEY, budget TEXT NOT NULL, unit TEXT NOT NULL,
    kind TEXT NOT NULL, UNIQUE (budget, unit, kind)) STRICT;
  CREATE TABLE switches (name TEXT PRIMARY KEY, is_on INTEGER NOT NULL, since_ns INTEGER NOT NULL,
    reason TEXT, who TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE budget_requests (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL,
    budget TEXT NOT NULL, unit TEXT NOT NULL, budget_kind TEXT NOT NULL, key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), lasts_ns INTEGER NOT NULL CHECK (lasts_ns > 0),
    reason TEXT NOT NULL CHECK (reason <> ''), who TEXT NOT NULL, answer_by_ns INTEGER NOT NULL,
    answered_at_ns INTEGER, is_granted INTEGER, answered_by TEXT, answer_reason TEXT,
    adjustment INTEGER REFERENCES budget_adjustments (id),
    granted_amount INTEGER CHECK (granted_amount BETWEEN 1 AND amount), granted_until_ns INTEGER)
    STRICT;
  CREATE INDEX budget_requests_waiting ON budget_requests (answer_by_ns)
    WHERE answered_at_ns IS NULL;
  CREATE VIEW calls AS SELECT facts ->> 0 AS id, facts ->> 6 AS team, ifnull(not_completed,
    'completed') AS outcome, facts ->> 18 AS input_tokens, facts ->> '$[31][2]' AS cost_nano_usd,
    facts -> 33 AS budgets, facts -> 34 AS route FROM call_rows;
  CREATE VIEW call_budgets AS SELECT call_rows.facts ->> 0 AS id, budget.value ->> 0 AS budget
    FROM call_rows, json_each(call_rows.facts, '$[33]') AS budget;
  CREATE VIEW attempts AS SELECT facts ->> 0 AS id FROM call_rows;
  INSERT INTO call_rows VALUES (113513530495783094, NULL, '["01JD3Z8QK6T2V9M4B7XHPW5RNC",'
    || '1790000000000000000,1500000000,251234567,"ci","acme","search","ada","crawler","s-1",null,'
    || '"openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,1024,null,'
    || '567,0,"exact",567,0,null,143,"nightly,batch",null,[["openai/gpt-4o-mini",1000000,'
    || '250000000,200,"completed",null,"req_1",1234,567]],null,null,[[1,"org=acme,team=search",'
    || '1789948800000000000,600,300,1999999700]]]');
  INSERT INTO budgets VALUES (1, 'team-day', 'usd', 'calendar/day/UTC org,team');
  INSERT INTO call_rows VALUES (113513530495783095, 'refused', '["01JD3Z8QK6T2V9M4B7XHPW5RND",'
    || '1790000000000000000,null,null,"ci","acme","search"]');
  INSERT INTO keys (id, secret_hash, created_at_ns) VALUES ('ci', zeroblob(32), 5);
  PRAGMA user_version = 7;
  PRAGMA application_id = 1380142162;
)sql"};

}  // namespace recloser::ledger::test
