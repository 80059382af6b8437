// Files as providers give them out, with invented figures.
#include "books/bill_file.h"

#include "books/bill_row.h"
#include "core/time.h"

#include <zlib.h>

#include <gtest/gtest.h>

namespace recloser::books {
namespace {

using namespace std::chrono_literals;

struct Read {
  ModelNames names;
  Bill bill{names};
  std::string fault;
};

std::unique_ptr<Read> read_pieces(std::string_view text, std::size_t bytes,
                                  std::chrono::minutes offset = 0min) {
  auto read = std::make_unique<Read>();
  BillFile file(read->bill, offset);
  Result<void> done;
  for (std::size_t at = 0; at < text.size() && done; at += bytes) {
    done = file.feed(text.substr(at, bytes));
  }
  if (done) done = file.finish();
  if (!done) read->fault = done.error().message();
  return read;
}

// One text of all cells, to compare what different files and splits say.
std::string told(const Bill& bill) {
  std::string out;
  for (const auto& [key, cell] : bill.cells()) {
    out += text_of(key.day) + ' ' + key.provider + '/' + key.model;
    for (std::size_t i = 0; i < count_kinds; ++i) {
      if (cell.counts.at[i] == 0) continue;
      out += ' ' + std::string(name_of(Count(i))) + '=' + std::to_string(cell.counts.at[i]);
    }
    for (std::size_t i = 0; i < part_kinds; ++i) {
      if (cell.costs.at[i] == Amount{}) continue;
      out += ' ' + std::string(name_of(Part(i))) + '=' + text_of(cell.costs.at[i]);
    }
    out += '\n';
  }
  return out;
}

std::string read(std::string_view text) {
  std::unique_ptr<Read> whole = read_pieces(text, text.size() + 1);
  for (std::size_t bytes : {1U, 7U, 64U}) {
    std::unique_ptr<Read> split = read_pieces(text, bytes);
    EXPECT_EQ(told(split->bill), told(whole->bill)) << bytes;
    EXPECT_EQ(split->fault, whole->fault) << bytes;
  }
  return whole->fault.empty() ? told(whole->bill) : whole->fault;
}

TEST(BillFile, Generic) {
  EXPECT_EQ(read("day,model,provider,input_tokens,cached_input_tokens,cache_write_tokens,"
                 "output_tokens,requests,cost_usd\n"
                 "2026-11-20,gpt-4o,azure,1000,200,0,50,3,0.0027505\n"
                 "2026-11-20,gpt-4o-2024-08-06,azure,10,,,5,1,1e-7\n"
                 "2026-11-21,gpt-4o,azure,0,0,0,0,0,0\n"),
            "2026-11-20 azure/gpt4o requests=4 input_tokens=1010 cached_input_tokens=200 "
            "output_tokens=55 total=0.002750600\n");
}

TEST(BillFile, OpenAiUsageAndCosts) {
  EXPECT_EQ(read("start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,"
                 "model,batch,input_tokens,output_tokens,input_cached_tokens\n"
                 "1795132800,1795219200,2026-11-20T00:00:00+00:00,,p,5,gpt-4o-mini-2024-07-18,,"
                 "1000,500,800\n"),
            "2026-11-20 /gpt4omini requests=5 input_tokens=1000 cached_input_tokens=800 "
            "output_tokens=500\n");
  EXPECT_EQ(read("start_time,end_time,amount_value,amount_currency,line_item\n"
                 "1795046400,1795132800,,,\n"
                 "1795132800,1795219200,0.500000000000000000000000,usd,\"gpt-4o, input\"\n"
                 "1795132800,1795219200,0.25,usd,\"gpt-4o-2024-08-06, cached input\"\n"
                 "1795132800,1795219200,0.01,usd,web search tool calls\n"),
            "2026-11-20 / fee=0.010000000\n"
            "2026-11-20 /gpt4o input=0.500000000 cached_input=0.250000000\n");
}

constexpr std::string_view usage_pages =
    R"({"object":"page","data":[{"object":"bucket","start_time":1795132800,"end_time":1795219200,
 "results":[{"object":"organization.usage.completions.result","input_tokens":1000,
 "output_tokens":500,"input_cached_tokens":800,"num_model_requests":5,"model":"gpt-4o",
 "project_id":null,"batch":null},
 {"input_tokens":7,"output_tokens":1,"num_model_requests":1,"model":"o\u0033-mini"}]},
 {"object":"bucket","start_time":1795219200,"end_time":1795305600,"results":[]}],
 "has_more":true,"next_page":"x"}
{"object":"page","data":[{"start_time":1795219200,"end_time":1795305600,"results":[
 {"input_tokens":2,"output_tokens":2,"num_model_requests":1,"model":"gpt-4o"}]}],
 "has_more":false})";

