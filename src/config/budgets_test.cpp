// Budgets as people write them: what arrives, and what is complained of, each with its place.
#include "config/testing/text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

constexpr std::string_view top = "apiVersion: recloser.dev/v1alpha1\nkind: Budget\n";

// What is said of a configuration whose one file of documents has this text.
Checked check_documents(std::string_view text) {
  FakeEnvironment environment;
  environment.files["b.yaml"] = text;
  return check_text(with_provider("policies: [b.yaml]\n"), "recloser.yaml", environment);
}

std::string report_of_spec(std::string_view spec) {
  std::string text = std::string(top) + "metadata: {name: b}\n" + std::string(spec);
  return check_documents(text).report("recloser.yaml");
}

constexpr std::string_view every_field = R"(apiVersion: recloser.dev/v1alpha1
kind: Budget
metadata:
  name: team-month
spec:
  unit: usd
  limit: 5000.000000001
  key: [principal.org, team, "label:beta"]
  window: {type: calendar, period: month, timezone: Europe/Berlin}
  reserve: elastic
  slice: {tokens: 256}
  onUnpriced: alert
  thresholds: [0.5, 0.8, 1.0]
  degradeAt: 0.9
  onExhausted: {at: sentence, graceTokens: 40, finishReason: length, note: "[spent]"}
  owner: FinOps
  contact: "finops@example.com, #finops"
---
apiVersion: recloser.dev/v1alpha1
kind: Budget
metadata: {name: session}
spec:
  unit: tokens
  limit: 1000000
  key: [session.id]
  window: {type: session, idleTimeout: 30m}
  reserve: elastic
  onExhausted: {at: sentence}
)";

