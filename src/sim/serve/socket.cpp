#include "sim/serve/socket.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
// tidy: allow sockets - net/ has no words yet for what only a simulated provider asks of the kernel
#include <sys/socket.h>

namespace recloser::sim {

void use_small_send_buffer(net::Connection& connection, int bytes) {
  ::setsockopt(connection.descriptor(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

std::uint64_t unacknowledged_bytes(const net::Connection& connection) {
  int bytes = 0;
  if (::ioctl(connection.descriptor(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::uint64_t>(bytes);
}

void reset(net::Connection& connection) {
  linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(connection.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  connection.close();
}

}  // namespace recloser::sim