TEST(BillFile, PagesOfApis) {
  std::string_view wanted =
      "2026-11-20 /gpt4o requests=5 input_tokens=1000 cached_input_tokens=800 output_tokens=500\n"
      "2026-11-20 /o3mini requests=1 input_tokens=7 output_tokens=1\n"
      "2026-11-21 /gpt4o requests=1 input_tokens=2 output_tokens=2\n";
  EXPECT_EQ(read(usage_pages), wanted);
  std::string_view first = usage_pages.substr(0, usage_pages.find("\n{"));
  EXPECT_TRUE(read_pieces(first, 100)->bill.pages_missing);
  EXPECT_FALSE(read_pieces(usage_pages, 100)->bill.pages_missing);
  EXPECT_EQ(read(R"({"data":[{"start_time":1795132800,"end_time":1795219200,"results":[
    {"object":"organization.costs.result","amount":{"value":0.1000000000000000055,"currency":"usd"},
     "line_item":"gpt-4o, output"}]}]})"),
            "2026-11-20 /gpt4o output=0.100000000000000006\n");
  EXPECT_EQ(read(R"([{"data":[{"starting_at":"2026-11-20T00:00:00Z",
    "ending_at":"2026-11-21T00:00:00Z","results":[{"uncached_input_tokens":10,
    "cache_creation":{"ephemeral_1h_input_tokens":3,"ephemeral_5m_input_tokens":4},
    "cache_read_input_tokens":5,"output_tokens":6,"server_tool_use":{"web_search_requests":2},
    "model":"claude-opus-4-1-20250805"}]}]}])"),
            "2026-11-20 /claudeopus41 uncached_input_tokens=10 cached_input_tokens=5 "
            "cache_write_tokens=7 cache_write_1h_tokens=3 output_tokens=6 web_searches=2\n");
  EXPECT_EQ(read(R"({"data":[{"starting_at":"2026-11-20T00:00:00Z","results":[{"amount":"123.45",
    "currency":"USD","model":"claude-opus-4-1","token_type":"cache_read_input_tokens"}]}]})"),
            "2026-11-20 /claudeopus41 cached_input=1.234500000\n");
}

TEST(BillFile, AnthropicConsole) {
  EXPECT_EQ(
      read(
          "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
          "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
          "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
          "web_search_count,inference_geo,speed\n"
          "2026-11-20,claude-haiku-4-5-20251001,\"k, 1\",Default,standard,\xe2\x89\xa4 200k,100,20,"
          "5,1000,30,2,global,\n"),
      "2026-11-20 /claudehaiku45 uncached_input_tokens=100 cached_input_tokens=1000 "
      "cache_write_tokens=25 cache_write_1h_tokens=5 output_tokens=30 web_searches=2\n");
  EXPECT_EQ(read("usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,"
                 "cost_usd,list_price_usd,cost_type\n"
                 "2026-11-20,Claude Haiku 4.5,D,k,message,\xe2\x89\xa4 200k,input_no_cache,0.05,"
                 "0.05,token\n"
                 "2026-11-20,Claude Haiku 4.5,D,k,message,\xe2\x89\xa4 200k,input_cache_write_1h,"
                 "0.10,0.10,token\n"
                 "2026-11-20,,D,k,message,,,0.02,0.02,web_search\n"),
            "2026-11-20 / fee=0.020000000\n"
            "2026-11-20 /claudehaiku45 input=0.050000000 cache_write_1h=0.100000000\n");
}

constexpr std::string_view aws_report =
    "identity/LineItemId,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/LineItemType,"
    "lineItem/ProductCode,lineItem/UsageType,lineItem/UsageAmount,lineItem/CurrencyCode,"
    "lineItem/UnblendedCost,pricing/unit,product/ProductName\n"
    "a,2026-11-20T01:00:00Z,2026-11-20T02:00:00Z,Usage,AmazonBedrock,"
    "USE1-Claude3Sonnet-input-tokens,1.2340000000,USD,0.003702,1K tokens,Amazon Bedrock\n"
    "b,2026-11-20T02:00:00Z,2026-11-20T03:00:00Z,Usage,5xyz,USE1-MP:USE1_OutputTokenCount-Units,"
    "0.0005670000,USD,0.008505,Units,Claude Sonnet 4.5 (Amazon Bedrock Edition)\n"
    "c,2026-11-20T02:00:00Z,2026-11-20T03:00:00Z,Usage,5xyz,"
    "USE1-MP:USE1_CacheReadInputTokenCount-Units,0.001,USD,0.0003,Units,"
    "Claude Sonnet 4.5 (Amazon Bedrock Edition)\n"
    "d,2026-11-20T02:00:00Z,2026-11-20T03:00:00Z,Usage,AmazonS3,USE1-Requests-Tier1,9,USD,1,"
    "Requests,Amazon S3\n"
    "e,2026-11-20T02:00:00Z,2026-11-20T03:00:00Z,Tax,AmazonBedrock,USE1-Claude3Sonnet-input-tokens,"
    "1,USD,0.5,,Amazon Bedrock\n";
constexpr std::string_view aws_told =
    "2026-11-20 /claude3sonnet uncached_input_tokens=1234 input=0.003702000\n"
    "2026-11-20 /claudesonnet45 cached_input_tokens=1000 output_tokens=567 "
    "cached_input=0.000300000 output=0.008505000\n";

