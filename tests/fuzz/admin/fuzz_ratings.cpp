// Any bytes as a request to rate calls anew: refused in one line of text, or taken as something
// that, written down again, is the same.
#include "admin/ratings.h"
#include "core/check.h"
#include "core/money.h"
#include "ledger/call_record.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace {

using namespace recloser;
using Ratings = std::vector<ledger::CallRating>;

constexpr std::size_t message_bytes_max = 400;
constexpr WallTime now{1'800'000'000'000'000'000};

void check_refusal(const Error& error) {
  std::string_view message = error.message();
  CHECK(!message.empty() && message.size() <= message_bytes_max, "a sentence or two");
  bool is_theirs = error.kind() == Kind::malformed || error.kind() == Kind::too_large;
  CHECK(error.side() == Side::client && is_theirs, "the fault of who sent it");
  for (char c : message) CHECK(static_cast<unsigned char>(c) >= ' ' && c != '\x7f', "one line");
}

std::string written(const Ratings& ratings) {
  boost::json::object body;
  const ledger::Rating& first = ratings.front().rating;
  body["reason"] = first.reason;
  body["who"] = first.who;
  body["price_version"] = first.price_version;
  boost::json::array list;
  for (const ledger::CallRating& each : ratings) {
    boost::json::object one;
    one["call"] = each.call.str();
    one["cost_usd"] = text_of(NanoUsd{each.rating.cost_nano_usd.value()});
    one["list_cost_usd"] = text_of(NanoUsd{each.rating.list_cost_nano_usd.value()});
    list.push_back(std::move(one));
  }
  body["ratings"] = std::move(list);
  return boost::json::serialize(body);
}

void check_taken(const Ratings& ratings) {
  CHECK(!ratings.empty() && ratings.size() <= admin::ratings_max, "within its limits");
  for (const ledger::CallRating& each : ratings) {
    const ledger::Rating& rating = each.rating;
    CHECK(rating.at == now, "made now");
    CHECK(rating.cost_nano_usd >= 0 && rating.list_cost_nano_usd >= 0, "amounts");
    CHECK(!rating.reason.empty() && rating.reason.size() <= admin::rating_reason_bytes_max,
          "a reason");

    CHECK(!rating.who.empty() && rating.price_version.size() <= ledger::price_version_bytes_max,
          "names");
  }
  Result<Ratings> again = admin::read_ratings(written(ratings), now);
  CHECK(again && again->size() == ratings.size(), "read again");
  for (std::size_t i = 0; i < ratings.size(); ++i) {
    CHECK((*again)[i].call == ratings[i].call && (*again)[i].rating == ratings[i].rating,
          "the same");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view body(reinterpret_cast<const char*>(data), size);
  Result<Ratings> ratings = admin::read_ratings(body, now);
  if (ratings) {
    check_taken(*ratings);
  } else {
    check_refusal(ratings.error());
  }
  return 0;
}
