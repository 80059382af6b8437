#include "admin/ratings.h"

#include "admin/request.h"
#include "core/limits.h"
#include "core/money.h"
#include "core/names.h"
#include "ledger/call_record.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace recloser::admin {
namespace {

using boost::json::object;

constexpr std::string_view who_default = "admin";

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

Result<void> only_members(const object& json, std::span<const std::string_view> known) {
  for (const auto& member : json) {
    if (std::ranges::find(known, std::string_view(member.key())) != known.end()) continue;
    return malformed(fmt::format("there is no member '{}' here; there are {}",
                                 shown(std::string_view(member.key())), listed(known)));
  }
  return {};
}

// Null when there is none.
Result<std::optional<std::string_view>> text_member(const object& json, std::string_view name) {
  const boost::json::value* value = json.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_string()) return malformed(fmt::format("{} must be a string", name));
  return std::string_view(value->get_string());
}

Result<std::int64_t> read_cost(const object& json, std::string_view name) {
  Result<std::optional<std::string_view>> text = text_member(json, name);
  if (!text) return fail(text.error());
  Result<std::int64_t> cost = parse_decimal(text->value_or(""), 9);
  if (cost && *cost >= 0) return *cost;
  return malformed(
      fmt::format("{} must be an amount in USD as a string with at most nine places, such as "
                  "\"0.000525300\"",
                  name));
}

Result<ledger::CallRating> read_rating(const boost::json::value& item, ledger::Rating rating) {
  constexpr std::array<std::string_view, 3> known{"call", "cost_usd", "list_cost_usd"};
  if (!item.is_object()) return malformed("ratings must be a list of objects");
  const object& json = item.get_object();
  Result<void> fits = only_members(json, known);
  if (!fits) return fail(fits.error());
  Result<std::optional<std::string_view>> text = text_member(json, "call");
  if (!text) return fail(text.error());
  std::optional<CallId> id = CallId::parse(text->value_or(""));
  if (!id) {
    return malformed(
        fmt::format("call must be the id of a call; you sent '{}'", shown(text->value_or(""))));
  }
  Result<std::int64_t> cost = read_cost(json, "cost_usd");
  if (!cost) return fail(cost.error());
  Result<std::int64_t> list = read_cost(json, "list_cost_usd");
  if (!list) return fail(list.error());
  rating.cost_nano_usd = *cost;
  rating.list_cost_nano_usd = *list;
  return ledger::CallRating{.call = *id, .rating = std::move(rating)};
}

// What is the same for all of them.
Result<ledger::Rating> read_common(const object& json, WallTime now) {
  Result<std::optional<std::string_view>> reason = text_member(json, "reason");
  if (!reason) return fail(reason.error());
  Result<void> fits = check_reason(reason->value_or(""));
  if (!fits) return fail(fits.error());
  Result<std::optional<std::string_view>> who = text_member(json, "who");
  if (!who) return fail(who.error());
  std::string_view name = who->value_or(who_default);
  fits = check_name(Side::client, "who", name, limits::principal_name_bytes_max);
  if (!fits) return fail(fits.error());
  Result<std::optional<std::string_view>> version = text_member(json, "price_version");
  if (!version) return fail(version.error());
  fits = check_name(Side::client, "price_version", version->value_or(""),
                    ledger::price_version_bytes_max);
  if (!fits) return fail(fits.error());
  ledger::Rating rating{.at = now};
  rating.reason = reason->value_or("");
  rating.who = name;
  rating.price_version = version->value_or("");
  return rating;
}

}  // namespace

Result<void> check_reason(std::string_view reason, std::string_view of) {
  bool blank = reason.find_first_not_of(' ') == reason.npos;
  if (blank) return malformed(fmt::format("reason is empty: say why {}", of));
  if (reason.size() > rating_reason_bytes_max) {
    return malformed(fmt::format("reason has {} bytes; at most {} are kept", reason.size(),
                                 rating_reason_bytes_max));
  }
  bool controls = std::ranges::any_of(
      reason, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
  if (controls) return malformed("reason has control characters; it is one line of text");
  if (!is_utf8(reason)) return malformed("reason is not UTF-8");
  return {};
}

Result<std::vector<ledger::CallRating>> read_ratings(std::string_view body, WallTime now) {
  constexpr std::array<std::string_view, 4> known{"reason", "who", "price_version", "ratings"};
  boost::system::error_code error;
  boost::json::value json = boost::json::parse(body, error);
  if (error || !json.is_object()) return malformed("the body must be a JSON object");
  Result<void> fits = only_members(json.get_object(), known);
  if (!fits) return fail(fits.error());
  Result<ledger::Rating> common = read_common(json.get_object(), now);
  if (!common) return fail(common.error());
  const boost::json::value* list = json.get_object().if_contains("ratings");
  bool listed = list != nullptr && list->is_array() && !list->get_array().empty();
  if (!listed || list->get_array().size() > ratings_max) {
    return malformed(fmt::format("ratings must be a list of 1 to {}", ratings_max));
  }
  std::vector<ledger::CallRating> ratings;
  ratings.reserve(list->get_array().size());
  for (const boost::json::value& item : list->get_array()) {
    Result<ledger::CallRating> rating = read_rating(item, *common);
    if (!rating) return fail(rating.error());
    ratings.push_back(std::move(*rating));
  }
  return ratings;
}

}  // namespace recloser::admin
