#include "libs/http/socket_bridge.hpp"

#include "libs/rt/test_certificates.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <optional>

namespace evergrass::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;
using rt::testing::run;
using rt::testing::run_until;
using rt::testing::started;

template <class Stream>
asio::awaitable<bool> send(Stream* to, std::string bytes) {
    error_code failed;
    co_await asio::async_write(*to, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed;
}

struct received {
    std::string bytes;
    error_code end;
};

// Reads `size` bytes, or until the stream ends.
template <class Stream>
asio::awaitable<received> receive(Stream* from, std::size_t size) {
    received got{std::string(size, '\0'), {}};
    const auto count = co_await asio::async_read(
        *from, asio::buffer(got.bytes), asio::redirect_error(asio::use_awaitable, got.end));
    got.bytes.resize(count);
    co_return got;
}

asio::awaitable<bool> drain(socket_bridges* of) {
    co_await of->drained();
    co_return true;
}

// A client that speaks TLS, and `inner`, the socket that it became.
struct bridge_fixture : ::testing::Test {
    asio::io_context io;
    rt::testing::test_ca ca;
    std::optional<socket_bridges> bridges;
    std::unique_ptr<rt::listener> listening;
    rt::secure_connection client;
    std::optional<asio::local::stream_protocol::socket> inner;

    void SetUp() override { connect(1h); }

    void connect(std::chrono::milliseconds farewell) {
        bridges.emplace(io.get_executor(), farewell);
        rt::tls_server_options tls;
        tls.identity = ca.issue("server", {"127.0.0.1"});
        auto context = rt::make_server_context(tls).value();
        listening = rt::listener::open_tls(
                        io.get_executor(), {}, [context] { return context; },
                        [this](rt::secure_connection c) {
                            const int end = bridges->open(connection(std::move(c))).value();
                            inner.emplace(io, asio::local::stream_protocol(), end);
                        },
                        logger())
                        .value();
        rt::dial_options to;
        to.host = "127.0.0.1";
        to.port = listening->port();
        auto trust =
            rt::make_client_context({.ca_pem = ca.pem, .identity = {}, .alpn = {}}).value();
        client = run(io, rt::dial_tls(trust, to)).value();
        run_until(io, [this] { return inner.has_value(); });
    }

    void TearDown() override {
        bridges.reset();
        listening.reset();
        io.restart();
        io.poll();
    }

    void wait_until_gone() {
        run_until(io, [this] { return bridges->size() == 0; });
    }
};

std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<char>(i * 2654435761u >> 24);
    }
    return bytes;
}

TEST_F(bridge_fixture, bytes_go_both_ways_unchanged) {
    const auto up = pattern(1'000'000);
    const auto down = pattern(777'777);
    started sending(io, send(client.stream.get(), up));
    started answering(io, send(&*inner, down));
    started reading(io, receive(client.stream.get(), down.size()));
    EXPECT_EQ(run(io, receive(&*inner, up.size())).bytes, up);
    EXPECT_EQ(reading.wait().bytes, down);
    EXPECT_TRUE(sending.wait());
    EXPECT_TRUE(answering.wait());
}

TEST_F(bridge_fixture, what_was_said_before_the_end_arrives_and_then_the_end) {
    ASSERT_TRUE(run(io, send(&*inner, "goodbye")));
    inner->close();
    const auto got = run(io, receive(client.stream.get(), 100));
    EXPECT_EQ(got.bytes, "goodbye");
    EXPECT_EQ(got.end, asio::error::eof) << "with close_notify, not cut";
    client.stream->next_layer().close();
    wait_until_gone();
}

TEST_F(bridge_fixture, the_clients_end_is_an_end_of_file_and_the_rest_is_still_said) {
    ASSERT_TRUE(run(io, send(client.stream.get(), "last words")));
    client.stream->next_layer().shutdown(rt::tcp_socket::shutdown_send);
    const auto heard = run(io, receive(&*inner, 100));
    EXPECT_EQ(heard.bytes, "last words");
    EXPECT_EQ(heard.end, asio::error::eof);
    ASSERT_TRUE(run(io, send(&*inner, "answer")));
    EXPECT_EQ(run(io, receive(client.stream.get(), 6)).bytes, "answer");
    inner->close();
    wait_until_gone();
}

TEST_F(bridge_fixture, a_client_that_is_cut_off_is_an_end_of_file) {
    client.stream->next_layer().set_option(asio::socket_base::linger(true, 0));
    client.stream->next_layer().close();
    EXPECT_EQ(run(io, receive(&*inner, 1)).end, asio::error::eof);
    inner->close();
    wait_until_gone();
}

TEST_F(bridge_fixture, who_does_not_read_holds_the_sender_up) {
    const auto much = pattern(32 * 1024 * 1024);
    started sending(io, send(client.stream.get(), much));
    io.restart();
    while (io.poll() > 0) {
    }
    EXPECT_FALSE(sending.ended());
    EXPECT_EQ(run(io, receive(&*inner, much.size())).bytes, much);
    EXPECT_TRUE(sending.wait());
}

struct impatient_bridge : bridge_fixture {
    void SetUp() override { connect(1ms); }
};

TEST_F(impatient_bridge, a_client_that_takes_nothing_does_not_outlive_its_socket) {
    started answering(io, send(&*inner, pattern(32 * 1024 * 1024)));
    io.restart();
    while (io.poll() > 0) {
    }
    EXPECT_FALSE(answering.ended());
    inner->close();
    wait_until_gone();
    EXPECT_FALSE(answering.wait());
}

TEST_F(bridge_fixture, drained_waits_for_the_last_client) {
    started over(io, drain(&*bridges));
    io.restart();
    io.poll();
    EXPECT_FALSE(over.ended());
    ASSERT_TRUE(run(io, send(&*inner, "bye")));
    inner->close();
    EXPECT_EQ(run(io, receive(client.stream.get(), 100)).bytes, "bye");
    client.stream->next_layer().close();
    EXPECT_TRUE(over.wait());
    EXPECT_TRUE(run(io, drain(&*bridges)));
}

TEST_F(bridge_fixture, the_end_of_the_bridges_cuts_both_sides) {
    bridges.reset();
    EXPECT_EQ(run(io, receive(&*inner, 1)).end, asio::error::eof);
    EXPECT_TRUE(run(io, receive(client.stream.get(), 1)).end);
}

}  // namespace
}  // namespace evergrass::http
