#include "cloud/nodes/node.hpp"

#include "cloud/bus/bus_subjects.hpp"
#include "libs/base/errors.hpp"
#include "libs/mqtt/server_options.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <future>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;
using mono = std::chrono::steady_clock;

constexpr auto between_looks = 1s;
constexpr auto tell_limit = 1s;
constexpr auto catch_up_limit = 30s;
constexpr auto claim_limit = 10s;
constexpr auto coming_limit = 30s;
// A node writes each second that it is there.
constexpr auto silent_is_gone = 15s;
constexpr auto steady_looks = 5s;
// The place of the retained messages in the store, where none is new: what a service reads at its
// start is not more.
constexpr auto between_retained = 10s;
// Twice within the minute for which a share outlives those who take part.
constexpr auto between_shares = 20s;
// What a client that comes back has missed is mostly among these.
constexpr std::size_t most_recent = 20'000;
constexpr std::size_t most_recent_bytes = 32U * 1024 * 1024;
// What the service says at its end, such as that its clients are gone, is waited for so long.
constexpr auto last_words_limit = 2s;

}  // namespace

node::node(store& state, bus& between, std::string fleet, std::string name,
           registry_changes& changes, node_services services, logger log)
    : state_(state),
      bus_(between),
      fleet_(std::move(fleet)),
      name_(std::move(name)),
      changes_(changes),
      services_(std::move(services)),
      log_(std::move(log)),
      shares_(between, log_) {}

node::~node() {
    stop();
}

result<std::unique_ptr<node>> node::open(store& state, bus& between, const std::string& fleet,
                                         const std::string& name, registry_changes& changes,
                                         node_services services, logger log) {
    std::unique_ptr<node> made(
        new node(state, between, fleet, name, changes, std::move(services), std::move(log)));
    if (auto checked = made->check_stream(); !checked) {
        return checked.error();
    }
    auto sessions = shared_sessions::open(state, name, made->time_, made->log_, made->begin_after_);
    if (!sessions) {
        return sessions.error();
    }
    made->sessions_ = std::move(*sessions);
    return made;
}

// Where to begin, and whether what the store remembers of the stream is of this one.
result<void> node::check_stream() {
    // In this order: others take the store's place on meanwhile.
    auto position = read_retained();
    if (!position) {
        return position.error();
    }
    const auto ends = bus_.ends();
    if (!ends) {
        return ends.error();
    }
    if (*position > ends->last) {
        log_.error("The bus has lost its stream: what waited for clients that were away is gone.",
                   {{"expected", *position}, {"last", ends->last}});
        if (auto forgotten = forget_positions(state_); !forgotten) {
            return forgotten;
        }
        *position = 0;
    }
    begin_after_ = std::max(*position, ends->first - 1);
    heard_ = recent_after_ = begin_after_;
    return {};
}

result<bus::position> node::read_retained() {
    return load_retained(state_, [this](const std::string& bytes) {
        const auto read = decode_envelope(bytes);
        if (read && read->message) {
            first_retained_.push_back(read->message);
        } else {
            log_.error("A retained message of the store cannot be read; it is passed over.");
        }
    });
}

result<void> node::begin(hub& devices) {
    hub_ = &devices;
    shares_.begin(
        [this](const std::string& filter, mqtt::message_ptr message, mqtt::share_turn_ptr turn) {
            hub_->take_turn(filter, std::move(message), std::move(turn));
        });
    for (auto& message : first_retained_) {
        hub_->take_in(std::move(message), nullptr);
    }
    first_retained_.clear();
    const auto ends = bus_.ends();
    if (!ends) {
        return ends.error();
    }
    auto begun = bus_.begin(begin_after_,
                            [this](bus::position at, std::string_view bytes) { hear(at, bytes); });
    if (!begun) {
        return begun;
    }
    sessions_->on_will_due(
        [this] { boost::asio::post(blocking_, [this] { publish_due_wills(); }); });
    sessions_->on_taken_for_gone(
        [this] { boost::asio::post(blocking_, [this] { hub_->tell_connections_again(); }); });
    worker_ = std::thread([this] { work(); });
    std::unique_lock hold(mutex_);
    if (!changed_.wait_for(hold, catch_up_limit, [&] { return heard_ >= ends->last; })) {
        return error{errc::timed_out, "the bus does not send what it has kept"};
    }
    return {};
}

