#include "net/testing/certificates.h"

#include "core/check.h"

#include <filesystem>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace recloser::net {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* file) const { BIO_free_all(file); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using File = std::unique_ptr<BIO, Free>;

constexpr long day_s = 24L * 3600;

Key new_key() { return Key(EVP_EC_gen("P-256")); }

Certificate unsigned_certificate(EVP_PKEY* key, const std::string& name, long serial,
                                 int days_left) {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -10 * day_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), days_left * day_s);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC, text, -1, -1,
                             0);
  X509_set_pubkey(made.get(), key);
  return made;
}

void extend(X509* certificate, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  CHECK(extension != nullptr, "a certificate extension that OpenSSL knows");
  X509_add_ext(certificate, extension.get(), -1);
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* with) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  CHECK(X509_sign(certificate, with, EVP_sha256()) > 0, "a key that can sign");
}

void save_certificate(const std::string& path, X509* certificate) {
  File file(BIO_new_file(path.c_str(), "w"));
  CHECK(file && PEM_write_bio_X509(file.get(), certificate) == 1, "a folder that can be written");
}

void save_key(const std::string& path, EVP_PKEY* key) {
  File file(BIO_new_file(path.c_str(), "w"));
  int saved = file == nullptr ? 0
                              : PEM_write_bio_PrivateKey(file.get(), key, nullptr, nullptr, 0,
                                                         nullptr, nullptr);
  CHECK(saved == 1, "a folder that can be written");
}

}  // namespace

struct TestAuthority::Impl {
  Key key;
  Certificate certificate;
};

TestAuthority::TestAuthority(std::string folder)
    : folder_(std::move(folder)), file_(folder_ + "/ca.pem"), impl_(std::make_unique<Impl>()) {
  std::filesystem::create_directories(folder_);
  impl_->key = new_key();
  impl_->certificate = unsigned_certificate(impl_->key.get(), "test authority", 1, 30);
  extend(impl_->certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  sign(impl_->certificate.get(), impl_->certificate.get(), impl_->key.get());
  save_certificate(file_, impl_->certificate.get());
}

TestAuthority::~TestAuthority() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

CertificateFiles TestAuthority::make(const std::string& names, int days_left, bool signed_by_us) {
  ++made_;
  std::string base = folder_ + "/" + std::to_string(made_);
  Key key = new_key();
  Certificate made = unsigned_certificate(key.get(), "test server", made_ + 1, days_left);
  extend(made.get(), NID_subject_alt_name, names);
  if (signed_by_us) {
    sign(made.get(), impl_->certificate.get(), impl_->key.get());
  } else {
    sign(made.get(), made.get(), key.get());
  }
  CertificateFiles files{.certificate = base + ".pem", .key = base + ".key"};
  save_certificate(files.certificate, made.get());
  save_key(files.key, key.get());
  return files;
}

}  // namespace recloser::net