TEST(Budgets, EveryFieldArrives) {
  Checked checked = check_documents(every_field);
  ASSERT_TRUE(checked.config) << checked.report("f");
  ASSERT_EQ(checked.config->budgets.size(), 2u);
  const Budget& budget = checked.config->budgets[0];
  EXPECT_EQ(budget.name, "team-month");
  EXPECT_EQ(budget.unit, BudgetUnit::usd);
  EXPECT_EQ(budget.limit.count, 5'000'000'000'001);
  EXPECT_EQ(budget.key.names, (std::vector<std::string>{"org", "team", "label:beta"}));
  EXPECT_EQ(budget.window.type, WindowType::calendar);
  EXPECT_EQ(budget.window.period, Period::month);
  EXPECT_EQ(budget.window.timezone.name, "Europe/Berlin");
  EXPECT_EQ(budget.reserve, Reserve::elastic);
  EXPECT_EQ(budget.slice_tokens, 256u);
  EXPECT_EQ(budget.on_unpriced, OnUnpriced::alert);
  EXPECT_EQ(budget.thresholds, (std::vector<Fraction>{{500'000}, {800'000}, {1'000'000}}));
  EXPECT_EQ(budget.degrade_at, Fraction{900'000});
  EXPECT_EQ(budget.on_exhausted.at, CutAt::sentence);
  EXPECT_EQ(budget.on_exhausted.grace_tokens, 40u);
  EXPECT_EQ(budget.on_exhausted.finish_reason, FinishReason::length);
  EXPECT_EQ(budget.on_exhausted.note, "[spent]");
  EXPECT_EQ(budget.owner + budget.contact, "FinOpsfinops@example.com, #finops");
}

TEST(Budgets, DefaultsArrive) {
  Checked checked = check_documents(every_field);
  ASSERT_TRUE(checked.config) << checked.report("f");
  const Budget& budget = checked.config->budgets[1];
  EXPECT_EQ(budget.limit.count, 1'000'000);
  EXPECT_EQ(budget.key.names, std::vector<std::string>{"session"});
  EXPECT_EQ(budget.window.idle_timeout, 30min);
  EXPECT_EQ(budget.window.max_age, std::nullopt);
  EXPECT_EQ(Budget().reserve, Reserve::clamp) << "unless it is said";
  EXPECT_EQ(budget.clamp_floor_tokens, 256u);
  EXPECT_EQ(budget.on_unpriced, OnUnpriced::deny);
  EXPECT_EQ(budget.on_exhausted.grace_tokens, 64u) << "what at: sentence means by itself";
}

TEST(Budgets, TheShortFormArrives) {
  FakeEnvironment environment;
  std::shared_ptr<const Config> config = config_of(
      with_provider("keys:\n"
                    "  - {id: a, secret: 01234567890123456789, budget: {usd: 5, per: day}, rpm: 9,"
                    " tpm: 1000, concurrency: 2}\n"
                    "  - id: b\n    secret: 11234567890123456789\n    budget:\n"
                    "      - {tokens: 1000000, per: month, reserve: elastic}\n"
                    "      - {requests: 7, per: total}\n"
                    "rateLimits: [{name: t, key: [team], only: {model: m, label: l}, rpm: 600}]\n"),
      environment);
  ASSERT_TRUE(config);
  const Key& one = config->keys[0];
  ASSERT_EQ(one.budgets.size(), 1u);
  EXPECT_EQ(one.budgets[0].usd.value().count, 5'000'000'000);
  EXPECT_EQ(one.budgets[0].per, Per::day);
  EXPECT_EQ(one.rpm, 9u);
  EXPECT_EQ(one.tpm, 1000u);
  EXPECT_EQ(one.concurrency, 2u);
  const Key& two = config->keys[1];
  ASSERT_EQ(two.budgets.size(), 2u);
  EXPECT_EQ(two.budgets[0].tokens.value().count, 1'000'000);
  EXPECT_EQ(two.budgets[0].reserve, Reserve::elastic);
  EXPECT_EQ(two.budgets[1].requests.value().count, 7);
  EXPECT_EQ(two.rpm, std::nullopt);
  const RateLimit& limit = config->rate_limits.at(0);
  EXPECT_EQ(limit.key.names, std::vector<std::string>{"team"});
  ASSERT_EQ(limit.only.size(), 2u);
  EXPECT_EQ(limit.only[1].part + limit.only[1].value, "labell");
  EXPECT_EQ(limit.rpm, 600u);
}

// The blocks of YAML in docs/budgets.md are good.
TEST(Budgets, ThePageShowsWhatWorks) {
  ProcessEnvironment machine(nullptr);
  Result<std::string> page = machine.file("docs/budgets.md", 1u << 20);
  ASSERT_TRUE(page) << page.error().message();
  constexpr std::string_view open = "```yaml\n";
  std::size_t checked = 0;
  for (std::size_t at = page->find(open); at != page->npos; at = page->find(open, at + 1)) {
    std::size_t begin = at + open.size();
    std::string block = page->substr(begin, page->find("```\n", begin) - begin);
    FakeEnvironment environment;
    environment.variables = {{"CI_KEY", "01234567890123456789"},
                             {"NIGHTLY_KEY", "11234567890123456789"}};
    std::string report;
    if (block.starts_with("  ")) {
      report = report_of_spec("spec:\n  unit: usd\n  limit: 1\n  window: {type: total}\n" + block);
    } else if (block.find("kind: Budget") != block.npos) {
      report = check_documents(block).report("recloser.yaml");
    } else {
      environment.files["policies/a.yaml"] = "";
      report = report_of(with_provider(block), environment);
    }
    EXPECT_EQ(report, "") << block;
    ++checked;
  }
  EXPECT_EQ(checked, 6u);
}

struct Case {
  std::string_view text;     // begins in line 4
  std::string_view message;  // after "b.yaml:4:"
};

TEST(Budgets, WrongAmounts) {
  constexpr Case cases[] = {
      {"-5", "26: spec.limit must be 0..1000000000; you wrote -5"},
      {"1000000001", "26: spec.limit must be 0..1000000000; you wrote 1000000001"},
      {".nan", "26: spec.limit must be a number, 0..1000000000; you wrote .nan"},
      {"NaN", "26: spec.limit must be a number, 0..1000000000; you wrote NaN"},
      {"inf", "26: spec.limit must be a number, 0..1000000000; you wrote inf"},
      {"$5", "26: spec.limit must be a number, 0..1000000000; you wrote $5"},
      {"\"\"", "26: spec.limit must be a number; you wrote \"\""},
      {"1e300", "26: spec.limit must be a number, 0..1000000000; you wrote 1e300"},
      {"0.0000000001",
       "26: spec.limit must be 0..1000000000 with at most 9 places; you wrote 0.0000000001"},
      {"[5]", "26: spec.limit must be a number; you wrote a list"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(report_of_spec("spec: {unit: usd, limit: " + std::string(c.text) +
                             ", window: {type: total}}\n"),
              "b.yaml:4:" + std::string(c.message) + "\n")
        << c.text;
  }
  EXPECT_EQ(report_of_spec("spec: {limit: 1.5, unit: tokens, window: {type: total}}\n"),
            "b.yaml:4:15: spec.limit must be a whole number, 0..1000000000000000; you wrote 1.5\n");
  EXPECT_EQ(report_of_spec("spec: {limit: 1.5, unit: seconds, window: {type: total}}\n"), "");
}

TEST(Budgets, WrongFields) {
  constexpr Case cases[] = {
      {"{unit: dollars, limit: 1, window: {type: total}}",
       "14: spec.unit must be usd, tokens, input_tokens, output_tokens, requests, tool_calls or "
       "seconds; you wrote dollars"},
      {"{unit: usd, limt: 1, limit: 1, window: {type: total}}",
       "19: spec.limt is not a field; did you mean limit? The fields here are clampFloor, contact, "
       "degradeAt, key, limit, onExhausted, onUnpriced, owner, reserve, slice, thresholds, unit, "
       "window"},
      {"{unit: usd, limit: 1, key: [tem], window: {type: total}}",
       "35: spec.key[0] must be org, team, user, agent, key, session, trace, model, provider, "
       "target or label:NAME (did you mean team?); you wrote tem"},
      {"{unit: usd, limit: 1, key: [\"label:\"], window: {type: total}}",
       "35: spec.key[0] names a label, which must be 1..64 bytes; you wrote 0"},
      {"{unit: usd, limit: 1, key: [org, principal.org], window: {type: total}}",
       "40: spec.key[1] is org, which stands here already"},
      {"{unit: usd, limit: 1, key: org, window: {type: total}}",
       "34: spec.key must be a list such as [org, team]; you wrote org"},
      {"{unit: usd, limit: 1, match: \"true\", window: {type: total}}",
       "36: spec.match is not supported in this version; remove it until policies are there, and "
       "tell calls apart by key"},
      {"{unit: usd, limit: 1, onExhausted: {fallback: f}, window: {type: total}}",
       "53: spec.onExhausted.fallback is not supported in this version; remove it: until policies "
       "are there, the refusal and the note say what happened"},
      {"{unit: usd, limit: 1, thresholds: [0.8, 0.5], window: {type: total}}",
       "47: spec.thresholds[1] must be more than the one before, 0.8; you wrote 0.5"},
      {"{unit: usd, limit: 1, thresholds: [1.5], window: {type: total}}",
       "42: spec.thresholds[0] must be 0.000001..1 with at most 6 places; you wrote 1.5"},
      {"{unit: usd, limit: 1, degradeAt: 0, window: {type: total}}",
       "40: spec.degradeAt must be 0.000001..1 with at most 6 places; you wrote 0"},
      {"{unit: usd, limit: 1, reserve: elastik, window: {type: total}}",
       "38: spec.reserve must be clamp, upper_bound, elastic or none; you wrote elastik; did you "
       "mean elastic?"},
      {"{unit: usd, limit: 1, reserve: elastic, slice: {tokens: 63}, window: {type: total}}",
       "63: spec.slice.tokens must be 64..1024; you wrote 63"},
      {"{unit: usd, limit: 1}",
       "7: spec.window is required here; write window: {type: calendar, period: day, timezone: "
       "UTC}"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(report_of_spec("spec: " + std::string(c.text) + "\n"),
              "b.yaml:4:" + std::string(c.message) + "\n")
        << c.text;
  }
}

TEST(Budgets, WrongWindows) {
  constexpr Case cases[] = {
      {"{type: calendar, period: day}",
       "37: spec.window.timezone is required in a calendar window; write timezone: UTC"},
      {"{type: calendar, timezone: UTC}",
       "37: spec.window.period is required in a calendar window; write period: day"},
      {"{type: calendar, period: day, timezone: Europe/Berln}",
       "77: spec.window.timezone must be the name of a time zone such as UTC or Europe/Berlin; no "
       "zone that is known here is called Europe/Berln; did you mean Europe/Berlin?"},
      {"{type: calendar, period: year, timezone: UTC}",
       "62: spec.window.period must be hour, day, week or month; you wrote year"},
      {"{type: rolling}",
       "37: spec.window.duration is required in a rolling window; write "
       "duration: 24h"},
      {"{type: rolling, duration: 59s}",
       "63: spec.window.duration must be 1m..366d; you wrote "
       "59s"},
      {"{type: session}",
       "37: spec.window.idleTimeout is required in a session window; write idleTimeout: 30m"},
      {"{type: total, maxAge: 1h}",
       "59: spec.window.maxAge has no meaning in a total window; remove it"},
      {"{type: sesion, maxAge: 1h}",
       "44: spec.window.type must be calendar, rolling, session or total; you wrote sesion; did "
       "you mean session?"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(report_of_spec("spec: {unit: usd, limit: 1, window: " + std::string(c.text) + "}\n"),
              "b.yaml:4:" + std::string(c.message) + "\n")
        << c.text;
  }
}

// The ledger keeps so much of it with each balance: a longer one would refuse every call.
TEST(Budgets, AKeyOfMoreTextThanTheLedgerKeeps) {
  auto report = [](std::size_t last) {
    std::string labels;
    for (char letter : {'a', 'b'}) labels += ", label:" + std::string(64, letter);
    labels += ", label:" + std::string(last, 'c');
    return report_of_spec("spec:\n  unit: usd\n  limit: 1\n  window: {type: total}\n  key: [org" +
                          labels + "]\n");
  };
  // "total org,label:a..,label:b..,label:c.."
  constexpr std::size_t fits = 192 - std::string_view("total org").size() - 2 * 71 - 7;
  EXPECT_EQ(report(fits), "");
  EXPECT_EQ(report(fits + 1),
            "b.yaml:8:8: spec.key is 193 bytes with the type of its window; the ledger keeps 192: "
            "name fewer labels, or shorter ones\n");
}

TEST(Budgets, WhatDoesNotGoTogether) {
  constexpr Case cases[] = {
      {"unit: usd, slice: {tokens: 64}",
       "59: spec.slice has no meaning without reserve: elastic; remove it"},
      {"unit: usd, reserve: none, clampFloor: 5",
       "79: spec.clampFloor has no meaning without reserve: clamp or degradeAt; remove it"},
      {"unit: usd, onExhausted: {at: sentence}",
       "70: spec.onExhausted.at is sentence only with reserve: elastic; write now, or remove it"},
      {"unit: tokens, onUnpriced: deny",
       "67: spec.onUnpriced has no meaning where money is not counted; remove it"},
      {"unit: usd, onExhausted: {graceTokens: 5}",
       "79: spec.onExhausted.graceTokens has no meaning without at: sentence; remove it"},
      {"unit: usd, onExhausted: {finishReason: stop, note: none}",
       "92: spec.onExhausted.note cannot be none with finishReason: stop: nobody would see that "
       "the answer was cut"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(
        report_of_spec("spec: {limit: 1, window: {type: total}, " + std::string(c.text) + "}\n"),
        "b.yaml:4:" + std::string(c.message) + "\n")
        << c.text;
  }
}

TEST(Documents, TwoOfOneName) {
  std::string one = std::string(top) +
                    "metadata: {name: b}\nspec: {unit: usd, limit: 1, window: "
                    "{type: total}}\n";
  EXPECT_EQ(check_documents(one + "---\n" + one).report("recloser.yaml"),
            "b.yaml:8:18: metadata.name is b, which the budget in b.yaml:3 already has\n");
  FakeEnvironment environment;
  environment.files = {{"p/a.yaml", one}, {"p/b.yaml", "# c\n" + one}};
  EXPECT_EQ(report_of(with_provider("policies: [\"p/*.yaml\", p/b.yaml]\n"), environment),
            "p/b.yaml:4:18: metadata.name is b, which the budget in p/a.yaml:3 already has\n")
      << "a file that two globs name is one";
}

TEST(Documents, KindsOfLaterVersionsAndOfNone) {
  auto report = [](std::string_view kind) {
    return check_documents("apiVersion: recloser.dev/v1alpha1\nkind: " + std::string(kind) + "\n")
        .report("recloser.yaml");
  };
  for (std::string kind : {"Policy", "Signal", "Fallback", "PolicyBinding", "PolicyException",
                           "PolicyTest", "PolicyBundle", "Watch"}) {
    EXPECT_EQ(report(kind), "b.yaml:2:7: kind cannot be " + kind +
                                ": that is not supported in this version, and a rule that nobody "
                                "enforces is refused; move the document to a file that `policies` "
                                "does not name\n");
  }
  EXPECT_EQ(report("Budgt"),
            "b.yaml:2:7: kind must be Budget, Org, Team, User or Key (did you mean Budget?); you "
            "wrote Budgt\n");
  EXPECT_EQ(report("Gateway"),
            "b.yaml:2:7: kind cannot be Gateway: that is the configuration "
            "itself, which `policies` must not name\n");
  EXPECT_EQ(check_documents("just text\n").report("recloser.yaml"),
            "b.yaml:1:1: the file must hold documents, which are maps of fields; this one is "
            "\"just text\"\n");
  EXPECT_EQ(check_documents("metadata: {name: b}\n").report("recloser.yaml"),
            "b.yaml:1:1: apiVersion is required here; write apiVersion: recloser.dev/v1alpha1\n"
            "b.yaml:1:1: kind is required here; write kind: Budget\n"
            "b.yaml:1:1: spec is required here\n");
}

TEST(Documents, FilesThatAreNotThere) {
  FakeEnvironment environment;
  EXPECT_EQ(report_of(with_provider("policies: [none.yaml, \"p/*.yaml\"]\n"), environment),
            "recloser.yaml:4:12: policies[0] names none.yaml, which cannot be read: No such file "
            "or directory\n"
            "recloser.yaml:4:23: warning: policies[1] names no file\n");
}

TEST(Documents, WhatIsWrongInTheConfigurationComesFirst) {
  FakeEnvironment environment;
  environment.files["b.yaml"] = "kind: Policy\n";
  std::string report = report_of(with_provider("policies: [b.yaml]\nworkers: 0\n"), environment);
  EXPECT_EQ(report.find("recloser.yaml:5:10: workers must be "), 0u) << report;
  EXPECT_NE(report.find("\nb.yaml:1:7: kind cannot be Policy"), report.npos) << report;
}

TEST(ShortForm, Complaints) {
  constexpr std::string_view key = "keys: [{id: a, secret: 01234567890123456789, ";
  constexpr Case cases[] = {
      {"budget: {usd: -5, per: day}}]", "60: keys[0].budget.usd must be 0..1000000; you wrote -5"},
      {"budget: {tokens: 1.5, per: day}}]",
       "63: keys[0].budget.tokens must be a whole number, 0..1000000000000000; you wrote 1.5"},
      {"budget: {usd: 5}}]", "54: keys[0].budget.per is required here; write per: day"},
      {"budget: {per: day}}]", "54: keys[0].budget must have one of usd, tokens and requests"},
      {"budget: {usd: 5, tokens: 5, per: day}}]",
       "54: keys[0].budget must have only one of usd, tokens and requests; write a list of "
       "several"},
      {"budget: [{usd: 5, per: day}, {usd: 6, per: day}]}]",
       "75: keys[0].budget[1] is the second budget in usd per day"},
      {"budget: {usd: 5, per: year}}]",
       "68: keys[0].budget.per must be hour, day, week, month or total; you wrote year"},
      {"budget: 5}]", "54: keys[0].budget must be a list; you wrote 5"},
      {"rpm: 0}]", "51: keys[0].rpm must be 1..1000000000; you wrote 0"},
  };
  FakeEnvironment environment;
  for (const Case& c : cases) {
    EXPECT_EQ(report_of(with_provider(std::string(key) + std::string(c.text) + "\n"), environment),
              "recloser.yaml:4:" + std::string(c.message) + "\n")
        << c.text;
  }
}

TEST(RateLimits, Complaints) {
  constexpr Case cases[] = {
      {"[{name: a, key: [team]}]", "14: rateLimits[0] must have one of rpm, tpm and concurrency"},
      {"[{name: a, rpm: 1}, {name: a, rpm: 1}]",
       "40: rateLimits[1].name is a, which another already has"},
      {"[{name: a, rpm: 1, only: {session: x}}]",
       "39: rateLimits[0].only.session is nothing that is told apart here; write org, team, user, "
       "agent, key, model, provider, target or label"},
      {"[{rpm: 1}]", "14: rateLimits[0].name is required here; write name: per-team"},
  };
  FakeEnvironment environment;
  for (const Case& c : cases) {
    EXPECT_EQ(report_of(with_provider("rateLimits: " + std::string(c.text) + "\n"), environment),
              "recloser.yaml:4:" + std::string(c.message) + "\n")
        << c.text;
  }
}

}  // namespace
}  // namespace recloser::config
