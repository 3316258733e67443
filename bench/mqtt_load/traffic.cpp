#include "bench/mqtt_load/traffic.hpp"

#include "bench/mqtt_load/in_parallel.hpp"
#include "bench/mqtt_load/process_cpu.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <stdexcept>
#include <vector>

namespace mqtt_load {
namespace {

constexpr std::int64_t second = 1'000'000'000;
// Without any progress for so long, what is still under way is taken for lost.
constexpr std::int64_t patience = 5 * second;

struct subscriber {
    explicit subscriber(const target& to, std::size_t device) : connection(to, device) {}

    client connection;
    std::uint32_t first_publisher = 0;
    std::vector<sequence_check> flows;  // of first_publisher and those after it
    std::uint64_t received = 0;
};

struct publisher {
    explicit publisher(const target& to, std::size_t device) : connection(to, device) {}

    client connection;
    std::string head;           // all of a packet before its payload
    std::size_t id_offset = 0;  // of the packet identifier in the head, QoS 1
    std::size_t inflight = 0;   // most unacknowledged; the broker's Receive Maximum may lower it
    std::size_t batch = 0;      // so that two fit into `inflight`
    std::uint64_t sent = 0;
    std::uint64_t acknowledged = 0;
    std::deque<std::int64_t> due;  // open loop: messages whose time came and that wait for an ack
    bool watched = false;          // the poller tells when it can send
    bool checked = false;          // is in the list of those to look at
};

std::uint16_t packet_id(std::uint64_t sequence) {
    return static_cast<std::uint16_t>(sequence % 65'535 + 1);
}

std::runtime_error unexpected(const char* who, const packet& p) {
    return std::runtime_error(std::string("the broker sent ") + who + " an MQTT packet of type " +
                              std::to_string(static_cast<int>(p.type)));
}

class traffic {
public:
    traffic(const target& to, const traffic_options& options)
        : to_(to), options_(options), payloads_(options.payload_size) {
        open_subscribers();
        open_publishers();
    }

    boost::json::object run();

private:
    struct counters {
        std::int64_t time = 0;
        std::int64_t broker_cpu = 0;
        std::int64_t idle = 0;
        std::uint64_t received = 0;
    };

    std::string topic(std::size_t publisher) const;
    void open_subscribers();
    void open_publishers();

    std::size_t first_receiver(std::size_t publisher) const;
    std::size_t last_receiver(std::size_t publisher) const;
    // The lowest next sequence of this publisher at its receivers.
    std::uint64_t delivered(std::size_t publisher) const;

    void step();
    bool send_due();
    bool send_batches(std::size_t number);
    void append_message(publisher& from, std::uint32_t number, std::int64_t time);
    void flush(publisher& from, std::size_t number);
    void look_at(std::size_t number);
    void on_publish(subscriber& at, const packet& p);
    void on_puback(publisher& from, const packet& p);
    counters read_counters() const;
    bool sending_is_over() const;
    bool all_arrived() const;
    boost::json::object report(const counters& begin, const counters& end);

    const target& to_;
    const traffic_options& options_;
    payload_maker payloads_;
    std::vector<std::unique_ptr<subscriber>> subscribers_;
    std::vector<std::unique_ptr<publisher>> publishers_;
    std::vector<std::string> topics_;  // of the publishers
    poller poller_;                    // keys: subscribers first, publishers after them
    std::vector<std::size_t> to_look_at_;
    std::vector<std::size_t> looking_;

    bool stopped_ = false;    // nothing new is sent
    bool measuring_ = false;  // latencies count
    std::int64_t now_ = 0;
    std::int64_t progress_at_ = 0;
    std::int64_t idle_ = 0;  // nanoseconds with nothing to read and nothing to send
    std::int64_t open_loop_began_ = 0;
    std::uint64_t open_loop_count_ = 0;
    std::uint64_t received_ = 0;
    faults faults_;
    histogram latency_;
};

std::string traffic::topic(std::size_t publisher) const {
    switch (options_.form) {
        case shape::pairs:
            return "bench/pair/" + std::to_string(publisher);
        case shape::fan_out:
            return "bench/all";
        case shape::fan_in:
            return "bench/in/" + std::to_string(publisher);
    }
    return {};
}

void traffic::open_subscribers() {
    subscribers_.resize(options_.form == shape::fan_in ? 1 : options_.clients);
    in_parallel(subscribers_.size(), [this](std::size_t i) {
        auto s = std::make_unique<subscriber>(to_, 2 * i + 1);
        s->connection.subscribe(options_.form == shape::fan_in ? "bench/in/+" : topic(i),
                                options_.qos);
        s->first_publisher =
            options_.form == shape::pairs ? static_cast<std::uint32_t>(i) : std::uint32_t{0};
        s->flows.resize(options_.form == shape::fan_in ? options_.clients : 1);
        s->connection.start();
        subscribers_[i] = std::move(s);
    });
    for (std::size_t i = 0; i < subscribers_.size(); ++i) {
        poller_.add(subscribers_[i]->connection, i);
    }
}

void traffic::open_publishers() {
    publishers_.resize(options_.form == shape::fan_out ? 1 : options_.clients);
    for (std::size_t i = 0; i < publishers_.size(); ++i) {
        topics_.push_back(topic(i));
    }
    in_parallel(publishers_.size(), [this](std::size_t i) {
        auto p = std::make_unique<publisher>(to_, 2 * i);
        p->head =
            publish_head(to_.version, topics_[i], options_.qos, payloads_.size(), &p->id_offset);
        p->inflight =
            std::min<std::size_t>(options_.inflight, p->connection.accepted().receive_maximum);
        p->batch = options_.batch;
        if (options_.qos > 0) {
            p->batch = std::clamp<std::size_t>(p->inflight / 2, 1, options_.batch);
        }
        p->connection.start();
        publishers_[i] = std::move(p);
    });
    for (std::size_t i = 0; i < publishers_.size(); ++i) {
        poller_.add(publishers_[i]->connection, subscribers_.size() + i);
    }
}

std::size_t traffic::first_receiver(std::size_t publisher) const {
    return options_.form == shape::pairs ? publisher : 0;
}

std::size_t traffic::last_receiver(std::size_t publisher) const {
    return options_.form == shape::pairs ? publisher : subscribers_.size() - 1;
}

std::uint64_t traffic::delivered(std::size_t publisher) const {
    auto lowest = UINT64_MAX;
    for (auto i = first_receiver(publisher); i <= last_receiver(publisher); ++i) {
        const auto& s = *subscribers_[i];
        lowest = std::min(lowest, s.flows[publisher - s.first_publisher].next());
    }
    return lowest;
}

void traffic::append_message(publisher& from, std::uint32_t number, std::int64_t time) {
    auto& out = from.connection.out();
    const auto at = out.size();
    out.append(from.head);
    if (options_.qos > 0) {
        const auto id = packet_id(from.sent);
        out[at + from.id_offset] = static_cast<char>(id >> 8);
        out[at + from.id_offset + 1] = static_cast<char>(id & 0xff);
    }
    out.resize(at + from.head.size() + payloads_.size());
    payloads_.write(out.data() + at + from.head.size(), {number, from.sent, time});
    ++from.sent;
}

void traffic::flush(publisher& from, std::size_t number) {
    from.connection.flush();
    const bool wait = !from.connection.all_sent();
    if (wait != from.watched) {
        poller_.watch_sending(from.connection, subscribers_.size() + number, wait);
        from.watched = wait;
    }
}

void traffic::look_at(std::size_t number) {
    if (!publishers_[number]->checked) {
        publishers_[number]->checked = true;
        to_look_at_.push_back(number);
    }
}

// As many full batches as the windows let; true when it sent. Each batch is a write of its own.
bool traffic::send_batches(std::size_t number) {
    auto& from = *publishers_[number];
    const auto ahead_limit = delivered(number) + options_.window;
    bool sent = false;
    while (from.connection.all_sent()) {
        std::uint64_t count = from.batch;
        if (options_.messages > 0) {
            count = std::min<std::uint64_t>(count, options_.messages - from.sent);
        }
        if (count == 0 || stopped_ || from.sent + count > ahead_limit) {
            break;
        }
        if (options_.qos > 0 && from.sent - from.acknowledged + count > from.inflight) {
            break;
        }
        const auto time = now_nanoseconds();
        for (std::uint64_t i = 0; i < count; ++i) {
            append_message(from, static_cast<std::uint32_t>(number), time);
        }
        flush(from, number);
        sent = true;
    }
    return sent;
}

// Open loop: each message has its time, whatever became of the others; true when it sent.
bool traffic::send_due() {
    const auto sent_before = open_loop_count_;
    const auto interval = static_cast<double>(second) / options_.rate;
    while (!stopped_) {
        const auto at = open_loop_began_ +
                        static_cast<std::int64_t>(static_cast<double>(open_loop_count_) * interval);
        if (at > now_) {
            break;
        }
        const auto number = open_loop_count_ % publishers_.size();
        ++open_loop_count_;
        publishers_[number]->due.push_back(at);
        look_at(number);
    }
    looking_.clear();
    std::swap(looking_, to_look_at_);
    for (const auto number : looking_) {
        auto& from = *publishers_[number];
        from.checked = false;
        while (!from.due.empty() &&
               (options_.qos == 0 || from.sent - from.acknowledged < from.inflight)) {
            append_message(from, static_cast<std::uint32_t>(number), from.due.front());
            from.due.pop_front();
            flush(from, number);
        }
    }
    return open_loop_count_ != sent_before;
}

void traffic::on_publish(subscriber& at, const packet& p) {
    const auto message = read_publish(p, to_.version);
    if (message.qos > 0) {
        append_puback(at.connection.out(), message.id);
    }
    ++at.received;
    ++received_;
    stamp s;
    // A first delivery with DUP is wrong too [MQTT-3.3.1-3]: no connection here is a second one.
    if (message.qos != options_.qos || message.duplicate || !payloads_.read(message.payload, s)) {
        ++faults_.corrupt;
        return;
    }
    const auto flow = std::size_t{s.publisher} - at.first_publisher;
    if (s.publisher < at.first_publisher || flow >= at.flows.size() ||
        message.topic != topics_[s.publisher]) {
        ++faults_.misrouted;
        return;
    }
    at.flows[flow].received(s.sequence, faults_);
    if (measuring_) {
        latency_.add(now_ - s.time);
    }
    look_at(s.publisher);
}

void traffic::on_puback(publisher& from, const packet& p) {
    if (read_puback(p, to_.version) != packet_id(from.acknowledged) ||
        from.acknowledged == from.sent) {
        ++faults_.ack_faults;
    }
    ++from.acknowledged;
}

// One round: all that can be sent is sent, all that is there is read.
void traffic::step() {
    const auto began = now_nanoseconds();
    bool busy = false;
    if (options_.rate > 0) {
        busy = send_due();
    } else {
        looking_.clear();
        std::swap(looking_, to_look_at_);
        for (const auto number : looking_) {
            publishers_[number]->checked = false;
            busy = send_batches(number) || busy;
        }
    }
    const auto& events = poller_.poll();
    now_ = now_nanoseconds();
    for (const auto& event : events) {
        if (event.key < subscribers_.size()) {
            auto& at = *subscribers_[event.key];
            at.connection.receive([this, &at](const packet& p) {
                if (p.type != packet_type::publish) {
                    throw unexpected("a subscriber", p);
                }
                on_publish(at, p);
            });
            at.connection.flush();
            if (!at.connection.all_sent()) {
                throw std::runtime_error("the broker does not read PUBACKs");
            }
        } else {
            const auto number = event.key - subscribers_.size();
            auto& from = *publishers_[number];
            if (event.writable) {
                flush(from, number);
            }
            if (event.readable) {
                from.connection.receive([this, &from](const packet& p) {
                    if (p.type != packet_type::puback) {
                        throw unexpected("a publisher", p);
                    }
                    on_puback(from, p);
                });
            }
            look_at(number);
        }
    }
    if (!events.empty()) {
        progress_at_ = now_;
    } else if (!busy) {
        idle_ += now_ - began;
    }
}

traffic::counters traffic::read_counters() const {
    return {now_nanoseconds(), cpu_nanoseconds(options_.broker), idle_, received_};
}

bool traffic::sending_is_over() const {
    return stopped_ || (options_.messages > 0 &&
                        std::all_of(publishers_.begin(), publishers_.end(),
                                    [&](const auto& p) { return p->sent == options_.messages; }));
}

bool traffic::all_arrived() const {
    for (std::size_t i = 0; i < publishers_.size(); ++i) {
        const auto& p = *publishers_[i];
        if (delivered(i) < p.sent || (options_.qos > 0 && p.acknowledged < p.sent)) {
            return false;
        }
    }
    return true;
}

boost::json::object traffic::run() {
    now_ = progress_at_ = open_loop_began_ = now_nanoseconds();
    for (std::size_t i = 0; i < publishers_.size(); ++i) {
        look_at(i);
    }
    const auto stuck = [this] { return now_ - progress_at_ > patience; };
    const auto run_until = [&](std::int64_t end) {
        while (now_ < end && !stuck()) {
            step();
        }
    };
    const bool counted = options_.messages > 0;
    if (!counted) {
        run_until(now_ + static_cast<std::int64_t>(options_.warm_up * second));
    }
    measuring_ = true;
    const auto begin = read_counters();
    counters end;
    if (!counted) {
        run_until(now_ + static_cast<std::int64_t>(options_.seconds * second));
        end = read_counters();
        measuring_ = false;
        stopped_ = true;
    }
    while (!(sending_is_over() && all_arrived()) && !stuck()) {
        step();
    }
    if (counted) {
        end = read_counters();
    }
    return report(begin, end);
}

boost::json::object traffic::report(const counters& begin, const counters& end) {
    for (const auto& s : subscribers_) {
        for (std::size_t i = 0; i < s->flows.size(); ++i) {
            s->flows[i].finish(publishers_[s->first_publisher + i]->sent, faults_);
        }
    }
    for (const auto& p : publishers_) {
        if (options_.qos > 0 && p->acknowledged < p->sent) {
            faults_.ack_faults += p->sent - p->acknowledged;
        }
    }
    const auto elapsed = static_cast<double>(end.time - begin.time);
    const auto messages = end.received - begin.received;
    const auto cpu = static_cast<double>(end.broker_cpu - begin.broker_cpu);
    boost::json::object result{
        {"ok", faults_.total() == 0 && messages > 0},
        {"messages", messages},
        {"messages_all", received_},  // with those of the warm-up and the end
        {"seconds", elapsed / second},
        {"messages_per_second", static_cast<double>(messages) / (elapsed / second)},
        {"load_busy", 1 - static_cast<double>(end.idle - begin.idle) / elapsed},
        {"latency_us", boost::json::object{{"p50", latency_.quantile_us(0.5)},
                                           {"p99", latency_.quantile_us(0.99)},
                                           {"p999", latency_.quantile_us(0.999)},
                                           {"max", latency_.max_us()}}},
        {"faults", boost::json::object{{"lost", faults_.lost},
                                       {"reordered", faults_.reordered},
                                       {"duplicated", faults_.duplicated},
                                       {"corrupt", faults_.corrupt},
                                       {"misrouted", faults_.misrouted},
                                       {"ack_faults", faults_.ack_faults}}}};
    if (options_.broker != 0) {
        result["broker_cpu_share"] = cpu / elapsed;
        result["broker_cpu_us"] = messages > 0 ? cpu / 1e3 / static_cast<double>(messages) : 0.0;
    }
    return result;
}

}  // namespace

boost::json::object run_traffic(const target& to, const traffic_options& options) {
    if (options.payload_size < smallest_payload) {
        throw std::runtime_error("--size must be at least " + std::to_string(smallest_payload));
    }
    if (options.batch == 0 || options.window < options.batch) {
        throw std::runtime_error("--window must be at least --batch, and that at least 1");
    }
    return traffic(to, options).run();
}

}  // namespace mqtt_load
