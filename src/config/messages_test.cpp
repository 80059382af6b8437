// Every complaint as text: what a person reads who wrote something wrong.
#include "config/testing/text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

struct Case {
  std::string_view text;     // after the two obligatory lines and a provider: begins in line 4
  std::string_view message;  // after "recloser.yaml:4:", the whole report but its newline
};

void expect_reports(std::initializer_list<Case> cases) {
  FakeEnvironment environment;
  environment.variables = {{"SHORT", "7 chars"}, {"SECRET", "sk-very-private-0123456789"}};
  for (const Case& c : cases) {
    EXPECT_EQ(report_of(with_provider(c.text), environment),
              "recloser.yaml:4:" + std::string(c.message) + "\n")
        << c.text;
  }
}

TEST(Messages, TheSampleOfTheStyleGuide) {
  FakeEnvironment environment;
  std::string text = with_provider("keys:\n");
  text += std::string(30, '\n') + " - secret: seven77\n   id: ci\n";
  EXPECT_EQ(report_of(text, environment),
            "recloser.yaml:35:12: keys[0].secret must be at least 20 characters; you wrote 7\n");
}

TEST(Messages, UnknownFields) {
  expect_reports({
      {"lisetn: []",
       "1: lisetn is not a field; did you mean listen? The fields here are admin, apiVersion, "
       "auth, channels, drain, idempotency, instance, "
       "keepAlive, keys, kind, ledger, limits, listen, logging, models, policies, prices, "
       "providers, rateLimits, reservedLabels, state, workers"},
      {"admin: {zzz: 1}", "9: admin.zzz is not a field; the fields here are address, token"},
      {"models: {m: {tragets: []}}",
       "13: models.m.targets is required here; write targets: [{provider: openai, model: "
       "gpt-4o-mini}]\n"
       "recloser.yaml:4:14: models.m.tragets is not a field; did you mean targets? The fields here "
       "are attempts, balance, deadline, fallback, hedge, interrupted, regions, sticky, "
       "streamUpstream, targets"},
      {"keys: [{id: a, secret: 01234567890123456789, bugdet: {usd: 5}}]",
       "46: keys[0].bugdet is not a field; did you mean budget? The fields here are agent, "
       "budget, concurrency, disabled, expires, id, labels, models, org, priority, rpm, secret, "
       "team, tpm, user"},
      {"admin: {\"a b\": 1}",
       "9: admin.\"a b\" is not a field; the fields here are address, token"},
  });
}

TEST(Messages, WrongTypes) {
  expect_reports({
      {"listen: 127.0.0.1:8787", "9: listen must be a list; you wrote 127.0.0.1:8787"},
      {"listen:", "1: listen must be a list; you wrote nothing"},
      {"admin: [1]", "8: admin must be a map of fields; you wrote a list"},
      {"models: [a]", "9: models must be a map of names and their fields; you wrote a list"},
      {"models: {}", "9: models must name at least one entry; leave models out to do without"},
      {"workers: {a: 1}", "10: workers must be auto or 1..256; you wrote a map"},
      {"drain: [1s]",
       "8: drain must be a duration such as 30s, in ms, s, m, h or d; you wrote a "
       "list"},
      {"state: {directory: {}}", "20: state.directory must be text; you wrote a map"},
      {"reservedLabels: a", "17: reservedLabels must be a list such as [production]; you wrote a"},
      {"reservedLabels: [[a]]", "18: reservedLabels[0] must be text; you wrote a list"},
      {"admin: {token: [x]}", "16: admin.token must be a secret; you wrote a list"},
  });
}

