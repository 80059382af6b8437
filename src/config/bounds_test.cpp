// Every bounded field at its bounds, and one past them.
#include "config/testing/text.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

// `@` in the text is where the value goes.
struct Field {
  std::string_view text;
  std::string_view least, below;  // below: "" when nothing can be written below
  std::string_view most, beyond;
};

constexpr std::string_view provider_timeouts =
    "providers: {p: {dialect: openai, baseUrl: http://127.0.0.1, timeouts: {";

bool is_good(std::string text, std::string_view value) {
  FakeEnvironment environment;
  text.replace(text.find('@'), 1, value);
  return config_of(with_head(text), environment) != nullptr;
}

void expect_bounds(const Field& field) {
  std::string text(field.text);
  EXPECT_TRUE(is_good(text, field.least)) << text << " " << field.least;
  EXPECT_TRUE(is_good(text, field.most)) << text << " " << field.most;
  EXPECT_FALSE(is_good(text, field.beyond)) << text << " " << field.beyond;
  if (!field.below.empty()) EXPECT_FALSE(is_good(text, field.below)) << text << " " << field.below;
}

TEST(Bounds, NumbersSizesAndDurations) {
  const std::string listen = "listen: [{address: 127.0.0.1:1, timeouts: {";
  const std::string provider(provider_timeouts);
  const std::string short_fields[] = {listen + "header: @}}]\n", listen + "body: @}}]\n",
                                      provider + "connect: @}}}\n"};
  const std::string long_fields[] = {listen + "idle: @}}]\n", listen + "write: @}}]\n",
                                     provider + "firstByte: @}}}\n", provider + "idle: @}}}\n"};
  for (const std::string& text : short_fields) expect_bounds({text, "1ms", "0s", "5m", "300001ms"});
  for (const std::string& text : long_fields) expect_bounds({text, "1ms", "0s", "1h", "3600001ms"});
  expect_bounds({provider + "total: @}}}\n", "1ms", "999us", "24h", "86400001ms"});
  const std::string probe =
      "providers: {p: {dialect: openai, baseUrl: http://127.0.0.1, probe: {path: /, ";
  expect_bounds({probe + "every: @, timeout: 1s}}}\n", "1s", "999ms", "1h", "3600001ms"});
  expect_bounds({probe + "every: 1h, timeout: @}}}\n", "1ms", "0s", "5m", "300001ms"});
  expect_bounds({probe + "status: @}}}\n", "200", "199", "599", "600"});
  expect_bounds({probe + "healthy: @}}}\n", "1", "0", "100", "101"});
  expect_bounds({probe + "unhealthy: @}}}\n", "1", "0", "100", "101"});
  expect_bounds({"drain: @\n", "0s", "-1s", "1h", "3601s"});
  expect_bounds({"keepAlive: {every: @}\n", "1s", "999ms", "5m", "301s"});
  expect_bounds({"ledger: {retain: @}\n", "1d", "23h", "36500d", "36501d"});
  expect_bounds({"workers: @\n", "1", "0", "256", "257"});
  expect_bounds({"limits: {connections: @}\n", "1", "0", "1000000", "1000001"});
  expect_bounds(
      {"limits: {bufferedBytes: 1GiB, body: @}\n", "1KiB", "1023B", "1GiB", "1073741825B"});
  expect_bounds(
      {"limits: {body: 1KiB, bufferedBytes: @}\n", "1MiB", "1048575B", "1TiB", "1099511627777B"});
  expect_bounds({"listen: [{address: 127.0.0.1:@}]\n", "0", "-1", "65535", "65536"});
  expect_bounds({"admin: {address: 127.0.0.1:@}\n", "0", "-1", "65535", "65536"});
}

TEST(Bounds, NumbersBeyondAnyMachine) {
  for (std::string_view huge : {"9223372036854775807", "9223372036854775808",
                                "99999999999999999999999999", "-9223372036854775809"}) {
    EXPECT_FALSE(is_good("limits: {connections: @}\n", huge));
    EXPECT_FALSE(is_good("limits: {body: @TiB}\n", huge));
    EXPECT_FALSE(is_good("limits: {body: @B}\n", huge));
    EXPECT_FALSE(is_good("drain: @d\n", huge));
    EXPECT_FALSE(is_good("drain: @s\n", huge));
    EXPECT_FALSE(is_good("workers: @\n", huge));
  }
  for (std::string_view odd : {"+1", "0x10", "1e3", "1_000", "1,000", "\" 1\"", "\"1 \"", "\"\""}) {
    EXPECT_FALSE(is_good("limits: {connections: @}\n", odd)) << odd;
  }
}

