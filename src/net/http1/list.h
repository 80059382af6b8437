// The items of a comma-separated field value.
#pragma once

#include "core/ascii.h"

#include <string_view>

namespace recloser::net::http1 {

// Use: for (ListItems items(value); items.next();) use(items.item());
// Empty items are passed over (RFC 9110 5.6.1.2). Not for values with quoted strings in them.
class ListItems {
 public:
  explicit ListItems(std::string_view value) : rest_(value) {}

  bool next() {
    while (!rest_.empty()) {
      std::size_t comma = rest_.find(',');
      item_ = ascii::trim(rest_.substr(0, comma));
      rest_.remove_prefix(comma == std::string_view::npos ? rest_.size() : comma + 1);
      if (!item_.empty()) return true;
    }
    return false;
  }

  std::string_view item() const { return item_; }

 private:
  std::string_view rest_;
  std::string_view item_;
};

}  // namespace recloser::net::http1