TEST(Messages, WrongValues) {
  expect_reports({
      {"workers: many", "10: workers must be auto or 1..256; you wrote many"},
      {"drain: soon",
       "8: drain must be a duration such as 30s, in ms, s, m, h or d; you wrote soon"},
      {"drain: 5", "8: drain must be a duration such as 30s, in ms, s, m, h or d; you wrote 5"},
      {"drain: 2h", "8: drain must be 0s..1h; you wrote 2h"},
      {"limits: {body: 32MB}",
       "16: limits.body must be a size such as 32MiB, in B, KiB, MiB, GiB or TiB; you wrote 32MB"},
      {"limits: {connections: 1.5}",
       "23: limits.connections must be a whole number, 1..1000000; you wrote 1.5"},
      {"limits: {connections: -5}", "23: limits.connections must be 1..1000000; you wrote -5"},
      {"logging: {level: warn}",
       "18: logging.level must be debug, info, warning or error; you wrote warn; did you mean "
       "warning?"},
      {"logging: {format: xml}", "19: logging.format must be text or json; you wrote xml"},
      {"listen: [{address: localhost}]",
       "20: listen[0].address must be an IP address and a port such as 127.0.0.1:8787 or "
       "[::1]:8787 (the port is missing); you wrote localhost"},
      {"state: {store: sqlite:../x}",
       "16: state.store must be sqlite:NAME, a file in the state directory"},
      {"keys: [{id: a b, secret: 01234567890123456789}]",
       "13: keys[0].id must be letters, digits, '.', '_' and '-', with a letter or digit first"},
      {"keys: [{id: a, secret: 01234567890123456789, org: \" x\"}]",
       "51: keys[0].org must be printable text without spaces at its ends"},
      {"keys: [{id: a, secret: 01234567890123456789, org: \"a\\u0007\"}]",
       "51: keys[0].org must be printable text without spaces at its ends"},
      {"keys: [{id: a, secret: 01234567890123456789, labels: [\"a,b\"]}]",
       "55: keys[0].labels[0] must be printable text without spaces and commas"},
      {"keys: [{id: a, secret: 01234567890123456789, models: []}]",
       "54: keys[0].models must hold 1..256 entries; you wrote 0"},
      {"keys: [{id: a, secret: 01234567890123456789, expires: soon}]",
       "55: keys[0].expires must be a day or time such as 2027-01-01 or 2027-01-01T12:00:00Z; you "
       "wrote soon"},
      {"keys: [{id: a, secret: \"0123456789 0123456789\"}]",
       "24: keys[0].secret must be printable ASCII without spaces; it holds another byte"},
      {"admin: {token: file://x}",
       "16: admin.token must name a file by its absolute path, as file:///run/secrets/key"},
      {"admin: {token: file:///none}",
       "16: admin.token cannot be read from file:///none: No such file or directory"},
      {"models: {\"a b\": {targets: [{provider: p, model: m}]}}",
       "10: models.\"a b\" is a name and must be printable text without spaces"},
  });
}

TEST(Messages, Variables) {
  expect_reports({
      {"workers: ${NONE}",
       "10: workers needs the environment variable NONE, which is not set; set it, or write a "
       "default as ${NONE:-default}"},
      {"workers: ${NO NE}",
       "10: workers must name an environment variable between ${ and }, as ${NAME} or "
       "${NAME:-default}; you wrote \"NO NE\""},
      {"admin: {token: \"${SHORT}\"}",
       "16: admin.token must be at least 20 characters; you wrote 7"},
      // A value from the environment may be a secret in the wrong place: it is never shown.
      {"workers: ${SECRET}", "10: workers must be auto or 1..256; you wrote ${SECRET}"},
      {"admin: {token: \"file:///${SECRET}\"}",
       "16: admin.token cannot be read from file:///${SECRET}: No such file or directory"},
      {"models: {m: {targets: [{provider: \"${SECRET}\", model: x}]}}",
       "35: models.m.targets[0].provider must be the name of a provider; you wrote ${SECRET}; the "
       "providers are p"},
      {"drain: ${SECRET}",
       "8: drain must be a duration such as 30s, in ms, s, m, h or d; you wrote ${SECRET}"},
      {"logging: {level: \"${SECRET}\"}",
       "18: logging.level must be debug, info, warning or error; you wrote ${SECRET}"},
      {"state: {coordination: \"${SECRET}\"}",
       "23: state.coordination cannot be ${SECRET}: that is not supported in this version; write "
       "none"},
  });
}

TEST(Messages, TheHeadOfTheFile) {
  FakeEnvironment environment;
  EXPECT_EQ(report_of("kind: Gatewy\n", environment),
            "recloser.yaml:1:1: apiVersion is required here; write apiVersion: "
            "recloser.dev/v1alpha1\n"
            "recloser.yaml:1:7: kind must be Gateway; you wrote Gatewy\n");
  EXPECT_EQ(report_of("apiVersion: v1\nkind: Gateway\n", environment),
            "recloser.yaml:1:13: apiVersion must be recloser.dev/v1alpha1; you wrote v1\n");
  EXPECT_EQ(report_of("just text\n", environment),
            "recloser.yaml:1:1: the file must be a map of fields; you wrote \"just text\"\n");
}

TEST(Messages, WhatLaterVersionsBuild) {
  expect_reports({{"approvals: {}", "12: approvals is not supported in this version; remove it"}});
}

