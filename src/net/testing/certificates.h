// Certificates for tests: an authority of their own, and what it signs, as PEM files in a folder.
#pragma once

#include <memory>
#include <string>

namespace recloser::net {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

class TestAuthority {
 public:
  explicit TestAuthority(std::string folder);
  ~TestAuthority();

  // What a client must trust.
  const std::string& file() const { return file_; }

  // `names` as in a subjectAltName: "DNS:localhost", "IP:127.0.0.1".
  CertificateFiles issue(const std::string& names) { return make(names, 1, true); }
  CertificateFiles issue_expired(const std::string& names) { return make(names, -1, true); }
  CertificateFiles self_signed(const std::string& names) { return make(names, 1, false); }

 private:
  struct Impl;
  CertificateFiles make(const std::string& names, int days_left, bool signed_by_us);

  std::string folder_;
  std::string file_;
  std::unique_ptr<Impl> impl_;
  int made_ = 0;
};

}  // namespace recloser::net
