#include "edge/cloud_link/link_connections.hpp"

#include "edge/cloud_link/session_file.hpp"
#include "libs/base/time.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace evergrass::edge {

struct link_connections::connection {
    mqtt::client* client = nullptr;
    std::unique_ptr<mqtt::client> own;  // null: the first connection, which is somebody else's
    bool kept = false;
    bool connected = false;
    connection_state state;
    std::map<std::string, mqtt::qos, std::less<>>
        told;                      // what the client was asked to subscribe to
    std::set<std::string> ending;  // unsubscribed, unanswered
    std::set<std::string> has;     // granted, in a session that is there as far as is known
    std::set<std::string> refused;
};

link_connections::link_connections(boost::asio::any_io_executor executor, mqtt::client& first,
                                   link_connections_settings settings, logger log)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      log_(std::move(log)),
      plan_(settings_.filters_per_connection),
      refused_timer_(executor_),
      refused_retry_(settings_.first_refused_retry) {
    auto& c = *connections_.emplace(0, std::make_unique<connection>()).first->second;
    c.client = &first;
    c.state.client_id = settings_.options.client_id;
    c.state.endpoint = endpoint_text();
    c.state.since = std::chrono::system_clock::now();
    restore();
}

std::string link_connections::endpoint_text() const {
    const auto& to = settings_.options.endpoint;
    return to.host + ":" + std::to_string(to.port);
}

link_connections::~link_connections() {
    *alive_ = false;
}

void link_connections::start() {
    started_ = true;
    for (auto& [number, c] : connections_) {
        if (c->own) {
            c->own->start();
        }
    }
    apply();
}

void link_connections::stop() {
    stopped_ = true;
    refused_timer_.cancel();
    for (auto& [number, c] : connections_) {
        if (c->own) {
            c->own->stop();
        }
    }
}

link_connections::connection& link_connections::open(unsigned number, bool kept) {
    auto& place = connections_[number];
    if (place && place->own && place->kept != kept) {
        place->own->stop();  // its number is another one's now
        place.reset();
    }
    if (!place) {
        auto options = settings_.options;
        const auto digits = std::to_string(number);
        options.client_id = settings_.client_ids + (digits.size() < 2 ? "0" : "") + digits;
        options.clean_start = !kept;
        place = std::make_unique<connection>();
        place->kept = kept;
        place->state.client_id = options.client_id;
        place->state.endpoint = endpoint_text();
        place->state.since = std::chrono::system_clock::now();
        place->own = std::make_unique<mqtt::client>(executor_, std::move(options), log_);
        place->client = place->own.get();
        place->own->on_message = [this, number](const mqtt::publish_view& m) { heard(number, m); };
        place->own->on_state = [this, number](bool connected, std::string_view reason) {
            changed(number, connected, reason);
        };
        if (started_) {
            place->own->start();
        }
    }
    return *place;
}

// Sessions of an earlier run, with what it had there, so that nothing else comes by them than what
// is wanted now.
void link_connections::restore() {
    if (settings_.sessions_file.empty()) {
        return;
    }
    auto kept = read_session_file(settings_.sessions_file);
    if (!kept) {
        log_.warn("It is not known what earlier sessions at the cloud are subscribed to.",
                  {{"reason", kept.error()}});
        return;
    }
    if (kept->client_ids != settings_.client_ids) {
        return;  // another core's
    }
    for (const auto& [number, filters] : kept->filters) {
        if (number == 0 || plan_.connections().contains(number)) {
            continue;
        }
        plan_.restore(number, filters);
        auto& c = open(number, true);
        c.has = filters;
    }
    saved_ = write_session_text(*kept);
}

// Before the subscriptions are made or ended: what the file does not name, no session has.
void link_connections::save() {
    if (settings_.sessions_file.empty()) {
        return;
    }
    kept_sessions now;
    now.client_ids = settings_.client_ids;
    for (const auto& [number, c] : plan_.connections()) {
        if (!c.kept) {
            continue;
        }
        auto& filters = now.filters[number];
        for (const auto& [filter, level] : c.filters) {
            filters.insert(filter);
        }
        for (const auto& [filter, waits] : c.leaving) {
            filters.insert(filter);
        }
    }
    auto text = write_session_text(now);
    if (text == saved_ || (saved_.empty() && now.filters.empty())) {
        return;
    }
    if (const auto written = write_session_file(settings_.sessions_file, text); !written) {
        log_.warn("What the sessions at the cloud are subscribed to cannot be written down.",
                  {{"reason", written.error()}});
        return;
    }
    saved_ = std::move(text);
}

