// The JSON object of a call: every name of the interface, exactly once, and what null means.
#include "ledger/call_json.h"

#include "ledger/test_support.h"

#include <string>

namespace recloser::ledger {
namespace {

std::string json_of(const CallRecord& record) {
  std::string out;
  append_call_json(out, stored(record));
  return out;
}

TEST(CallJson, ACompletedCall) {
  CallRecord record(*CallId::parse("01JD3Z8QK6T2V9M4B7XHPW5RNC"), test::SharedClock::start(),
                    test::someone);
  test::fill_completed(record);
  record.outcome = Outcome::completed;
  record.duration_ns = 1'500'000'000;
  EXPECT_EQ(
      json_of(record),
      R"({"id":"01JD3Z8QK6T2V9M4B7XHPW5RNC","started_at":"2026-09-21T14:13:20.000Z",)"
      R"("duration_ms":1500,"ttft_ms":251.234,"key_id":"ci","org":"acme","team":"search",)"
      R"("user":"ada","agent":"crawler","session":"session-42",)"
      R"("trace":"4bf92f3577b34da6a3ce929d0e0e4736","client_dialect":"openai",)"
      R"("operation":"chat","model_requested":"gpt-4o-mini","provider":"openai",)"
      R"("model_served":"gpt-4o-mini-2024-07-18","region":"us","status":200,)"
      R"("outcome":"completed","input_tokens":1234,"cached_input_tokens":1024,)"
      R"("cache_write_tokens":null,"output_tokens":567,"reasoning_tokens":0,)"
      R"("tokens_source":"exact","cost_usd":"0.000448500","cost_source":"catalogue",)"
      R"("price_version":"2026-09-01","list_cost_usd":"0.000448500","fees_usd":"0.000000000",)"
      R"("overrun_usd":"0.000000000","input_cost_usd":"0.000031500",)"
      R"("cached_cost_usd":"0.000076800","cache_write_cost_usd":"0.000000000",)"
      R"("output_cost_usd":"0.000340200","expected_cost_usd":"0.000512000",)"
      R"("upper_cost_usd":"0.002600000","expected_input_tokens":1240,)"
      R"("upper_input_tokens":1391,"rare_usage":null,)"
      R"("delivered_tokens":567,"budgets":[],"decisions":[],)"
      R"("attempts":[{"n":1,"target":"openai/gpt-4o-mini",)"
      R"("started_at":"2026-09-21T14:13:20.001Z","ttft_ms":250,"status":200,)"
      R"("error_class":null,"provider_request_id":"req_0123456789abcdef0123456789abcdef",)"
      R"("input_tokens":1234,"output_tokens":567,"cost_usd":"0.000448500",)"
      R"("outcome":"completed"}],"route":null,"overshoot_tokens":0,)"
      R"("upstream_close_ms":null,"overhead_us":143,"labels":["nightly","batch"]})");
}

TEST(CallJson, WhereACallMightHaveGone) {
  CallRecord record(CallId{1, 2}, test::SharedClock::start(), test::someone);
  record.set(Text::route,
             R"(["weights",1,["p/one","passing",250],["q/two","tripped",null,"tripped"]])");
  EXPECT_EQ(stored(record).route,
            R"({"balance":"weights","sticky":true,"targets":[)"
            R"({"target":"p/one","state":"passing","ttft_ms":250,"why_not":null},)"
            R"({"target":"q/two","state":"tripped","ttft_ms":null,"why_not":"tripped"}]})");
}

TEST(CallJson, ATargetThatPassesTakesFewWords) {
  CallRecord record(CallId{1, 2}, test::SharedClock::start(), test::someone);
  record.set(Text::route,
             R"(["weights",0,"p/\"one\"",["q/two",12],"r/three",["s/four","probing",3,null],"t"])");
  EXPECT_EQ(stored(record).route,
            R"({"balance":"weights","sticky":false,"targets":[)"
            R"({"target":"p/\"one\"","state":"passing","ttft_ms":0,"why_not":null},)"
            R"({"target":"q/two","state":"passing","ttft_ms":12,"why_not":null},)"
            R"({"target":"r/three","state":"passing","ttft_ms":0,"why_not":null},)"
            R"({"target":"s/four","state":"probing","ttft_ms":3,"why_not":null},)"
            R"({"target":"t","state":"passing","ttft_ms":0,"why_not":null}]})");
}

