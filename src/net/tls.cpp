#include "net/tls.h"

#include "core/check.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace recloser::net {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};
struct FreeResumable {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;
using SessionPtr = std::unique_ptr<SSL, FreeSession>;
using ResumablePtr = std::unique_ptr<SSL_SESSION, FreeResumable>;

// What the last full handshake with a provider left to resume. Resumed connections share its parsed
// certificates, which otherwise are 4 KiB and more of every connection, and save both ends the
// signatures. Only full handshakes of TLS 1.3 leave something here: its tickets say how long they
// live (RFC 8446 section 4.6.1: a week at most), and tickets that begot tickets, or those of
// TLS 1.2, would go on past the life of the certificate that was verified.
class Resumption {
 public:
  void keep(ResumablePtr session, const std::string& server_name) {
    std::lock_guard lock(mutex_);
    session_ = std::move(session);
    server_name_ = server_name;
  }
  // A copy: connections of several threads must not write to one.
  ResumablePtr of(const std::string& server_name) {
    std::lock_guard lock(mutex_);
    if (!session_ || server_name_ != server_name) return nullptr;
    return ResumablePtr(SSL_SESSION_dup(session_.get()));
  }
  void forget() {
    std::lock_guard lock(mutex_);
    session_.reset();
  }

 private:
  std::mutex mutex_;
  ResumablePtr session_;
  std::string server_name_;  // that its certificate was verified for
};

// The newest entry of OpenSSL's error queue, as a sentence; empties the queue.
std::string library_error() {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", code);
}

// Reasons are numbers that each of its libraries counts for itself.
bool is_ssl_error(unsigned long code, int reason) {
  return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == reason;
}

// Why OpenSSL could not use a file: the system's reason, or the first thing that was wrong in it.
std::string file_error(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) return std::strerror(errno);
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  std::string text = reason != nullptr ? reason : "no reason given";
  ERR_clear_error();
  return text;
}

