#include "libs/mqtt/client_session_fixture.hpp"

#include <algorithm>
#include <map>
#include <set>

// Connections that are lost: at each step of each flow, with a server that kept the session and
// with one that lost it.
namespace evergrass::mqtt {
namespace {

using namespace testing;

class client_resume_test : public client_session_fixture {
protected:
    client_resume_test() {
        auto o = options();
        o.clean_start = false;
        o.session_expiry = 100;
        make(o);
    }
};
EVERGRASS_BOTH_VERSIONS(client_resume_test);

TEST_P(client_resume_test, a_kept_session_gets_unacknowledged_messages_again_as_duplicates) {
    connect();
    publish("a", qos::at_least_once);
    publish("b", qos::exactly_once);
    publish("c", qos::at_least_once);
    written();
    reconnect(true);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 dup t=a", "PUBLISH #2 q2 dup t=b"));
    hear_ack(packet_type::puback, 1);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #3 q1 t=c"));
    EXPECT_THAT(answers, ElementsAre("done"));
}

TEST_P(client_resume_test, a_new_session_gets_them_as_new_ones) {
    connect();
    publish("a", qos::at_least_once);
    publish("b", qos::exactly_once);
    written();
    reconnect(false);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #3 q1 t=a", "PUBLISH #4 q2 t=b"));
    EXPECT_THAT(answers, IsEmpty());
}

TEST_P(client_resume_test, what_was_acknowledged_is_not_sent_again) {
    connect();
    publish("a", qos::at_least_once);
    publish("b", qos::at_least_once);
    written();
    hear_ack(packet_type::puback, 2);
    reconnect(true);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 dup t=a"));
}

TEST_P(client_resume_test, what_was_received_is_released_again_and_not_sent_again) {
    connect();
    publish("a", qos::exactly_once);
    written();
    hear_ack(packet_type::pubrec, 1);
    reconnect(true);
    EXPECT_THAT(said(), ElementsAre("PUBREL #1"));
    hear_ack(packet_type::pubcomp, 1,
             speaks_5() ? reason::packet_identifier_not_found : reason::success);
    EXPECT_THAT(answers, ElementsAre("done"));
}

TEST_P(client_resume_test, what_a_server_had_received_when_it_lost_the_session_is_done) {
    connect();
    publish("a", qos::exactly_once);
    publish("b", qos::exactly_once);
    written();
    hear_ack(packet_type::pubrec, 1);
    reconnect(false);
    EXPECT_THAT(answers, ElementsAre("done"));
    EXPECT_THAT(said(), ElementsAre("PUBLISH #3 q2 t=b"));
}

// A server that says again what it had received, before it gets the message again.
TEST_P(client_resume_test, a_pubrec_may_come_before_the_duplicate_has_left) {
    connect();
    publish("a", qos::exactly_once);
    publish("b", qos::exactly_once);
    written();
    session->lost("tested");
    connack_packet p;
    p.session_present = true;
    p.receive_maximum = speaks_5() ? 1 : 65'535;
    connect(p);
    hear_ack(packet_type::pubrec, 2);
    hear_ack(packet_type::pubrec, 1);
    hear_ack(packet_type::pubcomp, 1);
    hear_ack(packet_type::pubcomp, 2);
    EXPECT_THAT(answers, ElementsAre("done", "done"));
    EXPECT_TRUE(session->connected());
    publish("c", qos::at_least_once);
    EXPECT_EQ(said().back(), "PUBLISH #3 q1 t=c");
}

TEST_P(client_resume_test, what_was_published_while_away_comes_after_what_was_under_way) {
    connect();
    publish("a", qos::at_least_once);
    written();
    session->lost("tested");
    publish("b", qos::exactly_once);
    reconnect(true);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #1 q1 dup t=a", "PUBLISH #2 q2 t=b"));
}

// A session that is clean at each connection has no duplicates either.
TEST_P(client_resume_test, a_clean_session_knows_nothing_of_earlier_attempts) {
    make();
    connect();
    publish("a", qos::at_least_once);
    written();
    reconnect(false);
    EXPECT_THAT(said(), ElementsAre("PUBLISH #2 q1 t=a"));
}

// A server that does what the standard asks, and remembers over connections what the session is.
class model_server {
public:
    explicit model_server(protocol_version version) : version_(version) {}

    void send(qos level, std::string payload) {
        pending_.push_back({++last_id_, level, std::move(payload)});
    }
    // The bytes with which it begins a connection on which CONNECT came.
    std::string accept(bool keeps_session) {
        if (!keeps_session) {
            received_.clear();
            std::erase_if(pending_, [](const sending& s) { return s.sent; });
        }
        std::string bytes;
        connack_packet p;
        p.session_present = keeps_session;
        encode_connack(bytes, version_, p);
        for (auto& each : pending_) {
            if (each.released) {
                encode_ack(bytes, version_, packet_type::pubrel, each.id);
            } else {
                bytes += publish_bytes(each);
            }
        }
        return bytes;
    }
    std::string answer(const frame& f);

    std::vector<std::string> got;  // payloads, once for each that is new by its packet identifier

private:
    struct sending {
        std::uint16_t id;
        qos level;
        std::string payload;
        bool sent = false;
        bool released = false;
    };

