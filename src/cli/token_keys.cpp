#include "cli/token_keys.h"

#include "auth/jwt/discovery.h"
#include "config/address.h"
#include "net/http_client.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using auth::jwt::KeySet;
using Keys = std::shared_ptr<const KeySet>;

bool forbidden(std::span<const std::uint8_t> address) {
  return config::is_forbidden_address(address, false);
}

}  // namespace

Result<std::unique_ptr<TokenKeys>> TokenKeys::make(net::ClientPool& pool,
                                                   auth::jwt::Issuers& issuers) {
  std::unique_ptr<TokenKeys> made(new TokenKeys(pool, issuers));
  for (const config::TokenIssuer& configured : issuers.all()) {
    Result<std::shared_ptr<const net::TlsContext>> tls =
        net::TlsContext::for_providers({.ca_file = configured.ca_path});
    if (!tls) return fail(tls.error().while_doing("auth.jwt.ca"));
    made->issuers_.push_back(
        {.configured = &configured, .tls = std::move(*tls), .index = made->issuers_.size()});
  }
  return made;
}

void TokenKeys::keep() {
  for (Issuer& issuer : issuers_) {
    pool_.worker().tasks().spawn("token keys", keep_keys_of(issuer));
  }
}

Task<void> TokenKeys::keep_keys_of(Issuer& issuer) {
  net::Worker& worker = pool_.worker();
  for (;;) {
    Result<Keys> keys = co_await fetch(issuer);
    Instant wish_from = worker.now() + wish_every;
    Instant next = note(issuer, std::move(keys));
    while (worker.now() < next) {
      if (worker.now() >= wish_from && known_.take_wish(issuer.index)) break;
      co_await worker.sleep_until(std::min(next, worker.now() + look_every));
    }
  }
}

Task<Result<Keys>> TokenKeys::fetch(const Issuer& issuer) {
  const config::TokenIssuer& configured = *issuer.configured;
  Result<config::KeysUrl> url = fail(Side::provider, Kind::not_found, "");
  if (configured.keys_url) {
    url = *configured.keys_url;
  } else {
    Result<config::KeysUrl> discovery = auth::jwt::discovery_url(configured.issuer);
    if (!discovery) co_return fail(discovery.error());
    Result<std::string> document = co_await get(issuer, std::move(*discovery));
    if (!document) co_return fail(document.error());
    url = auth::jwt::keys_url_in(*document, configured.issuer);
  }
  if (!url) co_return fail(url.error());
  Result<std::string> document = co_await get(issuer, std::move(*url));
  if (!document) co_return fail(document.error());
  co_return KeySet::parse(*document);
}

// A connection of its own, which is never kept: the next one is for another day.
Task<Result<std::string>> TokenKeys::get(const Issuer& issuer, config::KeysUrl url) {
  net::DialTarget target;
  target.host = url.base.host;
  target.port = url.base.port;
  target.is_forbidden = forbidden;
  if (url.base.tls) {
    target.tls = issuer.tls;
    target.tls_name = url.base.host;
  }
  std::string head = fmt::format(
      "GET {} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\naccept-encoding: identity\r\n"
      "connection: close\r\nuser-agent: recloser\r\n\r\n",
      url.target(), url.base.host_field());
  net::CancelPoint cancel;
  Instant until = pool_.worker().now() + answer_time;
  net::HttpCall call(pool_, target,
                     {.first_byte = answer_time, .idle = answer_time, .total = until}, cancel);
  net::HttpRequest request{.method = net::http1::Method::get, .head = head, .body = {}};
  Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
  if (!answer) co_return fail(answer.error());
  if ((*answer)->status() != 200) {
    co_return fail(
        Side::provider, Kind::refused,
        fmt::format("{} answered with status {}", url.base.host_field(), (*answer)->status()));
  }
  std::string body;
  while (!call.body_ended()) {
    Result<std::string_view> piece = co_await call.next(until);
    if (!piece) co_return fail(piece.error());
    if (body.size() + piece->size() > KeySet::document_bytes_max) {
      co_return fail(Side::provider, Kind::too_large,
                     fmt::format("its answer is larger than {} bytes", KeySet::document_bytes_max));
    }
    body += *piece;
  }
  co_return body;
}

// What came of it; when to ask again.
Instant TokenKeys::note(Issuer& issuer, Result<Keys> keys) {
  net::Worker& worker = pool_.worker();
  const std::string& name = issuer.configured->issuer;
  if (!keys) {
    known_.failed(issuer.index);
    Instant next = worker.now() + issuer.retry;
    issuer.retry = std::min(issuer.retry * 2, retry_max);
    if (!std::exchange(issuer.failing, true)) {
      worker.log().warning(
          "the keys of an issuer of tokens could not be fetched: those known stay, and without any "
          "its tokens are refused; it is asked again",
          {{"issuer", name}, {"reason", keys.error().message()}});
    }
    return next;
  }
  const KeySet& set = **keys;
  if (set.size() == 0) {
    worker.log().warning("an issuer of tokens shows no key that could be used: all are refused",
                         {{"issuer", name}, {"left_out", set.left_out()}});
  }
  if (std::exchange(issuer.failing, false)) {
    worker.log().info("the keys of an issuer of tokens were fetched now",
                      {{"issuer", name}, {"keys", set.size()}});
  }
  known_.fetched(issuer.index, std::move(*keys), worker.wall());
  issuer.retry = retry_min;
  return worker.now() + issuer.configured->refresh;
}

}  // namespace recloser::cli
