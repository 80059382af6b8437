#include "net/http1/names.h"

#include "net/http1/name_table.h"

namespace recloser::net::http1 {

Name known_name(std::string_view field) {
  return field.empty() ? Name::other : name_table::find(field);
}

std::string_view text(Name name) { return name_table::texts[static_cast<std::size_t>(name)]; }

}  // namespace recloser::net::http1