    std::string publish_bytes(sending& each) {
        publish_head head;
        head.topic = "t";
        head.payload_bytes = each.payload.size();
        head.level = each.level;
        head.id = each.id;
        head.duplicate = std::exchange(each.sent, true);
        std::string bytes;
        encode_publish_head(bytes, version_, head);
        return bytes + each.payload;
    }
    std::string ack(packet_type type, std::uint16_t id) const {
        std::string bytes;
        encode_ack(bytes, version_, type, id);
        return bytes;
    }
    std::string take(const publish_packet& p) {
        if (p.message.level == qos::at_least_once) {
            got.emplace_back(p.message.payload);
            return ack(packet_type::puback, p.id);
        }
        if (received_.insert(p.id).second) {
            got.emplace_back(p.message.payload);
        }
        return ack(packet_type::pubrec, p.id);
    }

    protocol_version version_;
    std::set<std::uint16_t> received_;
    std::vector<sending> pending_;
    std::uint16_t last_id_ = 0;
};

std::string model_server::answer(const frame& f) {
    if (f.type == packet_type::publish) {
        return take(decode_publish(f, version_).value());
    }
    const auto id = decode_ack(f, version_).value().id;
    const auto at = std::find_if(pending_.begin(), pending_.end(),
                                 [&](const sending& s) { return s.id == id; });
    switch (f.type) {
        case packet_type::pubrel:
            received_.erase(id);
            return ack(packet_type::pubcomp, id);
        case packet_type::pubrec:
            if (at != pending_.end()) {
                at->released = true;
            }
            return ack(packet_type::pubrel, id);
        default:
            if (at != pending_.end()) {
                pending_.erase(at);
            }
            return "";
    }
}

// Client and server exchange packets, one at a time, until none is left or the connection is cut
// after so many of them.
class exchange {
public:
    exchange(client_session& client, model_server& server, mono_time now)
        : client_(client), server_(server), now_(now) {}

    // How many packets went; the rest of them are lost with the connection.
    int run(bool keeps_session, int most) {
        client_.opened(now_);
        to_server_ = to_client_ = "";
        int moved = 0;
        for (bool connect = true; moved < most; ++moved) {
            collect();
            if (const auto f = next_frame(to_server_, SIZE_MAX).value()) {
                to_client_ += connect ? server_.accept(keeps_session) : server_.answer(*f);
                connect = false;
                to_server_.erase(0, f->size);
            } else if (const auto g = next_frame(to_client_, SIZE_MAX).value()) {
                client_.receive(std::string(to_client_, 0, g->size), now_);
                to_client_.erase(0, g->size);
            } else {
                break;
            }
        }
        return moved;
    }

private:
    void collect() {
        for (auto piece = client_.output().begin_write(); !piece.empty();
             piece = client_.output().begin_write()) {
            to_server_ += piece;
            client_.written(now_);
        }
    }

    client_session& client_;
    model_server& server_;
    mono_time now_;
    std::string to_server_;
    std::string to_client_;
};

std::vector<std::string> first_arrivals(const std::vector<std::string>& all) {
    std::vector<std::string> first;
    for (const auto& each : all) {
        if (std::find(first.begin(), first.end(), each) == first.end()) {
            first.push_back(each);
        }
    }
    return first;
}

class client_loss_test : public client_resume_test {
protected:
    // A fresh client and server with everything still before them.
    void begin() {
        auto o = options();
        o.clean_start = false;
        o.session_expiry = 100;
        make(o);
        messages.clear();
        answers.clear();
        server.emplace(version);
        for (const auto& each : ours) {
            publish(each, each[0] == '1' ? qos::at_least_once : qos::exactly_once);
        }
        for (const auto& each : theirs) {
            server->send(each[2] == '1' ? qos::at_least_once : qos::exactly_once, each.substr(2));
        }
        between.emplace(*session, *server, now);
    }
    void check(const std::string& where) {
        ASSERT_FALSE(session->failed()) << session->failure() << where;
        ASSERT_EQ(first_arrivals(server->got), ours) << where;
        ASSERT_EQ(answers, std::vector<std::string>(ours.size(), "done")) << where;
    }
    void check_exactly_once(const std::vector<std::string>& arrived, const std::string& where) {
        for (const auto& each : arrived) {
            if (each.find('2') != std::string::npos) {
                ASSERT_EQ(std::count(arrived.begin(), arrived.end(), each), 1) << where;
            }
        }
    }

    static constexpr int enough = 1'000;  // packets
    const std::vector<std::string> ours{"1a", "2b", "2c", "1d", "2e"};
    const std::vector<std::string> theirs{"t=2x", "t=1y", "t=2z"};
    std::optional<model_server> server;
    std::optional<exchange> between;
};
EVERGRASS_BOTH_VERSIONS(client_loss_test);

// Two connections are cut, each after any number of packets.
TEST_P(client_loss_test, whatever_is_lost_all_arrives_in_order_and_qos_2_once) {
    begin();
    const int whole = between->run(false, enough);
    for (int first = 1; first <= whole; ++first) {
        for (int second = 0; second <= whole; ++second) {
            begin();
            between->run(false, first);
            session->lost("tested");
            between->run(true, second);
            session->lost("tested");
            between->run(true, enough);
            const auto where =
                "cut after " + std::to_string(first) + " and " + std::to_string(second);
            check(where);
            ASSERT_EQ(first_arrivals(messages), theirs) << where;
            check_exactly_once(server->got, where);
            check_exactly_once(messages, where);
        }
    }
}

TEST_P(client_loss_test, a_session_lost_at_any_step_loses_no_message_of_ours) {
    begin();
    const int whole = between->run(false, enough);
    for (int cut = 1; cut <= whole; ++cut) {
        begin();
        between->run(false, cut);
        session->lost("tested");
        between->run(false, enough);
        check("cut after " + std::to_string(cut));
    }
}

}  // namespace
}  // namespace evergrass::mqtt
