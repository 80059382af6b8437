#include "cli/interrupt.h"

#include <cerrno>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace recloser::cli {

Result<std::unique_ptr<Interrupt>> Interrupt::watch(net::Worker& worker) {
  std::unique_ptr<Interrupt> interrupt(new Interrupt(worker));
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  pthread_sigmask(SIG_BLOCK, &wanted, &interrupt->mask_before_);
  interrupt->descriptor_ = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
  if (interrupt->descriptor_ < 0) {
    return fail(Side::operator_, Kind::io,
                "cannot wait for Ctrl-C: " + std::generic_category().message(errno));
  }
  Result<void> watched = worker.watch(interrupt->descriptor_, *interrupt);
  if (!watched) return fail(watched.error());
  return interrupt;
}

Interrupt::~Interrupt() {
  worker_.forget(*this);
  if (descriptor_ >= 0) ::close(descriptor_);
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void Interrupt::on_events(net::Watched::Events) {
  signalfd_siginfo signal{};
  while (::read(descriptor_, &signal, sizeof signal) > 0) came_ = true;
}

}  // namespace recloser::cli
