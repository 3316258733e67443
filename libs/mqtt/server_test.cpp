#include "libs/mqtt/server.hpp"

#include "libs/rt/listen_socket.hpp"
#include "libs/rt/test_tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <set>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace evergrass::mqtt {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Anybody may do anything; it remembers who did.
class open_policy final : public policy {
public:
    std::string assign_client_id(const client_identity&) override { return "assigned"; }
    admission admit(const client_identity& who, std::string_view client_id,
                    const connect_packet&) override {
        const std::lock_guard lock(mutex_);
        last_ = who;
        last_id_ = client_id;
        return {};
    }
    publish_verdict may_publish(const client_info&, const publish_view&) override { return {}; }
    reason may_subscribe(const client_info&, std::string_view, const subscription_options& wanted,
                         bool) override {
        return static_cast<reason>(wanted.level);
    }
    bool may_receive(const client_info&, std::string_view, std::string_view) override {
        return true;
    }
    void resolve(const client_info*, std::string_view, std::string_view,
                 route_builder& to) override {
        to.subscribers();
    }
    std::uint64_t generation() const override { return 1; }

    client_identity last() const {
        const std::lock_guard lock(mutex_);
        return last_;
    }
    std::string last_id() const {
        const std::lock_guard lock(mutex_);
        return last_id_;
    }

private:
    mutable std::mutex mutex_;
    client_identity last_;
    std::string last_id_;
};

std::string connect_packet_of(const std::string& id) {
    const auto body = "\0\x04MQTT\x04\x02\0\0\0"s + static_cast<char>(id.size()) + id;
    return "\x10"s + static_cast<char>(body.size()) + body;
}
const std::string connack("\x20\x02\0\0", 4);
const std::string pingreq("\xc0\0", 2);
const std::string pingresp("\xd0\0", 2);

// A client that waits for each answer.
class raw_client {
public:
    explicit raw_client(std::uint16_t port, bool at_once = true)
        : port_(port), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        if (at_once) {
            connect();
        }
    }
    static raw_client of(int socket) { return raw_client(socket); }
    ~raw_client() { hang_up(); }
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;

    void connect() {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port_);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    }
    bool connected() const { return connected_; }
    void hang_up() {
        if (socket_ >= 0) {
            close(std::exchange(socket_, -1));
        }
    }
    void send(std::string_view bytes) const {
        ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    std::string receive_some() const {
        std::array<char, 65'536> into{};
        const auto count = recv(socket_, into.data(), into.size(), 0);
        return count > 0 ? std::string(into.data(), static_cast<std::size_t>(count)) : "";
    }
    // Fewer when the server closes.
    std::string receive(std::size_t count) const {
        std::string all;
        while (all.size() < count) {
            const auto some = receive_some();
            if (some.empty()) {
                break;
            }
            all += some;
        }
        return all;
    }
    std::string until_closed() const { return receive(SIZE_MAX); }
    std::string ask(std::string_view bytes, std::size_t answer) const {
        send(bytes);
        return receive(answer);
    }
    void connect_as(const std::string& id) const {
        EXPECT_EQ(ask(connect_packet_of(id), 4), connack);
    }

private:
    explicit raw_client(int socket) : port_(0), socket_(socket) {}

    std::uint16_t port_;
    int socket_;
    bool connected_ = false;
};

// The same behind TLS.
class secure_client {
public:
    secure_client(std::uint16_t port, rt::testing::client_tls& from)
        : plain(port), channel_(from.handle(), rt::tls_channel::role::client) {
        if (from.session() != nullptr) {
            SSL_set_session(channel_.handle(), from.session());
        }
    }

    ~secure_client() { channel_.close(wire_); }  // else its session is not good any more

    bool shake_hands() {
        for (;;) {
            const auto state = channel_.handshake(wire_);
            plain.send(std::exchange(wire_.output, {}));
            if (state != rt::tls_channel::progress::wants_input) {
                return state == rt::tls_channel::progress::done;
            }
            if (!read_wire()) {
                return false;
            }
        }
    }
    void send(std::string_view bytes) {
        channel_.write(wire_, bytes);
        plain.send(std::exchange(wire_.output, {}));
    }
    std::string receive(std::size_t count) {
        std::string all;
        std::array<char, 4'096> into{};
        while (all.size() < count) {
            const auto got = channel_.read(wire_, into.data(), into.size());
            all.append(into.data(), got.count);
            if (got.state == rt::tls_channel::progress::failed ||
                got.state == rt::tls_channel::progress::closed ||
                (all.size() < count && got.state == rt::tls_channel::progress::done &&
                 !read_wire())) {
                ended = got.state;
                break;
            }
        }
        return all;
    }
    std::string failure() const { return channel_.failure(); }

