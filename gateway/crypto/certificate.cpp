#include "gateway/crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <stdexcept>

#include "gateway/crypto/digest.h"
#include "gateway/crypto/owned.h"
#include "gateway/crypto/pin.h"
#include "gateway/crypto/random.h"

namespace holdfast::crypto {
namespace {

using Buffer = Owned<BIO, BIO_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Name = Owned<GENERAL_NAME, GENERAL_NAME_free>;
using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using Constraints = Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using Number = Owned<BIGNUM, BN_free>;
using Draft = Owned<X509, X509_free>;

constexpr std::size_t kSerialBytes = 16;
constexpr long kVersion3 = 2;

void check(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

// The bytes of an IP address; empty when the text is none.
std::string address_bytes(const std::string& text) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return {reinterpret_cast<char*>(&v4), 4};
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return {reinterpret_cast<char*>(&v6), 16};
  return "";
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(bytes) >= 16 ? AF_INET6 : AF_INET;
  return inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof text) == nullptr ? "" : text;
}

bool is_dns_name(const std::string& text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  };
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), fits);
}

// `mask`: also the mask of exactly this address, as name constraints want it.
Name general_name(const std::string& text, bool mask) {
  std::string bytes = address_bytes(text);
  const bool is_address = !bytes.empty();
  if (!is_address && !is_dns_name(text)) {
    throw std::invalid_argument("\"" + text + "\" is neither a DNS name nor an IP address");
  }
  if (is_address && mask) bytes += std::string(bytes.size(), '\xff');
  const std::string& content = is_address ? bytes : text;
  ASN1_STRING* value = ASN1_STRING_type_new(is_address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  check(ASN1_STRING_set(value, content.data(), static_cast<int>(content.size())) == 1,
        "set a name");
  Name name(GENERAL_NAME_new());
  GENERAL_NAME_set0_value(name.get(), is_address ? GEN_IPADD : GEN_DNS, value);
  return name;
}

std::string name_text(const GENERAL_NAME* name) {
  int type = 0;
  const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
  if (type == GEN_IPADD) return address_text(value);
  if (type != GEN_DNS) return "";
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

Names general_names(const std::vector<std::string>& texts) {
  Names names(GENERAL_NAMES_new());
  for (const auto& text : texts) {
    sk_GENERAL_NAME_push(names.get(), general_name(text, false).release());
  }
  return names;
}

Constraints constraints(const std::vector<std::string>& permitted) {
  Constraints constraints(NAME_CONSTRAINTS_new());
  constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
  for (const auto& text : permitted) {
    GENERAL_SUBTREE* subtree = GENERAL_SUBTREE_new();
    GENERAL_NAME_free(subtree->base);
    subtree->base = general_name(text, true).release();
    sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree);
  }
  return constraints;
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "add an extension");
}

template <typename T>
void add_extension_value(X509* certificate, int kind, T* value, bool critical) {
  check(X509_add1_ext_i2d(certificate, kind, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1,
        "add an extension");
}

void set_time(ASN1_TIME* field, Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  check(ASN1_TIME_set(field, static_cast<std::time_t>(seconds)) != nullptr, "set a time");
}

Timestamp time_of(const ASN1_TIME* field) {
  std::tm parts{};
  check(ASN1_TIME_to_tm(field, &parts) == 1, "read a time");
  return Timestamp(std::chrono::seconds(timegm(&parts)));
}

Key evp_key(const SigningKey& key) {
  const std::string pem = key.pem();
  const Buffer buffer(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key parsed(PEM_read_bio_PrivateKey(buffer.get(), nullptr, nullptr, nullptr));
  check(parsed != nullptr, "read a key");
  return parsed;
}

void set_serial(X509* certificate) {
  std::string bytes = random_bytes(kSerialBytes);
  bytes.front() = static_cast<char>(bytes.front() & 0x7f);
  const Number number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                static_cast<int>(bytes.size()), nullptr));
  check(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
        "set a serial number");
}

// Everything but extensions, issuer and signature.
Draft draft(EVP_PKEY* key, const std::string& common_name, const Validity& validity) {
  Draft made(X509_new());
  check(X509_set_version(made.get(), kVersion3) == 1, "set a version");
  set_serial(made.get());
  set_time(X509_getm_notBefore(made.get()), validity.from);
  set_time(X509_getm_notAfter(made.get()), validity.until);
  check(X509_set_pubkey(made.get(), key) == 1, "set a key");
  X509_NAME* subject = X509_get_subject_name(made.get());
  const auto add = [&](const char* field, const std::string& text) {
    check(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()), -1, 0) == 1,
          "set a subject");
  };
  add("O", "Holdfast");
  // Longer than X.509 allows is only repeated in the names.
  if (common_name.size() <= 64) add("CN", common_name);
  return made;
}