void node::stop() {
    {
        const std::lock_guard hold(mutex_);
        if (std::exchange(stopping_, true)) {
            return;
        }
    }
    stopped_ = true;
    changed_.notify_all();
    if (sessions_) {
        sessions_->on_will_due(nullptr);
        sessions_->on_taken_for_gone(nullptr);
    }
    if (worker_.joinable()) {
        worker_.join();
    }
    arrivals_.join();
    shares_.stop();
    if (bus_.is_connected()) {
        std::unique_lock hold(mutex_);
        changed_.wait_for(hold, last_words_limit, [this] { return not_kept_yet_ == 0; });
    }
    bus_.stop();
    blocking_.join();
    std::map<std::uint64_t, claim> claims;
    std::vector<unkept> given_up;
    {
        const std::lock_guard hold(mutex_);
        claims.swap(claims_);
        given_up.swap(unkept_);
    }
}

// --- what it says
// -----------------------------------------------------------------------------------------------

std::string node::encode(told what, const std::string& name, std::uint64_t number) const {
    envelope said;
    said.what = what;
    said.origin = name_;
    said.name = name;
    said.number = number;
    return encode_envelope(said);
}

void node::tell(told what, const std::string& name) {
    auto told_all = std::make_shared<std::promise<void>>();
    auto done = told_all->get_future();
    bus_.keep(event_subject(fleet_), encode(what, name),
              [told_all](const result<bus::position>&) { told_all->set_value(); });
    if (done.wait_for(tell_limit) != std::future_status::ready) {
        log_.warn("The other services have not heard of a change yet: the bus does not answer.");
    }
}

void node::tell_soon(told what, const std::string& name) {
    if (stopped_) {
        return;
    }
    boost::asio::post(blocking_, [this, what, name] {
        {
            // Who is in a transaction has it until that is committed.
            const auto hold = state_.db().lock();
        }
        bus_.keep(event_subject(fleet_), encode(what, name), {});
    });
}

void node::publish_of_client(const mqtt::publication& message, const mqtt::receipt& pending) {
    auto bytes = encode_message(name_, message);
    if (message.level() == mqtt::qos::at_most_once && !message.retain()) {
        bus_.say(live_subject(fleet_, message.topic()), bytes);
        return;
    }
    bus_.keep(
        message_subject(fleet_, message.topic()), std::move(bytes),
        [this, pending, client = std::string(message.source())](const result<bus::position>& kept) {
            if (!kept && kept.error().code == errc::too_large) {
                hub_->refuse(client, pending);
            }
        });
}

void node::publish(const mqtt::publication& message, const mqtt::receipt& pending) {
    auto bytes = encode_message(name_, message);
    if (message.level() == mqtt::qos::at_most_once && !message.retain()) {
        bus_.say(live_subject(fleet_, message.topic()), bytes);
        return;
    }
    keep(message_subject(fleet_, message.topic()), std::move(bytes), pending);
}

// Nobody can be told that it failed: it is said again until it is kept.
void node::keep(const std::string& subject, std::string bytes, mqtt::receipt pending) {
    auto copy = std::make_shared<std::string>(bytes);
    {
        const std::lock_guard hold(mutex_);
        ++not_kept_yet_;
    }
    bus_.keep(
        subject, std::move(bytes),
        [this, subject, copy, pending = std::move(pending)](const result<bus::position>& kept) {
            const std::lock_guard hold(mutex_);
            if (!kept && kept.error().code == errc::too_large) {
                unkept_.push_back({subject, *copy, pending});
            }
            if (--not_kept_yet_ == 0) {
                changed_.notify_all();
            }
        });
}

// --- what it hears
// -----------------------------------------------------------------------------------------------