    raw_client plain;
    std::optional<rt::tls_channel::progress> ended;

private:
    bool read_wire() {
        input_ = plain.receive_some();
        wire_.input = input_;
        return !input_.empty();
    }

    rt::tls_channel channel_;
    rt::tls_wire wire_;
    std::string input_;
};

class server_test : public ::testing::Test {
protected:
    void start() { running = server::start(settings, rules, logger()).value(); }
    std::uint16_t listen(listen_settings where = {}) {
        if (!running) {
            start();
        }
        return running->listen(where).value();
    }
    std::uint16_t listen_tls() {
        listen_settings where;
        tls = rt::server_tls::make(tls_settings, sessions).value();
        where.tls = [this] { return tls; };
        return listen(where);
    }

    static server_settings two_shards() {
        server_settings settings;
        settings.shards = 2;
        return settings;
    }

    open_policy rules;
    server_settings settings = two_shards();
    rt::testing::test_ca ca;
    rt::tls_identity device = ca.issue("device");
    std::set<std::string> admitted{rt::testing::id_of(device)};
    rt::tls_sessions sessions;
    rt::server_tls_settings tls_settings{
        .identity = ca.issue("server"),
        .admit = [this](const std::string& id) { return admitted.contains(id); },
        .ca_pem = {},
        .alpn = {},
        .cipher_suites = {}};
    std::shared_ptr<const rt::server_tls> tls;
    std::unique_ptr<server> running;
};

TEST_F(server_test, carries_a_message_from_client_to_client_whatever_their_shards) {
    const auto port = listen();
    for (const std::string id : {"a", "b", "c", "d"}) {
        raw_client subscriber(port);
        subscriber.connect_as(id);
        EXPECT_EQ(subscriber.ask("\x82\x06\0\1\0\1t\0"s, 5), "\x90\3\0\1\0"s);
        raw_client publisher(port);
        publisher.connect_as("publisher");
        publisher.send("\x30\x05\0\1thi"s);
        EXPECT_EQ(subscriber.receive(7), "\x30\x05\0\1thi"s);
    }
}

TEST_F(server_test, takes_a_connect_that_comes_in_single_bytes_and_what_comes_with_it) {
    const auto port = listen();
    raw_client one(port);
    for (const char byte : connect_packet_of("slow")) {
        one.send({&byte, 1});
    }
    EXPECT_EQ(one.receive(4), connack);
    raw_client two(port);
    EXPECT_EQ(two.ask(connect_packet_of("fast") + pingreq, 6), connack + pingresp);
}

TEST_F(server_test, gives_an_id_to_a_client_that_has_none) {
    const auto port = listen();
    raw_client one(port);
    one.connect_as("");
    EXPECT_EQ(rules.last_id(), "assigned");
    EXPECT_TRUE(running->is_connected("assigned"));
    EXPECT_THAT(rules.last().remote_address, StartsWith("127.0.0.1:"));
}

TEST_F(server_test, closes_what_begins_with_something_else_than_a_connect) {
    const auto port = listen();
    for (const auto& first :
         {pingreq, "\x10\x03\0\4M"s, "\x10\xff\xff\xff\xff\x01"s, "GET / HTTP/1.1\r\n\r\n"s}) {
        raw_client one(port);
        one.send(first);
        EXPECT_EQ(one.until_closed(), "");
    }
    raw_client later(port);
    later.connect_as("good");
}

TEST_F(server_test, knows_who_is_connected) {
    const auto port = listen();
    raw_client one(port);
    one.connect_as("one");
    EXPECT_TRUE(running->is_connected("one"));
    EXPECT_FALSE(running->is_connected("two"));
    EXPECT_EQ(running->connections(), 1U);
    raw_client successor(port);
    successor.connect_as("one");
    EXPECT_EQ(one.until_closed(), "");
    EXPECT_TRUE(running->is_connected("one"));
    successor.send("\xe0\0"s);
    EXPECT_EQ(successor.until_closed(), "");
    EXPECT_FALSE(running->is_connected("one"));
    EXPECT_EQ(running->would_lose("one", "t"), loss::not_connected);
}

TEST_F(server_test, publishes_and_delivers_for_its_owner) {
    const auto port = listen();
    raw_client one(port);
    one.connect_as("one");
    one.ask("\x82\x06\0\1\0\1t\0"s, 5);
    EXPECT_EQ(running->would_lose("one", "t"), std::nullopt);
    EXPECT_EQ(running->would_lose("one", "other"), loss::not_subscribed);
    auto message = std::make_shared<stored_message>();
    message->topic = "t";
    message->payload = std::make_shared<const std::string>("hi");
    message->source = "owner";
    auto taken = std::make_shared<std::promise<void>>();
    const std::shared_ptr<void> pending(nullptr, [taken](void*) { taken->set_value(); });
    running->publish(message);
    running->deliver_to("one", message, pending);
    EXPECT_EQ(one.receive(14), "\x30\x05\0\1thi\x30\x05\0\1thi"s);
}