std::string der_of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  check(size > 0, "encode a certificate");
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

bool is_below(const std::string& name, const std::string& domain) {
  return name == domain || name.ends_with("." + domain);
}

}  // namespace

struct Certificate::State {
  explicit State(Draft made) : certificate(std::move(made)) {}
  Draft certificate;
};

std::optional<Certificate> Certificate::from_pem(const std::string& pem) {
  const Buffer buffer(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Draft read(PEM_read_bio_X509(buffer.get(), nullptr, nullptr, nullptr));
  if (!read) return std::nullopt;
  return Certificate(std::make_shared<const State>(std::move(read)));
}

Certificate Certificate::authority(const SigningKey& key, const std::string& common_name,
                                   const Validity& validity,
                                   const std::vector<std::string>& permitted) {
  const Key own = evp_key(key);
  Draft made = draft(own.get(), common_name, validity);
  X509* x509 = made.get();
  X509_set_issuer_name(x509, X509_get_subject_name(x509));
  add_extension(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(x509, x509, NID_subject_key_identifier, "hash");
  add_extension_value(x509, NID_name_constraints, constraints(permitted).get(), true);
  check(X509_sign(x509, own.get(), EVP_sha256()) > 0, "sign a certificate");
  return Certificate(std::make_shared<const State>(std::move(made)));
}

Certificate Certificate::issue(const SigningKey& own_key, const SigningKey& key,
                               const std::vector<std::string>& names,
                               const Validity& validity) const {
  const Key own = evp_key(own_key);
  X509* issuer = state_->certificate.get();
  Draft made = draft(evp_key(key).get(), names.front(), validity);
  X509* x509 = made.get();
  X509_set_issuer_name(x509, X509_get_subject_name(issuer));
  add_extension(x509, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x509, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(x509, issuer, NID_ext_key_usage, "serverAuth");
  add_extension(x509, issuer, NID_subject_key_identifier, "hash");
  add_extension(x509, issuer, NID_authority_key_identifier, "keyid:always");
  add_extension_value(x509, NID_subject_alt_name, general_names(names).get(), false);
  check(X509_sign(x509, own.get(), EVP_sha256()) > 0, "sign a certificate");
  return Certificate(std::make_shared<const State>(std::move(made)));
}

std::string Certificate::pem() const {
  const Buffer buffer(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(buffer.get(), state_->certificate.get()) == 1, "write a certificate");
  char* text = nullptr;
  const long size = BIO_get_mem_data(buffer.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string Certificate::common_name() const {
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(state_->certificate.get()), NID_commonName, text,
                            sizeof text);
  return text;
}

Validity Certificate::validity() const {
  return {time_of(X509_get0_notBefore(state_->certificate.get())),
          time_of(X509_get0_notAfter(state_->certificate.get()))};
}

std::vector<std::string> Certificate::names() const {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(state_->certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  texts.reserve(names ? static_cast<std::size_t>(sk_GENERAL_NAME_num(names.get())) : 0);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    texts.push_back(name_text(sk_GENERAL_NAME_value(names.get(), i)));
  }
  return texts;
}

std::vector<std::string> Certificate::permitted() const {
  const Constraints found(static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(state_->certificate.get(), NID_name_constraints, nullptr, nullptr)));
  std::vector<std::string> texts;
  if (!found) return texts;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(found->permittedSubtrees); ++i) {
    texts.push_back(name_text(sk_GENERAL_SUBTREE_value(found->permittedSubtrees, i)->base));
  }
  return texts;
}

bool Certificate::permits(const std::string& name) const {
  const auto allowed = permitted();
  if (allowed.empty()) return true;
  const bool is_address = !address_bytes(name).empty();
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& one) {
    return is_address ? address_bytes(one) == address_bytes(name) : is_below(name, one);
  });
}

bool Certificate::is_issued_by(const Certificate& authority) const {
  X509* issuer = authority.state_->certificate.get();
  return X509_verify(state_->certificate.get(), X509_get0_pubkey(issuer)) == 1;
}

bool Certificate::belongs_to(const SigningKey& key) const {
  return EVP_PKEY_eq(X509_get0_pubkey(state_->certificate.get()), evp_key(key).get()) == 1;
}

std::string Certificate::fingerprint() const {
  return sha256_hex(der_of(state_->certificate.get()));
}

std::string Certificate::pin() const { return pin_of(state_->certificate.get()); }

}  // namespace holdfast::crypto
