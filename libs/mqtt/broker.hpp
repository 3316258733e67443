#pragma once

#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/mqtt/link.hpp"
#include "libs/mqtt/message.hpp"
#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/server_options.hpp"
#include "libs/mqtt/session_journal.hpp"
#include "libs/mqtt/share_exchange.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

class broker;
class retained_store;
struct gathered_message;
struct gathering;
namespace testing {
struct broker_books;
}
class share_groups;

// The shard on which a client's session lives, wherever its connection was accepted.
std::size_t home_of(std::string_view client_id, std::size_t shards);

// How shards reach each other. Any thread.
class shard_mesh {
public:
    virtual ~shard_mesh() = default;
    virtual std::size_t size() const = 0;
    // Runs `work` on the shard's thread soon, in order of posting by one thread. Dropped, and
    // destroyed, once the server has stopped.
    virtual void post(std::size_t shard, std::function<void(broker&)> work) = 0;
};

// What the shards of one server have in common. All of it outlives them.
struct broker_shared {
    const server_options& options;
    policy& rules;
    shard_mesh& mesh;
    retained_store& retained;
    share_groups& shares;
    session_journal* journal;  // null: nothing outlives the process
    const clock& time;
    logger log;
    std::vector<std::atomic<std::size_t>>& subscriptions;  // of each shard: is there any?
    std::atomic<std::size_t>& connections;                 // with a CONNECT that was accepted
    std::atomic<std::size_t>& sessions;
    share_exchange* exchange = nullptr;  // null: all that share are here
};

// One shard's sessions: who is connected, who is away, what waits for whom, who subscribed to what.
// Pure: bytes, time and messages in; bytes, journal records and posts to other shards out. All
// members on the shard's thread.
class broker {
public:
    broker(broker_shared shared, std::size_t shard);
    ~broker();
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;

    // A connection whose CONNECT is the first thing to be received. `client_id` is what that
    // CONNECT says, or what policy::assign_client_id gave (`assigned`); home_of(client_id) is here.
    std::unique_ptr<link> open(link_owner& owner, client_identity who, std::string client_id,
                               bool assigned, mono_time now);

    // The time of this turn; called before anything else in it.
    void at(mono_time now, wall_time wall);
    // When on_time() wants to be called at the latest; mono_time::max(): never.
    mono_time deadline() const;
    void on_time();
    // The journal has saved all up to `upto`.
    void durable(session_journal::sequence upto);

    // Routes a message from outside, with everything that publish() by a client would do but for
    // may_publish. `source` is the policy's name for who sent it.
    void publish(const message_ptr& message, const receipt& pending);
    // For this client alone, if one of its filters matches: what a table's target gets.
    void deliver_to(std::string_view client_id, const message_ptr& message, const receipt& pending);
    // This shard's part of a message that another shard's publisher sent. `record`, here and below:
    // null unless who gets it is to be saved with what other shards say.
    void forward(const message_ptr& message, const receipt& pending,
                 const std::shared_ptr<gathering>& record);
    // A share group chose this client of ours, which the policy named with these marks.
    void deliver_shared(std::string_view client_id, const std::string& filter,
                        const std::vector<std::uint32_t>& marks, const message_ptr& message,
                        const receipt& pending, const std::shared_ptr<gathering>& record);
    // One of those that share `filter` ("$share/NAME/FILTER") and are connected gets it, on
    // whatever shard; nobody: the turn goes on.
    void take_turn(const std::string& filter, const message_ptr& message,
                   const share_turn_ptr& turn);
    // This client of ours was chosen.
    void give_turn(std::string_view client_id, const std::string& filter,
                   const message_ptr& message, const share_turn_ptr& turn);
    // All shards have said who gets it: this one, its publisher's, saves it.
    void write_gathered(const std::shared_ptr<gathered_message>& all);
    // That has happened, or has failed.
    void gathered(const std::shared_ptr<gathered_message>& all);

    // What one of its links' replies waited for has happened.
    void complete(std::uint64_t link, std::uint64_t ticket);

    // Sessions that the journal kept; one that was to end with its connection ends. Before the
    // first connection.
    void restore(session_journal::kept_session kept);

    // Closes connections (5.0: DISCONNECT with `code`) and, with `end_session`, forgets the
    // sessions of those that `chosen` picks, away ones too.
    void close_where(const std::function<bool(const client_info&)>& chosen, reason code,
                     std::string_view why, bool end_session);

    // Of this shard's clients that are connected.
    void each_connected(const std::function<void(const client_info&)>& call) const;

    // server::let_go().
    void let_go(const std::string& client_id, bool connected_too);

    // What deliver_to() would do with a message of this topic now; nullopt: it would be taken.
    std::optional<loss> would_lose(std::string_view client_id, std::string_view topic) const;

    // The server stops: DISCONNECT to all (0x8B), wills and sessions as the standard has it; no
    // further call but destructors of links.
    void stop();

    struct implementation;

private:
    friend struct testing::broker_books;  // looks at what has to agree

    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::mqtt
