// TLS sessions over non-blocking descriptors (OpenSSL 3): towards providers and for clients.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace recloser::net {

// What a step of a session needs next.
enum class TlsWant : unsigned char { nothing, to_read, to_write };

// One TLS connection. The Connection that owns it calls it and waits for readiness in between.
class TlsSession {
 public:
  static constexpr std::size_t sent_record_bytes_max = 8u << 10;

  struct Step {
    std::size_t bytes = 0;
    TlsWant want = TlsWant::nothing;
    bool ended = false;    // the peer said close_notify
    bool failed = false;   // failure_text() says why
    bool cut_off = false;  // failed because the connection ended without close_notify
  };

  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  void use_descriptor(int descriptor);
  Step handshake();
  Step read(std::span<char> to);
  Step write(std::string_view bytes);  // may take only a part
  bool resumed() const;                // the certificate was verified by an earlier handshake
  void say_goodbye();                  // close_notify, best effort
  // "certificate verify failed: self-signed certificate (for api.example.com)"; never key material.
  const std::string& failure_text() const { return failure_; }
  // Whether it failed because the peer began with a plain HTTP request.
  bool met_http() const { return met_http_; }

  // Whether bytes of the peer are here that were not asked for yet.
  bool has_pending() const;

 private:
  friend class TlsContext;
  struct Impl;
  explicit TlsSession(std::unique_ptr<Impl> impl);
  Step step_of(int result);

  std::unique_ptr<Impl> impl_;
  std::string failure_;
  bool met_http_ = false;
};

// Settings shared by the sessions of one listener or one provider; immutable, used by any thread.
class TlsContext {
 public:
  struct Client {
    std::string ca_file;    // empty: the system's
    bool insecure = false;  // no verification at all; says so at start
  };
  // For providers.
  static Result<std::shared_ptr<const TlsContext>> for_providers(const Client& settings);
  // For clients: a PEM certificate chain and its key. Errors name the file and the reason.
  static Result<std::shared_ptr<const TlsContext>> for_clients(const std::string& certificate_file,
                                                               const std::string& key_file);
  ~TlsContext();

  // `server_name` is sent as SNI and verified against the certificate. Resumes the session of the
  // last full handshake with that name, if there was one.
  std::unique_ptr<TlsSession> connect(const std::string& server_name) const;
  std::unique_ptr<TlsSession> accept() const;

 private:
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace recloser::net
