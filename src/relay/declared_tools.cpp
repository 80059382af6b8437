#include "relay/declared_tools.h"

#include "codec/event.h"

namespace recloser::relay {

void DeclaredTools::add(std::string_view tool) {
  tokens_.tool(tool);
  codec::read_tool(tool, *this);
}

void DeclaredTools::function(codec::JsonText name, codec::JsonText description) {
  tokens_.function(plain(0, name), plain(1, description));
}

void DeclaredTools::property(codec::JsonText name, codec::JsonText type,
                             codec::JsonText description) {
  tokens_.property(plain(0, name), plain(1, type), plain(2, description));
}

void DeclaredTools::value(std::string_view text) { tokens_.value(plain(0, text)); }

void DeclaredTools::more(std::string_view json) { tokens_.more(json); }

std::string_view DeclaredTools::plain(std::size_t place, codec::JsonText text) {
  if (!text.contains('\\')) return text;
  std::string& plain = plain_[place];
  plain.clear();
  codec::unescape(plain, text);
  return plain;
}

}  // namespace recloser::relay