TEST(BillFile, AwsCostAndUsageReport) {
  EXPECT_EQ(read(aws_report), aws_told);
  std::unique_ptr<Read> whole = read_pieces(aws_report, 1000);
  EXPECT_EQ(whole->bill.lines_passed_over, 1U);
  EXPECT_EQ(text_of(whole->bill.not_compared), "0.500000000");
}

std::string gzipped(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1000, '\0');
  std::string in(text);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

TEST(BillFile, InGzipAlsoInTwoMembers) {
  EXPECT_EQ(read(gzipped(aws_report)), aws_told);
  EXPECT_EQ(read(gzipped(aws_report.substr(0, 400)) + gzipped(aws_report.substr(400))), aws_told);
  std::string cut = gzipped(aws_report);
  EXPECT_EQ(read(std::string_view(cut).substr(0, cut.size() - 20)),
            "the gzip data end in the middle");
  cut[cut.size() / 2] = static_cast<char>(cut[cut.size() / 2] ^ 0x55);
  EXPECT_NE(read_pieces(cut, cut.size())->fault, "");
  // Much text from few bytes is one row that is too long, not much memory.
  std::string bomb = gzipped(std::string(64u << 20, 'x'));
  EXPECT_NE(read_pieces(bomb, bomb.size())->fault.find("more than 1048576 bytes"),
            std::string::npos);
}

TEST(BillFile, WhatIsWrongHasItsLine) {
  constexpr std::string_view head = "day,model,input_tokens,cost_usd\n";
  auto fault = [&](std::string_view row) { return read(std::string(head) + std::string(row)); };
  EXPECT_EQ(fault("2026-11-20,m,1,1\n2026-11-31,m,1,1\n"),
            "line 3: '2026-11-31' is no day, such as 2026-11-21");
  EXPECT_EQ(fault("2026-11-20,m,-1,1\n"), "line 2: '-1' is no number of input tokens");
  EXPECT_EQ(fault("2026-11-20,m,1.5,1\n"), "line 2: '1.5' is no number of input tokens");
  EXPECT_EQ(fault("2026-11-20,m,1,a lot\n"),
            "line 2: 'a lot' is not an amount of dollars, such as 12.34");
  EXPECT_EQ(fault("2026-11-20,m,1\n"), "line 2: 3 fields, and the first line has 4");
  EXPECT_EQ(fault("2026-11-20,\"a\nb\",1,1\n"), "line 2: 'a?b' is no name of a model");
  EXPECT_TRUE(read("").starts_with("the file is empty"));
  EXPECT_EQ(read("\n\n\n\n\n\n\n\nday,model,cost_usd\n2026-11-20,m,x\n"),
            "line 10: 'x' is not an amount of dollars, such as 12.34");
  EXPECT_TRUE(read("a,b\n1,2\n").starts_with("its columns (a, b) are of no bill that is known"));
  EXPECT_EQ(read("start_time,end_time,amount_value,amount_currency,line_item\n"
                 "1795132800,1797724800,1,usd,\n"),
            "line 2: the period is longer than a day; export it by day");
  EXPECT_EQ(read("start_time,end_time,amount_value,amount_currency,line_item\n"
                 "1795132800,1795219200,1,eur,\n"),
            "line 2: the amount is in 'eur'; only dollars (USD) can be compared");
  EXPECT_TRUE(
      read("{\"data\":[\n{\"results\":[{]}").starts_with("line 2, column 14: this is no JS"));
  EXPECT_EQ(read("{\"data\":[\n{\"start_time\":1795132800,\"results\":[\n"
                 "{\"num_model_requests\":1,\"model\":\"m\",\"input_tokens\":-1}\n]}]}\n\n"),
            "line 3: '-1' is no number of input tokens");
  EXPECT_TRUE(read("{\"data\":").starts_with("line 1, column 9: this is no JSON"));
  EXPECT_NE(read_pieces(std::string(100'000, '['), 1000)->fault, "");
}

TEST(BillFile, DaysInAnotherZone) {
  EXPECT_EQ(text_of(*parse_day("2026-11-20", -8h)), "2026-11-20");
  EXPECT_EQ(text_of(*parse_day("2026-11-20T07:59:59Z", -8h)), "2026-11-19");
  EXPECT_EQ(text_of(*parse_day("2026-11-20 23:30", 60min)), "2026-11-21");
  EXPECT_EQ(text_of(*parse_day("2026-11-20T23:30:00-02:00", 0min)), "2026-11-21");
  EXPECT_EQ(text_of(*parse_day("2026/11/20", 0min)), "2026-11-20");
  EXPECT_EQ(text_of(*parse_day("1795132799", 0min)), "2026-11-19");
  for (std::string_view text : {"", "20.11.2026", "2026-11-20T", "2026-11-20T25:00:00Z", "-1",
                                "2026-11-20x", "99999999999999"}) {
    EXPECT_FALSE(parse_day(text, 0min)) << text;
  }
}

}  // namespace
}  // namespace recloser::books
