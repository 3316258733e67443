#include "libs/rt/stream.hpp"

#include "libs/base/errors.hpp"
#include "libs/rt/test_certificates.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>

namespace evergrass::rt {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::id_of;
using testing::run;
using testing::run_until;
using testing::test_ca;

// A TLS server on a free port that keeps what was accepted.
struct tls_fixture : ::testing::Test {
    asio::io_context io;
    test_ca ca;
    test_ca other_ca{"Other CA"};
    tls_server_options server;
    tls_client_options client;
    std::vector<secure_connection> accepted;
    std::unique_ptr<listener> listening;
    listen_options where;

    tls_fixture() {
        server.identity = ca.issue("server", {"127.0.0.1", "localhost"});
        client.ca_pem = ca.pem;
    }

    void listen() {
        auto context = make_server_context(server).value();
        listening = listener::open_tls(
                        io.get_executor(), where, [context] { return context; },
                        [this](secure_connection c) { accepted.push_back(std::move(c)); }, logger())
                        .value();
    }

    dial_options to_server(std::string name = "127.0.0.1") const {
        return {.host = "127.0.0.1",
                .port = listening->port(),
                .server_name = std::move(name),
                .timeout = 10s,
                .proxy = {}};
    }

    result<secure_connection> dial(std::string name = "127.0.0.1") {
        return run(io, dial_tls(make_client_context(client).value(), to_server(std::move(name))));
    }

    void accept_until(std::size_t count) {
        run_until(io, [&] { return accepted.size() >= count; });
    }

    // The error of the first read on a connection, in words.
    std::string first_read_failure(secure_connection& connection) {
        std::array<char, 1> byte;
        auto& stream = *connection.stream;
        try {
            run(io, stream.async_read_some(asio::buffer(byte), asio::use_awaitable));
        } catch (const boost::system::system_error& e) {
            return explain_tls_failure(e.code(), stream.native_handle());
        }
        return "no failure";
    }
};

TEST_F(tls_fixture, a_client_without_a_certificate_connects_where_none_is_asked_for) {
    listen();
    auto connection = dial();
    ASSERT_TRUE(connection) << connection.error().message();
    accept_until(1);
    EXPECT_FALSE(accepted[0].peer);
    EXPECT_THAT(accepted[0].remote_address, HasSubstr("127.0.0.1:"));
}

TEST_F(tls_fixture, the_server_sees_the_id_of_an_admitted_certificate_of_any_issuer) {
    client.identity = other_ca.issue("device");
    const auto wanted = id_of(*client.identity);
    server.authentication = client_auth::required;
    server.admit = [wanted](const peer_certificate& peer) { return peer.id == wanted; };
    listen();
    auto connection = dial();
    ASSERT_TRUE(connection) << connection.error().message();
    accept_until(1);
    EXPECT_EQ(accepted[0].peer.value().id, wanted);
}

TEST_F(tls_fixture, an_unknown_certificate_gets_an_alert_even_when_the_ca_signed_it) {
    client.identity = ca.issue("device");
    server.authentication = client_auth::required;
    server.admit = [](const peer_certificate&) { return false; };
    listen();
    auto connection = dial();  // with TLS 1.3 the client's side of the handshake is done already
    ASSERT_TRUE(connection) << connection.error().message();
    EXPECT_THAT(first_read_failure(*connection), HasSubstr("refused our certificate"));
    EXPECT_TRUE(accepted.empty());
}

TEST_F(tls_fixture, the_alert_arrives_although_the_client_was_already_talking) {
    client.identity = ca.issue("device");
    server.authentication = client_auth::required;
    server.admit = [](const peer_certificate&) { return false; };
    listen();
    auto connection = dial();
    ASSERT_TRUE(connection);
    const std::string hello(8000, 'x');
    asio::write(*connection->stream, asio::buffer(hello));
    EXPECT_THAT(first_read_failure(*connection), HasSubstr("refused our certificate"));
}

TEST_F(tls_fixture, with_tls_1_2_an_unknown_certificate_fails_the_handshake) {
    client.identity = ca.issue("device");
    server.authentication = client_auth::required;
    server.admit = [](const peer_certificate&) { return false; };
    listen();
    auto context = make_client_context(client).value();
    SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_2_VERSION);
    auto connection = run(io, dial_tls(context, to_server()));
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().message(), HasSubstr("refused our certificate"));
}

TEST_F(tls_fixture, a_missing_certificate_is_refused_where_one_is_required) {
    server.authentication = client_auth::required;
    listen();
    auto connection = dial();
    ASSERT_TRUE(connection);
    EXPECT_THAT(first_read_failure(*connection), HasSubstr("demands a client certificate"));
}

