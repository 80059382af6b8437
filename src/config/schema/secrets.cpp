// Values that are credentials: read from the text, the environment or a file, and never shown.
#include "config/schema/values.h"
#include "core/ascii.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr std::size_t secret_bytes_max = 4096;  // of any credential or header value
constexpr std::size_t headers_max = 32;         // of one provider

// "file:///run/secrets/key" replaced by the file's content, without the newline editors put at its
// end.
std::optional<std::string> from_file(Reading& in, const Node& node, std::string text) {
  if (!ascii::starts_with_ignoring_case(text, "file:")) return text;
  constexpr std::string_view scheme = "file://";
  if (!text.starts_with("file:///")) {
    in.error(node, "must name a file by its absolute path, as file:///run/secrets/key");
    return std::nullopt;
  }
  Result<std::string> content =
      in.environment().file(text.substr(scheme.size()), secret_bytes_max + 2);
  if (!content) {
    in.error(node,
             fmt::format("cannot be read from {}: {}", written(node), content.error().message()));
    return std::nullopt;
  }
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  return std::move(*content);
}

// Judges and keeps the text of a credential; it is wiped here whatever comes of it.
std::optional<Secret> to_secret(Reading& in, const ValueRules& rules, const Node& node,
                                std::string text) {
  auto size = static_cast<std::int64_t>(text.size());
  bool visible = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  std::optional<Secret> secret;
  if (size < rules.bounds.least) {
    std::int64_t least = rules.bounds.least;
    in.error(node, fmt::format("must be at least {} character{}; you wrote {}", least,
                               least == 1 ? "" : "s", size));
  } else if (size > rules.bounds.most) {
    in.error(node,
             fmt::format("must be at most {} characters; you wrote {}", rules.bounds.most, size));
  } else if (!visible) {
    in.error(node, "must be printable ASCII without spaces; it holds another byte");
  } else {
    secret.emplace(text);
  }
  wipe(text);
  return secret;
}

bool is_field_name(std::string_view name) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";  // RFC 9110 tchar
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, [&](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) || others.find(c) != others.npos;
  });
}

// Fields that frame the message, or that the gateway writes for a reason of its own.
bool is_own_field(std::string_view name) {
  constexpr std::array<std::string_view, 17> own = {"accept-encoding",
                                                    "connection",
                                                    "content-encoding",
                                                    "content-length",
                                                    "content-type",
                                                    "expect",
                                                    "host",
                                                    "idempotency-key",
                                                    "keep-alive",
                                                    "proxy-connection",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade",
                                                    "traceparent",
                                                    "http2-settings",
                                                    "tracestate"};
  return ascii::starts_with_ignoring_case(name, "x-recloser-") ||
         std::ranges::any_of(own, [&](auto n) { return ascii::equal_ignoring_case(n, name); });
}

std::optional<Header> read_header(Reading& in, const Node::Key& key, const Node& node) {
  Reading::Step step(in, key.text);
  if (!is_field_name(key.text)) {
    in.error(key.place, "is not the name of an HTTP field");
    return std::nullopt;
  }
  if (is_own_field(key.text)) {
    in.error(key.place, "cannot be set: the gateway decides about this field itself");
    return std::nullopt;
  }
  std::optional<std::string> text = in.scalar(node, "text");
  if (text) text = from_file(in, node, std::move(*text));
  if (!text) return std::nullopt;
  std::optional<Header> header;
  bool printable = std::ranges::all_of(*text, [](char c) { return c >= 0x20 && c < 0x7f; });
  bool space_at_end = text->starts_with(' ') || text->ends_with(' ');
  if (text->size() > secret_bytes_max) {
    in.error(node, fmt::format("must be at most {} characters; you wrote {}", secret_bytes_max,
                               text->size()));
  } else if (!printable || space_at_end) {
    in.error(node, "must be printable ASCII without spaces at its ends");
  } else {
    header = Header{.name = key.text, .value = Secret(*text)};
  }
  wipe(*text);
  return header;
}

}  // namespace

void read_value(Reading& in, const ValueRules& rules, const Node& node, Secret& out) {
  std::optional<std::string> text = in.scalar(node, "a secret");
  if (text) text = from_file(in, node, std::move(*text));
  if (!text) return;
  if (auto secret = to_secret(in, rules, node, std::move(*text))) out = std::move(*secret);
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, ApiKey& out) {
  std::optional<std::string> text = in.scalar(node, "a key, or client");
  if (text == "client") {
    out = {.source = ApiKey::Source::client, .secret = {}};
    return;
  }
  if (text) text = from_file(in, node, std::move(*text));
  if (!text) return;
  if (auto secret = to_secret(in, rules, node, std::move(*text))) {
    out = {.source = ApiKey::Source::configured, .secret = std::move(*secret)};
  }
}

void read_value(Reading& in, const ValueRules&, const Node& node, std::vector<Header>& out) {
  if (node.kind != Node::Kind::map) return in.wrong(node, "be a map of field names and values");
  if (node.items.size() > headers_max) {
    return in.error(node, fmt::format("must hold at most {} fields; you wrote {}", headers_max,
                                      node.items.size()));
  }
  std::vector<Header> headers;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    std::optional<Header> header = read_header(in, node.keys[i], node.items[i]);
    if (!header) continue;
    bool twice = std::ranges::any_of(headers, [&](const Header& other) {
      return ascii::equal_ignoring_case(other.name, header->name);
    });
    if (twice) {
      in.error(node.keys[i].place, fmt::format("holds {} twice (case does not matter in names of "
                                               "fields)",
                                               header->name));
    }
    headers.push_back(std::move(*header));
  }
  out = std::move(headers);
}

std::string show_value(const Secret& value) { return value.empty() ? "" : "[secret]"; }
std::string show_value(const ApiKey& value) {
  switch (value.source) {
    case ApiKey::Source::none:
      return "";
    case ApiKey::Source::client:
      return "client";
    case ApiKey::Source::configured:
      return "[secret]";
  }
  return {};
}
std::string show_value(const std::vector<Header>& value) {
  std::vector<std::string> shown;
  shown.reserve(value.size());
  for (const Header& header : value) shown.push_back(header.name + ": [secret]");
  return shown.empty() ? "" : fmt::format("{{{}}}", fmt::join(shown, ", "));
}

std::string type_of(const ValueRules& rules, const Secret&) {
  return fmt::format("secret, {}..{} characters", rules.bounds.least, rules.bounds.most);
}
std::string type_of(const ValueRules& rules, const ApiKey&) {
  return fmt::format("secret, {}..{} characters, or `client`", rules.bounds.least,
                     rules.bounds.most);
}
std::string type_of(const ValueRules&, const std::vector<Header>&) {
  return fmt::format("map of at most {} HTTP fields, values secrets of at most {} characters",
                     headers_max, secret_bytes_max);
}

}  // namespace recloser::config
