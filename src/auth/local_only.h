// Mode open asks for no key: what tells a program of this machine from a page in its browser.
#pragma once

#include <string_view>

namespace recloser::auth {

// What a request says of where it comes from; "" where it says nothing.
struct Whence {
  std::string_view host;            // Host, with or without a port
  std::string_view origin;          // Origin
  std::string_view sec_fetch_site;  // Sec-Fetch-Site
};

// A page of another site may send requests to loopback addresses (without reading the answers), and
// may read them too when its own name is made to lead there (DNS rebinding). Browsers give both
// away: by the page's origin, and by the name that was asked for.
bool is_local(const Whence& whence);

}  // namespace recloser::auth
