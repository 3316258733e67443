#include "libs/rt/proxy.hpp"

#include "libs/base/errors.hpp"
#include "libs/rt/stream.hpp"
#include "libs/rt/test_certificates.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace evergrass::rt {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// --- URL ------------------------------------------------------------------------------------

TEST(proxy_url, has_a_scheme_a_host_and_perhaps_a_port_and_who_asks) {
    const auto plain = parse_proxy_url("http://proxy.example.com").value();
    EXPECT_FALSE(plain.secure);
    EXPECT_EQ(plain.host, "proxy.example.com");
    EXPECT_EQ(plain.port, 80);
    EXPECT_EQ(plain.user_name, "");
    EXPECT_EQ(parse_proxy_url("HTTPS://10.0.0.1/").value().port, 443);
    const auto full = parse_proxy_url("https://us%40er:p%3Aw@d@[::1]:3128/").value();
    EXPECT_TRUE(full.secure);
    EXPECT_EQ(full.host, "::1");
    EXPECT_EQ(full.port, 3128);
    EXPECT_EQ(full.user_name, "us@er");
    EXPECT_EQ(full.password, "p:w@d");
    EXPECT_EQ(full.name(), "https://[::1]:3128");
    EXPECT_EQ(full.url(), "https://us%40er:p%3Aw%40d@[::1]:3128");
}

TEST(proxy_url, that_is_none_is_told_without_the_password) {
    for (const auto* url :
         {"", "proxy", "proxy:3128", "ftp://u:secret@p", "socks5://u:secret@p", "http://",
          "http://u:secret@", "http://u:secret@:80", "http://u:secret@p:0",
          "http://u:secret@p:65536", "http://u:secret@p:x", "http://u:secret@p/path",
          "http://u:se/secret@p", "http://u:%secret@p", "http://u:secret@p q",
          "http://u:secret@[::1", "http://p?secret", "http://u:secret@[::1]x"}) {
        const auto parsed = parse_proxy_url(url);
        ASSERT_FALSE(parsed) << url;
        EXPECT_EQ(parsed.error().code, errc::invalid_input) << url;
        EXPECT_THAT(parsed.error().message(), Not(HasSubstr("secret"))) << url;
    }
}

// --- Which hosts ----------------------------------------------------------------------------

TEST(proxy_url, has_no_host_that_goes_on_behind_what_an_address_ends_with) {
    using namespace std::string_view_literals;
    for (const auto url : {"http://[c::\0\r\nx: y]:3128"sv, "http://[::1\0]"sv, "http://p\0"sv}) {
        EXPECT_FALSE(parse_proxy_url(url)) << url;
    }
    for (const auto entry : {"::1\0 "sv, "10.0.0.0/8\0"sv, "[::1\0]:80"sv}) {
        EXPECT_FALSE(is_direct_entry(entry)) << entry;
    }
}

TEST(proxy, serves_all_hosts_but_those_that_are_reached_directly) {
    http_proxy proxy;
    EXPECT_TRUE(proxy.serves("localhost", 443));
    proxy.direct = {"example.com", ".below.net", "*.star.org", "10.0.0.0/8",
                    "192.168.1.7", "fd00::/8",   "[::1]:8883", "port.io:443"};
    for (const auto& [host, port] :
         {std::pair("example.com", 1), std::pair("EXAMPLE.com", 1), std::pair("a.b.example.com", 1),
          std::pair("x.below.net", 1), std::pair("x.star.org", 1), std::pair("10.255.0.1", 1),
          std::pair("192.168.1.7", 1), std::pair("fd12::3", 1), std::pair("::1", 8883),
          std::pair("port.io", 443)}) {
        EXPECT_FALSE(proxy.serves(host, static_cast<std::uint16_t>(port))) << host;
    }
    for (const auto& [host, port] :
         {std::pair("badexample.com", 1), std::pair("example.com.evil", 1),
          std::pair("below.net", 1), std::pair("star.org", 1), std::pair("11.0.0.1", 1),
          std::pair("192.168.1.8", 1), std::pair("fe00::1", 1), std::pair("::1", 443),
          std::pair("port.io", 8443), std::pair("10.com", 1)}) {
        EXPECT_TRUE(proxy.serves(host, static_cast<std::uint16_t>(port))) << host;
    }
    proxy.direct = {"*"};
    EXPECT_FALSE(proxy.serves("anything", 1));
}

