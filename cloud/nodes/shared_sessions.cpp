#include "cloud/nodes/shared_sessions.hpp"

#include "cloud/bus/envelope.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <chrono>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;

constexpr auto between_positions = 1s;
constexpr auto between_attempts = 200ms;
constexpr int most_attempts_at_end = 15;
// Of one transaction: bounds how long others wait for the store.
constexpr std::size_t largest_batch = 256;

bool is_under_way(const std::map<std::uint64_t, std::string>& retained, const std::string& filter) {
    return std::any_of(retained.begin(), retained.end(),
                       [&](const auto& each) { return each.second == filter; });
}

bool is_any_will_due(const std::vector<session_change>& batch, wall_time now) {
    return std::any_of(batch.begin(), batch.end(), [&](const session_change& each) {
        return each.will && each.will->due && *each.will->due <= now;
    });
}

}  // namespace

// Released on whatever thread when everybody here has the message.
struct shared_sessions::end_of_delivery {
    std::shared_ptr<shared_sessions> of;
    mqtt::message_ptr message;
    bus::position at;

    end_of_delivery(std::shared_ptr<shared_sessions> o, mqtt::message_ptr m, bus::position p)
        : of(std::move(o)), message(std::move(m)), at(p) {}
    end_of_delivery(const end_of_delivery&) = delete;
    end_of_delivery& operator=(const end_of_delivery&) = delete;
    ~end_of_delivery() {
        const std::lock_guard hold(of->mutex_);
        of->under_way_.erase(at);
        of->delivering_.erase(message.get());
    }
};

shared_sessions::shared_sessions(store& state, std::string node, const clock& time, logger log,
                                 bus::position from)
    : state_(state),
      node_(std::move(node)),
      time_(time),
      log_(std::move(log)),
      last_(from),
      written_position_(from) {}

shared_sessions::~shared_sessions() {
    static_cast<void>(stop());
}

result<std::shared_ptr<shared_sessions>> shared_sessions::open(store& state, std::string node,
                                                               const clock& time, logger log,
                                                               bus::position from) {
    std::shared_ptr<shared_sessions> made(
        new shared_sessions(state, std::move(node), time, std::move(log), from));
    if (auto written = write_position(state, made->node_, time.now(), from, {}); !written) {
        return written.error();
    }
    made->worker_ = std::thread([self = made.get()] { self->work(); });
    return made;
}

// --- what the node says
// -----------------------------------------------------------------------------------------------

mqtt::receipt shared_sessions::delivering(const mqtt::message_ptr& message, bus::position at) {
    const std::lock_guard hold(mutex_);
    last_ = at;
    under_way_.insert(at);
    delivering_[message.get()] = at;
    return std::make_shared<end_of_delivery>(shared_from_this(), message, at);
}

void shared_sessions::passed(bus::position at) {
    const std::lock_guard hold(mutex_);
    last_ = at;
}

void shared_sessions::adopted(const std::string& client_id, bus::position epoch,
                              std::vector<std::pair<std::uint64_t, bus::position>> places,
                              std::vector<std::pair<std::uint64_t, std::string>> retained,
                              bool had_wills) {
    const std::lock_guard hold(mutex_);
    auto& session = live_[client_id];
    session = {};
    session.epoch = epoch;
    session.had_wills = had_wills;
    session.unacknowledged.insert(places.begin(), places.end());
    session.retained.insert(retained.begin(), retained.end());
}

void shared_sessions::not_kept(const std::string& client_id, bus::position epoch) {
    const std::lock_guard hold(mutex_);
    const auto found = live_.find(client_id);
    if (found != live_.end() && found->second.coming && found->second.epoch == epoch) {
        live_.erase(found);
    }
}

bus::position shared_sessions::all_delivered() const {
    return under_way_.empty() ? last_ : *under_way_.begin() - 1;
}

// REQUIRES: something is not acknowledged.
bus::position shared_sessions::lowest(const live_session& session) {
    auto least = session.unacknowledged.begin()->second;
    for (const auto& [order, at] : session.unacknowledged) {
        least = std::min(least, at);
    }
    return least - 1;
}

// --- what the broker says
// -----------------------------------------------------------------------------------------------

mqtt::session_journal::sequence shared_sessions::note(session_change change) {
    waiting_.push_back(std::move(change));
    changed_.notify_all();
    return ++noted_;
}

