#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/broker.hpp"
#include "libs/mqtt/retained_store.hpp"
#include "libs/mqtt/share_groups.hpp"
#include "libs/mqtt/testing/fake_journal.hpp"
#include "libs/mqtt/testing/fake_policy.hpp"
#include "libs/mqtt/testing/scripted_client.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::mqtt::testing {

// Posts wait until the test lets them run.
class fake_mesh final : public shard_mesh {
public:
    explicit fake_mesh(std::size_t shards) : shards_(shards) {}

    std::size_t size() const override { return shards_; }
    void post(std::size_t shard, std::function<void(broker&)> work) override;

    bool empty() const { return posts_.empty(); }
    // The oldest one; what it posts comes last.
    void run_one(const std::function<broker&(std::size_t)>& at);
    // Nothing runs any more.
    void close();

private:
    const std::size_t shards_;
    std::deque<std::pair<std::size_t, std::function<void(broker&)>>> posts_;
    bool closed_ = false;
};

struct world_settings {
    std::size_t shards = 1;
    bool journal = false;
    bool saves_at_once = true;  // the journal's changes are durable as soon as all is quiet
    server_options options = {};
    share_exchange* exchange = nullptr;
};

// A whole server for tests and fuzz targets and the clients that talk to it, without threads,
// sockets or clocks.
class world {
public:
    explicit world(world_settings settings = {});
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    server_options options;
    fake_policy rules;
    fake_journal journal;
    mono_time mono{std::chrono::seconds(1'000)};
    wall_time wall{std::chrono::seconds(1'600'000'000)};

    std::size_t shards() const { return settings_.shards; }
    broker& at(std::size_t shard);
    broker& home(std::string_view client_id) { return at(home_of(client_id, shards())); }
    retained_store& retained();
    fake_mesh& mesh();
    std::size_t connections() const;
    std::size_t sessions() const;
    std::size_t subscriptions(std::size_t shard) const;
    void save_at_once(bool yes) { settings_.saves_at_once = yes; }
    // What the brokers keep agrees; looked at whenever all is quiet, unless there is very much of
    // it.
    void check_books() const;
    bool checks_books = true;

    // A client that is not connected yet; another one for each call.
    scripted_client& client(std::string id);

    // One thing that can happen next; false: all is quiet.
    bool step();
    void settle();
    // All that the journal was told is on the disk.
    void save();
    void advance(std::chrono::milliseconds by);

    // As server::publish does.
    void publish(const message_ptr& message, const receipt& pending = {});
    message_ptr message(std::string topic, std::string payload, qos level = qos::at_most_once,
                        bool retain = false, std::string source = "outside") const;

    // The process dies, with the journal's records up to `upto` on the disk, and is started again.
    void crash(session_journal::sequence upto);
    void crash() { crash(journal.last()); }
    // It ends as it should, and is started again.
    void restart();

private:
    struct state;

    void start();
    void end();
    std::unique_ptr<link> open(link_owner& owner, const std::string& id);
    bool save_some();

    world_settings settings_;
    std::unique_ptr<state> state_;
    std::vector<std::unique_ptr<scripted_client>> clients_;
    int assigned_ = 0;
};

}  // namespace evergrass::mqtt::testing
