#include "libs/aws/sigv4.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

namespace evergrass::aws {
namespace {

using ::testing::HasSubstr;

constexpr const char* secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

// Both for `GET wss://127.0.0.1:8444/mqtt` at 2026-11-23T19:30:00Z.
const std::string of_botocore =
    "/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261123%2Feu-west-1%2F"
    "iotdevicegateway%2Faws4_request&X-Amz-Date=20261123T193000Z&X-Amz-Expires=60"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature="
    "67d7e77eb992de7c1e42af333d152ab23abee729ae6bed211de5c44c62978c0c";
const std::string of_iot_device_sdk_1 =
    "/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261123%2Feu-west-1%2F"
    "iotdevicegateway%2Faws4_request&X-Amz-Date=20261123T193000Z&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=78c77374a3d63f4db8aff493175882cb7d7fb15eb5a0073da3410f22460262c3"
    "&X-Amz-Security-Token=token%2Fwith%2Bsigns";

wall_time at(std::string_view basic) {
    return *parse_basic_iso8601(basic);
}

result<void> check(const std::string& target, wall_time now, std::string_view key = secret,
                   const std::string& host = "127.0.0.1:8444") {
    const signable_request asked{"GET", target, {{"Host", host}, {"Upgrade", "websocket"}}, ""};
    const auto claimed = parse_presigned(target);
    if (!claimed) {
        return claimed.error();
    }
    if (!*claimed) {
        return error{errc::not_found, "no signature"};
    }
    return verify_presigned(asked, **claimed, key, now);
}

TEST(presigned, the_query_names_its_signer) {
    const auto read = parse_presigned(of_botocore);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->claimed.access_key_id, "AKIDEXAMPLE");
    EXPECT_EQ((*read)->claimed.region, "eu-west-1");
    EXPECT_EQ((*read)->claimed.service, "iotdevicegateway");
    EXPECT_EQ((*read)->expires, std::chrono::seconds(60));
}

TEST(presigned, what_stock_clients_sign_verifies) {
    EXPECT_TRUE(check(of_botocore, at("20261123T193030Z")));
    EXPECT_TRUE(check(of_iot_device_sdk_1, at("20261123T193030Z")));
}

TEST(presigned, an_url_of_s3_signs_the_path_once_and_no_body) {
    const std::string of_s3 =
        "/bucket/a%20b.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261127"
        "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261127T142710Z&X-Amz-Expires=3600"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature="
        "e64a0cf15a517176d57dbe9512e11e9e7ec6d9ed65aa767bf9b86793ec8e04d9";
    const std::string host = "127.0.0.1:8443";
    EXPECT_TRUE(check(of_s3, at("20261127T150000Z"), secret, host));
    EXPECT_EQ(check(of_s3, at("20261127T152711Z"), secret, host).error().code, errc::timed_out);
    auto other = of_s3;
    other.replace(other.find("a%20b"), 5, "a%20c");
    EXPECT_EQ(check(other, at("20261127T150000Z"), secret, host).error().code, errc::denied);
}

TEST(presigned, any_change_is_refused) {
    const auto now = at("20261123T193030Z");
    EXPECT_EQ(check(of_botocore, now, "another secret").error().code, errc::denied);
    EXPECT_EQ(check(of_botocore, now, secret, "127.0.0.1").error().code, errc::denied);
    EXPECT_EQ(check(of_botocore + "&x=1", now).error().code, errc::denied);
    auto longer = of_botocore;
    longer.replace(longer.find("Expires=60"), 10, "Expires=61");
    EXPECT_EQ(check(longer, now).error().code, errc::denied);
    EXPECT_EQ(check("/other" + of_botocore.substr(5), now).error().code, errc::denied);
}

TEST(presigned, it_holds_as_long_as_it_says_or_15_minutes) {
    EXPECT_TRUE(check(of_botocore, at("20261123T193100Z")));
    EXPECT_EQ(check(of_botocore, at("20261123T193101Z")).error().context,
              "Signature expired: 20261123T193000Z is now earlier than 20261123T193001Z "
              "(20261123T193101Z - 60 s)");
    EXPECT_TRUE(check(of_iot_device_sdk_1, at("20261123T194500Z")));
    EXPECT_EQ(check(of_iot_device_sdk_1, at("20261123T194501Z")).error().code, errc::timed_out);
    EXPECT_EQ(check(of_botocore, at("20261123T191459Z")).error().code, errc::timed_out);
}

TEST(presigned, a_target_without_a_signature_is_none) {
    for (const auto* target : {"", "/", "/mqtt", "/mqtt?", "/mqtt?x=1", "/?X-Amz-Date=1"}) {
        const auto read = parse_presigned(target);
        ASSERT_TRUE(read) << target;
        EXPECT_FALSE(*read) << target;
    }
}

TEST(presigned, broken_queries_are_refused_with_the_reason) {
    const std::vector<std::pair<std::string, std::string>> changes = {
        {"AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"},
        {"AKIDEXAMPLE%2F", "%2F"},
        {"=host", "="},
        {"=host", "=date"},
        {"&X-Amz-Signature=67", "&X-Amz-Signature="},
        {"Expires=60", "Expires=0"},
        {"Expires=60", "Expires=604801"},
        {"Expires=60", "Expires=60s"},
        {"Expires=60", "Expires=60&X-Amz-Expires=61"},
        {"X-Amz-Date=20261123T193000Z", "X-Amz-Date=yesterday"},
        {"X-Amz-Date=20261123T193000Z&", ""},
    };
    for (const auto& [from, to] : changes) {
        auto target = of_botocore;
        target.replace(target.find(from), from.size(), to);
        const auto checked = check(target, at("20261123T193030Z"));
        ASSERT_FALSE(checked) << target;
        EXPECT_EQ(checked.error().code, errc::invalid_input) << target;
    }
    EXPECT_THAT(check("/?X-Amz-Signature=1", at("20261123T193030Z")).error().context,
                HasSubstr("X-Amz-Algorithm"));
}

TEST(presigning, signs_as_botocore_does) {
    presigning wanted;
    wanted.host = "127.0.0.1:8444";
    wanted.path = "/mqtt";
    wanted.region = "eu-west-1";
    wanted.service = "iotdevicegateway";
    wanted.expires = std::chrono::seconds(60);
    const auto now = at("20261123T193000Z");
    EXPECT_EQ(presign_get(wanted, {"AKIDEXAMPLE", secret}, now), of_botocore);
    wanted.session_token = "token/with+signs";
    const auto temporary = presign_get(wanted, {"AKIDEXAMPLE", secret}, now);
    EXPECT_THAT(temporary, HasSubstr("&X-Amz-Security-Token=token%2Fwith%2Bsigns&"));
    EXPECT_TRUE(check(temporary, now));
}

}  // namespace
}  // namespace evergrass::aws