mqtt::session_journal::sequence shared_sessions::session_begun(std::string_view client_id,
                                                               mqtt::protocol_version version,
                                                               std::uint32_t expiry_seconds) {
    const std::lock_guard hold(mutex_);
    auto& session = live_[std::string(client_id)];
    session.coming = false;
    session.version = version;
    session.expiry_seconds = expiry_seconds;
    session.unacknowledged.clear();
    session.retained.clear();
    session.low.reset();
    session_change change;
    change.what = session_change::kind::begun;
    change.client_id = client_id;
    change.epoch = session.epoch;
    change.version = version;
    change.expiry_seconds = expiry_seconds;
    return note(std::move(change));
}

mqtt::session_journal::sequence shared_sessions::session_resumed(std::string_view client_id,
                                                                 mqtt::protocol_version version,
                                                                 std::uint32_t expiry_seconds) {
    const std::lock_guard hold(mutex_);
    auto& session = live_[std::string(client_id)];
    session.coming = false;
    session.version = version;
    session.expiry_seconds = expiry_seconds;
    return note_resumed(std::string(client_id), session);
}

mqtt::session_journal::sequence shared_sessions::note_resumed(const std::string& client_id,
                                                              live_session& session) {
    session.low = session.unacknowledged.empty() ? all_delivered() : lowest(session);
    session_change change;
    change.what = session_change::kind::resumed;
    change.client_id = client_id;
    change.epoch = session.epoch;
    change.version = session.version;
    change.expiry_seconds = session.expiry_seconds;
    change.low = session.low;
    for (const auto& [order, filter] : session.retained) {
        change.under_way.push_back(filter);
    }
    return note(std::move(change));
}

mqtt::session_journal::sequence shared_sessions::session_left(std::string_view client_id,
                                                              std::uint32_t expiry_seconds,
                                                              wall_time at,
                                                              const std::optional<will>&) {
    const std::lock_guard hold(mutex_);
    const auto found = live_.find(client_id);
    if (found == live_.end()) {
        return durable_;
    }
    const auto& session = found->second;
    session_change change;
    change.what = session_change::kind::left;
    change.client_id = client_id;
    change.epoch = session.epoch;
    change.expiry_seconds = expiry_seconds;
    change.at = at;
    change.low = session.unacknowledged.empty() ? all_delivered() : lowest(session);
    live_.erase(found);
    return note(std::move(change));
}

mqtt::session_journal::sequence shared_sessions::session_ended(std::string_view client_id) {
    const std::lock_guard hold(mutex_);
    const auto found = live_.find(client_id);
    if (found == live_.end()) {
        return durable_;
    }
    session_change change;
    change.what = session_change::kind::ended;
    change.client_id = client_id;
    change.epoch = found->second.epoch;
    if (found->second.coming) {
        // Its client begins another one, of the same coming.
        found->second.unacknowledged.clear();
        found->second.retained.clear();
        change.what = session_change::kind::replaced;
    } else {
        live_.erase(found);
    }
    return note(std::move(change));
}

mqtt::session_journal::sequence shared_sessions::note_filter(std::string_view client_id,
                                                             session_change change) {
    const std::lock_guard hold(mutex_);
    const auto found = live_.find(client_id);
    if (found == live_.end()) {
        return durable_;
    }
    change.client_id = client_id;
    change.epoch = found->second.epoch;
    change.since = all_delivered();
    const bool adds = change.what == session_change::kind::subscribed;
    const auto filter = change.subscription.filter;
    auto noted = note(std::move(change));
    if (adds && is_under_way(found->second.retained, filter)) {
        noted = note_retained(client_id, found->second, filter);  // of the time before
    }
    return noted;
}

// Whether the client is still to acknowledge one for this filter.
mqtt::session_journal::sequence shared_sessions::note_retained(std::string_view client_id,
                                                               const live_session& session,
                                                               const std::string& filter) {
    session_change change;
    change.what = session_change::kind::retained;
    change.client_id = client_id;
    change.epoch = session.epoch;
    change.filter = filter;
    change.is_under_way = is_under_way(session.retained, filter);
    return note(std::move(change));
}

mqtt::session_journal::sequence shared_sessions::subscribed(std::string_view client_id,
                                                            const subscription& added) {
    session_change change;
    change.what = session_change::kind::subscribed;
    change.subscription = added;
    return note_filter(client_id, std::move(change));
}

mqtt::session_journal::sequence shared_sessions::unsubscribed(std::string_view client_id,
                                                              std::string_view filter) {
    session_change change;
    change.what = session_change::kind::unsubscribed;
    change.filter = filter;
    return note_filter(client_id, std::move(change));
}