TEST(proxy, direct_entries_have_few_forms) {
    for (const auto* entry : {"*", "a", ".a.b", "*.a", "1.2.3.4", "10.0.0.0/8", "fd00::/8", "::1",
                              "[::1]", "[::1]:8883", "a:443"}) {
        EXPECT_TRUE(is_direct_entry(entry)) << entry;
    }
    for (const auto* entry :
         {"", ".", "a b", "http://a", "a/b", "10.0.0.0/33", "a:0", "a:b", "a*b", "[::1", "a,b"}) {
        EXPECT_FALSE(is_direct_entry(entry)) << entry;
    }
}

// --- The answer -----------------------------------------------------------------------------

TEST(tunnel_answer, is_whole_at_its_blank_line) {
    const std::string head = "HTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n";
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        const auto part = read_tunnel_answer(std::string_view(head).substr(0, cut));
        ASSERT_TRUE(part) << cut;
        EXPECT_FALSE(*part) << cut;
    }
    EXPECT_EQ(read_tunnel_answer(head + "rest").value(), head.size());
    const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_FALSE(read_tunnel_answer(interim).value());
    EXPECT_EQ(read_tunnel_answer(interim + head).value(), interim.size() + head.size());
    EXPECT_EQ(read_tunnel_answer("HTTP/1.0 299\r\n\r\n").value(), 16U);
}

TEST(tunnel_answer, that_refuses_says_what_to_do) {
    const auto unknown =
        read_tunnel_answer("HTTP/1.1 407 Proxy \x01uthentication Required\r\nX: y\r\n\r\n").error();
    EXPECT_EQ(unknown.code, errc::denied);
    EXPECT_THAT(unknown.message(), HasSubstr("'coreThing.networkProxy'"));
    EXPECT_THAT(unknown.message(), HasSubstr("HTTP 407 Proxy ?uthentication Required"));
    EXPECT_THAT(read_tunnel_answer("HTTP/1.1 403\r\n\r\n").error().message(),
                HasSubstr("allow it CONNECT"));
    EXPECT_EQ(read_tunnel_answer("HTTP/1.1 502 Bad\r\n\r\n").error().code, errc::unavailable);
}

TEST(tunnel_answer, that_is_none_is_refused_as_soon_as_it_shows) {
    for (const auto* text :
         {"S", "HTTP/2", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n",
          "HTTP/1.1 2x0 x\r\n\r\n", "HTTP/1.1  200 x\r\n\r\n", "HTTP/1.\r\n\r\n"}) {
        EXPECT_EQ(read_tunnel_answer(text).error().code, errc::invalid_input) << text;
    }
    const auto endless = "HTTP/1.1 200 x\r\n" + std::string(max_tunnel_answer_bytes, 'x');
    EXPECT_THAT(read_tunnel_answer(endless).error().message(), HasSubstr("does not end"));
}

// --- Connections ----------------------------------------------------------------------------

// A proxy of one connection at a time: plain or by TLS, with what it answers. What it is asked to
// connect to is the echo behind it: it sends back what comes, by TLS when it has an identity.
struct proxied : ::testing::Test {
    asio::io_context io;
    testing::test_ca ca;
    std::unique_ptr<listener> front;
    std::unique_ptr<listener> behind;
    std::string answer = "HTTP/1.1 200 OK\r\n\r\n";
    std::string asked;
    std::optional<tcp_socket> silent;  // a connection that is not answered
    http_proxy proxy;