TEST_F(server_test, closes_those_whom_its_owner_names) {
    const auto port = listen();
    raw_client good(port);
    raw_client bad(port);
    good.connect_as("good");
    bad.connect_as("bad");
    running->close_where([](const client_info& who) { return who.id == "bad"; },
                         reason::administrative_action, "it must not be here");
    EXPECT_FALSE(running->is_connected("bad"));
    EXPECT_EQ(bad.until_closed(), "");
    EXPECT_EQ(good.ask(pingreq, 2), pingresp);
}

TEST_F(server_test, takes_over_a_socket_with_what_was_read_from_it) {
    start();
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    client_identity who;
    who.remote_address = "elsewhere";
    who.certificate_id = "certificate";
    const auto connect = connect_packet_of("adopted");
    running->adopt(ends[0], who, connect.substr(0, 5));
    const auto client = raw_client::of(ends[1]);
    EXPECT_EQ(client.ask(connect.substr(5) + pingreq, 6), connack + pingresp);
    EXPECT_EQ(rules.last().remote_address, "elsewhere");
    EXPECT_EQ(rules.last().certificate_id, "certificate");
}

TEST_F(server_test, says_what_to_do_when_a_port_cannot_be_opened) {
    const auto port = listen();
    listen_settings where;
    where.port = port;
    const auto taken = running->listen(where);
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().message(), HasSubstr(std::to_string(port)));
    EXPECT_THAT(taken.error().message(), HasSubstr("another program listens there"));
    where.address = "localhost:1";
    EXPECT_THAT(running->listen(where).error().message(), HasSubstr("not an IP address"));
}

TEST_F(server_test, lets_clients_go_that_do_not_send_a_connect_in_time) {
    settings.limits.connect_timeout = 20ms;
    const auto plain = listen();
    const auto secure = listen_tls();
    raw_client silent(plain);
    raw_client half(plain);
    half.send("\x10\x20\0\4MQTT");
    raw_client half_open(secure);
    half_open.send("\x16\x03\x01\x02");
    for (const auto* each : {&silent, &half, &half_open}) {
        EXPECT_EQ(each->until_closed(), "");
    }
    EXPECT_EQ(running->numbers().handshakes_failed, 1U);
}

TEST_F(server_test, says_goodbye_to_all_when_it_stops) {
    const auto port = listen();
    raw_client old(port);
    old.connect_as("old");
    raw_client fresh(port);
    fresh.send("\x10\x0e\0\4MQTT\5\2\0\0\0\0\1f"s);
    EXPECT_THAT(fresh.receive(1), StartsWith("\x20"));
    raw_client visitor(port);
    auto stopped = std::async(std::launch::async, [&] { return running->stop().has_value(); });
    EXPECT_EQ(old.until_closed(), "");
    EXPECT_THAT(fresh.until_closed(), StartsWith("\xe0"));
    EXPECT_EQ(visitor.until_closed(), "");
    old.hang_up();
    fresh.hang_up();
    EXPECT_TRUE(stopped.get());
    EXPECT_FALSE(raw_client(port).connected());
    running->publish(std::make_shared<const stored_message>());
    running->close_where([](const client_info&) { return true; }, reason::success, "");
    EXPECT_EQ(running->would_lose("old", "t"), loss::not_connected);
}

// --- TLS ----------------------------------------------------------------------------------------

TEST_F(server_test, knows_a_client_by_its_certificate_and_takes_it_back_to_its_session) {
    const auto port = listen_tls();
    rt::testing::client_tls from(&device);
    for (const std::uint64_t resumed : {0U, 1U}) {
        secure_client one(port, from);
        ASSERT_TRUE(one.shake_hands());
        one.send(connect_packet_of("one"));
        EXPECT_EQ(one.receive(4), connack);
        EXPECT_EQ(rules.last().certificate_id, rt::testing::id_of(device));
        EXPECT_EQ(running->numbers().handshakes_resumed, resumed);
    }
    EXPECT_EQ(running->numbers().handshakes, 2U);
}

TEST_F(server_test, lets_a_refused_client_read_the_alert) {
    admitted.clear();
    const auto port = listen_tls();
    rt::testing::client_tls from(&device, TLS1_2_VERSION);
    secure_client one(port, from);
    EXPECT_FALSE(one.shake_hands());
    while (running->numbers().handshakes_failed == 0U) {  // counted once the alert is out
        std::this_thread::yield();
    }
    EXPECT_EQ(running->numbers().handshakes_failed, 1U);
    EXPECT_EQ(running->numbers().handshakes, 0U);
}

TEST_F(server_test, refuses_connections_while_it_has_no_certificate) {
    const auto port = listen_tls();
    tls = nullptr;
    raw_client one(port);
    EXPECT_EQ(one.until_closed(), "");
    EXPECT_EQ(running->numbers().connections_refused, 1U);
}

