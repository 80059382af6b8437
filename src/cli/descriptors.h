// How many files and sockets this process may have open.
#pragma once

#include <cstdint>

namespace recloser::cli {

// Raises the limit as far as the system lets this process go without a privilege, and says how far
// that is. The usual limit of a shell or a service, 1,024, is there for programs that use select();
// a stream takes two descriptors, so it would end at five hundred of them.
std::uint64_t raise_descriptor_limit();

}  // namespace recloser::cli
