#include "libs/rt/session_store.hpp"

#include "libs/rt/test_tls_pair.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>

namespace evergrass::rt {
namespace {

using namespace std::chrono_literals;

const session_store::time start{};

session_store::entry entry(std::string state, std::chrono::seconds lives = 1h) {
    session_store::entry fresh;
    fresh.state = std::move(state);
    fresh.ends = start + lives;
    return fresh;
}

TEST(session_store, finds_what_was_put_until_it_ends) {
    session_store store(10);
    store.put("a", entry("A", 10s), start);
    ASSERT_TRUE(store.find("a", start + 9s));
    EXPECT_EQ(store.find("a", start + 9s)->state, "A");
    EXPECT_FALSE(store.find("a", start + 10s));
    EXPECT_FALSE(store.find("b", start));
}

TEST(session_store, gives_up_the_oldest_beyond_its_limit_and_those_that_are_over) {
    session_store store(2);
    for (const auto* id : {"a", "b", "c"}) {
        store.put(id, entry(id), start);
    }
    EXPECT_EQ(store.size(), 2U);
    EXPECT_FALSE(store.find("a", start));
    EXPECT_TRUE(store.find("c", start));
    store.put("d", entry("d", 3h), start + 2h);
    EXPECT_EQ(store.size(), 1U);
}

TEST(session_store, replaces_what_has_the_same_id) {
    session_store store(2);
    store.put("a", entry("old"), start);
    store.put("a", entry("new"), start);
    EXPECT_EQ(store.size(), 1U);
    EXPECT_EQ(store.find("a", start)->state, "new");
}

TEST(without_certificate, leaves_a_session_that_openssl_reads_and_that_shows_none) {
    const testing::test_ca ca;
    const auto device = ca.issue("device");
    const auto tls = server_tls::make({.identity = ca.issue("server"),
                                       .admit = nullptr,
                                       .ca_pem = {},
                                       .alpn = {},
                                       .cipher_suites = {}},
                                      tls_sessions())
                         .value();
    testing::client_tls client(&device);
    testing::tls_pair both(*tls, client);
    ASSERT_EQ(both.shake_hands(), tls_channel::progress::done);
    auto* const session = SSL_get0_session(both.server.handle());
    std::string der(static_cast<std::size_t>(i2d_SSL_SESSION(session, nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_SSL_SESSION(session, &out);

    const auto small = without_certificate(der);
    ASSERT_TRUE(small);
    EXPECT_LT(small->size(), 400U);
    const auto* in = reinterpret_cast<const unsigned char*>(small->data());
    auto* const again = d2i_SSL_SESSION(nullptr, &in, static_cast<long>(small->size()));
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(SSL_SESSION_get0_peer(again), nullptr);
    EXPECT_EQ(SSL_SESSION_get0_cipher(again), SSL_SESSION_get0_cipher(session));
    SSL_SESSION_free(again);
}

TEST(without_certificate, refuses_what_is_no_session) {
    using namespace std::string_literals;
    for (const auto& bytes : {""s, "\x30"s, "\x30\x05\x02"s, "\x31\x00"s, "\x30\x80\x00\x00"s,
                              "\x30\x03\xa3\x05\x00"s, "\x30\x00\x00"s, "\x30\x84\x00\x00"s}) {
        EXPECT_FALSE(without_certificate(bytes));
    }
    EXPECT_EQ(without_certificate("\x30\x05\xa3\x00\x02\x01\x07"s), "\x30\x03\x02\x01\x07"s);
}

}  // namespace
}  // namespace evergrass::rt