    template <class Stream>
    static asio::awaitable<void> echo(std::shared_ptr<Stream> stream) {
        std::array<char, 4096> piece{};
        boost::system::error_code failed;
        while (!failed) {
            const auto got = co_await stream->async_read_some(
                asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failed));
            if (!failed) {
                co_await asio::async_write(*stream, asio::buffer(piece.data(), got),
                                           asio::redirect_error(asio::use_awaitable, failed));
            }
        }
    }

    template <class From, class To>
    static asio::awaitable<void> carry(std::shared_ptr<From> from, std::shared_ptr<To> to) {
        std::array<char, 4096> piece{};
        boost::system::error_code failed;
        while (!failed) {
            const auto got = co_await from->async_read_some(
                asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failed));
            if (!failed) {
                co_await asio::async_write(*to, asio::buffer(piece.data(), got),
                                           asio::redirect_error(asio::use_awaitable, failed));
            }
        }
        boost::system::error_code ignored;
        to->lowest_layer().shutdown(tcp_socket::shutdown_both, ignored);
    }

    template <class Stream>
    static asio::awaitable<void> serve(proxied* self, std::shared_ptr<Stream> stream) {
        boost::system::error_code failed;
        while (self->asked.find("\r\n\r\n") == std::string::npos && !failed) {
            std::array<char, 1> one{};
            co_await stream->async_read_some(asio::buffer(one),
                                             asio::redirect_error(asio::use_awaitable, failed));
            self->asked += one[0];
        }
        co_await asio::async_write(*stream, asio::buffer(self->answer),
                                   asio::redirect_error(asio::use_awaitable, failed));
        if (!self->answer.starts_with("HTTP/1.1 200 OK\r\n\r\n")) {
            co_return;
        }
        dial_options to;
        to.host = "127.0.0.1";
        to.port = self->behind->port();
        auto target = co_await dial_plain(to);
        auto socket = std::make_shared<tcp_socket>(std::move(target.value().socket));
        asio::co_spawn(self->io, carry(stream, socket), asio::detached);
        co_await carry(socket, stream);
    }

    void open_behind(bool tls) {
        listen_options where;
        if (!tls) {
            behind = listener::open_plain(
                         io.get_executor(), where,
                         [this](plain_connection came) {
                             asio::co_spawn(
                                 io, echo(std::make_shared<tcp_socket>(std::move(came.socket))),
                                 asio::detached);
                         },
                         logger())
                         .value();
            return;
        }
        auto context = server_context("far.example");
        behind =
            listener::open_tls(
                io.get_executor(), where, [context] { return context; },
                [this, context](secure_connection came) {
                    asio::co_spawn(io, echo(std::shared_ptr<tls_stream>(std::move(came.stream))),
                                   asio::detached);
                },
                logger())
                .value();
    }

    std::shared_ptr<tls_context> server_context(const std::string& name) {
        tls_server_options options;
        options.identity = ca.issue(name, {name});
        return make_server_context(options).value();
    }

    void open_proxy(bool tls) {
        listen_options where;
        proxy.host = "127.0.0.1";
        proxy.secure = tls;
        if (!tls) {
            front =
                listener::open_plain(
                    io.get_executor(), where,
                    [this](plain_connection came) {
                        if (answer.empty()) {
                            silent.emplace(std::move(came.socket));
                            return;
                        }
                        asio::co_spawn(
                            io, serve(this, std::make_shared<tcp_socket>(std::move(came.socket))),
                            asio::detached);
                    },
                    logger())
                    .value();
        } else {
            auto context = server_context("127.0.0.1");
            front =
                listener::open_tls(
                    io.get_executor(), where, [context] { return context; },
                    [this, context](secure_connection came) {
                        asio::co_spawn(
                            io, serve(this, std::shared_ptr<tls_stream>(std::move(came.stream))),
                            asio::detached);
                    },
                    logger())
                    .value();
            proxy.tls = [this] {
                tls_client_options options;
                options.ca_pem = ca.pem;
                return make_client_context(options);
            };
        }
        proxy.port = front->port();
    }

    dial_options to_far(std::chrono::milliseconds timeout = 10s) const {
        dial_options to;
        to.host = "far.example";  // nobody but the proxy could find it
        to.port = 8883;
        to.timeout = timeout;
        to.proxy = std::make_shared<const http_proxy>(proxy);
        return to;
    }

    // Sends `size` bytes and counts those that come back the same.
    template <class Stream>
    static asio::awaitable<std::size_t> round_trip(Stream& stream, std::size_t size) {
        const std::string sent(size, 'x');
        std::string got(size, ' ');
        boost::system::error_code failed;
        co_await asio::async_write(stream, asio::buffer(sent),
                                   asio::redirect_error(asio::use_awaitable, failed));
        co_await asio::async_read(stream, asio::buffer(got),
                                  asio::redirect_error(asio::use_awaitable, failed));
        co_return got == sent ? size : 0;
    }

    ~proxied() override {
        front.reset();
        behind.reset();
        silent.reset();
        io.restart();
        io.poll();
    }
};