TEST(CallJson, ARefusedCallClaimsNothing) {
  CallRecord record(CallId{1, 2}, WallTime{0},
                    {.operation = "chat",
                     .client_dialect = "openai",
                     .key_id = {},
                     .org = "local",
                     .team = {},
                     .user = {},
                     .agent = {}});
  record.add_decision({.phase = "request",
                       .policy = {},
                       .rule = "model_not_found",
                       .action = "deny",
                       .reason = "no model is called \"x\""});
  record.status = 404;
  record.outcome = Outcome::refused;
  std::string json = json_of(record);
  std::string decision = R"("decisions":[{"id":")" + record.id.str() +
                         R"(-1","phase":"request","policy":null,"rule":"model_not_found",)"
                         R"("action":"deny","mode":"enforce",)"
                         R"("reason":"no model is called \"x\""}])";
  EXPECT_NE(json.find(decision), std::string::npos) << json;
  for (const char* part :
       {R"("key_id":null)", R"("input_tokens":null)", R"("tokens_source":null)",
        R"("ttft_ms":null)", R"("duration_ms":null)", R"("attempts":[])", R"("labels":[])",
        R"("cost_usd":null)", R"("cost_source":null)", R"("price_version":null)",
        R"("fees_usd":null)", R"("overrun_usd":null)", R"("list_cost_usd":null)"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part;
  }
}

// A program reads `attempt.status` of a try that never got one as it reads the row's.
TEST(CallJson, AnAttemptOfWhichNothingIsKnown) {
  CallRecord record(CallId{1, 2}, WallTime{0}, test::someone);
  record.begin_attempt("p/m", WallTime{0});
  std::string json = json_of(record);
  EXPECT_NE(
      json.find(R"("attempts":[{"n":1,"target":"p/m","started_at":"1970-01-01T00:00:00.000Z",)"
                R"("ttft_ms":null,"status":null,"error_class":null,)"
                R"("provider_request_id":null,"input_tokens":null,"output_tokens":null,)"
                R"("cost_usd":null,"outcome":null}])"),
      std::string::npos)
      << json;
}

TEST(CallJson, HostileBytesStayInsideTheirStrings) {
  CallRecord record(CallId{1, 2}, WallTime{0}, test::someone);
  record.set(Text::session, std::string_view("\"},\xff\0\n", 6));
  record.set(Text::labels, ",,a\",b,,");
  record.outcome = Outcome::refused;
  std::string json = json_of(record);
  EXPECT_NE(json.find("\"session\":\"\\\"},\xef\xbf\xbd\\u0000\\n\""), std::string::npos) << json;
  EXPECT_NE(json.find(R"("labels":["a\"","b"])"), std::string::npos) << json;
}

TEST(CallJson, MoreDecisionsThanAreKept) {
  CallRecord record(CallId{1, 2}, WallTime{0}, test::someone);
  for (std::size_t i = 0; i < decisions_max + 2; ++i) {
    record.add_decision({.phase = {}, .policy = {}, .rule = "r", .action = {}, .reason = {}});
  }
  std::string out;
  append_decisions_json(out, record);
  std::string expected = "[";
  for (std::size_t i = 1; i <= decisions_max; ++i) {
    expected += R"({"id":")" + record.id.str() + "-" + std::to_string(i) +
                R"(","phase":null,"policy":null,"rule":"r","action":null,"mode":"enforce",)"
                R"("reason":null},)";
  }
  EXPECT_EQ(out, expected + R"({"more":2}])");
}

}  // namespace
}  // namespace recloser::ledger
