#include "libs/pkcs11/uri.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

namespace evergrass::pkcs11 {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(pkcs11_uri, says_which_token_and_which_key) {
    const auto read = parse_uri(
        "pkcs11:token=My%20token;manufacturer=A&B;model=m;serial=0a;slot-id=7;object=k%3b;id=%00%"
        "ff;"
        "type=private;library-version=2.1;x-mine=1?pin-source=file:/run/pin&module-path=/usr/lib/"
        "x.so&module-name=soft&pin-value=12%2634");
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->token, "My token");
    EXPECT_EQ(read->manufacturer, "A&B");
    EXPECT_EQ(read->model, "m");
    EXPECT_EQ(read->serial, "0a");
    EXPECT_EQ(read->slot_id, 7U);
    EXPECT_EQ(read->object, "k;");
    EXPECT_EQ(read->id, std::string("\0\xff", 2));
    EXPECT_EQ(read->type, "private");
    EXPECT_EQ(read->pin_source, "file:/run/pin");
    EXPECT_EQ(read->pin_value, "12&34");
    EXPECT_EQ(read->module_name, "soft");
    EXPECT_EQ(read->module_path, "/usr/lib/x.so");
}

TEST(pkcs11_uri, what_is_not_said_may_be_any) {
    const auto read = parse_uri("pkcs11:");
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->token || read->object || read->id || read->slot_id || read->pin_source);
    EXPECT_TRUE(is_uri("pkcs11:object=a"));
    EXPECT_FALSE(is_uri("/etc/master.key"));
}

TEST(pkcs11_uri, what_is_wrong_is_named_and_no_value_is_told) {
    for (const auto& [text, named] : std::initializer_list<std::pair<const char*, const char*>>{
             {"pkcs:token=a", "begin with pkcs11:"},
             {"pkcs11:token", "NAME=VALUE"},
             {"pkcs11:=a", "NAME=VALUE"},
             {"pkcs11:token=a;token=b", "token is there twice"},
             {"pkcs11:token=a b", "token has a character"},
             {"pkcs11:token=a/b", "token has a character"},
             {"pkcs11:token=%zz", "token has a broken percent-encoding"},
             {"pkcs11:tokens=a", "tokens is not an attribute"},
             {"pkcs11:pin-value=hush", "pin-value is not an attribute"},
             {"pkcs11:type=key", "type is not"},
             {"pkcs11:slot-id=x", "slot-id is not a number"},
             {"pkcs11:?pin-value=hush;", "pin-value has a character"},
             {"pkcs11:?token=a", "token is not an attribute"},
         }) {
        const auto read = parse_uri(text);
        ASSERT_FALSE(read) << text;
        EXPECT_THAT(read.error().message(), AllOf(HasSubstr(named), Not(HasSubstr("hush"))))
            << text;
    }
    EXPECT_FALSE(parse_uri("pkcs11:token=" + std::string(5000, 'a')));
}

TEST(pkcs11_uri, a_pins_source_is_a_file) {
    EXPECT_EQ(path_of_pin_source("/run/pin").value(), "/run/pin");
    EXPECT_EQ(path_of_pin_source("file:/run/pin").value(), "/run/pin");
    EXPECT_EQ(path_of_pin_source("file:///run/pin").value(), "/run/pin");
    EXPECT_EQ(path_of_pin_source("file://localhost/run/pin").value(), "/run/pin");
    EXPECT_EQ(path_of_pin_source("|cat pin").error().code, errc::unsupported);
    EXPECT_EQ(path_of_pin_source("https://h/pin").error().code, errc::unsupported);
    EXPECT_EQ(path_of_pin_source("file://other/pin").error().code, errc::invalid_input);
    EXPECT_EQ(path_of_pin_source("").error().code, errc::invalid_input);
}

}  // namespace
}  // namespace evergrass::pkcs11