void expect_text_up_to(const std::string& text, std::size_t bytes_max) {
  std::string longest(bytes_max, 'x');
  std::string beyond = longest + "x";
  expect_bounds({text, "x", "\"\"", longest, beyond});
}

TEST(Bounds, LengthsOfTexts) {
  const std::string key = "keys: [{id: k, secret: 01234567890123456789, ";
  const std::string provider = "providers: {p: {dialect: openai, baseUrl: https://x.example, ";
  for (const char* field : {"org", "team", "user", "agent"}) {
    expect_text_up_to(key + field + ": @}]\n", 64);
  }
  expect_text_up_to("keys: [{id: @, secret: 01234567890123456789}]\n", 64);
  expect_text_up_to(key + "models: [@]}]\n", 256);
  expect_text_up_to(key + "labels: [@]}]\n", 64);
  expect_text_up_to("reservedLabels: [@]\n", 64);
  expect_text_up_to(provider + "region: @}}\n", 64);
  expect_text_up_to(provider + "tls: {serverName: @}}}\n", 256);
  expect_text_up_to(provider + "tls: {ca: @}}}\n", 4095);
  expect_text_up_to("state: {directory: @}\n", 4095);
  expect_text_up_to("state: {store: sqlite:@}\n", 255);
  expect_text_up_to(
      "providers: {s: {dialect: simulated}}\n"
      "models: {@: {targets: [{provider: s, model: m}]}}\n",
      256);
  expect_text_up_to(
      "providers: {s: {dialect: simulated}}\n"
      "models: {m: {targets: [{provider: s, model: @}]}}\n",
      256);
  expect_text_up_to("providers: {@: {dialect: simulated}}\n", 64);
  expect_text_up_to("listen: [{address: 127.0.0.1:1, tls: {cert: @, key: k}}]\n", 4095);
  expect_text_up_to("listen: [{address: 127.0.0.1:1, tls: {cert: c, key: @}}]\n", 4095);
}

TEST(Bounds, LengthsOfSecrets) {
  const std::string s19(19, 's'), s20(20, 's'), s4096(4096, 's'), s4097(4097, 's');
  expect_bounds({"keys: [{id: k, secret: @}]\n", s20, s19, s4096, s4097});
  expect_bounds({"admin: {token: @}\n", s20, s19, s4096, s4097});
  const std::string provider = "providers: {p: {dialect: openai, baseUrl: https://x.example, ";
  expect_bounds({provider + "apiKey: @}}\n", "s", "\"\"", s4096, s4097});
  expect_bounds({provider + "headers: {A: @}}}\n", "\"\"", "", s4096, s4097});
}

std::string repeated(std::string_view entry, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    out += (i > 0 ? ", " : "") + std::string(entry);
    std::size_t number = out.find('#', out.size() - entry.size());
    if (number != std::string::npos) out.replace(number, 1, std::to_string(i));
  }
  return out;
}

TEST(Bounds, NumbersOfEntries) {
  const std::string key = "keys: [{id: k, secret: 01234567890123456789, ";
  expect_bounds({key + "models: [@]}]\n", "a", "", repeated("m", 256), repeated("m", 257)});
  expect_bounds({key + "labels: [@]}]\n", "", "", repeated("l#", 64), repeated("l", 65)});
  expect_bounds({"reservedLabels: [@]\n", "", "", repeated("l", 1024), repeated("l", 1025)});
  expect_bounds({"listen: [@]\n", "{address: 127.0.0.1:0}", "",
                 repeated("{address: 127.0.0.1:0}", 64), repeated("{address: 127.0.0.1:0}", 65)});
  EXPECT_FALSE(is_good("listen: [@]\n", ""));
  expect_bounds({"providers: {p: {dialect: openai, baseUrl: https://x.example, headers: {@}}}\n",
                 "", "", repeated("h#: v", 32), repeated("h#: v", 33)});
  std::string many, one_more;
  for (int i = 0; i <= 10'000; ++i) {
    std::string n = std::to_string(i);
    one_more += "{id: k" + n + ", secret: 01234567890123456789-" + n + "}, ";
    if (i == 9'999) many = one_more;
  }
  expect_bounds({"keys: [@]\n", "", "", many, one_more});
}

TEST(Bounds, BytesOfAllLabelsOfAKey) {
  // Eight labels of 63 bytes and their commas are 8 * 63 + 7 = 511; separators here are two bytes.
  std::string eight = repeated(std::string(63, 'l'), 8);
  const std::string text = "keys: [{id: k, secret: 01234567890123456789, labels: [@]}]\n";
  expect_bounds({text, "l", "\"\"", "l" + eight, "l" + eight + "l"});
}

}  // namespace
}  // namespace recloser::config
