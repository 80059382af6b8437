#include "admin/alert.h"

#include "auth/hmac.h"
#include "core/json_writer.h"

#include <fmt/format.h>

namespace recloser::admin {
namespace {

constexpr std::uint32_t whole = 1'000'000;

}  // namespace

Alert threshold_alert(const budget::Crossing& crossing, WallTime at) {
  const budget::Standing& standing = crossing.standing;
  const budget::Budget& budget = standing.budget->document();
  auto amount = [&budget](budget::Amount value) { return budget::number_of(budget.unit, value); };
  Alert alert{.id = {},
              .severity = crossing.threshold_per_million < whole ? config::AlertSeverity::warning
                                                                 : config::AlertSeverity::critical,
              .type = "dev.recloser.budget.threshold",
              .at = at,
              .data = {}};
  JsonWriter out(alert.data);
  out.open_object().member("budget", budget.name);
  out.key("key");
  standing.key.empty() ? out.null() : out.value(standing.key);
  out.member("unit", budget::name_of(budget.unit))
      .member("percent", fmt::format("{:g}", crossing.threshold_per_million / 10'000.0))
      .member("limit", amount(standing.limit))
      .member("spent", amount(standing.charged))
      .member("reserved", amount(standing.reserved));
  if (standing.resets) out.member("resets", rfc3339(*standing.resets));
  if (!budget.owner.empty()) out.member("owner", budget.owner);
  if (!budget.contact.empty()) out.member("contact", budget.contact);
  out.close_object();
  return alert;
}

std::string cloud_event(const Alert& alert) {
  std::string out;
  JsonWriter(out)
      .open_object()
      .member("specversion", "1.0")
      .member("id", alert.id)
      .member("source", "recloser")
      .member("type", alert.type)
      .member("time", rfc3339(alert.at))
      .member("severity", config::name_of(alert.severity))
      .member("datacontenttype", "application/json")
      .key("data")
      .raw(alert.data)
      .close_object();
  return out;
}

std::string signature(std::string_view secret, WallTime at, std::string_view body) {
  std::string signed_text = fmt::format("{}.{}", at.ns / 1'000'000'000, body);
  return fmt::format("t={},v1={}", at.ns / 1'000'000'000,
                     auth::hmac_sha256_hex(secret, signed_text));
}

}  // namespace recloser::admin
