// Any bytes as a token: nobody without the private key gets in, and whatever claims are signed, a
// principal holds nothing that the books could not.
#include "auth/jwt/verify.h"
#include "auth/testing/test_signer.h"
#include "core/check.h"
#include "core/limits.h"
#include "core/names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace recloser;
using namespace recloser::auth;

constexpr WallTime now{1'790'000'000'000'000'000};
const TestSigner& signer() {
  static const TestSigner made(config::TokenAlgorithm::es256, "k");
  return made;
}

std::vector<config::TokenIssuer> issuers() {
  config::TokenIssuer issuer;
  issuer.issuer = "i";
  issuer.audience.names = {"a"};
  issuer.map.org = {.names = {"org"}};
  issuer.map.team = {.names = {"t", "n"}};
  issuer.map.labels = {.names = {"l"}};
  issuer.map.models = {.names = {"m"}};
  issuer.fallback.agent = "f";
  return {issuer};
}

constexpr std::string_view good_claims =
    R"({"iss":"i","aud":"a","sub":"s","exp":1790000600,"org":"o","t":{"n":"t"},"l":[],"m":"*"})";

void check_principal(const Principal& who) {
  for (const std::string& name : {who.org, who.team, who.user, who.agent, who.key_id}) {
    if (name.empty()) continue;
    CHECK(check_name(Side::client, "it", name, limits::principal_name_bytes_max).has_value(),
          "a name that the books take");
  }
  CHECK(!who.org.empty() && !who.team.empty() && !who.user.empty(), "mapped, so it is there");
  CHECK(!who.models.allow_all(), "no list of models is not all of them");
  CHECK(who.labels.size() <= limits::labels_max, "labels within their limit");
}

}  // namespace

// The first text is the header, behind the first NUL stand the claims.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<config::TokenIssuer> all = issuers();
  static const jwt::KnownKeys keys{.of = {*jwt::KeySet::parse(key_set({signer().jwk()}))}};
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CHECK(!jwt::verify(bytes, all, keys, now), "nobody has signed this");
  std::size_t cut = std::min(bytes.find('\0'), bytes.size());
  std::string_view header = bytes.substr(0, cut);
  std::string_view claims = bytes.substr(std::min(cut + 1, bytes.size()));
  std::string unsigned_token = base64url(header) + "." + base64url(claims) + ".";
  CHECK(!jwt::verify(unsigned_token, all, keys, now), "nor this");
  CHECK(!jwt::verify(unsigned_token + std::string(86, 'A'), all, keys, now), "nor this");
  auto verified = jwt::verify(signer().token(claims), all, keys, now);
  if (verified) check_principal(verified->principal);
  verified = jwt::verify(signer().token_with(header, good_claims), all, keys, now);
  if (verified) CHECK(verified->principal.user == "s", "as the claims say");
  return 0;
}