TEST_F(tls_fixture, an_optional_certificate_may_be_missing_but_not_be_wrong) {
    server.authentication = client_auth::optional;
    server.admit = [](const peer_certificate&) { return false; };
    listen();
    ASSERT_TRUE(dial());
    accept_until(1);
    client.identity = ca.issue("device");
    auto refused = dial();
    ASSERT_TRUE(refused);
    EXPECT_THAT(first_read_failure(*refused), HasSubstr("refused our certificate"));
    EXPECT_EQ(accepted.size(), 1u);
}

TEST_F(tls_fixture, a_second_connection_cannot_resume_its_way_around_the_certificate) {
    client.identity = ca.issue("device");
    server.authentication = client_auth::required;
    bool revoked = false;
    server.admit = [&revoked](const peer_certificate&) { return !revoked; };
    listen();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        revoked = false;
        auto context = make_client_context(client).value();
        SSL_CTX_set_max_proto_version(context->native_handle(), version);
        SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_CLIENT);
        auto first = run(io, dial_tls(context, to_server()));
        ASSERT_TRUE(first);
        auto* session = SSL_get1_session(first->stream->native_handle());
        EXPECT_FALSE(SSL_SESSION_has_ticket(session));
        SSL_SESSION_free(session);
        revoked = true;
        auto second = run(io, dial_tls(context, to_server()));
        EXPECT_TRUE(!second || first_read_failure(*second) != "no failure");
    }
}

TEST_F(tls_fixture, the_v1_cipher_suites_of_tls_1_2_are_spoken) {
    for (const auto* suite :
         {"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES256-GCM-SHA384",
          "AES128-SHA", "AES128-GCM-SHA256", "AES256-SHA", "AES256-GCM-SHA384",
          "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"}) {
        const bool ecdsa = std::string_view(suite).find("ECDSA") != std::string_view::npos;
        server.identity = ca.issue("server", {"127.0.0.1"}, 12h,
                                   ecdsa ? pki::generate_ec_key() : pki::generate_rsa_key());
        listen();
        auto context = make_client_context(client).value();
        SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_2_VERSION);
        ASSERT_EQ(SSL_CTX_set_cipher_list(context->native_handle(), suite), 1);
        auto connection = run(io, dial_tls(context, to_server()));
        EXPECT_TRUE(connection) << suite << ": " << connection.error().message();
    }
}

TEST_F(tls_fixture, alpn_agrees_on_the_servers_first_choice_and_lets_unknown_offers_pass) {
    server.alpn = {"x-amzn-mqtt-ca", "x-amzn-http-ca"};
    listen();
    client.alpn = {"x-amzn-http-ca"};
    EXPECT_EQ(dial().value().alpn, "x-amzn-http-ca");
    client.alpn = {"h2", "something"};
    auto connection = dial();
    ASSERT_TRUE(connection) << connection.error().message();
    EXPECT_EQ(connection->alpn, "");
}

TEST_F(tls_fixture, a_server_of_another_ca_is_refused_with_the_next_step) {
    listen();
    client.ca_pem = other_ca.pem;
    auto connection = dial();
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().message(), HasSubstr("not signed by a CA in the CA file"));
}

TEST_F(tls_fixture, a_server_of_another_name_or_address_is_refused) {
    listen();
    EXPECT_TRUE(dial("localhost"));
    for (const auto* name : {"example.com", "127.0.0.2"}) {
        auto connection = dial(name);
        ASSERT_FALSE(connection) << name;
        EXPECT_THAT(connection.error().message(), HasSubstr("another host name"));
    }
}

TEST_F(tls_fixture, an_expired_server_certificate_is_refused) {
    server.identity = ca.issue("server", {"127.0.0.1"}, -1h);
    listen();
    auto connection = dial();
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().message(), HasSubstr("has expired"));
}

TEST_F(tls_fixture, a_client_that_says_nothing_is_dropped) {
    where.handshake_timeout = 20ms;
    listen();
    auto silent = run(io, dial_plain(to_server()));
    ASSERT_TRUE(silent);
    std::array<char, 16> bytes;
    EXPECT_THROW(run(io, silent->socket.async_read_some(asio::buffer(bytes), asio::use_awaitable)),
                 boost::system::system_error);
    EXPECT_TRUE(dial());
}

TEST_F(tls_fixture, silent_clients_up_to_the_limit_do_not_keep_others_out_for_ever) {
    where.handshake_timeout = 50ms;
    where.max_handshakes = 2;
    listen();
    std::vector<plain_connection> silent;
    for (int i = 0; i < 4; ++i) {
        silent.push_back(run(io, dial_plain(to_server())).value());
    }
    EXPECT_TRUE(dial());
}