TEST(Messages, WhatLaterVersionsBuildWithinOthers) {
  std::string_view remove = " is not supported in this version; remove it";
  FakeEnvironment environment;
  auto expect_refused = [&](std::string text, std::string path) {
    std::string report = report_of(with_head(text), environment);
    EXPECT_NE(report.find(": " + path + std::string(remove) + "\n"), std::string::npos) << report;
  };
  for (std::string field : {"preset", "zeroRetention", "residency", "tier", "apiVersion",
                            "deployment", "deployments", "entra", "project", "location",
                            "credentials", "accessKeyId", "secretAccessKey", "sessionToken"}) {
    expect_refused("providers: {p: {dialect: openai, baseUrl: http://x, " + field + ": 1}}\n",
                   "providers.p." + field);
  }
  for (std::string field : {"plan", "roles", "groups", "residency"}) {
    expect_refused("keys: [{id: a, secret: 01234567890123456789, " + field + ": 1}]\n",
                   "keys[0]." + field);
  }
  expect_refused("models: {m: {ladder: [a]}}\n", "models.m.ladder");
  expect_refused("listen: [{address: 127.0.0.1:1, tls: {cert: c, key: k, clientCa: a}}]\n",
                 "listen[0].tls.clientCa");
}

TEST(Messages, ValuesOfLaterVersions) {
  expect_reports({
      {"state: {store: postgresql://u@h/db}",
       "16: state.store cannot be PostgreSQL: that is not supported in this version; write "
       "sqlite:NAME"},
      {"state: {coordination: redis://h:6379}",
       "23: state.coordination cannot be redis://h:6379: that is not supported in this version; "
       "write none"},
      {"keepAlive: {commitAfter: 10s}",
       "26: keepAlive.commitAfter cannot be 10s: that is not supported in this version; write "
       "off"},
  });
  FakeEnvironment environment;
  for (std::string dialect : {"gemini", "bedrock", "cohere", "ollama"}) {
    EXPECT_EQ(report_of(with_head("providers: {p: {dialect: " + dialect +
                                  ", baseUrl: https://x.example}}\n"),
                        environment),
              "recloser.yaml:3:26: providers.p.dialect cannot be " + dialect +
                  ": that is not supported in this version; write openai, anthropic or "
                  "simulated\n");
  }
}

struct ProviderCase {
  std::string_view fields, message;
};

void expect_report(const ProviderCase& c) {
  FakeEnvironment environment;
  EXPECT_EQ(report_of(with_head("providers: {p: {" + std::string(c.fields) + "}}\n"), environment),
            "recloser.yaml:3:" + std::string(c.message) + "\n")
      << c.fields;
}

