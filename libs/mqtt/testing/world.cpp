#include "libs/mqtt/testing/world.hpp"

#include "libs/mqtt/testing/broker_books.hpp"

#include <atomic>

namespace evergrass::mqtt::testing {

void fake_mesh::post(std::size_t shard, std::function<void(broker&)> work) {
    if (!closed_) {
        posts_.emplace_back(shard, std::move(work));
    }
}

void fake_mesh::run_one(const std::function<broker&(std::size_t)>& at) {
    auto next = std::move(posts_.front());
    posts_.pop_front();
    next.second(at(next.first));
}

void fake_mesh::close() {
    closed_ = true;
    while (!posts_.empty()) {
        const auto dropped = std::move(posts_.front());
        posts_.pop_front();
    }
}

struct world::state {
    explicit state(world& of)
        : mesh(of.shards()),
          retained(of.options.max_retained, of.options.max_retained_bytes,
                   of.options.retained_by_source),
          subscriptions(of.shards()) {
        auto* const journal = of.settings_.journal ? &of.journal : nullptr;
        for (std::size_t i = 0; i < of.shards(); ++i) {
            brokers.push_back(std::make_unique<broker>(
                broker_shared{of.options, of.rules, mesh, retained, shares, journal, time, logger(),
                              subscriptions, connections, sessions, of.settings_.exchange},
                i));
            brokers.back()->at(of.mono, of.wall);
        }
    }

    fake_mesh mesh;
    retained_store retained;
    share_groups shares;
    clock time;
    std::vector<std::atomic<std::size_t>> subscriptions;
    std::atomic<std::size_t> connections{0};
    std::atomic<std::size_t> sessions{0};
    std::vector<std::unique_ptr<broker>> brokers;
};

world::world(world_settings settings) : options(settings.options), settings_(std::move(settings)) {
    start();
}

world::~world() {
    end();
}

broker& world::at(std::size_t shard) {
    return *state_->brokers.at(shard);
}

retained_store& world::retained() {
    return state_->retained;
}

fake_mesh& world::mesh() {
    return state_->mesh;
}

std::size_t world::connections() const {
    return state_->connections;
}

std::size_t world::sessions() const {
    return state_->sessions;
}

std::size_t world::subscriptions(std::size_t shard) const {
    return state_->subscriptions.at(shard);
}

void world::start() {
    state_ = std::make_unique<state>(*this);
    if (!settings_.journal) {
        return;
    }
    for (auto& each : journal.take_sessions()) {
        home(each.client_id).restore(std::move(each));
    }
    for (auto& each : journal.take_retained()) {
        retained().put(std::move(each), wall);
    }
    journal.on_durable([this](session_journal::sequence upto) {
        for (std::size_t i = 0; i < shards(); ++i) {
            mesh().post(i, [upto](broker& there) { there.durable(upto); });
        }
    });
}

void world::end() {
    for (auto& each : clients_) {
        each->forget_link();
    }
    state_->mesh.close();
    state_->brokers.clear();
    state_.reset();
}

scripted_client& world::client(std::string id) {
    clients_.push_back(std::make_unique<scripted_client>(
        std::move(id),
        [this](link_owner& owner, const std::string& name) { return open(owner, name); },
        [this] { settle(); }));
    return *clients_.back();
}

std::unique_ptr<link> world::open(link_owner& owner, const std::string& id) {
    client_identity identity;
    identity.remote_address = "127.0.0.1:1";
    const bool assigned = id.empty();
    const auto name = assigned ? "assigned-" + std::to_string(++assigned_) : id;
    return home(name).open(owner, identity, name, assigned, mono);
}

bool world::step() {
    if (!mesh().empty()) {
        mesh().run_one([this](std::size_t shard) -> broker& { return at(shard); });
        return true;
    }
    bool moved = false;
    for (auto& each : clients_) {
        moved = each->pump() || moved;
    }
    return moved;
}

bool world::save_some() {
    if (journal.durable() == journal.last()) {
        return false;
    }
    journal.save_all();
    return true;
}

void world::settle() {
    while (step() || (settings_.saves_at_once && save_some())) {
    }
    if (checks_books) {
        check_books();
    }
}

void world::check_books() const {
    for (const auto& each : state_->brokers) {
        broker_books::check(*each, state_->mesh.empty());
    }
}

void world::save() {
    journal.save_all();
    settle();
}

void world::advance(std::chrono::milliseconds by) {
    // No machine runs for so long that the longest expiry, of 136 years, has no end.
    constexpr std::chrono::seconds longest_expiry{0xFFFF'FFFF};
    if (mono > mono_time::max() - longest_expiry - by || wall > wall_time::max() - by) {
        return;
    }
    mono += by;
    wall += by;
    for (auto& each : state_->brokers) {
        each->at(mono, wall);
    }
    for (auto& each : state_->brokers) {
        if (each->deadline() <= mono) {
            each->on_time();
        }
    }
    settle();
}

void world::publish(const message_ptr& message, const receipt& pending) {
    home(message->topic).publish(message, pending);
    settle();
}

message_ptr world::message(std::string topic, std::string payload, qos level, bool retain,
                           std::string source) const {
    auto made = std::make_shared<stored_message>();
    made->topic = std::move(topic);
    made->payload = std::make_shared<const std::string>(std::move(payload));
    made->level = level;
    made->retain = retain;
    made->source = std::move(source);
    return made;
}

void world::crash(session_journal::sequence upto) {
    journal.dead = true;
    end();
    journal.restart(upto);
    start();
}

void world::restart() {
    for (auto& each : state_->brokers) {
        each->stop();
    }
    settle();
    journal.save_all();
    crash();
}

}  // namespace evergrass::mqtt::testing
