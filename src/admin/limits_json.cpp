#include "admin/limits_json.h"

#include "core/time.h"

namespace recloser::admin {
namespace {

void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

std::string_view name_of(config::Reserve reserve) {
  switch (reserve) {
    case config::Reserve::clamp:
      return "clamp";
    case config::Reserve::upper_bound:
      return "upper_bound";
    case config::Reserve::elastic:
      return "elastic";
    case config::Reserve::none:
      return "none";
  }
  return "";
}

}  // namespace

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) {
    json.key(name).null();
    return;
  }
  json.key(name).open_array();
  for (const std::string& text : texts) json.value(text);
  json.close_array();
}

void write_number(JsonWriter& json, std::string_view name, std::optional<std::uint32_t> number) {
  json.key(name);
  number ? json.value(*number) : json.null();
}

void write_allowances(JsonWriter& json, const std::vector<config::Allowance>& budgets) {
  json.key("budget");
  if (budgets.empty()) {
    json.null();
    return;
  }
  json.open_array();
  for (const config::Allowance& budget : budgets) {
    json.open_object();
    if (budget.usd) json.member("usd", budget.usd->text);
    if (budget.tokens) json.member("tokens", budget.tokens->text);
    if (budget.requests) json.member("requests", budget.requests->text);
    json.member("per", config::name_of(budget.per.value()));
    json.member("reserve", name_of(budget.reserve)).close_object();
  }
  json.close_array();
}

std::string limits_json(const config::Key& key) {
  if (key.budgets.empty() && !key.rpm && !key.tpm && !key.concurrency) return {};
  std::string out;
  JsonWriter json(out);
  json.open_object();
  write_limits(json, key);
  json.close_object();
  return out;
}

void write_spec(JsonWriter& json, const config::Holder& holder) {
  if (!holder.is(config::HolderKind::org)) write_text(json, "org", holder.org);
  if (holder.is(config::HolderKind::user)) write_text(json, "team", holder.team);
  write_texts(json, "models", holder.models);
  write_texts(json, "labels", holder.labels);
  json.key("expires");
  holder.expires ? json.value(rfc3339(*holder.expires)) : json.null();
  json.member("disabled", holder.disabled);
  write_limits(json, holder);
  if (holder.is(config::HolderKind::user)) return;
  json.key("userDefaults").open_object();
  write_texts(json, "models", holder.user_defaults.models);
  write_limits(json, holder.user_defaults);
  json.close_object();
}

std::string spec_json(const config::Holder& holder) {
  std::string out;
  JsonWriter json(out);
  json.open_object();
  write_spec(json, holder);
  json.close_object();
  return out;
}

}  // namespace recloser::admin