TEST(Messages, Providers) {
  constexpr ProviderCase cases[] = {
      {"dialect: opnai, baseUrl: https://x",
       "26: providers.p.dialect must be openai, anthropic or simulated; you wrote opnai; did you "
       "mean openai?"},
      {"baseUrl: https://x", "16: providers.p.dialect is required here; write dialect: openai"},
      {"dialect: openai",
       "16: providers.p.baseUrl is required here; write baseUrl: https://api.openai.com/v1, or "
       "where it is"},
      {"dialect: openai, baseUrl: \"http://u:pw@x\"",
       "43: providers.p.baseUrl must not hold a user or password; credentials go into apiKey or "
       "headers"},
      {"dialect: openai, baseUrl: \"http://x#y\"",
       "43: providers.p.baseUrl must not have a fragment ('#')"},
      {"dialect: openai, baseUrl: http://169.254.169.254/v1",
       "43: providers.p.baseUrl cannot be 169.254.169.254: link-local, cloud metadata, unspecified "
       "and multicast addresses are refused; write another, or allowLinkLocal: true"},
      {"dialect: openai, baseUrl: \"http://[::ffff:a9fe:a9fe]\"",
       "43: providers.p.baseUrl cannot be ::ffff:169.254.169.254: link-local, cloud metadata, "
       "unspecified and multicast addresses are refused; write another, or allowLinkLocal: true"},
      {"dialect: openai, baseUrl: http://2852039166",
       "43: providers.p.baseUrl must write an IPv4 address as four decimal numbers, such as "
       "10.0.0.7"},
      {"dialect: openai, baseUrl: https://x, apiKey: \"\"",
       "62: providers.p.apiKey must be at least 1 character; you wrote 0"},
      {"dialect: openai, baseUrl: https://x, timeouts: {conect: 1s}",
       "65: providers.p.timeouts.conect is not a field; did you mean connect? The fields here are "
       "connect, firstByte, firstToken, idle, total"},
      {"dialect: openai, baseUrl: https://x, timeouts: {connect: 10m}",
       "74: providers.p.timeouts.connect must be 1ms..5m; you wrote 10m"},
      {"dialect: openai, baseUrl: https://x, headers: {Host: y}",
       "64: providers.p.headers.Host cannot be set: the gateway decides about this field itself"},
      {"dialect: openai, baseUrl: https://x, headers: {X-Recloser-Key: y}",
       "64: providers.p.headers.X-Recloser-Key cannot be set: the gateway decides about this field "
       "itself"},
      {"dialect: openai, baseUrl: https://x, headers: {\"a b\": y}",
       "64: providers.p.headers.\"a b\" is not the name of an HTTP field"},
      {"dialect: openai, baseUrl: https://x, headers: {A: \"x\\r\\nB: y\"}",
       "67: providers.p.headers.A must be printable ASCII without spaces at its ends"},
      {"dialect: openai, baseUrl: https://x, headers: {A: x, a: y}",
       "70: providers.p.headers holds a twice (case does not matter in names of fields)"},
      {"dialect: openai, baseUrl: https://x, apiKey: k, headers: {Authorization: Basic}",
       "74: providers.p.headers cannot set Authorization, which carries the apiKey; remove one of "
       "the two"},
      {"dialect: openai, baseUrl: http://127.0.0.1, tls: {serverName: x}",
       "66: providers.p.tls has no meaning for an http provider; remove it"},
      {"dialect: openai, baseUrl: https://x, tls: {insecure: yes}",
       "70: providers.p.tls.insecure must be true or false; you wrote yes"},
      {"dialect: openai, baseUrl: https://x, tls: {insecure: true, ca: x}",
       "59: providers.p.tls cannot have both ca and insecure: nothing would be verified\n"
       "recloser.yaml:3:59: warning: providers.p.tls is insecure: the provider's certificate is "
       "not verified"},
      {"dialect: openai, baseUrl: http://10.0.0.1, apiKey: k",
       "43: warning: providers.p.baseUrl is http, so the key and all prompts travel in the clear"},
      {"dialect: simulated, baseUrl: http://127.0.0.1",
       "46: providers.p.baseUrl has no meaning for the simulated provider, which is built in; for "
       "a `recloser sim` elsewhere write dialect: openai or anthropic"},
  };
  for (const ProviderCase& c : cases) expect_report(c);
}

TEST(Messages, HealthChecksOfProviders) {
  for (const ProviderCase& c :
       {ProviderCase{"dialect: openai, baseUrl: https://x, probe: {path: health}",
                     "68: providers.p.probe.path must be a path at the host of baseUrl, such as "
                     "/health"},
        {"dialect: openai, baseUrl: https://x, probe: {path: /, every: 4s}",
         "61: providers.p.probe.timeout must be at most as long as probe.every, so that no two "
         "overlap"},
        {"dialect: openai, baseUrl: https://x, probe: {}",
         "61: providers.p.probe.path is required here; write path: /health"}}) {
    expect_report(c);
  }
}