void node::hear(bus::position at, std::string_view bytes) {
    const auto said = decode_envelope(bytes);
    if (said && said->message) {
        take_in(at, bytes, said->message);
    } else {
        if (at != 0) {
            sessions_->passed(at);
        }
        if (said) {
            hear_event(at, *said);
        } else {
            log_.error("A message of the bus is passed over.", {{"error", said.error()}});
        }
    }
    if (at != 0) {
        const std::lock_guard hold(mutex_);
        heard_ = at;
        changed_.notify_all();
    }
}

void node::take_in(bus::position at, std::string_view bytes, const mqtt::message_ptr& message) {
    if (at == 0) {
        hub_->take_in(message, nullptr);
        return;
    }
    {
        const std::lock_guard hold(mutex_);
        if (message->level != mqtt::qos::at_most_once) {
            recent_bytes_ += message->bytes();
            recent_.push_back({at, message});
        }
        while (recent_.size() > most_recent || recent_bytes_ > most_recent_bytes) {
            recent_bytes_ -= recent_.front().message->bytes();
            recent_after_ = recent_.front().at;
            recent_.pop_front();
        }
        if (message->retain) {
            retained_.push_back(
                {at, message->topic, message->payload->empty() ? "" : std::string(bytes)});
        }
    }
    hub_->take_in(message, sessions_->delivering(message, at));
}

void node::hear_event(bus::position at, const envelope& said) {
    const bool is_own = said.origin == name_;
    if (said.what == told::client_claimed) {
        if (is_own) {
            settle(at, said.number);
        } else {
            hub_->let_go(said.name, true);
        }
        return;
    }
    if (is_own && said.what != told::node_gone) {
        return;
    }
    // The others may wait for the store or for MQTT's threads.
    boost::asio::post(blocking_, [this, what = said.what, name = said.name] {
        switch (what) {
            case told::registry_changed:
                return changes_.heard(registry_change::rights, {});
            case told::certificate_lost:
                return changes_.heard(registry_change::certificate_lost, name);
            case told::things_changed:
                return changes_.heard(registry_change::rights, {});
            case told::emptied:
                return changes_.heard(registry_change::emptied, {});
            case told::key_lost:
                return services_.cut_off_key(name);
            case told::keys_changed:
                return services_.look_at_keys();
            case told::deployment:
                return services_.wake_polls(name);
            case told::invocation_waits:
                return services_.invocation_waits(name);
            case told::invocation_changed:
                return services_.invocation_changed(name);
            case told::node_gone:
                log_.warn("Another service is gone.", {{"node", name}});
                changes_.heard(registry_change::rights, {});
                return hub_->cut_off_inactive();
            case told::message:
            case told::client_claimed:
                return;
        }
    });
    if (said.what == told::registry_changed || said.what == told::certificate_lost ||
        said.what == told::things_changed) {
        changes_.heard(registry_change::rights, {});  // at once: it waits for nobody
    }
}

// --- clients that come
// -----------------------------------------------------------------------------------------------

// Whoever cannot be told apart from another connection is not let in: it tries again.
void node::arriving(const std::string& client_id, std::function<void()> go_on) {
    if (stopped_) {
        return;
    }
    if (!bus_.is_connected()) {
        log_.warn("A client is sent away: the bus cannot be reached.", {{"clientId", client_id}});
        return;
    }
    boost::asio::post(arrivals_, [this, client_id, go_on = std::move(go_on)] {
        claim coming;
        coming.client_id = client_id;
        coming.go_on = go_on;
        coming.since = mono::now();
        arrive(std::move(coming));
    });
}

