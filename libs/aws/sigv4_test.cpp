#include "libs/aws/sigv4.hpp"

#include "libs/aws/canonical.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

namespace evergrass::aws {
namespace {

using ::testing::HasSubstr;

constexpr const char* vector_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const credentials vector_key{"AKIDEXAMPLE", vector_secret};

wall_time at(std::string_view basic) {
    return *parse_basic_iso8601(basic);
}

std::string header_of(const signable_request& r, std::string_view name) {
    for (const auto& [key, value] : r.headers) {
        if (key == name) {
            return value;
        }
    }
    return "";
}

std::string signature_in(const signable_request& r) {
    return parse_authorization(header_of(r, "Authorization"))->signature;
}

// AWS's published test vectors for Signature Version 4, all of 2015-08-30T12:36:00Z.
TEST(sigv4_vectors, get_vanilla) {
    signable_request r{"GET", "/", {{"Host", "example.amazonaws.com"}}, ""};
    sign(r, vector_key, "us-east-1", "service", at("20150830T123600Z"));
    EXPECT_EQ(header_of(r, "Authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=host;x-amz-date, "
              "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(sigv4_vectors, get_vanilla_query_order_key_case) {
    signable_request r{
        "GET", "/?Param2=value2&Param1=value1", {{"Host", "example.amazonaws.com"}}, ""};
    sign(r, vector_key, "us-east-1", "service", at("20150830T123600Z"));
    EXPECT_EQ(signature_in(r), "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

TEST(sigv4_vectors, post_vanilla) {
    signable_request r{"POST", "/", {{"Host", "example.amazonaws.com"}}, ""};
    sign(r, vector_key, "us-east-1", "service", at("20150830T123600Z"));
    EXPECT_EQ(signature_in(r), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST(sigv4_vectors, the_list_users_example_of_the_iam_documentation) {
    signable_request r{"GET",
                       "/?Action=ListUsers&Version=2010-05-08",
                       {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                        {"Host", "iam.amazonaws.com"}},
                       ""};
    sign(r, vector_key, "us-east-1", "iam", at("20150830T123600Z"));
    EXPECT_EQ(signature_in(r), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

// Requests as botocore 1.29 signs them, of 2026-11-23T19:30:00Z.
struct recorded {
    const char* name;
    signable_request request;
    const char* scope_and_headers;
    const char* signature;
};

signable_request recorded_request(const char* method, const char* target,
                                  std::vector<std::pair<std::string, std::string>> headers,
                                  std::string body) {
    headers.insert(headers.end(), {{"User-Agent", "Botocore/1.29.27"},
                                   {"host", "127.0.0.1:8080"},
                                   {"X-Amz-Date", "20261123T193000Z"},
                                   {"amz-sdk-request", "attempt=1"}});
    return {method, target, std::move(headers), std::move(body)};
}

class recorded_from_botocore : public ::testing::TestWithParam<recorded> {};

authorization claim(const recorded& from) {
    const auto header = std::string("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE234567ABC/20261123/") +
                        from.scope_and_headers + ", Signature=" + from.signature;
    return *parse_authorization(header);
}

TEST_P(recorded_from_botocore, verifies) {
    const auto verified =
        verify(GetParam().request, claim(GetParam()), vector_secret, at("20261123T193500Z"));
    EXPECT_TRUE(verified) << verified.error().message();
}

TEST_P(recorded_from_botocore, is_refused_after_any_change) {
    const auto claimed = claim(GetParam());
    const auto now = at("20261123T193500Z");
    const auto refuses = [&](const auto& change) {
        auto r = GetParam().request;
        change(r);
        const auto verified = verify(r, claimed, vector_secret, now);
        return !verified && verified.error().code == errc::denied;
    };
    EXPECT_TRUE(refuses([](auto& r) { r.method = "PATCH"; }));
    EXPECT_TRUE(refuses([](auto& r) { r.target.insert(1, "x"); }));
    EXPECT_TRUE(refuses(
        [](auto& r) { r.target += r.target.find('?') == std::string::npos ? "?x=" : "&x="; }));
    EXPECT_TRUE(refuses([](auto& r) { r.body += ' '; }));
    EXPECT_TRUE(refuses([](auto& r) {
        for (auto& [name, value] : r.headers) {
            value += name == "host" ? "0" : "";
        }
    }));
    EXPECT_FALSE(verify(GetParam().request, claimed, "another secret", now));
}

INSTANTIATE_TEST_SUITE_P(
    sigv4, recorded_from_botocore,
    ::testing::Values(
        recorded{"create_group",
                 recorded_request("POST", "/greengrass/groups",
                                  {{"X-Amzn-Client-Token", "token-1"},
                                   {"Content-Type", "application/json"}},
                                  R"({"Name": "first"})"),
                 "us-east-1/greengrass/aws4_request, "
                 "SignedHeaders=content-type;host;x-amz-date;x-amzn-client-token",
                 "f76cf1b7f44cb9ddee357539c2d58545e8b2d325bd1a8449d12842bf5a11bf51"},
        recorded{"path_with_an_encoded_arn",
                 recorded_request("GET",
                                  "/tags/arn%3Aaws%3Agreengrass%3Aus-east-1%3A123456789012%3A"
                                  "%2Fgreengrass%2Fgroups%2Fg%201",
                                  {}, ""),
                 "us-east-1/greengrass/aws4_request, SignedHeaders=host;x-amz-date",
                 "e21c9d038a2acf60856416ce4ab547c513109e72792a3c9a9834d07b7941d73e"},
        recorded{"path_with_a_literal_dollar",
                 recorded_request("POST", "/greengrass/groups/abc/deployments/$reset",
                                  {{"Content-Type", "application/json"}}, R"({"Force": true})"),
                 "us-east-1/greengrass/aws4_request, SignedHeaders=content-type;host;x-amz-date",
                 "9ad5cebc7ddc34d2e8aafdd72d1b9fe88bd3aef5ce586ab9127a8d2514d72650"},
        recorded{"repeated_query_parameters",
                 recorded_request("DELETE",
                                  "/tags/arn%3Aaws%3Agreengrass%3Ax?tagKeys=b&tagKeys=a%20c"
                                  "&tagKeys=a%26b%3Dc",
                                  {}, ""),
                 "us-east-1/greengrass/aws4_request, SignedHeaders=host;x-amz-date",
                 "2dd5b172d66143d5144358ba9c60ff3c8dac145abca3a717807b17c507d05ae6"},
        recorded{
            "iot_signed_as_execute_api",
            recorded_request("PUT", "/things/T%3A1_-/principals",
                             {{"x-amzn-principal", "arn:aws:iot:us-east-1:123456789012:cert/abc"}},
                             ""),
            "us-east-1/execute-api/aws4_request, "
            "SignedHeaders=host;x-amz-date;x-amzn-principal",
            "7579dee188aa0974f6a18e81ebc4c97ccdd3823609e3138a75377bbb6f6bd201"},
        recorded{
            "binary_body",
            recorded_request("POST", "/topics/a%2Fb%20c?qos=1", {}, std::string("\0\xff hello", 8)),
            "us-east-1/iotdata/aws4_request, SignedHeaders=host;x-amz-date",
            "904415fae224b53458899c7bc14bc5ab5d7208eaaf2dbaeaeeaa9f3e1e423bc6"},
        recorded{"path_with_a_slash_at_its_end",
                 recorded_request("GET", "/2015-03-31/functions/", {}, ""),
                 "us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date",
                 "acc11c5dc07b4a5febcbbb4f356c41a51334d5db2c66e99addeb64399daaaab0"},
        recorded{
            "s3_path_encoded_once",
            recorded_request("PUT", "/bucket/a%20b/c%25d~%C3%A9",
                             {{"Content-MD5", "jXd/OF09/siBXSD3SWAm3A=="},
                              {"x-amz-content-sha256",
                               "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"}},
                             "data"),
            "us-east-1/s3/aws4_request, "
            "SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date",
            "45efa2dfc2a99f32977be2921da4a4920bb2446bcb8d7122d53d59445d306f08"}),
    [](const auto& tested) { return tested.param.name; });

// By botocore, for PutObject over TLS.
TEST(sigv4, the_body_of_an_s3_request_may_be_left_unsigned_and_that_of_others_not) {
    signable_request r{"PUT",
                       "/bucket/a%20b.txt",
                       {{"Host", "127.0.0.1:8443"},
                        {"Content-MD5", "jXd/OF09/siBXSD3SWAm3A=="},
                        {"X-Amz-Date", "20261127T142710Z"},
                        {"X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"}},
                       "data"};
    auto claimed = *parse_authorization(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261127/us-east-1/s3/aws4_request, "
        "SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date, "
        "Signature=745f0da562b4d565979c8c95e31e154317999e2c00f888e65c30cb3d8057d269");
    const auto now = at("20261127T142710Z");
    EXPECT_TRUE(verify(r, claimed, vector_secret, now));
    r.target = "/bucket/a%20c.txt";
    EXPECT_EQ(verify(r, claimed, vector_secret, now).error().code, errc::denied);
    sign(r, vector_key, "us-east-1", "greengrass", now);
    claimed = *parse_authorization(header_of(r, "Authorization"));
    EXPECT_TRUE(verify(r, claimed, vector_secret, now));
    r.headers.emplace_back("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD");
    EXPECT_EQ(verify(r, claimed, vector_secret, now).error().code, errc::denied);
}

TEST(sigv4, what_we_sign_we_verify) {
    signable_request r{"POST",
                       "/a%2Fb/../c//d/./e?z=1&a=%7E&a=&b",
                       {{"host", "h"}, {"X-Two", "  a   b "}, {"x-two", "c"}},
                       "body"};
    const auto now = at("20261123T193000Z");
    sign(r, vector_key, "eu-west-1", "greengrass", now);
    const auto claimed = parse_authorization(header_of(r, "Authorization"));
    ASSERT_TRUE(claimed);
    EXPECT_TRUE(verify(r, *claimed, vector_secret, now));
    sign(r, vector_key, "eu-west-1", "greengrass", now + std::chrono::minutes(1));
    EXPECT_EQ(std::count_if(r.headers.begin(), r.headers.end(),
                            [](const auto& h) { return h.first == "Authorization"; }),
              1);
}

TEST(sigv4, the_clock_may_differ_by_15_minutes_and_no_more) {
    signable_request r{"GET", "/", {{"Host", "h"}}, ""};
    sign(r, vector_key, "r", "s", at("20261123T193000Z"));
    const auto claimed = *parse_authorization(header_of(r, "Authorization"));
    EXPECT_TRUE(verify(r, claimed, vector_secret, at("20261123T194500Z")));
    EXPECT_TRUE(verify(r, claimed, vector_secret, at("20261123T191500Z")));

    const auto late = verify(r, claimed, vector_secret, at("20261123T194501Z"));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().context,
              "Signature expired: 20261123T193000Z is now earlier than 20261123T193001Z "
              "(20261123T194501Z - 15 min.)");
    const auto early = verify(r, claimed, vector_secret, at("20261123T191459Z"));
    ASSERT_FALSE(early);
    EXPECT_THAT(early.error().context, HasSubstr("Signature not yet current"));
}

TEST(sigv4, a_stated_body_hash_that_is_not_the_bodys_is_refused) {
    signable_request r{"PUT", "/b/k", {{"Host", "h"}}, "body"};
    const auto now = at("20261123T193000Z");
    sign(r, vector_key, "r", "s3", now);
    const auto claimed = *parse_authorization(header_of(r, "Authorization"));
    ASSERT_TRUE(verify(r, claimed, vector_secret, now));
    r.body = "other";
    EXPECT_FALSE(verify(r, claimed, vector_secret, now));
}

TEST(sigv4, a_year_that_no_clock_holds_is_refused) {
    signable_request r{"GET", "/", {{"Host", "h"}}, ""};
    sign(r, vector_key, "r", "s", at("20261123T193000Z"));
    auto claimed = *parse_authorization(header_of(r, "Authorization"));
    for (const auto* date : {"99991123T193000Z", "00001123T193000Z"}) {
        claimed.date = std::string(date).substr(0, 8);
        r.headers.back() = {"X-Amz-Date", date};
        std::erase_if(r.headers,
                      [&](const auto& h) { return h.first == "X-Amz-Date" && h.second != date; });
        EXPECT_EQ(verify(r, claimed, vector_secret, at("20261123T193000Z")).error().code,
                  errc::invalid_input);
    }
}

TEST(sigv4, a_date_that_is_not_the_scopes_is_refused) {
    signable_request r{"GET", "/", {{"Host", "h"}}, ""};
    sign(r, vector_key, "r", "s", at("20261123T193000Z"));
    auto claimed = *parse_authorization(header_of(r, "Authorization"));
    claimed.date = "20261122";
    EXPECT_FALSE(verify(r, claimed, vector_secret, at("20261123T193000Z")));
}

TEST(canonical_path, dot_segments_and_doubled_slashes_go_before_signing) {
    EXPECT_EQ(canonical_path("/", "x"), "/");
    EXPECT_EQ(canonical_path("", "x"), "/");
    EXPECT_EQ(canonical_path("//a//b/", "x"), "/a/b/");
    EXPECT_EQ(canonical_path("/a/./b/../c", "x"), "/a/c");
    EXPECT_EQ(canonical_path("/../..", "x"), "/");
    EXPECT_EQ(canonical_path("/a%20b", "x"), "/a%2520b");
    EXPECT_EQ(canonical_path("/a%20b//c", "s3"), "/a%20b//c");
}

TEST(parse_authorization, blanks_between_parameters_do_not_matter) {
    const auto signature = std::string(64, 'a');
    const auto read = parse_authorization(
        "AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-date,Signature=" + signature +
        " ,  Credential=K/20261123/r/s/aws4_request");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->access_key_id, "K");
    EXPECT_EQ(read->region, "r");
    EXPECT_EQ(read->service, "s");
    EXPECT_EQ(read->signature, signature);
}

TEST(parse_authorization, broken_headers_are_refused_with_the_reason) {
    const auto signature = "Signature=" + std::string(64, 'a');
    const std::string names = "SignedHeaders=host;x-amz-date";
    const std::string credential = "Credential=K/20261123/r/s/aws4_request";
    const std::string start = "AWS4-HMAC-SHA256 ";
    const std::vector<std::pair<std::string, std::string>> broken = {
        {"", "start with"},
        {"Basic QWxhZGRpbg==", "start with"},
        {"AWS4-HMAC-SHA256", "start with"},
        {start, "start with"},
        {start + credential + "," + names, "requires 'Credential'"},
        {start + names + "," + signature, "requires 'Credential'"},
        {start + credential + "," + signature, "requires 'Credential'"},
        {start + credential + "," + names + "," + signature + ",x=y", "unknown parameter"},
        {start + "Credential=K/2026/r/s/aws4_request," + names + "," + signature, "KEY/YYYYMMDD"},
        {start + "Credential=K/20261123/r/s," + names + "," + signature, "KEY/YYYYMMDD"},
        {start + "Credential=/20261123/r/s/aws4_request," + names + "," + signature, "KEY/"},
        {start + credential + ",SignedHeaders=," + signature, "lower-case names"},
        {start + credential + ",SignedHeaders=Host," + signature, "lower-case names"},
        {start + credential + ",SignedHeaders=x-amz-date;host," + signature, "sorted"},
        {start + credential + ",SignedHeaders=host;host," + signature, "sorted"},
        {start + credential + ",SignedHeaders=x-amz-date," + signature, "'host'"},
        {start + credential + "," + names + ",Signature=abc", "64 lower-case"},
        {start + credential + "," + names + ",Signature=" + std::string(64, 'A'), "64 lower-case"},
    };
    for (const auto& [header, why] : broken) {
        const auto read = parse_authorization(header);
        ASSERT_FALSE(read) << header;
        EXPECT_THAT(read.error().context, HasSubstr(why)) << header;
    }
}

}  // namespace
}  // namespace evergrass::aws