mqtt::session_journal::sequence shared_sessions::note_will(will_change change) {
    session_change noted;
    noted.what = session_change::kind::will;
    noted.client_id = change.client_id;
    noted.epoch = change.epoch;
    noted.will = std::move(change);
    return note(std::move(noted));
}

mqtt::session_journal::sequence shared_sessions::will_begun(const mqtt::client_info& who,
                                                            const std::optional<will>& given,
                                                            std::uint32_t delay, bool resumed) {
    const std::lock_guard hold(mutex_);
    const auto found = live_.find(who.id);
    if (found == live_.end() || (!given && !found->second.had_wills)) {
        return durable_;
    }
    will_change change;
    change.client_id = who.id;
    change.epoch = found->second.epoch;
    change.resumed = resumed;
    change.now = time_.now();
    if (given) {
        auto lasting = std::make_shared<mqtt::stored_message>(*given->message);
        stored_will will;
        will.client_id = who.id;
        will.epoch = change.epoch;
        will.delay = delay;
        if (lasting->expires_at) {
            will.lifetime =
                to_epoch_milliseconds(*lasting->expires_at) - to_epoch_milliseconds(given->due);
            lasting->expires_at.reset();
        }
        will.principal = principal_text(who.identity);
        envelope said;
        said.origin = node_;
        said.message = std::move(lasting);
        will.message = encode_envelope(said);
        change.given = std::move(will);
        wills_[who.id] = change;
    }
    return note_will(std::move(change));
}

mqtt::session_journal::sequence shared_sessions::will_left(std::string_view client_id,
                                                           std::optional<wall_time> due) {
    const std::lock_guard hold(mutex_);
    const auto found = wills_.find(client_id);
    if (found == wills_.end()) {
        return durable_;
    }
    will_change change;
    change.has_left = true;
    change.client_id = client_id;
    change.epoch = found->second.epoch;
    change.due = due;
    wills_.erase(found);
    return note_will(std::move(change));
}

void shared_sessions::on_will_due(std::function<void()> call) {
    const std::lock_guard hold(mutex_);
    tell_will_due_ = std::move(call);
}

void shared_sessions::connected(const client_connection& which) {
    connection_change change;
    change.which = which;
    change.at = time_.now();
    note_connection(std::move(change));
}

void shared_sessions::disconnected(const client_connection& which) {
    connection_change change;
    change.has_left = true;
    change.which = which;
    note_connection(std::move(change));
}

void shared_sessions::note_connection(connection_change change) {
    session_change noted;
    noted.what = session_change::kind::connection;
    noted.client_id = change.which.client_id;
    noted.connection = std::move(change);
    const std::lock_guard hold(mutex_);
    note(std::move(noted));
}

bus::position shared_sessions::epoch_of(const std::string& client_id) const {
    const std::lock_guard hold(mutex_);
    const auto found = live_.find(client_id);
    return found == live_.end() ? 0 : found->second.epoch;
}

void shared_sessions::on_taken_for_gone(std::function<void()> call) {
    const std::lock_guard hold(mutex_);
    tell_taken_for_gone_ = std::move(call);
}

// The stream has it already, but for a retained one that a new subscriber gets: of that the store
// is told that it is under way, and by the topic what it is.
result<mqtt::session_journal::sequence> shared_sessions::message(const mqtt::message_ptr& what,
                                                                 std::span<const delivery> to,
                                                                 std::optional<received_id>) {
    const std::lock_guard hold(mutex_);
    const auto found = delivering_.find(what.get());
    for (const auto& one : to) {
        const auto session = live_.find(one.client_id);
        if (session == live_.end()) {
            continue;
        }
        if (found != delivering_.end()) {
            session->second.unacknowledged[one.order] = found->second;
        } else if (one.retain) {
            session->second.retained[one.order] = what->topic;
            note_retained(one.client_id, session->second, what->topic);
        }
    }
    return durable_;
}

mqtt::session_journal::sequence shared_sessions::finished(std::string_view client_id,
                                                          std::uint64_t order) {
    const std::lock_guard hold(mutex_);
    if (const auto found = live_.find(client_id); found != live_.end()) {
        auto& session = found->second;
        session.unacknowledged.erase(order);
        if (auto retained = session.retained.extract(order)) {
            note_retained(client_id, session, retained.mapped());
        }
    }
    return durable_;
}