void node::arrive(claim coming) {
    auto session = load_session(state_, coming.client_id, time_.now());
    if (!session) {
        log_.error("A client is sent away: its session cannot be read.",
                   {{"clientId", coming.client_id}, {"error", session.error()}});
        return;
    }
    const auto wills = has_wills(state_, coming.client_id);
    if (!wills) {
        log_.error("A client is sent away: its wills cannot be read.",
                   {{"clientId", coming.client_id}, {"error", wills.error()}});
        return;
    }
    coming.had_wills = *wills;
    coming.session = std::move(*session);
    if (coming.session) {
        if (auto read = read_older(coming); !read) {
            log_.error("A client is sent away: what waits for it cannot be read.",
                       {{"clientId", coming.client_id}, {"error", read.error()}});
            return;
        }
    }
    const auto client_id = coming.client_id;
    std::uint64_t number = 0;
    {
        const std::lock_guard hold(mutex_);
        number = ++last_claim_;
        claims_[number] = std::move(coming);
    }
    bus_.keep(event_subject(fleet_), encode(told::client_claimed, client_id, number),
              [this, number](const result<bus::position>& kept) {
                  if (!kept) {
                      claim gone;  // outside of the lock
                      const std::lock_guard hold(mutex_);
                      if (const auto found = claims_.find(number); found != claims_.end()) {
                          gone = std::move(found->second);
                          claims_.erase(found);
                      }
                  }
              });
}

// What is no longer among the recent ones, from the stream.
result<void> node::read_older(claim& coming) {
    const auto& session = *coming.session;
    bus::position upto = 0;
    {
        const std::lock_guard hold(mutex_);
        upto = recent_after_;
    }
    coming.upto = std::max(session.low, upto);
    if (session.low >= upto) {
        return {};
    }
    std::map<bus::position, mqtt::message_ptr> found;
    for (const auto& held : session.subscriptions) {
        if (held.what.filter.starts_with("$share/")) {
            continue;  // has its turn when the client is there
        }
        const auto records = bus_.read(std::max(session.low, held.since), upto,
                                       message_filter(fleet_, held.what.filter));
        if (!records) {
            return records.error();
        }
        for (const auto& each : *records) {
            const auto said = decode_envelope(each.bytes);
            if (said && said->message) {
                found.emplace(each.at, said->message);
            }
        }
    }
    for (auto& [at, message] : found) {
        coming.older.push_back({at, std::move(message)});
    }
    return {};
}

// All have heard that the client is here now, and what comes after this place is delivered to it.
void node::settle(bus::position at, std::uint64_t number) {
    claim coming;
    bool is_complete = true;
    {
        const std::lock_guard hold(mutex_);
        const auto found = claims_.find(number);
        if (found == claims_.end()) {
            return;
        }
        coming = std::move(found->second);
        claims_.erase(found);
        is_complete = !coming.session || coming.upto >= recent_after_;
        if (is_complete && coming.session) {
            const auto first = std::upper_bound(
                recent_.begin(), recent_.end(), coming.upto,
                [](bus::position place, const placed_message& one) { return place < one.at; });
            coming.older.insert(coming.older.end(), first, recent_.end());
        }
        if (is_complete) {
            came_.push_back({mono::now(), coming.client_id, at});
        }
    }
    if (!is_complete) {
        // So much came meanwhile that some of it is no longer among the recent ones.
        boost::asio::post(arrivals_, [this, again = std::move(coming)]() mutable {
            again.older.clear();
            arrive(std::move(again));
        });
        return;
    }
    replayed_session replayed;
    std::optional<mqtt::session_journal::kept_session> kept;
    if (coming.session) {
        const mqtt::server_options usual;
        replayed = replay(*coming.session, coming.older, time_.now(), usual.max_queued_bytes,
                          /*hash_matches_parent=*/false, [this](const std::string& topic) {
                              auto found = hub_->retained(topic);
                              return found.empty() ? nullptr : std::move(found.front());
                          });
        if (replayed.dropped != 0) {
            log_.warn("Messages that waited for a client are dropped: there are too many.",
                      {{"clientId", coming.client_id},
                       {"messages", static_cast<std::uint64_t>(replayed.dropped)}});
        }
        kept = std::move(replayed.kept);
    }
    hub_->replace_session(coming.client_id, std::move(kept),
                          [sessions = sessions_, client_id = coming.client_id, at,
                           places = std::move(replayed.places),
                           retained = std::move(replayed.retained), had_wills = coming.had_wills] {
                              sessions->adopted(client_id, at, places, retained, had_wills);
                          });
    coming.go_on();
}

void node::left(const client_connection& which) {
    sessions_->disconnected(which);
    hub_->let_go(which.client_id, false);
}

// --- each second
// -----------------------------------------------------------------------------------------------