// One protocol, so a peer that offers others must still find ours: HTTP/1.1.
constexpr std::array<unsigned char, 9> alpn_http11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                const unsigned char* offered, unsigned int offered_bytes, void*) {
  unsigned char* match = nullptr;
  int found = SSL_select_next_proto(&match, chosen_bytes, alpn_http11.data(), alpn_http11.size(),
                                    offered, offered_bytes);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

ContextPtr new_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Idle sessions give their buffers back: 34 KiB a connection otherwise. Writes may be partial and
  // be repeated from a copy, as Connection does.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A peer that takes nothing leaves a whole record with us.
  SSL_CTX_set_max_send_fragment(context.get(), TlsSession::sent_record_bytes_max);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

// OpenSSL's own socket BIO writes so that a connection which the peer has reset raises SIGPIPE.
int descriptor_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int write_socket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  ssize_t sent = ::send(descriptor_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int read_socket(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  ssize_t got = ::recv(descriptor_of(bio), to, static_cast<std::size_t>(size), 0);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    CHECK(made != nullptr, "out of memory");
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

std::unexpected<Error> setting_failed(std::string what) {
  return fail(Side::operator_, Kind::tls, std::move(what));
}

bool is_address_literal(const std::string& name) {
  std::array<unsigned char, 16> bytes;
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

}  // namespace

struct TlsSession::Impl {
  SessionPtr ssl;
  std::string server_name;  // towards providers, for messages
  // tidy: allow banned - the context's, which may go before us; it has a lock of its own
  std::shared_ptr<Resumption> resumption;

  // A copy: what becomes of this connection marks its own session, which OpenSSL then refuses to
  // resume.
  static int keep(SSL* ssl, SSL_SESSION* made) {
    auto* impl = static_cast<Impl*>(SSL_get_app_data(ssl));
    if (SSL_session_reused(ssl) != 0 || SSL_version(ssl) < TLS1_3_VERSION) return 0;
    impl->resumption->keep(ResumablePtr(SSL_SESSION_dup(made)), impl->server_name);
    return 0;
  }
};

struct TlsContext::Impl {
  ContextPtr context;
  bool verify = false;
  // tidy: allow banned - sessions keep it longer than we do; it has a lock of its own
  std::shared_ptr<Resumption> resumption = std::make_shared<Resumption>();  // towards providers
};

TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::~TlsSession() = default;

void TlsSession::use_descriptor(int descriptor) {
  BIO* bio = BIO_new(socket_method());
  CHECK(bio != nullptr, "out of memory");
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a number in its place, never followed
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
  BIO_set_init(bio, 1);
  SSL_set_bio(impl_->ssl.get(), bio, bio);  // takes it over
}

bool TlsSession::has_pending() const { return SSL_has_pending(impl_->ssl.get()) == 1; }

TlsSession::Step TlsSession::step_of(int result) {
  Step step;
  if (result > 0) {
    step.bytes = static_cast<std::size_t>(result);
    return step;
  }
  SSL* ssl = impl_->ssl.get();
  int system_error = errno;
  int kind = SSL_get_error(ssl, result);
  switch (kind) {
    case SSL_ERROR_WANT_READ:
      step.want = TlsWant::to_read;
      return step;
    case SSL_ERROR_WANT_WRITE:
      step.want = TlsWant::to_write;
      return step;
    case SSL_ERROR_ZERO_RETURN:
      step.ended = true;
      return step;
    default:
      break;
  }
  step.failed = true;
  bool broken = system_error == ECONNRESET || system_error == EPIPE || system_error == ETIMEDOUT;
  step.cut_off = kind == SSL_ERROR_SYSCALL
                     ? broken
                     : ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  met_http_ = kind == SSL_ERROR_SSL && is_ssl_error(ERR_peek_last_error(), SSL_R_HTTP_REQUEST);
  long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK && SSL_in_init(ssl) != 0) {
    failure_ =
        fmt::format("the certificate was refused: {}", X509_verify_cert_error_string(verified));
    ERR_clear_error();
  } else if (kind == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
    failure_ = std::strerror(system_error);
  } else {
    failure_ = library_error();
  }
  if (!impl_->server_name.empty()) failure_ += fmt::format(" (for {})", impl_->server_name);
  return step;
}

// What others left in this thread's queue of errors would be taken for a failure of this step.
TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  Step step = step_of(SSL_do_handshake(impl_->ssl.get()));
  step.bytes = 0;
  // Whatever it was, the next handshake is a full one.
  if (step.failed && impl_->resumption) impl_->resumption->forget();
  return step;
}

TlsSession::Step TlsSession::read(std::span<char> to) {
  ERR_clear_error();
  return step_of(SSL_read(impl_->ssl.get(), to.data(), static_cast<int>(to.size())));
}

TlsSession::Step TlsSession::write(std::string_view bytes) {
  ERR_clear_error();
  return step_of(SSL_write(impl_->ssl.get(), bytes.data(), static_cast<int>(bytes.size())));
}

bool TlsSession::resumed() const { return SSL_session_reused(impl_->ssl.get()) != 0; }

void TlsSession::say_goodbye() {
  if (SSL_in_init(impl_->ssl.get()) != 0) return;
  SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::for_providers(const Client& settings) {
  ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->context = new_context(TLS_client_method());
  if (!impl->context) return setting_failed("OpenSSL could not make a context: " + library_error());
  impl->verify = !settings.insecure;
  SSL_CTX* context = impl->context.get();
  if (!settings.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, settings.ca_file.c_str(), nullptr) != 1) {
      return setting_failed(
          fmt::format("the CA file {} could not be read: {}; it must be a PEM file",
                      settings.ca_file, file_error(settings.ca_file)));
    }
  } else if (!settings.insecure && SSL_CTX_set_default_verify_paths(context) != 1) {
    return setting_failed("the system's CA certificates could not be read: " + library_error());
  }
  SSL_CTX_set_verify(context, settings.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context, alpn_http11.data(), alpn_http11.size());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, TlsSession::Impl::keep);
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::for_clients(
    const std::string& certificate_file, const std::string& key_file) {
  ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->context = new_context(TLS_server_method());
  if (!impl->context) return setting_failed("OpenSSL could not make a context: " + library_error());
  SSL_CTX* context = impl->context.get();
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return setting_failed(
        fmt::format("the certificate {} could not be read: {}; it must be a PEM file",
                    certificate_file, file_error(certificate_file)));
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
      ERR_clear_error();
      return setting_failed(fmt::format("the private key {} does not belong to the certificate {}",
                                        key_file, certificate_file));
    }
    return setting_failed(
        fmt::format("the private key {} could not be read: {}; it must be a PEM file", key_file,
                    file_error(key_file)));
  }
  SSL_CTX_set_alpn_select_cb(context, choose_alpn, nullptr);
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

std::unique_ptr<TlsSession> TlsContext::connect(const std::string& server_name) const {
  auto impl = std::make_unique<TlsSession::Impl>();
  impl->ssl.reset(SSL_new(impl_->context.get()));
  CHECK(impl->ssl != nullptr, "out of memory");
  impl->server_name = server_name;
  impl->resumption = impl_->resumption;
  SSL* ssl = impl->ssl.get();
  SSL_set_app_data(ssl, impl.get());
  ResumablePtr resumable = impl->resumption->of(server_name);
  if (resumable) SSL_set_session(ssl, resumable.get());
  SSL_set_connect_state(ssl);
  if (is_address_literal(server_name)) {
    // No SNI for addresses (RFC 6066 section 3); the certificate must name the address.
    if (impl_->verify) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, server_name.c_str());
    if (impl_->verify) SSL_set1_host(ssl, server_name.c_str());
  }
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(impl)));
}

std::unique_ptr<TlsSession> TlsContext::accept() const {
  auto impl = std::make_unique<TlsSession::Impl>();
  impl->ssl.reset(SSL_new(impl_->context.get()));
  CHECK(impl->ssl != nullptr, "out of memory");
  SSL_set_accept_state(impl->ssl.get());
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(impl)));
}

}  // namespace recloser::net
