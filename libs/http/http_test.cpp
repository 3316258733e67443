#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/http/body_source.hpp"
#include "libs/http/client.hpp"
#include "libs/http/connection.hpp"
#include "libs/http/server.hpp"
#include "libs/rt/test_certificates.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace evergrass::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using rt::testing::run;
using rt::testing::run_until;
using rt::testing::started;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Writes bytes as they are and reads until the server closes, or until `until` has come.
asio::awaitable<std::string> raw(std::uint16_t port, std::string bytes, std::string until) {
    rt::dial_options to;
    to.host = "127.0.0.1";
    to.port = port;
    auto connection = co_await rt::dial_plain(to);
    auto& socket = connection.value().socket;
    boost::system::error_code failed;
    co_await asio::async_write(socket, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, failed));
    failed.clear();
    std::string answer;
    while (!failed && (until.empty() || answer.find(until) == std::string::npos)) {
        std::string piece(4096, '\0');
        const auto got = co_await socket.async_read_some(
            asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failed));
        answer.append(piece, 0, got);
    }
    co_return answer;
}

// 0123456789 and again, to two MiB; a read of what lies behind the first is an error where it is
// broken.
class numbers_source final : public body_source {
public:
    explicit numbers_source(asio::any_io_executor where) : where_(std::move(where)) {}

    std::uint64_t size() const override { return 2 * piece; }
    asio::any_io_executor where() const override { return where_; }
    result<std::string> read(std::uint64_t offset, std::size_t most) override {
        if (broken && offset >= piece) {
            return error{errc::corrupt, "on purpose"};
        }
        std::string bytes(std::min<std::size_t>(most, 100'000), ' ');
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = static_cast<char>('0' + (offset + i) % 10);
        }
        return bytes;
    }

    static constexpr std::uint64_t piece = 1024 * 1024;
    static inline bool broken = false;

private:
    asio::any_io_executor where_;
};

struct http_fixture : ::testing::Test {
    asio::io_context io;
    asio::thread_pool blocking{1};
    server_options options;
    std::unique_ptr<server> serving;
    std::unique_ptr<rt::listener> listening;
    std::vector<request> seen;
    int requests_waiting = 0;
    int requests_cancelled = 0;
    std::optional<connection> upgraded;
    std::string after_upgrade;
    std::filesystem::path dir;

    http_fixture() {
        dir = std::filesystem::temp_directory_path() / ("http_test_" + std::to_string(::getpid()));
        std::filesystem::create_directories(dir);
    }

    ~http_fixture() override {
        listening.reset();
        if (serving) {
            run(io, stop(serving.get(), 0ms));
        }
        serving.reset();
        io.restart();
        io.poll();
        std::filesystem::remove_all(dir);
    }

    static asio::awaitable<bool> stop(server* serving, std::chrono::milliseconds grace) {
        co_await serving->stop(grace);
        co_return true;
    }

    static asio::awaitable<response> handle(http_fixture* self, request asked) {
        self->seen.push_back(asked);
        response answer;
        answer.headers.add("Content-Type", "text/plain");
        if (asked.path() == "/file") {
            answer.file_path = self->dir / "file";
        } else if (asked.path() == "/source") {
            answer.source = std::make_shared<numbers_source>(self->blocking.get_executor());
        } else if (asked.path() == "/throw") {
            throw std::runtime_error("on purpose");
        } else if (asked.path() == "/empty") {
            answer.status = 204;
        } else if (asked.path() == "/upgrade") {
            answer.status = 101;
            answer.headers.add("Upgrade", "echo");
            answer.upgrade = [self](connection&& taken, std::string received) {
                self->upgraded.emplace(std::move(taken));
                self->after_upgrade = std::move(received);
            };
        } else if (asked.path() == "/later") {
            co_await rt::sleep_for(2ms);
            answer.body = asked.target;
        } else if (asked.path() == "/hold") {
            ++self->requests_waiting;
            const bool waited = co_await rt::sleep_for(1h);
            --self->requests_waiting;
            self->requests_cancelled += waited ? 0 : 1;
        } else {
            answer.body = asked.method + " " + asked.target + " " + asked.body;
        }
        co_return answer;
    }

    void make_server() {
        auto* self = this;
        serving = std::make_unique<server>(
            options, [self](request asked) { return handle(self, std::move(asked)); }, logger());
    }

    std::uint16_t serve() {
        make_server();
        listening = rt::listener::open_plain(
                        io.get_executor(), {},
                        [this](rt::plain_connection c) { serving->serve(std::move(c)); }, logger())
                        .value();
        return listening->port();
    }