TEST_F(tls_fixture, stop_cuts_a_handshake_and_leaves_nothing_to_run) {
    listen();
    auto silent = run(io, dial_plain(to_server()));
    io.poll();
    listening->stop();
    io.restart();
    io.run();  // returns at once because nothing is left
    EXPECT_TRUE(accepted.empty());
    const auto refused = run(io, dial_plain(to_server()));
    EXPECT_FALSE(refused);
}

TEST_F(tls_fixture, a_renewed_certificate_serves_the_next_connection) {
    auto current = make_server_context(server).value();
    listening = listener::open_tls(
                    io.get_executor(), where, [&current] { return current; },
                    [this](secure_connection c) { accepted.push_back(std::move(c)); }, logger())
                    .value();
    const auto first = dial().value().peer.value().id;
    server.identity = ca.issue("server", {"127.0.0.1"});
    current = make_server_context(server).value();
    EXPECT_NE(dial().value().peer.value().id, first);
}

TEST(tls_context, a_key_of_another_certificate_is_refused) {
    const test_ca ca;
    tls_server_options options;
    options.identity = ca.issue("a");
    options.identity.key_pem = pki::generate_ec_key();
    EXPECT_THAT(make_server_context(options).error().message(), HasSubstr("does not belong"));
    options.identity.chain_pem = "nonsense";
    EXPECT_THAT(make_server_context(options).error().message(), HasSubstr("chain"));
}

TEST(tls_context, a_ca_file_without_a_certificate_is_refused) {
    EXPECT_FALSE(make_client_context({.ca_pem = "hello", .identity = {}, .alpn = {}}));
}

TEST(listener, a_port_in_use_is_named_with_what_to_do) {
    asio::io_context io;
    listen_options where;
    auto first = listener::open_plain(
        io.get_executor(), where, [](plain_connection) {}, logger());
    where.port = first.value()->port();
    auto second = listener::open_plain(
        io.get_executor(), where, [](plain_connection) {}, logger());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message(), HasSubstr(std::to_string(where.port)));
    EXPECT_THAT(second.error().message(), HasSubstr("another program listens"));
    where.address = "not-an-address";
    EXPECT_EQ(listener::open_plain(
                  io.get_executor(), where, [](plain_connection) {}, logger())
                  .error()
                  .code,
              errc::invalid_input);
}

TEST(dial, a_refused_connection_names_host_and_port) {
    asio::io_context io;
    auto unused = listener::open_plain(
        io.get_executor(), {}, [](plain_connection) {}, logger());
    const auto port = unused.value()->port();
    unused.value()->stop();
    auto connection =
        run(io, dial_plain({.host = "127.0.0.1", .port = port, .server_name = {}, .proxy = {}}));
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().message(), HasSubstr("127.0.0.1 port " + std::to_string(port)));
}

TEST(dial, a_server_that_never_answers_the_handshake_times_out) {
    asio::io_context io;
    std::vector<plain_connection> kept;
    auto mute = listener::open_plain(
                    io.get_executor(), {},
                    [&kept](plain_connection c) { kept.push_back(std::move(c)); }, logger())
                    .value();
    auto connection = run(io, dial_tls(make_client_context({}).value(), {.host = "127.0.0.1",
                                                                         .port = mute->port(),
                                                                         .server_name = {},
                                                                         .timeout = 20ms,
                                                                         .proxy = {}}));
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().code, errc::timed_out);
}

TEST(dial, a_server_without_tls_is_recognised) {
    asio::io_context io;
    auto plain =
        listener::open_plain(
            io.get_executor(), {},
            [](plain_connection c) {
                asio::write(c.socket, asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28));
            },
            logger())
            .value();
    auto connection = run(
        io, dial_tls(make_client_context({}).value(),
                     {.host = "127.0.0.1", .port = plain->port(), .server_name = {}, .proxy = {}}));
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().message(), HasSubstr("does not speak TLS"));
}

TEST(dial, an_unknown_host_is_an_error_with_its_name) {
    asio::io_context io;
    auto connection = run(
        io,
        dial_plain({.host = "no-such-host.invalid", .port = 1, .server_name = {}, .proxy = {}}));
    ASSERT_FALSE(connection);
    EXPECT_THAT(connection.error().message(), HasSubstr("no-such-host.invalid"));
}

asio::awaitable<bool> cancelled_sleep() {
    using namespace asio::experimental::awaitable_operators;
    bool woke = true;
    const auto sleeper = [](bool* result) -> asio::awaitable<void> {
        const bool slept = co_await sleep_for(1h);
        *result = slept;
    };
    auto both = co_await (sleeper(&woke) || sleep_for(1ms));
    (void)both;
    co_return woke;
}

TEST(sleep_for, says_whether_the_time_passed_or_it_was_cancelled) {
    asio::io_context io;
    EXPECT_TRUE(run(io, sleep_for(1ms)));
    EXPECT_FALSE(run(io, cancelled_sleep()));
}

}  // namespace
}  // namespace evergrass::rt
