#include "libs/pki/pki.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::pki {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const wall_time start{std::chrono::seconds(1'600'000'000)};

certificate_request ca_request() {
    certificate_request wanted;
    wanted.common_name = "Test CA";
    wanted.organization = "Evergrass";
    wanted.is_ca = true;
    wanted.not_before = start;
    wanted.not_after = start + 24h * 365 * 50;
    return wanted;
}

TEST(pki, a_self_signed_ca_reads_back_as_it_was_asked_for) {
    const auto key = generate_ec_key();
    const auto pem = make_self_signed(ca_request(), key).value();
    const auto info = read_certificate(pem).value();
    EXPECT_EQ(info.common_name, "Test CA");
    EXPECT_EQ(info.issuer_common_name, "Test CA");
    EXPECT_TRUE(info.is_ca);
    EXPECT_EQ(info.not_before, start);
    EXPECT_EQ(info.id.size(), 64u);
    EXPECT_EQ(info.public_key_pem, public_key_of(key).value());
}

TEST(pki, a_validity_beyond_2049_survives) {
    const auto pem = make_self_signed(ca_request(), generate_ec_key()).value();
    EXPECT_EQ(read_certificate(pem).value().not_after, start + 24h * 365 * 50);
}

// Made by `openssl ca -startdate 19500101000000Z -enddate 99991231235959Z`, as the makers of
// devices say "never" (RFC 5280 §4.1.2.5).
constexpr std::string_view never_ends = R"(-----BEGIN CERTIFICATE-----
MIIBRDCB66ADAgECAgEBMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBklEZXZJRDAg
Fw01MDAxMDEwMDAwMDBaGA85OTk5MTIzMTIzNTk1OVowETEPMA0GA1UEAwwGSURl
dklEMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZkSfTSKyZueq/q6ZnNS4mUxA
ICxSMmSms7RTY/hWuB/qns48Exlt5tM3qKl/s304qNWTtGv1DvpCzHT5pJaLTKMy
MDAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUm42Gjs2xe07PWxICUK4aPCyI
XhIwCgYIKoZIzj0EAwIDSAAwRQIgMqgSrN07rYatk9dWbUtZcFCkuB1iLRbMllQa
fVByiE4CIQC/JxK/3PTlMEYAPoFVqjOO1a3EPe2i92HUypalq+BaAA==
-----END CERTIFICATE-----
)";

TEST(pki, a_certificate_that_never_ends_is_good_for_as_long_as_times_go) {
    const auto info = read_certificate(never_ends).value();
    EXPECT_EQ(format_iso8601(info.not_after), "2261-12-31T23:59:59.000Z");
    EXPECT_EQ(info.not_before, wall_time{});
    EXPECT_GT(info.not_after - info.not_before, 24h * 365 * 250);
}

TEST(pki, an_issued_certificate_carries_names_and_addresses) {
    const auto ca_key = generate_rsa_key();
    const auto ca = make_self_signed(ca_request(), ca_key).value();
    const auto key = generate_rsa_key();
    certificate_request wanted;
    wanted.common_name = "core";
    wanted.names = {"core.local", "192.168.1.2", "::1"};
    wanted.for_server = true;
    wanted.not_before = start;
    wanted.not_after = start + 168h;
    const auto pem = issue(wanted, public_key_of(key).value(), ca, ca_key).value();
    const auto info = read_certificate(pem).value();
    EXPECT_THAT(info.names, ElementsAre("core.local", "192.168.1.2", "::1"));
    EXPECT_EQ(info.issuer_common_name, "Test CA");
    EXPECT_FALSE(info.is_ca);
    EXPECT_TRUE(matches(pem, key).value());
    EXPECT_FALSE(matches(pem, ca_key).value());
}

TEST(pki, issuing_with_a_key_of_another_ca_is_refused) {
    const auto ca = make_self_signed(ca_request(), generate_ec_key()).value();
    const auto key = generate_ec_key();
    const auto issued = issue(ca_request(), public_key_of(key).value(), ca, key);
    ASSERT_FALSE(issued);
    EXPECT_THAT(issued.error().message(), HasSubstr("does not belong"));
}

TEST(pki, whose_key_signed_a_certificate_is_told_from_whose_name_it_has) {
    const auto ca_key = generate_ec_key();
    const auto ca = make_self_signed(ca_request(), ca_key).value();
    const auto namesake = make_self_signed(ca_request(), generate_ec_key()).value();
    auto wanted = ca_request();
    wanted.common_name = "device";
    wanted.is_ca = false;
    const auto device = issue(wanted, public_key_of(generate_ec_key()).value(), ca, ca_key).value();
    EXPECT_TRUE(is_signed_by(device, ca).value());
    EXPECT_FALSE(is_signed_by(device, namesake).value());
    EXPECT_FALSE(is_signed_by(ca, device).value());
    EXPECT_FALSE(is_signed_by("no certificate", ca));
    EXPECT_FALSE(is_signed_by(device, "no certificate"));
    const auto names = digest_names(device).value();
    EXPECT_EQ(names.issuer, digest_names(ca).value().subject);
    EXPECT_EQ(names.issuer, digest_names(namesake).value().subject);
    EXPECT_NE(names.issuer, names.subject);
    EXPECT_EQ(names.subject.size(), 64u);
}

TEST(pki, a_request_reads_back_and_a_changed_one_is_refused) {
    const auto key = generate_rsa_key();
    auto csr = make_csr("core", {"10.0.0.1", "gateway"}, key).value();
    const auto info = read_csr(csr).value();
    EXPECT_EQ(info.common_name, "core");
    EXPECT_THAT(info.names, ElementsAre("10.0.0.1", "gateway"));
    EXPECT_EQ(info.public_key_pem, public_key_of(key).value());
    const auto middle = csr.size() / 2;
    csr[middle] = csr[middle] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read_csr(csr));
}

TEST(pki, a_request_without_names_has_none) {
    const auto csr = make_csr("core", {}, generate_ec_key()).value();
    EXPECT_TRUE(read_csr(csr).value().names.empty());
}

TEST(pki, names_that_no_certificate_can_hold_are_refused) {
    const auto key = generate_ec_key();
    EXPECT_FALSE(make_csr("core", {""}, key));
    EXPECT_FALSE(make_csr("core", {"a b"}, key));
    EXPECT_FALSE(make_csr(std::string(65, 'x'), {}, key));
}

TEST(pki, text_that_is_no_pem_is_an_error_with_a_reason) {
    EXPECT_FALSE(read_certificate(""));
    EXPECT_FALSE(read_csr("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"));
    const auto key = public_key_of("hello");
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, errc::invalid_input);
    EXPECT_THAT(key.error().message(), HasSubstr("private key"));
}

TEST(pki, a_signature_holds_for_its_message_and_key_alone) {
    const auto key = generate_ed25519_key();
    const auto other = generate_ed25519_key();
    const auto signature = sign_ed25519(key, "message").value();
    EXPECT_EQ(signature.size(), 64u);
    EXPECT_TRUE(verify_ed25519(public_key_of(key).value(), "message", signature));
    EXPECT_EQ(verify_ed25519(public_key_of(key).value(), "messagf", signature).error().code,
              errc::denied);
    EXPECT_FALSE(verify_ed25519(public_key_of(other).value(), "message", signature));
    EXPECT_FALSE(verify_ed25519(public_key_of(key).value(), "message", signature.substr(1)));
    EXPECT_FALSE(sign_ed25519(generate_ec_key(), "message"));
}

}  // namespace
}  // namespace evergrass::pki