TEST_F(proxied, a_plain_connection_goes_through_it_with_name_and_password) {
    open_behind(false);
    open_proxy(false);
    proxy.user_name = "user";
    proxy.password = "p:w";
    auto made = testing::run(io, dial_plain(to_far()));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(asked,
              "CONNECT far.example:8883 HTTP/1.1\r\nHost: far.example:8883\r\n"
              "Proxy-Authorization: Basic dXNlcjpwOnc=\r\n\r\n");
    EXPECT_EQ(testing::run(io, round_trip(made->socket, 3'000)), 3'000U);
}

TEST_F(proxied, tls_ends_at_the_far_host_and_not_at_the_proxy) {
    open_behind(true);
    open_proxy(false);
    tls_client_options options;
    options.ca_pem = ca.pem;
    auto made = testing::run(io, dial_tls(make_client_context(options).value(), to_far()));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(testing::run(io, round_trip(*made->stream, 3'000)), 3'000U);
}

TEST_F(proxied, tls_goes_through_tls_to_the_proxy) {
    open_behind(true);
    open_proxy(true);
    tls_client_options options;
    options.ca_pem = ca.pem;
    auto made = testing::run(io, dial_tls(make_client_context(options).value(), to_far()));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(testing::run(io, round_trip(*made->stream, 200'000)), 200'000U);
    // The far host's end is ours too.
    made->stream->next_layer().close();
    asked.clear();
    made = testing::run(io, dial_tls(make_client_context(options).value(), to_far()));
    ASSERT_TRUE(made) << made.error().message();
}

TEST_F(proxied, the_end_of_the_far_host_comes_through_tls_to_the_proxy) {
    open_behind(false);
    open_proxy(true);
    auto made = testing::run(io, dial_plain(to_far()));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(testing::run(io, round_trip(made->socket, 10)), 10U);
    front.reset();
    made->socket.shutdown(tcp_socket::shutdown_send);
    std::array<char, 16> nothing{};
    const auto rest = [&]() -> asio::awaitable<boost::system::error_code> {
        boost::system::error_code failed;
        co_await made->socket.async_read_some(asio::buffer(nothing),
                                              asio::redirect_error(asio::use_awaitable, failed));
        co_return failed;
    };
    EXPECT_EQ(testing::run(io, rest()), asio::error::eof);
}

TEST_F(proxied, a_host_of_its_list_is_connected_to_directly) {
    open_behind(false);
    open_proxy(false);
    proxy.direct = {"127.0.0.1"};
    auto to = to_far();
    to.host = "127.0.0.1";
    to.port = behind->port();
    auto made = testing::run(io, dial_plain(to));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(testing::run(io, round_trip(made->socket, 10)), 10U);
    EXPECT_EQ(asked, "");
}

TEST_F(proxied, what_it_says_instead_of_connecting_is_told) {
    open_proxy(false);
    answer = "HTTP/1.1 407 Who are you\r\n\r\n";
    proxy.user_name = "user";
    proxy.password = "wrong-secret";
    const auto refused = testing::run(io, dial_plain(to_far())).error();
    EXPECT_EQ(refused.code, errc::denied);
    EXPECT_THAT(refused.message(),
                StartsWith("cannot connect to far.example port 8883 through the proxy "
                           "http://127.0.0.1:" +
                           std::to_string(proxy.port)));
    EXPECT_THAT(refused.message(), HasSubstr("'coreThing.networkProxy'"));
    EXPECT_THAT(refused.message(), Not(HasSubstr("wrong-secret")));
    asked.clear();
    answer = "HTTP/1.1 200 fine\r\n\r\nand more";
    EXPECT_THAT(testing::run(io, dial_plain(to_far())).error().message(),
                HasSubstr("the proxy said more than that it connected"));
}

TEST_F(proxied, one_that_says_nothing_is_given_up) {
    open_proxy(false);
    answer = "";
    const auto failed = testing::run(io, dial_plain(to_far(50ms))).error();
    EXPECT_EQ(failed.code, errc::timed_out);
    EXPECT_THAT(failed.message(), HasSubstr("no answer of the proxy within 50 ms"));
}

TEST_F(proxied, one_that_is_not_there_is_named) {
    proxy.host = "127.0.0.1";
    proxy.port = 1;
    EXPECT_THAT(testing::run(io, dial_plain(to_far())).error().message(),
                HasSubstr("cannot connect to 127.0.0.1 port 1"));
}

}  // namespace
}  // namespace evergrass::rt
