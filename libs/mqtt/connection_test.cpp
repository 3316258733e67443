#include "libs/mqtt/connection.hpp"

#include "libs/mqtt/codec.hpp"
#include "libs/rt/test_tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace evergrass::mqtt {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t max_packet = 1'000'000;

// A packet of so many bytes behind its fixed header.
std::string packet(std::size_t size, char filler = 'x') {
    std::string all = "\x30";
    for (auto left = size;;) {
        const auto digit = left % 128;
        left /= 128;
        all.push_back(static_cast<char>(left > 0 ? digit | 0x80U : digit));
        if (left == 0) {
            return all + std::string(size, filler);
        }
    }
}

// What a test sees of one link.
struct record {
    std::vector<std::string> packets;
    std::size_t receives = 0;
    bool wanted = true;
    bool destroyed = false;
    std::string ended;  // by transport_closed
    std::function<void(std::string_view packet)> on_packet;
    class fake_link* link = nullptr;
};

class fake_link final : public link {
public:
    fake_link(record& seen, link_owner& owner) : seen_(seen), owner_(owner) { seen.link = this; }
    ~fake_link() override {
        seen_.destroyed = true;
        seen_.link = nullptr;
    }

    std::size_t receive(std::string_view received) override {
        ++seen_.receives;
        std::size_t used = 0;
        while (wants_input()) {
            const auto next = next_frame(received.substr(used), max_packet);
            if (!next || !*next) {
                closing_ = closing_ || !next;
                break;
            }
            const auto whole = received.substr(used, (*next)->size);
            seen_.packets.emplace_back(whole);
            used += whole.size();
            if (seen_.on_packet) {
                seen_.on_packet(whole);
            }
        }
        owner_.changed();
        return used;
    }
    void transport_closed(std::string_view why) override { seen_.ended = why; }
    outbox& output() override { return output_; }
    bool closing() const override { return closing_; }
    bool wants_input() const override { return seen_.wanted && !closing_; }
    void looked() override {}
    const std::string& client_id() const override { return nothing_; }
    const std::string& why_closing() const override { return nothing_; }

    void say(std::string_view bytes) {
        output_.tail() += bytes;
        owner_.changed();
    }
    void say_shared(std::size_t size) {
        output_.append_payload(std::make_shared<const std::string>(size, 'p'));
        owner_.changed();
    }
    void close() {
        closing_ = true;
        owner_.changed();
    }
    void want(bool input) {
        seen_.wanted = input;
        owner_.changed();
    }

private:
    record& seen_;
    link_owner& owner_;
    outbox output_;
    bool closing_ = false;
    std::string nothing_;
};

class connection_test : public ::testing::Test, private rt::reactor::host {
protected:
    connection_test() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        ours = ends[0];
        client = ends[1];
    }
    ~connection_test() override { hang_up(); }

    void hang_up() {
        if (client >= 0) {
            close(std::exchange(client, -1));
        }
    }
    void open(std::string_view received = {}) { open(channel(ours), received); }
    void open(channel socket, std::string_view received = {}) {
        connections.add(std::move(socket), received, [this](link_owner& owner) {
            return std::make_unique<fake_link>(seen, owner);
        });
        connections.flush();
    }
    // So much that nothing is left to do.
    void settle() {
        for (int i = 0; i < 4; ++i) {
            loop.turn(0ms);
        }
    }
    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = write(client, bytes.data(), bytes.size());
            ASSERT_TRUE(count > 0 || errno == EAGAIN) << errno;
            bytes.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
            loop.turn(0ms);
        }
        settle();
    }
    // What has come at the client.
    std::string received(std::size_t at_least = 0) {
        std::string all;
        char some[65'536];
        for (int turns = 0; turns < 100'000; ++turns) {
            const auto count = read(client, some, sizeof some);
            if (count == 0) {
                at_end = true;
                break;
            }
            if (count > 0) {
                all.append(some, static_cast<std::size_t>(count));
            } else if (all.size() >= at_least) {
                break;
            }
            loop.turn(0ms);
        }
        return all;
    }

    void turn_begins() override {}
    void turn_ends() override { connections.flush(); }

    rt::reactor loop{this};
    connection_set connections{loop};
    record seen;
    int ours = -1;
    int client = -1;
    bool at_end = false;
};

TEST_F(connection_test, begins_with_what_was_read_before) {
    const auto first = packet(5);
    const auto second = packet(7);
    open(first + second.substr(0, 3));
    EXPECT_THAT(seen.packets, ElementsAre(first));
    send(second.substr(3));
    EXPECT_THAT(seen.packets, ElementsAre(first, second));
}