void link_connections::want(const wanted_filters& all, std::set<std::string> watched) {
    watched_ = std::move(watched);
    for (const auto& filter : plan_.want(all)) {
        log_.error("There is no room for a subscription at the cloud: all connections are full.",
                   {{"subject", filter},
                    {"next",
                     "raise cloudLink.subscriptionsPerConnection, if the cloud takes more, "
                     "or use wildcards"}});
    }
    apply();
}

void link_connections::apply() {
    if (stopped_) {
        return;
    }
    save();
    // First what is to be done, for an answer that comes at once changes the plan.
    std::vector<std::pair<unsigned, std::string>> ending;
    std::vector<std::tuple<unsigned, std::string, mqtt::qos>> beginning;
    for (const auto& [number, planned] : plan_.connections()) {
        auto& c = open(number, planned.kept);
        for (const auto& [filter, waits] : planned.leaving) {
            if (!waits && !c.ending.contains(filter)) {
                ending.emplace_back(number, filter);
            }
        }
        for (const auto& [filter, level] : planned.filters) {
            const auto told = c.told.find(filter);
            if (told == c.told.end() || told->second != level) {
                beginning.emplace_back(number, filter, level);
            }
        }
        c.state.filters = planned.filters.size();
    }
    for (const auto& [number, filter] : ending) {
        unsubscribe(number, *connections_.at(number), filter);
    }
    for (const auto& [number, filter, level] : beginning) {
        subscribe(number, *connections_.at(number), filter, level);
    }
    std::erase_if(connections_, [this](const auto& c) {
        const bool over = c.first != 0 && !plan_.connections().contains(c.first);
        if (over) {
            c.second->own->stop();
        }
        return over;
    });
    if (unanswered_ == 0) {
        apply_soon();  // for what waits, if anything does
    }
    needed_.clear();
    for (const auto& filter : watched_) {
        for (const auto& [number, planned] : plan_.connections()) {
            if (planned.filters.contains(filter)) {
                needed_.insert(number);
            }
        }
    }
    note_up();
}

// Later, for a client must not be destroyed by its own callback.
void link_connections::apply_soon() {
    const auto waits = [](const auto& c) {
        return std::any_of(c.second.leaving.begin(), c.second.leaving.end(),
                           [](const auto& one) { return one.second; });
    };
    const auto& planned = plan_.connections();
    const bool over = std::any_of(connections_.begin(), connections_.end(),
                                  [&](const auto& c) { return !planned.contains(c.first); });
    const bool waiting = unanswered_ == 0 && std::any_of(planned.begin(), planned.end(), waits);
    if (!over && !waiting) {
        return;
    }
    boost::asio::post(executor_, [this, alive = alive_] {
        if (*alive) {
            if (unanswered_ == 0) {
                plan_.release();
            }
            apply();
        }
    });
}

void link_connections::subscribe(unsigned number, connection& c, const std::string& filter,
                                 mqtt::qos level) {
    c.told[filter] = level;
    c.ending.erase(filter);
    ++unanswered_;
    c.client->subscribe(filter, level,
                        [this, alive = alive_, number, filter](const result<mqtt::qos>& granted) {
                            if (*alive) {
                                --unanswered_;
                                answered(number, filter, granted);
                            }
                        });
}

void link_connections::answered(unsigned number, const std::string& filter,
                                const result<mqtt::qos>& granted) {
    const auto at = connections_.find(number);
    if (stopped_ || at == connections_.end() || !at->second->told.contains(filter)) {
        return apply_soon();
    }
    auto& c = *at->second;
    if (granted) {
        c.has.insert(filter);
        if (c.refused.erase(filter) != 0) {
            log_.info("The cloud lets a subscription now.", {{"subject", filter}});
        }
    } else {
        if (c.refused.insert(filter).second) {
            log_.warn("The cloud refused a subscription.",
                      {{"subject", filter},
                       {"clientId", c.state.client_id},
                       {"reason", granted.error()},
                       {"next", "allow iot:Subscribe and iot:Receive in the core's policy"}});
        }
        ask_refused_later();
    }
    apply_soon();
}