TEST_F(server_test, lets_more_handshakes_wait_than_it_may_carry_out_at_once) {
    settings.limits.max_handshakes = 2;
    settings.limits.connect_timeout = 50ms;
    const auto port = listen_tls();
    const raw_client first(port);
    const raw_client second(port);
    const raw_client third(port);
    rt::testing::client_tls from(&device);
    secure_client good(port, from);  // behind three that say nothing
    EXPECT_TRUE(good.shake_hands());
}

TEST_F(server_test, lets_those_who_say_nothing_go_earlier_when_others_wait) {
    settings.limits.max_handshakes = 2;
    settings.limits.connect_timeout = 5s;
    const auto port = listen_tls();
    const raw_client first(port);
    const raw_client second(port);
    rt::testing::client_tls from(&device);
    secure_client good(port, from);
    EXPECT_TRUE(good.shake_hands());
    EXPECT_EQ(first.until_closed(), "");
    EXPECT_EQ(running->numbers().handshakes_failed, 1U);
}

// --- WebSocket ----------------------------------------------------------------------------------

TEST_F(server_test, speaks_mqtt_in_websockets_frames) {
    listen_settings where;
    where.websocket = true;
    const auto port = listen(where);
    raw_client one(port);
    const std::string request =
        "GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    const auto packet = connect_packet_of("web");
    const auto frame = "\x82"s + static_cast<char>(0x80 | packet.size()) + "\0\0\0\0"s + packet;
    one.send(request + frame);
    std::string got;
    while (got.find("\r\n\r\n") == std::string::npos || !got.ends_with("\x82\x04" + connack)) {
        const auto some = one.receive_some();
        ASSERT_NE(some, "") << got;
        got += some;
    }
    EXPECT_THAT(got, StartsWith("HTTP/1.1 101"));
    EXPECT_TRUE(rules.last().websocket);

    raw_client other(port);
    other.send("GET /index.html HTTP/1.1\r\n\r\n");
    EXPECT_THAT(other.until_closed(), StartsWith("HTTP/1.1 404"));
}

TEST_F(server_test, takes_over_a_websocket_whose_upgrade_has_been_answered) {
    start();
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    client_identity who;
    who.websocket = true;
    const auto frame = [](const std::string& packet) {
        return "\x82"s + static_cast<char>(0x80 | packet.size()) + "\0\0\0\0"s + packet;
    };
    const auto connect = frame(connect_packet_of("adopted"));
    running->adopt(ends[0], who, connect.substr(0, 3));
    const auto client = raw_client::of(ends[1]);
    EXPECT_EQ(client.ask(connect.substr(3), 6), "\x82\x04" + connack);
    EXPECT_EQ(client.ask(frame(pingreq), 4), "\x82\x02" + pingresp);
    EXPECT_TRUE(rules.last().websocket);
}

// --- what survives ------------------------------------------------------------------------------

TEST_F(server_test, keeps_a_session_with_an_end_over_a_restart) {
    std::string directory = ::testing::TempDir() + "evergrass-server-XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    settings.data_directory = directory;
    settings.limits.max_session_expiry = 10;  // less than this machine has been running
    const auto kept = [](std::string packet) {
        packet[9] = 0;  // no clean session
        return packet;
    }(connect_packet_of("kept"));
    const raw_client first(listen());
    EXPECT_EQ(first.ask(kept, 4), connack);
    ASSERT_TRUE(running->stop());
    running.reset();
    const raw_client second(listen());
    EXPECT_EQ(second.ask(kept, 4), "\x20\x02\x01\0"s) << "session present";
    running.reset();
    std::filesystem::remove_all(directory);
}

// --- limits -------------------------------------------------------------------------------------

TEST_F(server_test, lets_clients_in_at_the_rate_that_was_set) {
    settings.limits.connects_per_second = 50;
    const auto port = listen();
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 60; ++i) {  // those of one second at once, then one each 20 ms
        raw_client one(port);
        one.connect_as("one");
    }
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 190ms);
}

TEST_F(server_test, serves_again_when_descriptors_are_free_again) {
    const auto port = listen();
    raw_client first(port, false);
    raw_client second(port, false);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const int lowest_free = dup(0);
    close(lowest_free);
    auto low = before;
    low.rlim_cur = static_cast<rlim_t>(lowest_free) + 1;  // one more
    setrlimit(RLIMIT_NOFILE, &low);
    first.connect();
    first.connect_as("first");
    second.connect();
    second.send(connect_packet_of("second"));
    first.send(pingreq);
    EXPECT_EQ(first.receive(2), pingresp);
    first.hang_up();
    EXPECT_EQ(second.receive(4), connack);
    setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace evergrass::mqtt
