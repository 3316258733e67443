#include "apps/evergrass/api_client.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using testing::HasSubstr;

http::response answer(int status, std::string body, std::string type = "") {
    http::response r;
    r.status = status;
    r.body = std::move(body);
    if (!type.empty()) {
        r.headers.add("x-amzn-ErrorType", std::move(type));
    }
    return r;
}

TEST(api_error, names_operation_status_type_and_message) {
    const auto e = error_of("CreateThing", answer(409, R"({"message":"Thing exists"})",
                                                  "ResourceAlreadyExistsException:http://x/"));
    EXPECT_EQ(e.code, errc::conflict);
    EXPECT_EQ(e.context, "CreateThing answered 409 ResourceAlreadyExistsException (Thing exists)");
}

TEST(api_error, takes_the_type_from_the_body_when_no_header_has_it) {
    EXPECT_THAT(
        error_of("GetGroup", answer(404, R"({"Message":"m","__type":"IdNotFound"})")).context,
        HasSubstr("404 IdNotFound (m)"));
}

TEST(api_error, of_a_body_that_is_no_json_quotes_it) {
    const auto e = error_of("GetGroup", answer(503, "busy"));
    EXPECT_EQ(e.code, errc::unavailable);
    EXPECT_EQ(e.context, "GetGroup answered 503 (busy)");
}

TEST(api_error, without_permission_is_denied) {
    EXPECT_EQ(error_of("GetGroup", answer(403, "")).code, errc::denied);
}

}  // namespace
}  // namespace evergrass::cli