    std::string talk(std::string bytes, std::string until = {}) {
        const auto port = serving ? listening->port() : serve();
        return run(io, raw(port, std::move(bytes), std::move(until)));
    }

    client_options to_server() {
        client_options to;
        to.host = "127.0.0.1";
        to.port = serving ? listening->port() : serve();
        return to;
    }

    static request get(std::string target) {
        request r;
        r.method = "GET";
        r.target = std::move(target);
        return r;
    }

    static asio::awaitable<result<response>> send(client* to, request r) {
        auto answer = co_await to->send(std::move(r));
        co_return answer;
    }
};

constexpr const char* host = "Host: x\r\n";

TEST_F(http_fixture, a_get_is_answered_with_a_lower_case_content_length) {
    const auto answer = talk("GET /a%20b?q=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\ncontent-length: 15\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nGET /a%20b?q=1 "));
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].path(), "/a%20b");
    EXPECT_EQ(seen[0].query(), "q=1");
    EXPECT_EQ(seen[0].headers.get("HOST"), "x");
}

TEST_F(http_fixture, requests_sent_ahead_are_answered_in_order_on_one_connection) {
    const auto answer = talk(
        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_LT(answer.find("GET /1"), answer.find("GET /2"));
    EXPECT_LT(answer.find("GET /2"), answer.find("GET /3"));
    EXPECT_EQ(seen.size(), 3u);
}

TEST_F(http_fixture, requests_that_come_while_a_handler_waits_are_answered_after_it) {
    std::string asked;
    for (int i = 0; i < 20; ++i) {
        asked += "GET /later?" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    const auto answer = talk(asked + "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    std::size_t at = 0;
    for (int i = 0; i < 20; ++i) {
        at = answer.find("\r\n\r\n/later?" + std::to_string(i), at);
        ASSERT_NE(at, std::string::npos) << i;
    }
    EXPECT_NE(answer.find("GET /last", at), std::string::npos);
}

TEST_F(http_fixture, what_is_answered_at_once_does_not_reach_the_handler) {
    options.at_once = [](request& asked) {
        std::optional<response> answer;
        if (asked.path() == "/broken") {
            throw std::runtime_error("on purpose");
        }
        if (asked.path() == "/now") {
            answer.emplace().body = "now: " + std::move(asked.body);
        }
        return answer;
    };
    const auto answer = talk(
        "POST /now HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
        "GET /broken HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const auto now = answer.find("now: body");
    const auto handled = answer.find("POST /a body");
    ASSERT_NE(now, std::string::npos) << answer;
    EXPECT_LT(now, handled);
    EXPECT_LT(handled, answer.find("HTTP/1.1 500 ")) << answer;
    EXPECT_THAT(answer, ::testing::Not(HasSubstr("on purpose")));
    EXPECT_EQ(seen.size(), 1U);
}

TEST_F(http_fixture, http_1_0_is_answered_and_closed_unless_it_asks_otherwise) {
    EXPECT_THAT(talk("GET / HTTP/1.0\r\n\r\n"), HasSubstr("connection: close"));
    EXPECT_THAT(talk("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / "),
                HasSubstr("connection: keep-alive"));
}

TEST_F(http_fixture, a_chunked_body_is_put_together) {
    talk(std::string("POST /c HTTP/1.1\r\n") + host +
         "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
         "4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n");
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].body, "Wikipedia");
}

TEST_F(http_fixture, expect_100_continue_is_answered_before_the_body) {
    const auto port = serve();
    rt::dial_options to;
    to.host = "127.0.0.1";
    to.port = port;
    auto connection = run(io, rt::dial_plain(to)).value();
    asio::write(connection.socket,
                asio::buffer(std::string("PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                                         "Expect: 100-continue\r\n\r\n")));
    std::string interim(25, '\0');
    run(io, asio::async_read(connection.socket, asio::buffer(interim), asio::use_awaitable));
    EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    asio::write(connection.socket, asio::buffer("ok", 2));
    run_until(io, [this] { return seen.size() == 1; });
    EXPECT_EQ(seen[0].body, "ok");
}

TEST_F(http_fixture, malformed_requests_get_400_with_a_reason_and_a_closed_connection) {
    for (const std::string bytes :
         {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nbad\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
          "chunked\r\n\r\n0\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"}) {
        const auto answer = talk(bytes);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << bytes;
        EXPECT_THAT(answer, HasSubstr("connection: close")) << bytes;
    }
    EXPECT_TRUE(seen.empty());
}

TEST_F(http_fixture, a_header_over_the_limit_gets_431) {
    const auto answer =
        talk("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
}

TEST_F(http_fixture, a_body_over_the_limit_gets_413_although_it_is_still_being_sent) {
    options.max_body_bytes = 1000;
    const auto answer = talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" +
                             std::string(1'000'000, 'a'));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
    const auto chunked =
        talk("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" +
             std::string(0x800, 'a') + "\r\n0\r\n\r\n");
    EXPECT_THAT(chunked, StartsWith("HTTP/1.1 413 "));
}

TEST_F(http_fixture, a_slow_header_and_a_slow_body_get_408) {
    options.header_timeout = 20ms;
    options.body_timeout = 20ms;
    EXPECT_THAT(talk("GET / HT"), StartsWith("HTTP/1.1 408 "));
    EXPECT_THAT(talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"),
                StartsWith("HTTP/1.1 408 "));
}

TEST_F(http_fixture, an_idle_connection_is_closed_without_a_word) {
    options.idle_timeout = 10ms;
    EXPECT_EQ(talk(""), "");
}

TEST_F(http_fixture, connections_over_the_limit_get_503) {
    options.max_connections = 1;
    const auto port = serve();
    started<std::string> first(io, raw(port, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n", ""));
    run_until(io, [this] { return requests_waiting == 1; });
    EXPECT_THAT(talk(""), StartsWith("HTTP/1.1 503 "));
    run(io, stop(serving.get(), 0ms));
    first.wait();
}

TEST_F(http_fixture, a_handler_that_throws_becomes_500) {
    const auto answer = talk("GET /throw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, ::testing::Not(HasSubstr("on purpose")));
}

TEST_F(http_fixture, head_and_204_have_no_body) {
    const auto head = talk("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("content-length: 8\r\n"));
    EXPECT_THAT(head, ::testing::EndsWith("\r\n\r\n"));
    const auto empty = talk("GET /empty HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(empty, ::testing::Not(HasSubstr("content-length")));
}

TEST_F(http_fixture, a_held_request_is_cancelled_when_the_client_goes_away) {
    const auto port = serve();
    {
        rt::dial_options to;
        to.host = "127.0.0.1";
        to.port = port;
        auto connection = run(io, rt::dial_plain(to)).value();
        asio::write(connection.socket,
                    asio::buffer(std::string("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")));
        run_until(io, [this] { return requests_waiting == 1; });
    }
    run_until(io, [this] { return requests_waiting == 0; });
    EXPECT_EQ(requests_cancelled, 1);
}

TEST_F(http_fixture, stop_lets_a_request_in_hand_end_within_the_grace_and_then_cuts_it) {
    const auto port = serve();
    started<std::string> held(io, raw(port, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n", ""));
    started<std::string> idle(io, raw(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", ""));
    run_until(io, [this] { return requests_waiting == 1 && seen.size() == 2; });
    listening->stop();
    started<bool> stopping(io, stop(serving.get(), 50ms));
    EXPECT_THAT(idle.wait(), HasSubstr("200 OK"));
    EXPECT_EQ(requests_cancelled, 0);
    stopping.wait();
    EXPECT_EQ(requests_cancelled, 1);
    EXPECT_EQ(held.wait(), "");
    io.restart();
    io.run();  // nothing is left
}

TEST_F(http_fixture, stop_does_not_wait_for_connections_that_are_between_requests) {
    client asking(io.get_executor(), to_server());
    auto answer = run(io, asking.send(get("/")));
    ASSERT_TRUE(answer) << answer.error().message();
    listening->stop();
    EXPECT_TRUE(run(io, stop(serving.get(), 1h)));
}

TEST_F(http_fixture, destroying_the_server_cuts_what_is_there) {
    const auto port = serve();
    started<std::string> held(io, raw(port, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n", ""));
    run_until(io, [this] { return requests_waiting == 1; });
    listening->stop();
    serving.reset();
    EXPECT_EQ(held.wait(), "");
    run_until(io, [this] { return requests_waiting == 0; });
}

TEST_F(http_fixture, files_are_sent_whole_and_in_ranges) {
    const std::string content = "0123456789";
    ASSERT_TRUE(write_file_atomically(dir / "file", content));
    const auto part = [this](const std::string& range) {
        return talk("GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                    (range.empty() ? "" : "Range: " + range + "\r\n") + "\r\n");
    };
    EXPECT_THAT(part(""), ::testing::EndsWith("\r\n\r\n0123456789"));
    EXPECT_THAT(part("bytes=3-5"), HasSubstr("206 Partial Content"));
    EXPECT_THAT(part("bytes=3-5"), HasSubstr("content-range: bytes 3-5/10"));
    EXPECT_THAT(part("bytes=3-5"), ::testing::EndsWith("\r\n\r\n345"));
    EXPECT_THAT(part("bytes=8-99"), ::testing::EndsWith("\r\n\r\n89"));
    EXPECT_THAT(part("bytes=-2"), ::testing::EndsWith("\r\n\r\n89"));
    EXPECT_THAT(part("bytes=10-"), HasSubstr("416 "));
    EXPECT_THAT(part("bytes=1-2,4-5"), HasSubstr("200 OK"));
    std::filesystem::remove(dir / "file");
    EXPECT_THAT(part(""), StartsWith("HTTP/1.1 500 "));
}

TEST_F(http_fixture, a_source_is_sent_whole_and_in_ranges_and_cut_where_it_fails) {
    const auto part = [this](const std::string& range, const std::string& method = "GET") {
        return talk(method + " /source HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                    (range.empty() ? "" : "Range: " + range + "\r\n") + "\r\n");
    };
    const auto whole = part("");
    EXPECT_THAT(whole, HasSubstr("content-length: 2097152\r\n"));
    const auto body = whole.substr(whole.find("\r\n\r\n") + 4);
    EXPECT_EQ(body.size(), 2'097'152u);
    EXPECT_EQ(body.substr(1'234'560, 10), "0123456789");
    EXPECT_THAT(part("bytes=3-5"), HasSubstr("content-range: bytes 3-5/2097152"));
    EXPECT_THAT(part("bytes=3-5"), ::testing::EndsWith("\r\n\r\n345"));
    EXPECT_THAT(part("bytes=-2"), ::testing::EndsWith("\r\n\r\n01"));
    EXPECT_THAT(part("bytes=2097152-"), HasSubstr("416 "));
    EXPECT_THAT(part("", "HEAD"), ::testing::EndsWith("\r\n\r\n"));
    numbers_source::broken = true;
    const auto cut = part("");
    numbers_source::broken = false;
    EXPECT_THAT(cut, HasSubstr("content-length: 2097152\r\n"));
    EXPECT_EQ(cut.substr(cut.find("\r\n\r\n") + 4).size(), 1'100'000u);
}

TEST_F(http_fixture, the_client_sends_headers_and_body_and_reads_the_answer) {
    client to(io.get_executor(), to_server());
    request r;
    r.method = "POST";
    r.target = "/echo";
    r.body = "payload";
    r.headers.add("X-One", "1");
    const auto answer = run(io, send(&to, r)).value();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /echo payload");
    EXPECT_EQ(seen[0].headers.get("x-one"), "1");
    EXPECT_EQ(seen[0].headers.get("host"), "127.0.0.1:" + std::to_string(listening->port()));
    EXPECT_EQ(run(io, send(&to, get("/throw"))).value().status, 500);
    EXPECT_EQ(run(io, send(&to, get("/empty"))).value().status, 204);
}

TEST_F(http_fixture, the_client_keeps_its_connection_and_survives_that_the_server_closed_it) {
    client to(io.get_executor(), to_server());
    ASSERT_TRUE(run(io, send(&to, get("/1"))));
    ASSERT_TRUE(run(io, send(&to, get("/2"))));
    EXPECT_EQ(seen[0].remote_address, seen[1].remote_address);
    run(io, stop(serving.get(), 0ms));
    make_server();
    EXPECT_TRUE(run(io, send(&to, get("/3"))));
    EXPECT_NE(seen[2].remote_address, seen[1].remote_address);
}

TEST_F(http_fixture, an_answer_that_takes_too_long_is_an_error) {
    auto where = to_server();
    where.response_timeout = 20ms;
    client to(io.get_executor(), where);
    const auto answer = run(io, send(&to, get("/hold")));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, errc::timed_out);
    run_until(io, [this] { return requests_waiting == 0; });
}

TEST_F(http_fixture, an_answer_over_the_limit_is_an_error) {
    auto where = to_server();
    where.max_body_bytes = 3;
    client to(io.get_executor(), where);
    EXPECT_EQ(run(io, send(&to, get("/long"))).error().code, errc::too_large);
}

TEST_F(http_fixture, a_download_resumes_where_it_stopped) {
    std::string content(700'000, 'x');
    for (std::size_t i = 0; i < content.size(); ++i) {
        content[i] = static_cast<char>('a' + i % 23);
    }
    ASSERT_TRUE(write_file_atomically(dir / "file", content));
    const auto target = dir / "target";
    client to(io.get_executor(), to_server());
    ASSERT_TRUE(run(io, to.download(get("/file"), target, 1'000'000)));
    EXPECT_EQ(read_file(target).value(), content);
    ASSERT_TRUE(write_file_atomically(target, content.substr(0, 300'000)));
    ASSERT_TRUE(run(io, to.download(get("/file"), target, 1'000'000)));
    EXPECT_EQ(read_file(target).value(), content);
    EXPECT_EQ(seen.back().headers.get("range"), "bytes=300000-");
    ASSERT_TRUE(run(io, to.download(get("/file"), target, 1'000'000)));  // complete already
    EXPECT_EQ(read_file(target).value(), content);
}

TEST_F(http_fixture, a_download_that_is_refused_or_too_large_is_an_error) {
    ASSERT_TRUE(write_file_atomically(dir / "file", "0123456789"));
    client to(io.get_executor(), to_server());
    const auto large = run(io, to.download(get("/file"), dir / "target", 5));
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, errc::too_large);
    const auto failed = run(io, to.download(get("/throw"), dir / "other", 5));
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message(), HasSubstr("500 internal error"));
}

TEST_F(http_fixture, mutual_tls_tells_the_handler_who_asks) {
    const rt::testing::test_ca ca;
    rt::tls_server_options tls;
    tls.identity = ca.issue("server", {"127.0.0.1"});
    tls.authentication = rt::client_auth::required;
    auto context = rt::make_server_context(tls).value();
    make_server();
    listening = rt::listener::open_tls(
                    io.get_executor(), {}, [context] { return context; },
                    [this](rt::secure_connection c) { serving->serve(std::move(c)); }, logger())
                    .value();
    const auto identity = ca.issue("core");
    client_options where;
    where.host = "127.0.0.1";
    where.port = listening->port();
    where.tls =
        rt::make_client_context({.ca_pem = ca.pem, .identity = identity, .alpn = {}}).value();
    client to(io.get_executor(), where);
    ASSERT_TRUE(run(io, send(&to, get("/1"))));
    ASSERT_TRUE(run(io, send(&to, get("/2"))));
    EXPECT_EQ(seen[0].peer.value().id, rt::testing::id_of(identity));
    where.tls = rt::make_client_context({.ca_pem = ca.pem, .identity = {}, .alpn = {}}).value();
    client stranger(io.get_executor(), where);
    const auto refused = run(io, send(&stranger, get("/3")));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("demands a client certificate"));
}

TEST_F(http_fixture, an_upgraded_connection_is_handed_over_with_what_came_after_the_request) {
    const auto head =
        talk("GET /upgrade HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nabc",
             "\r\n\r\n");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nconnection: Upgrade\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nUpgrade: echo\r\n"));
    EXPECT_THAT(head, ::testing::Not(HasSubstr("content-length")));
    run_until(io, [this] { return upgraded.has_value(); });
    EXPECT_EQ(after_upgrade, "abc");
    EXPECT_THAT(upgraded->remote_address(), StartsWith("127.0.0.1:"));
    run(io, stop(serving.get(), 0ms));  // is not waited for, and not cut
    char byte = 0;
    const auto read = run(io, upgraded->read_some(asio::buffer(&byte, 1)));
    EXPECT_EQ(read.failed, asio::error::eof) << "the client's end, not ours";
}

TEST(http_message, fields_compare_without_case_and_keep_their_order) {
    fields list;
    list.add("Accept", " a ");
    list.add("accept", "b");
    EXPECT_EQ(list.get("ACCEPT"), "a");
    EXPECT_THAT(list.get_all("accept"), ::testing::ElementsAre("a", "b"));
    list.set("accept", "c");
    EXPECT_EQ(list.all().size(), 1u);
    EXPECT_FALSE(list.get("other"));
}

TEST(http_message, a_query_is_decoded_in_order) {
    const auto pairs = parse_query("a=1%202&b&&c=%zz&a=+");
    ASSERT_EQ(pairs.size(), 4u);
    EXPECT_EQ(pairs[0], std::make_pair(std::string("a"), std::string("1 2")));
    EXPECT_EQ(pairs[1], std::make_pair(std::string("b"), std::string()));
    EXPECT_EQ(pairs[2].second, "%zz");
    EXPECT_EQ(pairs[3].second, "+");
}

}  // namespace
}  // namespace evergrass::http
