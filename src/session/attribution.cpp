#include "session/attribution.h"

#include "core/ascii.h"
#include "core/limits.h"
#include "core/names.h"

namespace recloser::session {
namespace {

Result<std::string_view> filled(std::string_view held, std::string_view header,
                                std::string_view claimed) {
  claimed = ascii::trim(claimed);
  if (!held.empty() || claimed.empty()) return held;
  Result<void> fits = check_name(Side::client, header, claimed, limits::principal_name_bytes_max);
  if (!fits) return fail(fits.error());
  return claimed;
}

}  // namespace

Hash128 Attribution::principal_key() const {
  FieldHasher hasher;
  for (std::string_view name : {org, team, user, agent, key_id}) hasher.add(name);
  return hasher.value();
}

Result<Attribution> attribute(const Holder& holder, const Claims& claims,
                              std::span<const std::string> reserved_labels) {
  Result<std::string_view> user = filled(holder.user, "x-recloser-user", claims.user);
  if (!user) return fail(user.error());
  Result<std::string_view> agent = filled(holder.agent, "x-recloser-agent", claims.agent);
  if (!agent) return fail(agent.error());
  Attribution out{.org = holder.org,
                  .team = holder.team,
                  .user = *user,
                  .agent = *agent,
                  .key_id = holder.key_id,
                  .labels = {}};
  // The key ring checked that a key's labels fit together.
  for (const std::string& label : holder.labels) out.labels.add(label);
  if (out.labels.empty() && !claims.labels.empty()) {
    Result<Labels> claimed = parse_labels(claims.labels, reserved_labels);
    if (!claimed) return fail(claimed.error());
    out.labels = *claimed;
  }
  return out;
}

}  // namespace recloser::session
