#include "libs/mqtt/server.hpp"

#include "libs/base/errors.hpp"
#include "libs/log_store/real_file_system.hpp"
#include "libs/mqtt/front_desk.hpp"
#include "libs/mqtt/presence.hpp"
#include "libs/mqtt/retained_store.hpp"
#include "libs/mqtt/shard.hpp"
#include "libs/mqtt/share_groups.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <sched.h>
#include <utility>

namespace evergrass::mqtt {
namespace {

constexpr std::size_t max_default_shards = 8;

// Half of the processors that this process may use: the other half is for those who make messages
// and take them.
std::size_t default_shards() {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    const int count = sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable) : 1;
    return std::clamp<std::size_t>(static_cast<std::size_t>(count) / 2, 1, max_default_shards);
}

// While a copy of it lives, something is not done yet; whoever waits sees the last one go, also
// when a shard that has ended drops it.
class milestone {
public:
    std::shared_ptr<void> copy() const { return token_; }
    void wait() {
        auto passed = passed_->get_future();
        token_.reset();
        passed.wait();
    }

private:
    std::shared_ptr<std::promise<void>> passed_ = std::make_shared<std::promise<void>>();
    std::shared_ptr<void> token_{nullptr, [passed = passed_](void*) { passed->set_value(); }};
};

}  // namespace

class server::implementation final : public shard_mesh {
public:
    implementation(server_settings settings, policy& rules, logger log)
        : settings_(std::move(settings)),
          rules_(rules),
          log_(std::move(log)),
          retained_(settings_.limits.max_retained, settings_.limits.max_retained_bytes,
                    settings_.limits.retained_by_source) {
        if (settings_.shards == 0) {
            settings_.shards = default_shards();
        }
    }
    ~implementation() override { static_cast<void>(stop()); }

    result<void> open(log_store::file_system* disk);

    // shard_mesh
    std::size_t size() const override { return settings_.shards; }
    void post(std::size_t shard, std::function<void(broker&)> work) override {
        if (!ended_.load(std::memory_order_acquire)) {
            shards_[shard]->post(std::move(work));
        }
    }

    void post_to_home(std::string_view client_id, std::function<void(broker&)> work) {
        post(home_of(client_id, size()), std::move(work));
    }
    template <class Work>
    void post_to_all(const Work& work) {
        for (std::size_t shard = 0; shard < size(); ++shard) {
            post(shard, work);
        }
    }
    bool on_a_shard() const {
        return std::any_of(shards_.begin(), shards_.end(),
                           [](const auto& each) { return each->is_this_thread(); });
    }

    front_desk& desk() { return *desk_; }
    const presence& connected() const { return rules_; }
    statistics numbers() const;
    std::size_t connections() const { return connections_; }
    void forget_retained();
    std::vector<message_ptr> retained(std::string_view filter) const {
        return retained_.find(filter, settings_.limits.hash_matches_parent, time_.now());
    }
    void take_in(const message_ptr& message, const receipt& pending);
    result<void> stop();

private:
    void arrived(std::size_t home, arrival client);
    result<void> open_journal(log_store::file_system* disk);
    void restore();
    void wait_for_shards();

    server_settings settings_;
    presence rules_;
    logger log_;
    clock time_;
    log_store::real_file_system real_disk_;
    retained_store retained_;
    share_groups shares_;
    std::shared_ptr<session_journal> journal_;
    std::vector<std::atomic<std::size_t>> subscriptions_;
    std::atomic<std::size_t> connections_ = 0;
    std::atomic<std::size_t> sessions_ = 0;
    std::atomic<std::size_t> sockets_ = 0;
    std::vector<std::unique_ptr<shard>> shards_;
    std::unique_ptr<front_desk> desk_;
    std::atomic<bool> ended_ = false;  // the shards have, and nothing is posted to them any more
    std::mutex stop_mutex_;
    bool stopped_ = false;
    result<void> outcome_;
};