void node::work() {
    std::unique_lock hold(mutex_);
    while (!stopping_) {
        const auto next = mono::now() + between_looks;
        changed_.wait_until(hold, next, [&] { return stopping_ || mono::now() >= next; });
        if (stopping_) {
            return;
        }
        std::vector<unkept> again;
        again.swap(unkept_);
        hold.unlock();
        for (auto& each : again) {
            keep(each.subject, std::move(each.bytes), std::move(each.pending));
        }
        if (!bus_.is_connected()) {
            // What others change is not heard: nothing that was read is held for true.
            changes_.heard(registry_change::rights, {});
        }
        forget_claims();
        shares_.look();
        write_retained_messages();
        if (services_.is_leading()) {
            look_after_all();
            keep_shares();
            publish_due_wills();
            publish_lost_connections();
            services_.lead();
        }
        hold.lock();
    }
}

void node::look_after_all() {
    // Nobody could say that it is there while the store was away.
    if (mono::now() - looked_ > steady_looks) {
        steady_since_ = mono::now();
    }
    const auto now = time_.now();
    const bool is_steady = mono::now() - steady_since_ > silent_is_gone;
    const auto gone = end_silent_nodes(state_, is_steady ? now - silent_is_gone : wall_time());
    if (!gone) {
        return;  // the store is away; said elsewhere
    }
    looked_ = mono::now();
    for (const auto& each : *gone) {
        bus_.keep(event_subject(fleet_), encode(told::node_gone, each), {});
    }
    if (auto ended = end_old_sessions(state_, now); !ended) {
        log_.warn("MQTT sessions that are over wait for the store.", {{"error", ended.error()}});
    }
}

// The one who leads writes them; the others keep what it may not have written yet.
void node::write_retained_messages() {
    const auto there = retained_position(state_);
    if (!there) {
        return;
    }
    std::vector<retained_change> all;
    bus::position upto = 0;
    {
        const std::lock_guard hold(mutex_);
        while (!retained_.empty() && retained_.front().at <= *there) {
            retained_.pop_front();
        }
        upto = heard_;
        all.assign(retained_.begin(), retained_.end());
    }
    const bool is_due = !all.empty() || mono::now() - retained_written_ >= between_retained;
    if (!services_.is_leading() || upto <= *there || !is_due) {
        return;
    }
    if (auto written = write_retained(state_, all, upto); !written) {
        log_.warn("Retained messages wait for the store.", {{"error", written.error()}});
        return;
    }
    retained_written_ = mono::now();
}

// Shares in which sessions wait, which may be nowhere now.
void node::keep_shares() {
    if (mono::now() - shares_kept_ < between_shares) {
        return;
    }
    const auto filters = shares_of_sessions(state_);
    if (!filters) {
        return;  // the store is away; said elsewhere
    }
    if (auto kept = bus_.keep_shares(*filters); !kept) {
        log_.warn("What waits for shared subscriptions is looked after later.",
                  {{"error", kept.error()}});
        return;
    }
    shares_kept_ = mono::now();
}

void node::forget_claims() {
    const auto now = mono::now();
    std::vector<claim> late;  // closed outside of the lock
    std::vector<arrival> settled;
    {
        const std::lock_guard hold(mutex_);
        for (auto each = claims_.begin(); each != claims_.end();) {
            if (now - each->second.since < claim_limit) {
                ++each;
                continue;
            }
            late.push_back(std::move(each->second));
            each = claims_.erase(each);
        }
        while (!came_.empty() && now - came_.front().at >= coming_limit) {
            settled.push_back(std::move(came_.front()));
            came_.pop_front();
        }
    }
    for (const auto& each : late) {
        log_.warn("A client is sent away: the bus does not answer.",
                  {{"clientId", each.client_id}});
    }
    // Those that never said CONNECT.
    for (const auto& each : settled) {
        hub_->let_go(each.client_id, false);
        sessions_->not_kept(each.client_id, each.epoch);
    }
}

node::statistics node::numbers() const {
    const std::lock_guard hold(mutex_);
    return {heard_, claims_.size(), bus_.is_connected()};
}

}  // namespace evergrass::cloud
