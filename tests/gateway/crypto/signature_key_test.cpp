#include "gateway/crypto/signature_key.h"

#include <gtest/gtest.h>

#include "gateway/crypto/base64.h"

namespace holdfast::crypto {
namespace {

std::string decoded(std::string_view text) { return base64url_decode(text).value(); }

// RFC 7515, appendix A.3.
constexpr std::string_view kEs256Input =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
    "bS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kEs256Signature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
constexpr std::string_view kEs256X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr std::string_view kEs256Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

// RFC 7515, appendix A.2.
constexpr std::string_view kRs256Input =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
    "bS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kRs256Signature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5ju"
    "jGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07"
    "Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipU"
    "TI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr std::string_view kRs256Modulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4"
    "QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb"
    "BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D"
    "WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

TEST(SignatureKey, VerifiesTheEs256ExampleOfRfc7515) {
  const auto key = VerificationKey::es256(decoded(kEs256X), decoded(kEs256Y));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verifies(kEs256Input, decoded(kEs256Signature)));
  EXPECT_FALSE(key->verifies("another text", decoded(kEs256Signature)));
  EXPECT_FALSE(key->verifies(kEs256Input, ""));
  EXPECT_FALSE(key->verifies(kEs256Input, std::string(64, '\0')));
}

TEST(SignatureKey, VerifiesTheRs256ExampleOfRfc7515) {
  const auto key = VerificationKey::rs256(decoded(kRs256Modulus), decoded("AQAB"));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verifies(kRs256Input, decoded(kRs256Signature)));
  EXPECT_FALSE(key->verifies("another text", decoded(kRs256Signature)));
}

TEST(SignatureKey, RefusesWhatIsNoKey) {
  EXPECT_FALSE(VerificationKey::es256(std::string(32, '\1'), std::string(32, '\1')));
  EXPECT_FALSE(VerificationKey::es256("short", "short"));
  EXPECT_FALSE(VerificationKey::rs256(std::string(64, '\xff'), decoded("AQAB")));
  EXPECT_FALSE(SigningKey::from_pem("no key"));
}

TEST(SignatureKey, ASignatureVerifiesUnderThePublicPointAfterAJourneyThroughPem) {
  const SigningKey key = SigningKey::generate();
  const auto again = SigningKey::from_pem(key.pem());
  ASSERT_TRUE(again);
  const std::string signature = again->sign("a message");
  EXPECT_EQ(signature.size(), 64);
  const auto verification = VerificationKey::es256(key.x(), key.y());
  ASSERT_TRUE(verification);
  EXPECT_TRUE(verification->verifies("a message", signature));
  EXPECT_FALSE(verification->verifies("a message", SigningKey::generate().sign("a message")));
}

}  // namespace
}  // namespace holdfast::crypto
