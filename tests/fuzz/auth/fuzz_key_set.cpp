// Any bytes as what an identity provider answers: taken within the limits, or refused in one line.
#include "auth/jwt/discovery.h"
#include "auth/jwt/key_set.h"
#include "core/check.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace recloser;
using namespace recloser::auth;

void check_refusal(const Error& error) {
  CHECK(!error.message().empty() && error.message().size() <= 400, "a sentence");
  for (char c : error.message()) CHECK(static_cast<unsigned char>(c) >= ' ', "one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Result<std::shared_ptr<const jwt::KeySet>> set = jwt::KeySet::parse(bytes);
  if (set) {
    CHECK((*set)->size() + (*set)->left_out() <= jwt::KeySet::keys_max, "within the limit");
    std::string signature(64, '\x01');
    for (jwt::Algorithm algorithm : {jwt::Algorithm::rs256, jwt::Algorithm::ps512,
                                     jwt::Algorithm::es256, jwt::Algorithm::eddsa}) {
      for (std::string_view kid : {"k", ""}) {
        CHECK((*set)->verify(kid, algorithm, "text", signature) != jwt::KeySet::Found::good,
              "no such signature was made");
      }
    }
  } else {
    check_refusal(set.error());
  }
  Result<config::KeysUrl> url = jwt::keys_url_in(bytes, "i");
  if (url) {
    Result<config::KeysUrl> again = config::KeysUrl::parse(url->str());
    CHECK(again && again->str() == url->str(), "it reads as it is written");
  } else {
    check_refusal(url.error());
  }
  return 0;
}
