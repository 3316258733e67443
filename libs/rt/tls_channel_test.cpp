#include "libs/rt/tls_channel.hpp"

#include "libs/rt/test_tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace evergrass::rt {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using progress = tls_channel::progress;

class tls_channel_test : public ::testing::Test {
protected:
    tls_channel_test() { EXPECT_EQ(both.shake_hands(), progress::done); }

    // What the server decrypts of `ciphertext` in reads of `size` bytes.
    std::string decrypted(std::string_view ciphertext, std::size_t size) {
        std::string all;
        std::string into(size, '\0');
        both.at_server.input = ciphertext;
        for (;;) {
            const auto got = both.server.read(both.at_server, into.data(), size);
            all.append(into, 0, got.count);
            last = got.state;
            if (got.state != progress::full) {
                return all;
            }
        }
    }

    test_ca ca;
    tls_identity device = ca.issue("device");
    std::shared_ptr<const server_tls> tls = server_tls::make({.identity = ca.issue("server"),
                                                              .admit = nullptr,
                                                              .ca_pem = {},
                                                              .alpn = {},
                                                              .cipher_suites = {}},
                                                             tls_sessions())
                                                .value();
    client_tls at_client{&device};
    tls_pair both{*tls, at_client};
    progress last = progress::done;
};

TEST_F(tls_channel_test, carries_any_amount_in_both_directions) {
    for (const std::size_t size : {1U, 100U, 16'384U, 16'385U, 100'000U}) {
        const std::string text(size, 'x');
        EXPECT_TRUE(both.server_says(text) == text) << size;
        EXPECT_TRUE(decrypted(both.client_encrypts(text), 1'000'000) == text) << size;
        EXPECT_TRUE(decrypted(both.client_encrypts(text), 777) == text) << size;
    }
}

TEST_F(tls_channel_test, small_things_that_are_written_together_are_one_record) {
    ASSERT_TRUE(both.server.write(both.at_server, std::string(16'384, 'x')));
    const auto record = both.at_server.output.size();
    EXPECT_LT(record, 16'384U + 64U);
    both.at_server.output.clear();
    ASSERT_TRUE(both.server.write(both.at_server, std::string(16'385, 'x')));
    EXPECT_GT(both.at_server.output.size(), record + 1);
}

TEST_F(tls_channel_test, keeps_what_it_needs_of_an_unfinished_record) {
    auto ciphertext = both.client_encrypts("hello");
    ciphertext += both.client_encrypts("again");
    std::string all;
    for (const char byte : ciphertext) {
        all += decrypted({&byte, 1}, 100);
        ASSERT_EQ(last, progress::done) << both.server.failure();
        ASSERT_TRUE(both.at_server.input.empty());
    }
    EXPECT_EQ(all, "helloagain");
}

TEST_F(tls_channel_test, says_that_the_peer_closed_and_still_gives_what_came_before) {
    auto ciphertext = both.client_encrypts("bye");
    both.client.close(both.at_client);
    ciphertext += both.at_client.output;
    EXPECT_EQ(decrypted(ciphertext, 100), "bye");
    EXPECT_EQ(last, progress::closed);
}

TEST_F(tls_channel_test, tells_the_peer_that_it_closes) {
    both.server.close(both.at_server);
    const auto alert = std::exchange(both.at_server.output, {});
    ASSERT_FALSE(alert.empty());
    char into[10];
    both.at_client.input = alert;
    EXPECT_EQ(both.client.read(both.at_client, into, sizeof into).state, progress::closed);
}

TEST_F(tls_channel_test, fails_with_an_alert_on_a_record_that_was_tampered_with) {
    auto ciphertext = both.client_encrypts("hello");
    ciphertext.back() = static_cast<char>(ciphertext.back() ^ 1);
    EXPECT_EQ(decrypted(ciphertext, 100), "");
    EXPECT_EQ(last, progress::failed);
    EXPECT_FALSE(both.at_server.output.empty());
    EXPECT_THAT(both.server.failure(), HasSubstr("TLS failed: "));
}

TEST_F(tls_channel_test, answers_a_key_update_and_goes_on) {
    ASSERT_EQ(SSL_key_update(both.client.handle(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(decrypted(both.client_encrypts("new key"), 100), "new key");
    EXPECT_EQ(both.server_says("mine too"), "mine too");
}

TEST_F(tls_channel_test, goes_on_after_it_was_moved) {
    tls_channel moved(std::move(both.server));
    both.at_server.input = {};
    const auto ciphertext = both.client_encrypts("hello");
    both.at_server.input = ciphertext;
    char into[10];
    EXPECT_EQ(moved.read(both.at_server, into, sizeof into).count, 5U);
}

TEST(tls_channel, names_a_peer_that_does_not_speak_tls) {
    const test_ca ca;
    const auto tls = server_tls::make({.identity = ca.issue("server"),
                                       .admit = nullptr,
                                       .ca_pem = {},
                                       .alpn = {},
                                       .cipher_suites = {}},
                                      tls_sessions())
                         .value();
    tls_channel server(tls->handle(), tls_channel::role::server);
    tls_wire wire;
    wire.input = std::string_view("\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0", 14);
    EXPECT_EQ(server.handshake(wire), progress::failed);
    EXPECT_THAT(server.failure(), HasSubstr("does not speak TLS"));
}

}  // namespace
}  // namespace evergrass::rt
