#include "samples.h"

#include <gtest/gtest.h>

namespace recloser::bench {
namespace {

TEST(Samples, PercentilesAreSamplesThemselves) {
  Samples samples;
  for (int i = 100; i >= 1; --i) samples.add(std::chrono::microseconds(i));
  EXPECT_EQ(samples.percentile_us(50), 50);
  EXPECT_EQ(samples.percentile_us(99), 99);
  EXPECT_EQ(samples.percentile_us(100), 100);
  EXPECT_EQ(samples.percentile_us(0), 1);
  samples.add(500us);
  EXPECT_EQ(samples.percentile_us(100), 500);
}

TEST(Samples, AreWrittenAsOneMember) {
  Samples samples;
  std::string text;
  JsonWriter json(text);
  json.open_object();
  samples.write(json, "nothing");
  samples.add(1500ns);
  samples.write(json, "delay_us");
  json.close_object();
  EXPECT_EQ(text, R"({"delay_us":{"n":1,"p50":1.5,"p90":1.5,"p99":1.5,"max":1.5}})");
}

}  // namespace
}  // namespace recloser::bench