TEST_F(connection_test, hands_on_whole_packets_however_they_are_cut) {
    open();
    const std::vector<std::string> sent = {
        packet(0),      packet(1),           packet(127, 'a'),     packet(9'000, 'b'),
        packet(2, 'c'), packet(70'000, 'd'), packet(300'000, 'e'), packet(3, 'f')};
    std::string all;
    for (const auto& each : sent) {
        all += each;
    }
    for (const std::size_t piece : {1'000'000U, 65'536U, 8'191U, 1'000U}) {
        for (std::size_t at = 0; at < all.size(); at += piece) {
            send(std::string_view(all).substr(at, piece));
        }
        EXPECT_TRUE(seen.packets == sent) << piece;
        seen.packets.clear();
    }
}

TEST_F(connection_test, asks_the_link_once_for_a_packet_that_comes_in_single_bytes) {
    open();
    for (const auto size : {200U, 20'000U}) {
        seen.receives = 0;
        const auto one = packet(size);
        for (const char byte : one) {
            ASSERT_EQ(write(client, &byte, 1), 1);
            loop.turn(0ms);
        }
        EXPECT_TRUE(seen.packets.back() == one);
        EXPECT_LE(seen.receives, 5U);  // until its length is known, and at the end
    }
}

TEST_F(connection_test, grows_with_what_comes_and_not_with_what_is_announced) {
    unfinished rest;
    rest.append("\x30\xff\xff\xff\x7f");
    std::size_t most = 0;
    for (int i = 0; i < 1'000; ++i) {
        const auto room = rest.room(256 * 1024 * 1024);
        ASSERT_FALSE(room.empty());
        most = std::max(most, room.size());
        rest.filled(std::min<std::size_t>(room.size(), 100));
    }
    EXPECT_LE(most, 2 * rest.size());
}

TEST_F(connection_test, writes_what_one_turn_brings_at_its_end) {
    open();
    loop.post([&] {
        seen.link->say("a");
        seen.link->say("b");
        EXPECT_EQ(received(), "");
    });
    loop.turn(0ms);
    EXPECT_EQ(received(), "ab");
}

TEST_F(connection_test, answers_what_it_reads_in_the_same_turn) {
    open();
    seen.on_packet = [&](std::string_view) { seen.link->say("pong"); };
    const auto one = packet(2);
    ASSERT_EQ(write(client, one.data(), one.size()), static_cast<ssize_t>(one.size()));
    loop.turn(0ms);
    EXPECT_EQ(received(), "pong");
}

TEST_F(connection_test, writes_the_rest_when_a_slow_client_reads_again) {
    open();
    std::string expected;
    for (int i = 0; i < 300; ++i) {
        seen.link->say("head" + std::to_string(i));
        seen.link->say_shared(5'000);
        expected += "head" + std::to_string(i) + std::string(5'000, 'p');
    }
    settle();
    EXPECT_GT(seen.link->output().size(), 0U);
    EXPECT_TRUE(received(expected.size()) == expected);
    EXPECT_EQ(seen.link->output().size(), 0U);
    settle();
    EXPECT_EQ(connections.size(), 1U);
}

TEST_F(connection_test, does_not_read_what_its_link_does_not_want) {
    open();
    const auto one = packet(10);
    seen.link->want(false);
    settle();
    send(one);
    send(one);
    EXPECT_THAT(seen.packets, IsEmpty());
    seen.link->want(true);
    settle();
    EXPECT_THAT(seen.packets, ElementsAre(one, one));
}

TEST_F(connection_test, keeps_what_it_read_when_its_link_has_enough) {
    open();
    const auto small = packet(10, 's');
    const auto large = packet(30'000, 'l');
    seen.on_packet = [&](std::string_view) { seen.wanted = false; };
    send(small + large + small + small.substr(0, 5));
    EXPECT_EQ(seen.packets.size(), 1U);
    for (int i = 0; i < 10 && seen.packets.size() < 3; ++i) {
        seen.link->want(true);
        settle();
    }
    EXPECT_THAT(seen.packets, ElementsAre(small, large, small));
    seen.on_packet = nullptr;
    seen.link->want(true);
    settle();
    send(small.substr(5));
    EXPECT_THAT(seen.packets, ElementsAre(small, large, small, small));
}

TEST_F(connection_test, tells_its_link_that_the_client_has_gone) {
    open();
    hang_up();
    settle();
    EXPECT_EQ(seen.ended, "the client closed the connection");
    EXPECT_TRUE(seen.destroyed);
    EXPECT_EQ(connections.size(), 0U);
}

TEST_F(connection_test, notices_a_client_that_has_gone_while_nothing_is_wanted_of_it) {
    open();
    seen.link->want(false);
    settle();
    hang_up();
    settle();
    EXPECT_TRUE(seen.destroyed);
    EXPECT_EQ(connections.size(), 0U);
}

TEST_F(connection_test, notices_a_client_that_has_gone_while_it_is_written_to) {
    open();
    seen.link->say(std::string(2'000'000, 'x'));
    settle();
    hang_up();
    settle();
    EXPECT_TRUE(seen.destroyed);
    EXPECT_EQ(connections.size(), 0U);
}

TEST_F(connection_test, writes_all_before_it_closes_and_waits_for_the_client_to_close_too) {
    open();
    const std::string text(1'000'000, 'x');
    seen.link->say(text);
    seen.link->close();
    settle();
    EXPECT_TRUE(received(text.size()) == text);
    settle();
    EXPECT_TRUE(seen.destroyed);
    EXPECT_EQ(seen.ended, "");
    received();
    EXPECT_TRUE(at_end);
    EXPECT_EQ(connections.size(), 1U);  // lingering
    send("what the client said meanwhile");
    hang_up();
    settle();
    EXPECT_EQ(connections.size(), 0U);
}

TEST_F(connection_test, does_not_wait_for_ever) {
    open();
    seen.link->close();
    settle();
    EXPECT_EQ(connections.size(), 1U);
    while (connections.size() > 0) {
        loop.turn(1h);  // its time limit wakes it
    }
    received();
    EXPECT_TRUE(at_end);
}

TEST_F(connection_test, closes_on_what_is_no_packet_and_reads_no_further) {
    open();
    send("\x30\xff\xff\xff\xff\x01 and so on");
    EXPECT_TRUE(seen.destroyed);
    received();
    EXPECT_TRUE(at_end);
}

TEST_F(connection_test, lets_a_link_be_closed_from_without_while_it_is_being_read) {
    open();
    seen.on_packet = [&](std::string_view) { seen.link->close(); };
    send(packet(1) + packet(2));
    EXPECT_EQ(seen.packets.size(), 1U);
    EXPECT_TRUE(seen.destroyed);
}

TEST_F(connection_test, that_is_idle_holds_no_buffer) {
    EXPECT_LE(sizeof(connection), 256U);
    open();
    send(packet(100));
    seen.link->say("x");
    settle();
    EXPECT_EQ(received(), "x");
    EXPECT_TRUE(seen.link->output().empty());
}

// --- TLS and WebSocket --------------------------------------------------------------------------

class of_each_transport : public connection_test,
                          public ::testing::WithParamInterface<std::pair<bool, bool>> {
protected:
    of_each_transport() {
        channel socket(ours);
        if (GetParam().first) {
            EXPECT_EQ(tls.shake_hands(), rt::tls_channel::progress::done);
            socket.use_tls(std::make_unique<rt::tls_channel>(std::move(tls.server)));
        }
        if (GetParam().second) {
            socket.use_web();
        }
        open(std::move(socket));
    }

    std::string framed(std::string_view bytes) const {
        if (!GetParam().second) {
            return std::string(bytes);
        }
        std::string all(websocket::max_head, '\0');
        all.resize(websocket::write_head(bytes.size(), all.data()));
        all[1] = static_cast<char>(all[1] | 0x80);
        all += "\0\0\0\0"s;
        return all + std::string(bytes);
    }
    std::string on_the_wire(std::string_view bytes) {
        return GetParam().first ? tls.client_encrypts(framed(bytes)) : framed(bytes);
    }
    // The MQTT that has come at the client.
    std::string heard(std::size_t at_least) {
        std::string all;
        while (all.size() < at_least && !over) {
            all += unframed(decrypted(received()));
            loop.turn(0ms);
        }
        return all;
    }
    std::string decrypted(std::string bytes) {
        if (!GetParam().first) {
            return bytes;
        }
        std::string all;
        std::string into(100'000, '\0');
        tls.at_client.input = bytes;
        for (;;) {
            const auto got = tls.client.read(tls.at_client, into.data(), into.size());
            all.append(into, 0, got.count);
            goodbye_of_tls |= got.state == rt::tls_channel::progress::closed;
            if (got.state != rt::tls_channel::progress::full) {
                return all;
            }
        }
    }
    std::string unframed(std::string bytes) {
        if (!GetParam().second) {
            return bytes;
        }
        frames += bytes;
        std::string all;
        while (frames.size() >= 2) {
            const auto byte = [&](std::size_t at) {
                return std::size_t{static_cast<unsigned char>(frames[at])};
            };
            const std::size_t short_length = byte(1);
            std::size_t head = 2;
            std::size_t length = short_length;
            if (short_length >= 126) {
                const std::size_t count = short_length == 126 ? 2 : 8;
                if (frames.size() < 2 + count) {
                    break;
                }
                length = 0;
                for (std::size_t i = 0; i < count; ++i) {
                    length = length << 8U | byte(2 + i);
                }
                head += count;
            }
            if (frames.size() < head + length) {
                break;
            }
            if (byte(0) == 0x82) {
                all += frames.substr(head, length);
            } else {
                control += frames.substr(0, head + length);
                over |= byte(0) == 0x88;
            }
            frames.erase(0, head + length);
        }
        return all;
    }

    rt::testing::test_ca ca;
    std::shared_ptr<const rt::server_tls> context =
        rt::server_tls::make({.identity = ca.issue("server"),
                              .authentication = rt::client_auth::none,
                              .admit = nullptr,
                              .ca_pem = {},
                              .alpn = {},
                              .cipher_suites = {}},
                             rt::tls_sessions())
            .value();
    rt::testing::client_tls at_client;
    rt::testing::tls_pair tls{*context, at_client};
    bool goodbye_of_tls = false;
    bool over = false;
    std::string frames;
    std::string control;
};
INSTANTIATE_TEST_SUITE_P(transports, of_each_transport,
                         ::testing::Values(std::pair(false, false), std::pair(true, false),
                                           std::pair(false, true), std::pair(true, true)),
                         [](const auto& info) {
                             return std::string(info.param.first ? "tls" : "tcp") +
                                    (info.param.second ? "_websocket" : "");
                         });

TEST_P(of_each_transport, hands_on_whole_packets_however_they_are_cut) {
    const std::vector<std::string> sent = {packet(0), packet(127, 'a'), packet(70'000, 'd'),
                                           packet(3, 'f')};
    std::string all;
    for (const auto& each : sent) {
        all += on_the_wire(each);
    }
    for (std::size_t at = 0; at < all.size(); at += 777) {
        send(std::string_view(all).substr(at, 777));
    }
    EXPECT_TRUE(seen.packets == sent);
}

TEST_P(of_each_transport, writes_everything_in_order_to_a_slow_client) {
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        seen.link->say("head" + std::to_string(i));
        seen.link->say_shared(i % 10 == 0 ? 40'000 : 2'000);
        expected += "head" + std::to_string(i) + std::string(i % 10 == 0 ? 40'000 : 2'000, 'p');
        if (i % 30 == 0) {
            settle();
        }
    }
    seen.link->close();
    EXPECT_TRUE(heard(expected.size()) == expected);
    settle();
    heard(GetParam().second ? 1 : 0);  // until the close frame
    decrypted(received());
    EXPECT_TRUE(at_end);
    EXPECT_EQ(goodbye_of_tls, GetParam().first);
    EXPECT_EQ(control, GetParam().second ? "\x88\x02\x03\xe8" : "");
    EXPECT_TRUE(seen.destroyed);
}

TEST_P(of_each_transport, answers_a_ping_between_frames) {
    if (!GetParam().second) {
        return;
    }
    auto ping = framed("ping");
    ping[0] = '\x89';
    const auto bytes = GetParam().first ? tls.client_encrypts(ping) : ping;
    seen.link->say(std::string(3'000'000, 'x'));  // more than the socket takes
    settle();
    send(bytes);
    seen.link->say("end");
    EXPECT_TRUE(heard(3'000'003) == std::string(3'000'000, 'x') + "end");
    EXPECT_EQ(control, "\x8a\x04ping");
}

TEST_P(of_each_transport, answers_what_breaks_websockets_rules) {
    if (!GetParam().second) {
        return;
    }
    auto text = framed("text");
    text[0] = '\x81';
    send(GetParam().first ? tls.client_encrypts(text) : text);
    EXPECT_THAT(seen.ended, ::testing::HasSubstr("text frame"));
    heard(1);
    EXPECT_EQ(control, "\x88\x02\x03\xeb");
}

}  // namespace
}  // namespace evergrass::mqtt
