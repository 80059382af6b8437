// Answers that came encoded although we asked for identity: read all the same, and passed on
// without their coding, which no client asked us for. What we cannot read goes as it is.
#include "core/ascii.h"
#include "net/http1/list.h"
#include "relay/request.h"

#include <optional>

namespace recloser::relay {
namespace {

using net::http1::Name;
using net::http1::NameSet;

// True of the encoded bytes only.
constexpr std::string_view of_the_encoded[] = {"content-md5", "content-digest", "digest",
                                               "repr-digest", "accept-ranges"};

bool describes_encoded(std::string_view name) {
  for (std::string_view each : of_the_encoded) {
    if (ascii::equal_ignoring_case(name, each)) return true;
  }
  return false;
}

// Empty when something is unknown.
std::optional<codec::ContentCodings> codings_of(const net::http1::ResponseHead& head) {
  codec::ContentCodings codings;
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    if (head.known(i) != Name::content_encoding) continue;
    for (net::http1::ListItems items(head.field(i).value); items.next();) {
      if (!codings.add(items.item())) return std::nullopt;
    }
  }
  return codings;
}

}  // namespace

void Relay::begin_decoding(Call& call, const net::http1::ResponseHead& head) {
  if (!head.has(Name::content_encoding) || head.body(net::http1::Method::post).empty()) return;
  std::optional<codec::ContentCodings> codings = codings_of(head);
  call.unreadable = !codings;
  if (codings && !codings->empty()) {
    call.decoder = std::make_unique<codec::ContentDecoder>(*codings);
    decoded_.resize(codec::ContentDecoder::room_bytes);
  }
}

// What of `piece` can be read now, in decoded_. A stream gets what came before a fault, and the
// fault next; of a whole answer nothing is worth having then.
Result<std::string_view> Relay::decode(Call& call, const net::HttpCall& provider,
                                       std::string_view piece, bool streams) {
  codec::ContentDecoder& decoder = *call.decoder;
  std::string_view out = decoder.next(piece, provider.body_ended(), decoded_);
  if (!decoder.fault().empty() && (out.empty() || !streams)) {
    return fail(Side::provider, Kind::malformed, std::string(decoder.fault()));
  }
  if (!call.client.hold_for_answer(decoder.memory_bytes())) {
    return fail(Side::gateway, Kind::full,
                "its answer is encoded, and `limits.bufferedBytes` leaves no memory to decode it");
  }
  return out;
}

void copy_decoded_fields(const net::http1::ResponseHead& head, NameSet drop,
                         net::http1::HeadWriter& writer) {
  drop = drop | net::http1::hop_by_hop | NameSet{Name::content_encoding, Name::content_length};
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    net::http1::Field field = head.field(i);
    if (drop.has(field.known) || head.connection_names(field.name)) continue;
    if (describes_encoded(field.name)) continue;
    // A strong validator stands for these very bytes, which are others now (RFC 9110 8.8.1).
    bool strong = ascii::equal_ignoring_case(field.name, "etag") && field.value.starts_with('"');
    if (strong) {
      writer.field_named(field.name, "W/" + std::string(field.value));
    } else {
      writer.field_named(field.name, field.value);
    }
  }
}

}  // namespace recloser::relay
