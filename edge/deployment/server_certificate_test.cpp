#include "edge/deployment/server_certificate.hpp"

#include "edge/deployment/test_directory.hpp"

#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using namespace std::chrono_literals;

const wall_time start = wall_time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));

pki::certificate_info seven_days() {
    pki::certificate_info info;
    info.not_before = start;
    info.not_after = start + 7 * 24h;
    return info;
}

const certificate_purpose purpose{{"127.0.0.1"}, "authority", "1"};

TEST(renewal_reason, none_while_the_purpose_is_the_same_and_half_of_the_life_is_left) {
    EXPECT_FALSE(renewal_reason(seven_days(), purpose, purpose, start + 3 * 24h));
}

TEST(renewal_reason, half_of_the_life_is_over) {
    EXPECT_TRUE(renewal_reason(seven_days(), purpose, purpose, start + 84h));
}

TEST(renewal_reason, any_change_of_purpose) {
    auto other = purpose;
    other.names = {"10.0.0.1"};
    EXPECT_TRUE(renewal_reason(seven_days(), purpose, other, start));
    other = purpose;
    other.authority = "rotated";
    EXPECT_TRUE(renewal_reason(seven_days(), purpose, other, start));
    other = purpose;
    other.connectivity_version = "2";
    EXPECT_TRUE(renewal_reason(seven_days(), purpose, other, start));
}

TEST(renewal_reason, no_certificate_or_unknown_purpose) {
    EXPECT_TRUE(renewal_reason(std::nullopt, purpose, purpose, start));
    EXPECT_TRUE(renewal_reason(seven_days(), std::nullopt, purpose, start));
}

TEST(server_certificate, missing_certificate_is_no_identity) {
    const test_directory dir;
    const server_certificate certificate(dir.path(), std::nullopt, logger());
    EXPECT_FALSE(certificate.load().value());
}

TEST(server_certificate, a_certificate_of_another_key_is_not_used) {
    const test_directory dir;
    pki::certificate_request wanted;
    wanted.common_name = "core";
    wanted.not_before = start;
    wanted.not_after = start + 24h;
    const auto pem = pki::make_self_signed(wanted, pki::generate_ec_key()).value();
    ASSERT_TRUE(write_file_atomically(dir.path() / "server.crt", pem));
    ASSERT_TRUE(write_file_atomically(dir.path() / "server.key", pki::generate_ec_key()));
    const server_certificate certificate(dir.path(), std::nullopt, logger());
    EXPECT_FALSE(certificate.load().value());
}

TEST(server_certificate, truncated_certificate_is_not_used) {
    const test_directory dir;
    ASSERT_TRUE(
        write_file_atomically(dir.path() / "server.crt", "-----BEGIN CERTIFICATE-----\nMI"));
    const server_certificate certificate(dir.path(), std::nullopt, logger());
    EXPECT_FALSE(certificate.load().value());
}

TEST(local_names, hold_loopback_and_a_specific_listen_address) {
    const auto names = local_names("127.0.0.9");
    EXPECT_NE(std::find(names.begin(), names.end(), "127.0.0.9"), names.end());
    EXPECT_NE(std::find(names.begin(), names.end(), "localhost"), names.end());
}

}  // namespace
}  // namespace evergrass::edge