result<void> server::implementation::open(log_store::file_system* disk) {
    if (auto opened = open_journal(disk); !opened) {
        return opened.error();
    }
    subscriptions_ = std::vector<std::atomic<std::size_t>>(size());
    const broker_shared shared{settings_.limits, rules_,         *this,     retained_,
                               shares_,          journal_.get(), time_,     log_,
                               subscriptions_,   connections_,   sessions_, settings_.exchange};
    for (std::size_t index = 0; index < size(); ++index) {
        shards_.push_back(std::make_unique<shard>(shared, index, sockets_));
    }
    restore();
    desk_ = std::make_unique<front_desk>(
        settings_.limits, rules_, log_, size(),
        [this](std::size_t home, arrival client) { arrived(home, std::move(client)); }, sockets_);
    for (const auto& each : shards_) {
        each->start();
    }
    desk_->start();
    return {};
}

result<void> server::implementation::open_journal(log_store::file_system* disk) {
    if (settings_.journal) {
        journal_ = std::move(settings_.journal);
        return {};
    }
    if (settings_.data_directory.empty()) {
        return {};
    }
    session_journal::settings wanted;
    wanted.directory = settings_.data_directory;
    auto opened =
        session_journal::open(disk != nullptr ? *disk : real_disk_, std::move(wanted), time_, log_);
    if (!opened) {
        return opened.error();
    }
    journal_ = std::move(*opened);
    return {};
}

void server::implementation::restore() {
    if (!journal_) {
        return;
    }
    journal_->on_durable([this](session_journal::sequence upto) {
        post_to_all([upto](broker& each) { each.durable(upto); });
    });
    for (auto& message : journal_->take_retained()) {
        retained_.put(std::move(message), time_.now());
    }
    for (auto& kept : journal_->take_sessions()) {
        auto& home = shards_[home_of(kept.client_id, size())]->before_start();
        home.restore(std::move(kept));
    }
}

namespace {

// A client that waits until it may go on. Its socket no longer counts if it never does.
struct held_arrival {
    arrival client;
    std::atomic<std::size_t>& sockets;
    bool has_gone_on = false;

    ~held_arrival() {
        if (!has_gone_on) {
            sockets.fetch_sub(1, std::memory_order_relaxed);
        }
    }
};

}  // namespace

// By way of the shard's other work, so that what was posted before is done before.
void server::implementation::arrived(std::size_t home, arrival client) {
    if (!settings_.before_client || client.client_id.empty()) {
        shards_[home]->take(std::move(client));
        return;
    }
    const auto held = std::shared_ptr<held_arrival>(new held_arrival{std::move(client), sockets_});
    settings_.before_client(held->client.who, held->client.client_id, [this, home, held] {
        post(home, [this, home, held](broker&) {
            held->has_gone_on = true;
            shards_[home]->take(std::move(held->client));
        });
    });
}

void server::implementation::take_in(const message_ptr& message, const receipt& pending) {
    if (message->retain && message->payload->empty()) {
        retained_.clear(message->source, message->topic);
    } else if (message->retain &&
               retained_.put(message, time_.now()) != retained_store::stored::yes) {
        rules_.lost(loss::not_stored, message->source, message->topic, {});
    }
    post_to_all([message, pending](broker& each) { each.forward(message, pending, nullptr); });
}

// As retain_message() told the journal (broker_deliver.cpp).
void server::implementation::forget_retained() {
    for (const auto& message : retained_.take_all()) {
        if (journal_) {
            journal_->retained_cleared(
                settings_.limits.retained_by_source ? std::string_view(message->source) : "",
                message->topic);
        }
    }
}

// All that was posted to shards before this has been done.
void server::implementation::wait_for_shards() {
    milestone done;
    post_to_all([held = done.copy()](broker&) {});
    done.wait();
}

// Nobody comes in any more; what is on its way between shards arrives; clients are told, and what
// they leave behind is saved.
result<void> server::implementation::stop() {
    const std::lock_guard lock(stop_mutex_);
    if (std::exchange(stopped_, true) || !desk_) {
        return outcome_;
    }
    desk_->stop();
    wait_for_shards();
    wait_for_shards();  // and what that brought
    for (const auto& each : shards_) {
        each->begin_stop();
    }
    for (const auto& each : shards_) {
        each->end_stop();
    }
    ended_.store(true, std::memory_order_release);
    if (journal_) {
        outcome_ = journal_->stop();
    }
    return outcome_;
}