TEST(Messages, ValuesThatDoNotGoTogether) {
  expect_reports({
      {"auth: {mode: open}\nlisten: [{address: 127.0.0.1:1}, {address: 0.0.0.0:2}]",
       "14: auth.mode cannot be open while listen[1].address is 0.0.0.0:2, where other machines "
       "can call without a key; write keys, or listen on 127.0.0.1"},
      {"listen: [{address: 127.0.0.1:1}, {address: localhost:1}]",
       "44: listen[1].address is 127.0.0.1:1, which listen[0].address already has"},
      {"admin: {address: 127.0.0.1:8787}",
       "18: admin.address is 127.0.0.1:8787, which listen[0].address already has"},
      {"admin: {address: 10.0.0.1:1}",
       "18: warning: admin.address 10.0.0.1:1 can be reached from other machines, and its token "
       "travels in the clear"},
      {"channels: {a: {webhook: {url: \"https://h/x?token=abc\"}}}",
       "31: channels.a.webhook.url must be an http or https URL without a query, a user or a "
       "fragment"},
      {"channels: {a: {minSeverity: loud, webhook: {url: http://h}}}",
       "29: channels.a.minSeverity must be info, warning or critical; you wrote loud"},
      {"limits: {body: 2MiB, bufferedBytes: 1MiB}",
       "9: limits.body must be at most limits.bufferedBytes; they are 2097152 and 1048576 bytes"},
      {"models: {m: {targets: [{provider: pp, model: x}]}}",
       "35: models.m.targets[0].provider must be the name of a provider; you wrote pp; did you "
       "mean "
       "p? The providers are p"},
      {"models: {m: {targets: [{provider: p, model: x}, {provider: p, model: x, order: 2}]}}",
       "49: models.m.targets[1] is the same place as targets[0]; write it once, with a weight"},
      {"models: {m: {targets: [{provider: p, model: x, weight: 0}]}}",
       "23: models.m.targets cannot all have weight 0: none would be asked"},
      {"models: {m: {targets: [{provider: p, model: x}], hedge: true, interrupted: continue}}",
       "57: models.m.hedge cannot be combined with `interrupted` in this version: leave one of "
       "them "
       "out"},
      {"models: {m: {targets: [{provider: p, model: x, lacks: [tolls]}]}}",
       "56: models.m.targets[0].lacks[0] must be tools, vision, schema or streaming; you wrote "
       "tolls; did you mean tools?"},
      {"models: {m: {targets: [{provider: p, model: x, lacks: tools}]}}",
       "55: models.m.targets[0].lacks must be a list of tools, vision, schema or streaming; you "
       "wrote tools"},
      {"models: {m: {targets: [{provider: p, model: x}], fallback: [m, p/y, mini, p/, q/x]}, "
       "mimi: {targets: [{provider: p, model: y}]}}",
       "61: models.m.fallback[0] cannot be the model itself\n"
       "recloser.yaml:4:69: models.m.fallback[2] must be a name of `models`, or provider/model; "
       "you wrote mini; did you mean mimi?\n"
       "recloser.yaml:4:75: models.m.fallback[3] must be a name of `models`, or provider/model; "
       "you wrote p/\n"
       "recloser.yaml:4:79: models.m.fallback[4] must be a name of `models`, or provider/model; "
       "you wrote q/x"},
      {"models: {m: {targets: [{provider: p, model: x}], regions: [eu]}}",
       "59: models.m.regions leaves no target: none of its providers has such a region"},
      {"models: {m: {targets: [{provider: p, model: x}], balance: fastest}}",
       "59: models.m.balance must be weights or least_latency; you wrote fastest"},
      {"keys: [{id: a, secret: 01234567890123456789}, {id: a, secret: 11234567890123456789}]",
       "52: keys[1].id must differ from keys[0].id"},
      {"keys: [{id: a, secret: 01234567890123456789}, {id: b, secret: 01234567890123456789}]",
       "63: keys[1].secret must differ from keys[0].secret"},
  });
  FakeEnvironment environment;
  EXPECT_EQ(
      report_of(with_provider("auth: {mode: open}\nlisten: [{address: \"[::1]:0\"}, {address: "
                              "127.0.0.1:0}, {address: 127.0.0.1:0}]\n"),
                environment),
      "");
}

TEST(Messages, AllErrorsOfAFileInItsOrderUpToTheLimit) {
  FakeEnvironment environment;
  std::string text = with_provider("limits: {body: 1}\nworkers: 0\nadmin: {token: x}\n");
  std::string report = report_of(text, environment);
  EXPECT_EQ(report,
            "recloser.yaml:4:16: limits.body must be a size such as 32MiB, in B, KiB, MiB, GiB or "
            "TiB; you wrote 1\n"
            "recloser.yaml:5:10: workers must be auto or 1..256; you wrote 0\n"
            "recloser.yaml:6:16: admin.token must be at least 20 characters; you wrote 1\n");
  auto unknown = [&](std::size_t count) {
    std::string many(with_provider(""));
    for (std::size_t i = 0; i < count; ++i) many += "x" + std::to_string(i) + ": 1\n";
    return check_text(many, "recloser.yaml", environment);
  };
  EXPECT_EQ(unknown(20).findings.size(), 20u);
  EXPECT_EQ(unknown(20).errors_left_out, 0u);
  EXPECT_EQ(unknown(21).findings.size(), 20u);
  EXPECT_EQ(unknown(21).errors_left_out, 1u);
  EXPECT_TRUE(unknown(21).report("f").ends_with("\nf: and 1 more error\n"));
  EXPECT_TRUE(unknown(23).report("f").ends_with("\nf: and 3 more errors\n"));
}

}  // namespace
}  // namespace recloser::config