void link_connections::ask_refused_later() {
    if (std::exchange(refused_waits_, true)) {
        return;
    }
    refused_timer_.expires_after(refused_retry_);
    refused_retry_ = std::min(2 * refused_retry_, settings_.max_refused_retry);
    refused_timer_.async_wait([this, alive = alive_](const boost::system::error_code& cancelled) {
        if (!cancelled && *alive && !stopped_) {
            refused_waits_ = false;
            ask_refused();
        }
    });
}

void link_connections::ask_refused() {
    bool any = false;
    for (auto& [number, c] : connections_) {
        for (const auto& filter : std::set<std::string>(c->refused)) {
            const auto told = c->told.find(filter);
            if (told == c->told.end()) {
                c->refused.erase(filter);
                continue;
            }
            any = true;
            subscribe(number, *c, filter, told->second);
        }
    }
    if (!any) {
        refused_retry_ = settings_.first_refused_retry;
    }
}

void link_connections::unsubscribe(unsigned number, connection& c, const std::string& filter) {
    c.told.erase(filter);
    c.has.erase(filter);
    c.refused.erase(filter);
    c.ending.insert(filter);
    c.client->unsubscribe(
        filter, [this, alive = alive_, number, filter](const result<void>& outcome) {
            const auto at = *alive && !stopped_ ? connections_.find(number) : connections_.end();
            if (!*alive || stopped_ || at == connections_.end() ||
                at->second->ending.erase(filter) == 0) {
                return;  // it is wanted again
            }
            if (!outcome) {
                log_.warn("The cloud did not end a subscription.",
                          {{"subject", filter}, {"reason", outcome.error()}});
            }
            plan_.left(number, filter);
            save();
            apply_soon();
        });
}

void link_connections::heard(unsigned number, const mqtt::publish_view& message) {
    const auto has = [this](unsigned other, const std::string& filter) {
        const auto at = connections_.find(other);
        return at != connections_.end() && at->second->has.contains(filter);
    };
    if (on_message && plan_.takes(number, message.topic, has)) {
        on_message(message);
    }
}

void link_connections::changed(unsigned number, bool connected, std::string_view reason) {
    const auto at = connections_.find(number);
    const auto planned = plan_.connections().find(number);
    if (at == connections_.end() || planned == plan_.connections().end()) {
        return;
    }
    auto& c = *at->second;
    if (c.connected != connected) {
        c.connected = connected;
        c.state.connected = connected;
        c.state.since = std::chrono::system_clock::now();
    }
    if (!connected) {
        c.state.last_error = reason;
    }
    if (!planned->second.kept || (connected && !c.client->server().session_present)) {
        // Which of these it has again matters where other connections have part of the topics.
        c.has.clear();
        if (connected) {
            for (const auto& filter : planned->second.shared) {
                if (const auto told = c.told.find(filter); told != c.told.end()) {
                    subscribe(number, c, filter, mqtt::qos(told->second));
                }
            }
        }
    }
    note_up();
}

void link_connections::note_up() {
    const bool up = connections_.at(0)->connected &&
                    std::all_of(needed_.begin(), needed_.end(), [this](unsigned number) {
                        const auto at = connections_.find(number);
                        return at != connections_.end() && at->second->connected;
                    });
    if (std::exchange(up_, up) != up && on_up) {
        on_up(up);
    }
}

void link_connections::renew(std::string_view why) {
    for (auto& [number, c] : connections_) {
        c->client->reconnect(why);
    }
}

std::vector<connection_state> link_connections::states() const {
    std::vector<connection_state> all;
    for (const auto& [number, c] : connections_) {
        all.push_back(c->state);
        const auto& traffic = c->client->traffic();
        all.back().bytes_in = traffic.received;
        all.back().bytes_out = traffic.sent;
    }
    return all;
}

}  // namespace evergrass::edge
