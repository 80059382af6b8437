// The reference of the configuration language, printed from the same table the reader uses.
#pragma once

#include <string>

namespace recloser::config {

std::string reference_markdown();  // docs/configuration.md
std::string reference_text();      // for a terminal

}  // namespace recloser::config
