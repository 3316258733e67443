#pragma once

#include "libs/mqtt/testing/world.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace evergrass::mqtt::testing {

struct history_settings {
    std::size_t shards = 1;
    bool journal = false;
    bool crashes = false;
    // 0, 1, ... choose other limits of the server.
    unsigned limits = 0;
    // What happens next: a number below its argument.
    std::function<unsigned(unsigned)> roll;
    std::function<void(const std::string& line)> trace = {};
};

// Clients that do everything: connect, take over, vanish, subscribe, publish, acknowledge or not,
// while the journal saves and the process crashes; held against a model of what each is owed.
// Throws broken_rule when a message comes that nobody sent, or again at QoS 2, or out of order, or
// one that the server took responsibility for does not come and is not counted as lost.
class history {
public:
    explicit history(history_settings settings);

    void step();
    // All come back, acknowledge all, and get what they are owed.
    void finish();

private:
    struct sent_message {
        std::size_t from;
        std::string topic;
        qos level;
        unsigned number;
        std::set<std::size_t> owed;  // clients
        bool acknowledged = false;
        bool sent_again = false;  // perhaps
    };
    struct player {
        scripted_client* client;
        unsigned published = 0;
        unsigned session = 0;              // counts those that began
        bool keeps = false;                // and will do so until it starts clean
        std::map<std::string, qos> holds;  // since SUBACK, until UNSUBSCRIBE
        std::set<std::string> got;
        std::set<std::pair<unsigned, std::string>> once;  // QoS 2, by session
        // The last number, by session, publisher, topic, and QoS from and to the server.
        std::map<std::tuple<unsigned, std::size_t, std::string, qos, qos>, unsigned> last;
    };

    unsigned roll(unsigned below) { return settings_.roll(below); }
    bool chance(unsigned one_in) { return roll(one_in) == 0; }
    void add_client(const std::string& id);
    void pump(std::size_t who);
    void until_quiet();
    connect_settings settings_for(bool keep);
    void note_sending_again(std::size_t who);
    void connect(std::size_t who);
    void forget(std::size_t who);
    void leave(std::size_t who);
    void subscribe(std::size_t who);
    void unsubscribe(std::size_t who);
    void withdraw(std::size_t who);
    void acknowledge_some(scripted_client& client);
    void crash();
    void publish(std::size_t who);
    void run_some(std::size_t who);
    void on_message(std::size_t who, const std::string& topic, const std::string& payload,
                    qos level);
    void judge();

    const history_settings settings_;
    world all_;
    std::vector<player> players_;
    std::map<std::string, sent_message> messages_;  // by payload
};

}  // namespace evergrass::mqtt::testing
