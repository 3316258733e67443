#include "libs/aws/chunks.hpp"

#include "libs/base/errors.hpp"

#include <gtest/gtest.h>

namespace evergrass::aws {
namespace {

constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view amz_date = "20130524T000000Z";
constexpr std::string_view plain = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

authorization claimed_by(std::string signature) {
    return {"AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", {"host"}, std::move(signature)};
}

std::string chunk(const std::string& bytes, const char* size, const std::string& signature) {
    return std::string(size) + ";chunk-signature=" + signature + "\r\n" + bytes + "\r\n";
}

// The example of "Signature Calculations for the Authorization Header: Transferring Payload in
// Multiple Chunks" of the S3 API reference: 65 KB of 'a' in two chunks.
std::string documented() {
    return chunk(std::string(65536, 'a'), "10000",
                 "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
           chunk(std::string(1024, 'a'), "400",
                 "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
           "0;chunk-signature="
           "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}

const authorization seed =
    claimed_by("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");

TEST(signed_chunks, the_example_of_the_s3_documentation_verifies) {
    const auto text = documented();
    const auto body = split_chunks(text);
    ASSERT_TRUE(body);
    EXPECT_EQ(body->join(), std::string(66560, 'a'));
    EXPECT_TRUE(verify_chunks(*body, plain, seed, amz_date, signing_key(seed, secret)));
}

TEST(signed_chunks, any_change_of_bytes_order_or_signature_is_refused) {
    const auto refused = [](const std::string& text, const authorization& by = seed,
                            std::string_view with = secret) {
        const auto body = split_chunks(text);
        return !body || !verify_chunks(*body, plain, by, amz_date, signing_key(by, with));
    };
    const auto whole = documented();
    auto changed = whole;
    changed[1000] = 'b';
    EXPECT_TRUE(refused(changed));
    changed = whole;
    changed[whole.find("0055")] = '1';
    EXPECT_TRUE(refused(changed));
    EXPECT_TRUE(refused(whole.substr(whole.find("400;")))) << "without the first chunk";
    const auto last = whole.find("0;chunk-signature=b6c6");
    EXPECT_TRUE(refused(whole.substr(0, whole.find("400;")) + whole.substr(last)));
    EXPECT_TRUE(refused(whole, claimed_by(std::string(64, '0'))));
    EXPECT_TRUE(refused(whole, seed, "another"));
    EXPECT_TRUE(refused("4\r\naaaa\r\n0\r\n\r\n")) << "chunks without a signature";
}

TEST(signed_chunks, trailers_are_signed_where_it_says_so) {
    // Signed by a program of its own, from the documentation's description.
    constexpr std::string_view stated = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
    const std::string text =
        "4;chunk-signature="
        "f9b07a9c34cdb73c595483ba79ea7e371b3f01d9688387dc98f947dab2a49961"
        "\r\n1234\r\n0;chunk-signature="
        "679500c5e3fc7616fe6cdce0f4a81ff6ca2ab463dfbf26443a56c133ac88188d"
        "\r\nx-amz-checksum-crc32:nj4HqQ==\r\nx-amz-trailer-signature:"
        "13bb4e21f941a0fd4f7cacffaa9762cd8f54fc1403599f1db80f1415f3fa7e59"
        "\r\n\r\n";
    const auto body = split_chunks(text);
    ASSERT_TRUE(body);
    EXPECT_TRUE(verify_chunks(*body, stated, seed, amz_date, signing_key(seed, secret)));
    auto changed = text;
    changed[text.find("nj4H")] = 'm';
    EXPECT_FALSE(
        verify_chunks(*split_chunks(changed), stated, seed, amz_date, signing_key(seed, secret)));
    changed = text.substr(0, text.find("x-amz-trailer-signature"));
    EXPECT_FALSE(
        verify_chunks(*split_chunks(changed), stated, seed, amz_date, signing_key(seed, secret)));
}

TEST(signed_chunks, only_the_two_forms_count) {
    EXPECT_TRUE(are_signed_chunks(plain));
    EXPECT_TRUE(are_signed_chunks("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"));
    EXPECT_FALSE(are_signed_chunks("STREAMING-UNSIGNED-PAYLOAD-TRAILER"));
    EXPECT_FALSE(are_signed_chunks("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"));
    EXPECT_FALSE(are_signed_chunks(""));
}

}  // namespace
}  // namespace evergrass::aws
