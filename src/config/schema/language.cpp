#include "config/schema/language.h"

#include "config/schema/budget_language.h"
#include "config/schema/channel_language.h"
#include "config/schema/holder_language.h"
#include "config/schema/identity_language.h"
#include "config/schema/model_language.h"

namespace recloser::config {
namespace {

constexpr std::int64_t kibibyte = 1 << 10;
constexpr std::int64_t gibibyte = 1 << 30;
constexpr Bounds secret_characters = between(20, 4096);
constexpr Bounds provider_key_characters = between(1, 4096);
constexpr Bounds short_wait = between(1ms, 5min);
constexpr Bounds long_wait = between(1ms, 1h);

// ---- listen[] ----

constexpr Field listen_tls_fields[] = {
    field<&ListenTls::cert_path>("cert", {.help = "PEM file with the certificate chain.",
                                          .example = "tls/server.pem",
                                          .need = Need::required,
                                          .text = Text::path}),
    field<&ListenTls::key_path>("key", {.help = "PEM file with its private key.",
                                        .example = "tls/server.key",
                                        .need = Need::required,
                                        .text = Text::path}),
    planned("clientCa"),
};
constexpr Section listen_tls{"listen[].tls",
                             "With it, this address speaks HTTPS; without it, plain HTTP.",
                             listen_tls_fields, defaults_of<ListenTls>};

constexpr Field listen_timeout_fields[] = {
    field<&ListenTimeouts::header>(
        "header", {.help = "From the first byte of a request to the end of its header section.",
                   .example = "10s",
                   .bounds = short_wait}),
    field<&ListenTimeouts::body>(
        "body", {.help = "Silence within a request body.", .example = "60s", .bounds = short_wait}),
    field<&ListenTimeouts::idle>("idle", {.help = "Silence between two requests of a connection.",
                                          .example = "75s",
                                          .bounds = long_wait}),
    field<&ListenTimeouts::write>(
        "write", {.help = "A client that takes no byte for this long is taken as gone.",
                  .example = "60s",
                  .bounds = long_wait}),
};
constexpr Section listen_timeouts{"listen[].timeouts", "How long a client may take.",
                                  listen_timeout_fields, defaults_of<ListenTimeouts>};

constexpr Field listen_fields[] = {
    field<&Listen::address>("address", {.help = "Where clients connect; port 0 takes a free one.",
                                        .example = "127.0.0.1:8787",
                                        .need = Need::required}),
    object<&Listen::tls>("tls", {.help = "Serve HTTPS here.", .section = &listen_tls}),
    object<&Listen::timeouts>("timeouts",
                              {.help = "How long a client may take.", .section = &listen_timeouts}),
};
constexpr Section listen{"listen[]", "The addresses clients connect to.", listen_fields,
                         defaults_of<Listen>};

// ---- admin, state, auth ----

constexpr Field admin_fields[] = {
    field<&Admin::address>("address", {.help = "Where the admin API and metrics are served.",
                                       .example = "127.0.0.1:8788"}),
    field<&Admin::token>(
        "token", {.help = "Bearer token of the admin API; without it, one is generated into "
                          "`admin.token` in the state directory (mode 0600).",
                  .example = "\"${RECLOSER_ADMIN_TOKEN}\"",
                  .bounds = secret_characters}),
};
constexpr Section admin{"admin", "The operator's own port.", admin_fields, defaults_of<Admin>};

constexpr Field state_fields[] = {
    field<&State::directory_path>(
        "directory", {.help = "Holds the store, the journal, generated tokens and the lock.",
                      .example = "/var/lib/recloser",
                      .text = Text::path}),
    field<&State::store>("store", {.help = "Where the ledger is kept.",
                                   .example = "sqlite:recloser.db",
                                   .text = Text::database}),
    fixed_for_now("coordination", "none", {.help = "How several gateways share budgets."}),
};
constexpr Section state{"state", "What outlives the process.", state_fields, defaults_of<State>};

constexpr Field auth_fields[] = {
    field<&Auth::mode>("mode", {.help = "`keys`: every call needs a virtual key, or a token "
                                        "(`jwt`). `open`: calls need none; only with loopback "
                                        "addresses in `listen`.",
                                .example = "keys"}),
    some<&Auth::jwt>("jwt", {.help = "Tokens of your identity provider, taken beside keys "
                                     "([identity](identity.md)).",
                             .bounds = between(0, 16),
                             .section = &token_issuer_section}),
};
constexpr Section auth{"auth", "Who may call.", auth_fields, defaults_of<Auth>};

// ---- providers ----

constexpr Field provider_timeout_fields[] = {
    field<&ProviderTimeouts::connect>(
        "connect", {.help = "To connect to one address of the provider, TLS included.",
                    .example = "5s",
                    .bounds = short_wait}),
    field<&ProviderTimeouts::first_byte>(
        "firstByte", {.help = "From the end of the request to the first byte of the answer.",
                      .example = "120s",
                      .bounds = long_wait}),
    field<&ProviderTimeouts::first_token>(
        "firstToken", {.help = "From the end of the request to the first piece of a streamed "
                               "answer, while another target could be asked; without it, as "
                               "long as the provider gives signs of life and the model's "
                               "`deadline` is not over.",
                       .example = "30s",
                       .bounds = long_wait}),
    field<&ProviderTimeouts::idle>(
        "idle", {.help = "Silence within an answer.", .example = "60s", .bounds = long_wait}),
    field<&ProviderTimeouts::total>("total", {.help = "One attempt, from its start to its end.",
                                              .example = "30m",
                                              .bounds = between(1ms, 24h)}),
};
constexpr Section provider_timeouts{"providers.<name>.timeouts",
                                    "How long the provider may take; each has an error of its own.",
                                    provider_timeout_fields, defaults_of<ProviderTimeouts>};

constexpr Field provider_tls_fields[] = {
    field<&ProviderTls::ca_path>(
        "ca", {.help = "PEM file with the authorities to trust instead of the system's.",
               .example = "tls/ca.pem",
               .text = Text::path}),
    field<&ProviderTls::server_name>(
        "serverName", {.help = "The name to ask for and to verify, when it is not the host of "
                               "baseUrl.",
                       .example = "llm.internal"}),
    field<&ProviderTls::insecure>(
        "insecure", {.help = "Do not verify the certificate. Whoever sits on the path then reads "
                             "keys and prompts.",
                     .example = "false"}),
};
constexpr Section provider_tls{"providers.<name>.tls", "How an https provider is verified.",
                               provider_tls_fields, defaults_of<ProviderTls>};

constexpr Field provider_limit_fields[] = {
    field<&ProviderLimits::concurrency>(
        "concurrency", {.help = "Calls at a time to each of its models; more go to other targets.",
                        .example = "64",
                        .bounds = between(1, 1'000'000)}),
    field<&ProviderLimits::rpm>(
        "rpm", {.help = "Requests per minute to each of its models; more wait (`queue`) or go to "
                        "other targets.",
                .example = "3000",
                .bounds = between(1, 100'000'000)}),
    field<&ProviderLimits::tpm>(
        "tpm", {.help = "Tokens per minute, likewise: those of the prompt and of the answer, as "
                        "they are estimated.",
                .example = "2000000",
                .bounds = between(1, 4'000'000'000)}),
};
constexpr Section provider_limits{"providers.<name>.limits",
                                  "What is taken of the provider at a time.", provider_limit_fields,
                                  defaults_of<ProviderLimits>};

constexpr Field provider_queue_fields[] = {
    field<&ProviderQueue::calls>("calls",
                                 {.help = "So many wait for each of its models; 0: nobody waits.",
                                  .example = "256",
                                  .bounds = between(0, 10'000)}),
    field<&ProviderQueue::wait>(
        "wait", {.help = "The longest that a call may have to wait; one that would wait longer is "
                         "refused at once.",
                 .example = "10s",
                 .bounds = between(Duration{0}, 10min)}),
};
constexpr Section provider_queue{"providers.<name>.queue",
                                 "Calls that wait for a model which takes no more for the moment: "
                                 "the tenants take turns, by the priorities of their keys.",
                                 provider_queue_fields, defaults_of<ProviderQueue>};

constexpr Field provider_probe_fields[] = {
    field<&ProviderProbe::path>("path", {.help = "What is asked for by GET, at the host of "
                                                 "baseUrl: `/health` of vLLM and of llama.cpp, "
                                                 "`/` of Ollama.",
                                         .example = "/health",
                                         .need = Need::required}),
    field<&ProviderProbe::status>("status", {.help = "The status of a server that works.",
                                             .example = "200",
                                             .bounds = between(200, 599)}),
    field<&ProviderProbe::every>("every", {.help = "From one probe to the next, a tenth more or "
                                                   "less.",
                                           .example = "30s",
                                           .bounds = between(1s, 1h)}),
    field<&ProviderProbe::timeout>("timeout", {.help = "An answer that takes longer is a failure; "
                                                       "at most `every`.",
                                               .example = "5s",
                                               .bounds = short_wait}),
    field<&ProviderProbe::healthy>("healthy", {.help = "So many in a row that pass: calls may try "
                                                       "it again.",
                                               .example = "2",
                                               .bounds = between(1, 100)}),
    field<&ProviderProbe::unhealthy>("unhealthy", {.help = "So many in a row that fail: its "
                                                           "targets trip.",
                                                   .example = "3",
                                                   .bounds = between(1, 100)}),
};
constexpr Section provider_probe{"providers.<name>.probe",
                                 "A health check, which costs nothing "
                                 "([routing](routing.md#health-checks)).",
                                 provider_probe_fields, defaults_of<ProviderProbe>};

constexpr Field provider_fields[] = {
    field<&Provider::dialect>(
        "dialect", {.help = "The API it speaks; `openai` also for all that are compatible, "
                            "`simulated` for the built-in provider.",
                    .example = "openai",
                    .need = Need::required}),
    field<&Provider::base_url>(
        "baseUrl", {.help = "Its API, with `/v1` where SDKs want it so. Required, except for the "
                            "simulated provider, which has none.",
                    .example = "https://api.openai.com/v1"}),
    field<&Provider::api_key>(
        "apiKey", {.help = "The provider's key. `client` forwards the client's own credential, "
                           "which is never stored; `x-recloser-key` then names the caller.",
                   .example = "\"${OPENAI_API_KEY}\"",
                   .bounds = provider_key_characters}),
    field<&Provider::region>(
        "region", {.help = "Where it runs, for the ledger.", .example = "us", .text = Text::name}),
    field<&Provider::headers>("headers", {.help = "HTTP fields sent with every request to it.",
                                          .example = "{OpenAI-Organization: org-1}"}),
    object<&Provider::timeouts>("timeouts",
                                {.help = "How long it may take.", .section = &provider_timeouts}),
    object<&Provider::tls>("tls",
                           {.help = "How its certificate is verified.", .section = &provider_tls}),
    field<&Provider::allow_link_local>(
        "allowLinkLocal", {.help = "Allow link-local, cloud metadata, unspecified and multicast "
                                   "addresses for it, which are refused otherwise.",
                           .example = "false"}),
    object<&Provider::limits>(
        "limits", {.help = "What is taken of it at a time.", .section = &provider_limits}),
    object<&Provider::queue>(
        "queue", {.help = "Where there is more to do than it takes.", .section = &provider_queue}),
    object<&Provider::probe>(
        "probe", {.help = "Ask it now and then whether it works; without it, calls alone tell.",
                  .section = &provider_probe}),
    field<&Provider::retries>(
        "retries", {.help = "How often a call that failed is tried again at the same target, when "
                            "no other one can answer it.",
                    .example = "1",
                    .bounds = between(0, 2)}),
    field<&Provider::prefill>(
        "prefill",
        {.help = "How it is told to go on with an answer that the request ends with, for "
                 "`interrupted: continue`: vLLM, SGLang and llama.cpp take "
                 "`final_message`. `auto`: as its address tells; a simulated one goes on from any "
                 "text.",
         .example = "final_message"}),
    field<&Provider::chained>(
        "chained", {.help = "It is a Recloser too: it is told session, trace, user, agent, labels "
                            "and `Idempotency-Key` of each call ([chains](chains.md)).",
                    .example = "false"}),
    planned("preset"),
    planned("zeroRetention"),
    planned("residency"),
    planned("tier"),
    planned("apiVersion"),
    planned("deployment"),
    planned("deployments"),
    planned("entra"),
    planned("project"),
    planned("location"),
    planned("credentials"),
    planned("accessKeyId"),
    planned("secretAccessKey"),
    planned("sessionToken"),
};
constexpr Section provider{"providers.<name>", "One model provider.", provider_fields,
                           defaults_of<Provider>};

// ---- the rest of the top ----

constexpr Field logging_fields[] = {
    field<&Logging::level>("level", {.help = "The least that is logged.", .example = "info"}),
    field<&Logging::format>("format",
                            {.help = "Lines for people or for machines.", .example = "json"}),
};
constexpr Section logging{"logging",
                          "Log lines on standard error; never a prompt, an answer or a "
                          "secret.",
                          logging_fields, defaults_of<Logging>};

constexpr Field keep_alive_fields[] = {
    field<&KeepAlive::every>(
        "every", {.help = "A comment is sent on a silent stream this often, once the provider's "
                          "headers have come.",
                  .example = "15s",
                  .bounds = between(1s, 5min)}),
    fixed_for_now("commitAfter", "off",
                  {.help = "Comments before the provider's headers have come."}),
};
constexpr Section keep_alive{"keepAlive", "Keeps proxies and clients from giving up on a stream.",
                             keep_alive_fields, defaults_of<KeepAlive>};

constexpr Field idempotency_fields[] = {
    field<&Idempotency::ttl>(
        "ttl", {.help = "How long an answer is kept after its call has ended; `0s` turns it off.",
                .example = "24h",
                .bounds = between(0s, 30 * 24h)}),
    field<&Idempotency::store>(
        "store", {.help = "`disk`: answers lie in the state directory as well, and outlive a "
                          "restart; `memory`: what lies there is deleted.",
                  .example = "disk"}),
    field<&Idempotency::answer_max>(
        "maxBytes", {.help = "One answer; a larger one is not kept, and the call is refused when "
                             "it is sent again.",
                     .example = "1MiB",
                     .bounds = between(kibibyte, 64 * 1024 * kibibyte)}),
};
constexpr Section idempotency{"idempotency",
                              "Answers of calls with an `Idempotency-Key`, for the same call sent "
                              "again ([idempotency](idempotency.md)).",
                              idempotency_fields, defaults_of<Idempotency>};

constexpr Field limit_fields[] = {
    field<&Limits::connections>("connections",
                                {.help = "Client connections of all workers together; further ones "
                                         "are answered 503.",
                                 .example = "65536",
                                 .bounds = between(1, 1'000'000)}),
    field<&Limits::buffered>(
        "bufferedBytes", {.help = "Bytes of calls held in memory, all together; beyond it calls "
                                  "are answered 503.",
                          .example = "1GiB",
                          .bounds = between(1024 * kibibyte, 1024 * gibibyte)}),
    field<&Limits::body>("body", {.help = "One request body; a larger one is answered 413.",
                                  .example = "32MiB",
                                  .bounds = between(kibibyte, gibibyte)}),
};
constexpr Section limit{"limits", "What clients may take of this machine.", limit_fields,
                        defaults_of<Limits>};

constexpr Field ledger_fields[] = {
    field<&Ledger::retain>("retain", {.help = "Rows of calls are deleted when they are older.",
                                      .example = "400d",
                                      .bounds = between(24h, 36'500 * 24h)}),
};
constexpr Section ledger{"ledger", "The book of calls.", ledger_fields, defaults_of<Ledger>};

constexpr Field prices_fields[] = {
    field<&Prices::overrides>(
        "overrides",
        {.help = "Price lists of your own, over those that come with this program: globs of YAML "
                 "files ([prices](prices.md)).",
         .example = "[prices/*.yaml]",
         .bounds = between(0, 64),
         .text = Text::path}),
    field<&Prices::unpriced>(
        "unpriced", {.help = "Whether a call to a model without a price is let through when no "
                             "budget in USD applies to it.",
                     .example = "refuse"}),
};
constexpr Section prices{"prices", "What calls cost.", prices_fields, defaults_of<Prices>};

constexpr Field gateway_fields[] = {
    fixed("apiVersion", "recloser.dev/v1alpha1",
          {.help = "The version of this language.", .need = Need::required}),
    fixed("kind", "Gateway", {.help = "What the file describes.", .need = Need::required}),
    list<&Config::listen>("listen", {.help = "The addresses clients connect to.",
                                     .example = "[{address: 127.0.0.1:8787}]",
                                     .bounds = between(1, 64),
                                     .section = &listen}),
    object<&Config::admin>("admin", {.help = "The operator's own port.", .section = &admin}),
    object<&Config::state>("state", {.help = "What outlives the process.", .section = &state}),
    field<&Config::instance>(
        "instance", {.help = "The name of this gateway in `Via`, one for all that stand behind one "
                             "address ([chains](chains.md)); without it, a random one.",
                     .example = "eu-west",
                     .text = Text::name}),
    field<&Config::workers>("workers",
                            {.help = "Threads that carry traffic; `auto` is one per processor.",
                             .example = "auto",
                             .bounds = between(1, 256)}),
    object<&Config::auth>("auth", {.help = "Who may call.", .section = &auth}),
    map<&Config::providers>(
        "providers", {.help = "Model providers by name. Left out: those whose usual environment "
                              "variable is set, or else the simulated provider `sim`.",
                      .text = Text::name,
                      .section = &provider}),
    map<&Config::models>("models",
                         {.help = "Model names of your own, each with where it is served.",
                          .section = &model_section}),
    list<&Config::keys>("keys", {.help = "Virtual keys declared here.",
                                 .bounds = between(0, 10'000),
                                 .section = &key_section}),
    object<&Config::logging>("logging", {.help = "Log lines.", .section = &logging}),
    field<&Config::drain>("drain",
                          {.help = "After a SIGTERM, how long running calls may take to end.",
                           .example = "30s",
                           .bounds = between(0s, 1h)}),
    object<&Config::keep_alive>("keepAlive",
                                {.help = "Comments on silent streams.", .section = &keep_alive}),
    object<&Config::idempotency>(
        "idempotency", {.help = "Answers for calls that are sent again.", .section = &idempotency}),
    object<&Config::limits>("limits",
                            {.help = "What clients may take of this machine.", .section = &limit}),
    object<&Config::ledger>("ledger", {.help = "The book of calls.", .section = &ledger}),
    object<&Config::prices>("prices", {.help = "What calls cost.", .section = &prices}),
    field<&Config::reserved_labels>("reservedLabels",
                                    {.help = "Labels that no client may send by itself.",
                                     .example = "[production]",
                                     .bounds = between(0, 1024),
                                     .text = Text::label}),
    list<&Config::rate_limits>("rateLimits",
                               {.help = "What teams, users, models and others may take.",
                                .bounds = between(0, 64),
                                .section = &rate_limit_section}),
    field<&Config::policies>(
        "policies", {.help = "Files of documents: [budgets](budgets.md), [who pays](keys.md): "
                             "globs of YAML files; `**` stands for folders, any number of them.",
                     .example = "[\"policies/**/*.yaml\"]",
                     .bounds = between(0, 64),
                     .text = Text::path,
                     .section = &budget_document_section}),
    map<&Config::channels>("channels", {.help = "Where you are told of what happens, by name.",
                                        .bounds = between(0, 16),
                                        .text = Text::name,
                                        .section = &channel_section}),
    planned("approvals"),
};
constexpr Section gateway{"", "The top of the file.", gateway_fields, defaults_of<Config>};

constexpr const Section* sections[] = {
    &gateway,
    &listen,
    &listen_tls,
    &listen_timeouts,
    &admin,
    &state,
    &auth,
    &token_issuer_section,
    &claim_map_section,
    &claim_fallback_section,
    &provider,
    &provider_timeouts,
    &provider_tls,
    &provider_limits,
    &provider_queue,
    &provider_probe,
    &model_section,
    &target_section,
    &key_section,
    &allowance_section,
    &logging,
    &keep_alive,
    &idempotency,
    &limit,
    &ledger,
    &prices,
    &channel_section,
    &webhook_section,
    &rate_limit_section,
    &budget_document_section,
    &budget_metadata_section,
    &budget_spec_section,
    &budget_window_section,
    &budget_slice_section,
    &budget_exhausted_section,
    &holder_document_section,
    &holder_metadata_section,
    &holder_spec_section,
    &user_defaults_section,
    &key_document_section,
    &key_metadata_section,
    &key_spec_section,
};

}  // namespace

const Section& gateway_section() { return gateway; }
std::span<const Section* const> all_sections() { return sections; }

}  // namespace recloser::config