mqtt::session_journal::sequence shared_sessions::durable() const {
    const std::lock_guard hold(mutex_);
    return durable_;
}

void shared_sessions::on_durable(std::function<void(sequence)> call) {
    const std::lock_guard hold(mutex_);
    tell_durable_ = std::move(call);
}

mqtt::session_journal::statistics shared_sessions::numbers() const {
    const std::lock_guard hold(mutex_);
    statistics all;
    all.records = noted_;
    all.syncs = transactions_;
    all.failing = failing_;
    return all;
}

// --- into the store
// -----------------------------------------------------------------------------------------------

// What a client does not acknowledge for more than a second gets a place of its own, so that it
// does not hold up the one of all others.
bus::position shared_sessions::look_at_positions(std::vector<session_low>& exceptions) {
    auto position = all_delivered();
    for (auto& [client_id, session] : live_) {
        if (session.coming) {
            continue;
        }
        std::optional<bus::position> own;
        if (!session.unacknowledged.empty()) {
            const auto low = lowest(session);
            if (low < written_position_) {
                own = low;
            } else {
                position = std::min(position, low);
            }
        }
        if (own != session.low) {
            session.low = own;
            exceptions.push_back({client_id, session.epoch, own});
        }
    }
    return std::max(position, written_position_);
}

result<void> shared_sessions::write_positions(std::unique_lock<std::mutex>& hold) {
    std::vector<session_low> exceptions;
    const auto position = look_at_positions(exceptions);
    hold.unlock();
    auto written = write_position(state_, node_, time_.now(), position, exceptions);
    hold.lock();
    if (written) {
        written_position_ = position;
        was_taken_for_gone_ = !*written;
        for (auto& [client_id, session] : live_) {
            if (!*written && !session.coming) {
                note_resumed(client_id, session);
            }
        }
        for (const auto& [client_id, will] : wills_) {
            if (!*written) {
                note_will(will);
            }
        }
        return {};
    }
    for (const auto& each : exceptions) {
        // Nobody knows what the store has: told again.
        if (const auto found = live_.find(each.client_id); found != live_.end()) {
            found->second.low = each.low ? std::nullopt : std::optional<bus::position>(0);
        }
    }
    return written.error();
}

void shared_sessions::work() {
    auto next_positions = std::chrono::steady_clock::now() + between_positions;
    int failures = 0;
    std::unique_lock hold(mutex_);
    for (;;) {
        changed_.wait_until(hold, next_positions,
                            [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_ && (waiting_.empty() || failures >= most_attempts_at_end)) {
            gave_up_ = !waiting_.empty();
            return;
        }
        const auto count = std::min(waiting_.size(), largest_batch);
        const std::vector<session_change> batch(
            waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
        result<void> done;
        if (!batch.empty()) {
            hold.unlock();
            done = write_changes(state_, node_, batch);
            hold.lock();
        }
        if (done && !batch.empty()) {
            waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
            durable_ += count;
            ++transactions_;
            const auto upto = durable_;
            const auto tell = tell_durable_;
            const auto tell_will_due = tell_will_due_;
            hold.unlock();
            if (tell) {
                tell(upto);
            }
            if (tell_will_due && is_any_will_due(batch, time_.now())) {
                tell_will_due();
            }
            hold.lock();
        }
        // With nothing else waiting: what it says is of sessions as the store has them.
        if (done && waiting_.empty() && std::chrono::steady_clock::now() >= next_positions) {
            done = write_positions(hold);
            next_positions = std::chrono::steady_clock::now() + between_positions;
            const auto tell = tell_taken_for_gone_;
            if (std::exchange(was_taken_for_gone_, false) && tell) {
                hold.unlock();
                tell();
                hold.lock();
            }
        }
        if (done) {
            failures = 0;
            failing_.reset();
            continue;
        }
        if (failures++ == 0) {
            log_.warn("MQTT sessions wait for the store.", {{"error", done.error()}});
        }
        failing_ = done.error().message();
        changed_.wait_for(hold, between_attempts, [this] { return stopping_; });
    }
}

result<void> shared_sessions::stop() {
    {
        const std::lock_guard hold(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (!worker_.joinable()) {
        return {};
    }
    worker_.join();
    if (gave_up_) {
        return error{errc::unavailable,
                     "MQTT sessions could not be written to the store; clients may get again what "
                     "they got in the last seconds"};
    }
    return remove_node(state_, node_);
}

}  // namespace evergrass::cloud