server::statistics server::implementation::numbers() const {
    const auto& desk = desk_->counted();
    statistics all;
    all.connections = connections_;
    all.sessions = sessions_;
    all.retained = retained_.size();
    all.retained_bytes = retained_.bytes();
    all.handshakes = desk.handshakes;
    all.handshakes_resumed = desk.resumed;
    all.handshakes_failed = desk.failed;
    all.connections_refused = desk.refused;
    if (journal_) {
        all.journal = journal_->numbers();
    }
    return all;
}

server::server(std::unique_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

server::~server() = default;

result<std::unique_ptr<server>> server::start(server_settings settings, policy& rules, logger log,
                                              log_store::file_system* disk) {
    auto made = std::make_unique<implementation>(std::move(settings), rules, std::move(log));
    if (auto opened = made->open(disk); !opened) {
        return opened.error();
    }
    return std::unique_ptr<server>(new server(std::move(made)));
}

result<std::uint16_t> server::listen(const listen_settings& where) {
    return implementation_->desk().listen(where);
}

void server::adopt(int socket, client_identity who, std::string received) {
    implementation_->desk().adopt(socket, std::move(who), std::move(received));
}

// By the source's home, so that what one source sends stays in order.
void server::publish(message_ptr message, receipt pending) {
    const auto& source = message->source;
    implementation_->post_to_home(source, [message, pending = std::move(pending)](broker& home) {
        home.publish(message, pending);
    });
}

void server::deliver_to(std::string_view client_id, message_ptr message, receipt pending) {
    implementation_->post_to_home(
        client_id,
        [id = std::string(client_id), message = std::move(message),
         pending = std::move(pending)](broker& home) { home.deliver_to(id, message, pending); });
}

void server::take_in(message_ptr message, receipt pending) {
    implementation_->take_in(message, pending);
}

void server::take_turn(const std::string& filter, message_ptr message, share_turn_ptr turn) {
    implementation_->post_to_home(
        filter, [filter, message = std::move(message), turn = std::move(turn)](broker& any) {
            any.take_turn(filter, message, turn);
        });
}

void server::replace_session(std::string_view client_id,
                             std::optional<session_journal::kept_session> kept,
                             std::function<void()> between) {
    implementation_->post_to_home(client_id, [id = std::string(client_id), kept = std::move(kept),
                                              between = std::move(between)](broker& home) mutable {
        home.let_go(id, true);
        if (between) {
            between();
        }
        if (kept) {
            home.restore(std::move(*kept));
        }
    });
}

void server::let_go(std::string_view client_id, bool connected_too) {
    implementation_->post_to_home(client_id, [id = std::string(client_id), connected_too](
                                                 broker& home) { home.let_go(id, connected_too); });
}

void server::close_where(std::function<bool(const client_info&)> chosen, reason code,
                         std::string_view why, bool end_session) {
    milestone done;
    implementation_->post_to_all(
        [chosen = std::move(chosen), code, why = std::string(why), end_session,
         held = done.copy()](broker& each) { each.close_where(chosen, code, why, end_session); });
    if (!implementation_->on_a_shard()) {
        done.wait();
    }
}

void server::each_connected(std::function<void(const client_info&)> call) {
    milestone done;
    implementation_->post_to_all(
        [call = std::move(call), held = done.copy()](broker& each) { each.each_connected(call); });
    if (!implementation_->on_a_shard()) {
        done.wait();
    }
}

void server::forget_retained() {
    implementation_->forget_retained();
}

std::vector<message_ptr> server::retained(std::string_view filter) const {
    return implementation_->retained(filter);
}

bool server::is_connected(std::string_view client_id) const {
    return implementation_->connected().is_connected(client_id);
}

std::optional<loss> server::would_lose(std::string_view client_id, std::string_view topic) const {
    const auto answer = std::make_shared<std::optional<loss>>(loss::not_connected);
    milestone done;
    implementation_->post_to_home(
        client_id, [answer, id = std::string(client_id), topic = std::string(topic),
                    held = done.copy()](broker& home) { *answer = home.would_lose(id, topic); });
    done.wait();
    return *answer;
}

server::statistics server::numbers() const {
    return implementation_->numbers();
}

std::size_t server::connections() const {
    return implementation_->connections();
}

result<void> server::stop() {
    return implementation_->stop();
}

}  // namespace evergrass::mqtt
