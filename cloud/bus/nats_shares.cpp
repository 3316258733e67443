#include "cloud/bus/nats_shares.hpp"

#include "cloud/bus/bus_subjects.hpp"
#include "cloud/bus/nats_handles.hpp"
#include "libs/mqtt/types.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;
using mono = std::chrono::steady_clock;

// Without a word for so long a service is taken for dead, and another one gets what it had.
constexpr std::chrono::nanoseconds silence_limit = 5s;
constexpr auto between_words = 1s;
// A share without sessions that wait, when nobody takes part any more.
constexpr std::chrono::nanoseconds empty_limit = 60s;
// Of all services together, for one share: past it the stream keeps the rest.
constexpr std::int64_t most_under_way = 20'000;
// What nobody takes: at once elsewhere, then not so often, then no more.
constexpr std::uint64_t quick_turns = 3;
constexpr std::uint64_t most_turns = 20;
constexpr int heard_bytes_waiting = 256 * 1024 * 1024;
constexpr auto quiet_limit = 5s;

// JetStream's words to a message's reply subject.
constexpr std::string_view taken = "+ACK";
constexpr std::string_view at_work = "+WPI";
constexpr std::string_view next_one = "-NAK";
constexpr std::string_view next_one_later = R"(-NAK {"delay": 1000000000})";
constexpr std::string_view no_more = "+TERM";

// At QoS 0 there is nobody who waits for a word.
class unkept_turn final : public mqtt::share_turn {
public:
    void done() override {}
};

result<std::string> filter_of(const std::string& share_filter) {
    const auto parsed = mqtt::parse_shared_filter(share_filter);
    if (!parsed || !*parsed) {
        return error{errc::invalid_input, share_filter + " is no shared subscription"};
    }
    return std::string((*parsed)->filter);
}

}  // namespace

// The turns that are here. They may outlive the bus, and then say nothing.
struct nats_shares::ledger {
    struct under_way {
        std::string reply;
        mono::time_point said_at;
    };

    void say(const std::string& reply, std::string_view word) {
        if (link != nullptr) {
            nats().natsConnection_Publish(link, reply.c_str(), word.data(),
                                          static_cast<int>(word.size()));
        }
    }

    std::mutex mutex;
    natsConnection* link = nullptr;
    std::uint64_t last = 0;
    std::map<std::uint64_t, under_way> all;
};

class nats_shares::turn final : public mqtt::share_turn {
public:
    turn(std::shared_ptr<ledger> of, std::string reply, std::uint64_t number_of_it, logger log)
        : ledger_(std::move(of)), number_(number_of_it), log_(std::move(log)) {
        const std::lock_guard hold(ledger_->mutex);
        id_ = ++ledger_->last;
        ledger_->all[id_] = {std::move(reply), mono::now()};
    }
    ~turn() override {
        if (number_ >= most_turns) {
            end(no_more, true);
        } else {
            end(number_ < quick_turns ? next_one : next_one_later, false);
        }
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    void done() override { end(taken, false); }

private:
    void end(std::string_view word, bool is_lost) {
        const std::lock_guard hold(ledger_->mutex);
        const auto found = ledger_->all.find(id_);
        if (found == ledger_->all.end()) {
            return;
        }
        ledger_->say(found->second.reply, word);
        ledger_->all.erase(found);
        if (is_lost) {
            log_.warn("A message of a shared subscription is dropped: nobody took it.",
                      {{"turns", number_}});
        }
    }

    const std::shared_ptr<ledger> ledger_;
    const std::uint64_t number_;
    const logger log_;
    std::uint64_t id_ = 0;
};

struct nats_shares::member {
    nats_shares& of;
    const std::string filter;
    bool kept = false;  // with the owner's lock
    std::mutex hearing;
    bus::turn_hearer hear;  // null: it takes part no longer
    subscription_handle kept_ones;
    subscription_handle said_ones;

    member(nats_shares& o, std::string f, bus::turn_hearer h)
        : of(o), filter(std::move(f)), hear(std::move(h)) {}
    void end() {
        {
            const std::lock_guard hold(hearing);
            hear = nullptr;
        }
        kept_ones.reset();
        said_ones.reset();
    }
};

nats_shares::nats_shares(const nats_settings& settings, const logger& log)
    : settings_(settings), log_(log), ledger_(std::make_shared<ledger>()) {}

nats_shares::~nats_shares() = default;

void nats_shares::begin(natsConnection* link, jsCtx* stream) {
    link_ = link;
    stream_ = stream;
    const std::lock_guard hold(ledger_->mutex);
    ledger_->link = link;
}

void nats_shares::on_turn(natsConnection* /*link*/, natsSubscription* /*by*/, natsMsg* message,
                          void* holder) {
    const message_handle owner(message);
    auto& who = **static_cast<std::shared_ptr<member>*>(holder);
    mqtt::share_turn_ptr its_turn;
    jsMsgMetaData* about = nullptr;
    const auto* const reply = nats().natsMsg_GetReply(message);
    if (reply == nullptr || *reply == '\0') {
        its_turn = std::make_shared<unkept_turn>();
    } else if (nats().natsMsg_GetMetaData(&about, message) == NATS_OK) {
        const auto number = about->NumDelivered;
        nats().jsMsgMetaData_Destroy(about);
        its_turn = std::make_shared<turn>(who.of.ledger_, reply, number, who.of.log_);
    } else {
        return;
    }
    const std::lock_guard hold(who.hearing);
    if (who.hear) {
        who.hear(bytes_of(message), std::move(its_turn));
    }
}

void nats_shares::on_complete(void* holder) {
    const std::unique_ptr<std::shared_ptr<member>> owner(
        static_cast<std::shared_ptr<member>*>(holder));
    auto& self = (*owner)->of;
    const std::lock_guard hold(self.counting_);
    --self.subscriptions_;
    self.changed_.notify_all();
}

// What is published once this has returned, and the consumer is there, has its turn here.
result<void> nats_shares::join(const std::shared_ptr<member>& who) {
    const auto filter = filter_of(who->filter);
    if (!filter) {
        return filter.error();
    }
    const auto name = share_name(who->filter);
    const auto subscribe = [&](subscription_handle& into,
                               const std::string& subject) -> result<void> {
        auto holder = std::make_unique<std::shared_ptr<member>>(who);
        natsSubscription* made = nullptr;
        const auto status = nats().natsConnection_QueueSubscribe(
            &made, link_, subject.c_str(), name.c_str(), on_turn, holder.get());
        if (status != NATS_OK) {
            return nats_failed("NATS's subscription", status);
        }
        {
            const std::lock_guard hold(counting_);
            ++subscriptions_;
        }
        auto* const its = holder.release();  // on_complete's
        if (nats().natsSubscription_SetOnCompleteCB(made, on_complete, its) != NATS_OK) {
            const std::lock_guard hold(counting_);
            --subscriptions_;
        }
        nats().natsSubscription_SetPendingLimits(made, -1, heard_bytes_waiting);
        into.reset(made);
        return {};
    };
    if (auto done = subscribe(who->kept_ones, share_subject(settings_.fleet, who->filter)); !done) {
        return done;
    }
    return subscribe(who->said_ones, live_filter(settings_.fleet, *filter));
}

result<void> nats_shares::make_consumer(const std::string& filter, bool kept) const {
    const auto stream = stream_of(settings_.fleet);
    const auto name = share_name(filter);
    jsErrCode code{};
    jsConsumerInfo* info = nullptr;
    if (!kept) {
        // One that is there may be of others, with sessions that wait.
        const auto status =
            nats().js_GetConsumerInfo(&info, stream_, stream.c_str(), name.c_str(), nullptr, &code);
        const consumer_handle there(info);
        if (status != NATS_NOT_FOUND) {
            return status == NATS_OK ? result<void>()
                                     : nats_failed("a shared subscription", status);
        }
    }
    const auto subject = share_subject(settings_.fleet, filter);
    const auto matched = message_filter(settings_.fleet, *filter_of(filter));
    jsConsumerConfig wanted;
    nats().jsConsumerConfig_Init(&wanted);
    wanted.Durable = name.c_str();
    wanted.DeliverSubject = subject.c_str();
    wanted.DeliverGroup = name.c_str();
    wanted.DeliverPolicy = js_DeliverNew;
    wanted.FilterSubject = matched.c_str();
    wanted.AckPolicy = js_AckExplicit;
    wanted.AckWait = silence_limit.count();
    wanted.MaxAckPending = most_under_way;
    wanted.InactiveThreshold =
        kept ? std::chrono::nanoseconds(settings_.keep_for).count() : empty_limit.count();
    info = nullptr;
    const auto status =
        nats().js_AddConsumer(&info, stream_, stream.c_str(), &wanted, nullptr, &code);
    const consumer_handle made(info);
    if (status != NATS_OK) {
        return nats_failed("a shared subscription (JetStream's code " + std::to_string(code) + ")",
                           status);
    }
    return {};
}

result<void> nats_shares::share(const std::string& filter, bool kept, bus::turn_hearer hear) {
    std::shared_ptr<member> who;
    {
        const std::lock_guard hold(mutex_);
        const auto found = members_.find(filter);
        if (found != members_.end() && (found->second->kept || !kept)) {
            return {};
        }
        who = found != members_.end() ? found->second
                                      : std::make_shared<member>(*this, filter, std::move(hear));
    }
    if (!who->said_ones) {
        if (auto joined = join(who); !joined) {
            who->end();
            return joined;
        }
    }
    if (auto made = make_consumer(filter, kept); !made) {
        const std::lock_guard hold(mutex_);
        if (!members_.contains(filter)) {
            who->end();
        }
        return made;
    }
    const std::lock_guard hold(mutex_);
    who->kept = who->kept || kept;
    members_[filter] = who;
    return {};
}

void nats_shares::unshare(const std::string& filter) {
    std::shared_ptr<member> gone;
    {
        const std::lock_guard hold(mutex_);
        const auto found = members_.find(filter);
        if (found == members_.end()) {
            return;
        }
        gone = std::move(found->second);
        members_.erase(found);
    }
    gone->end();
}

result<void> nats_shares::keep(const std::vector<std::string>& filters) {
    std::set<std::string> names;
    for (const auto& each : filters) {
        names.insert(share_name(each));
    }
    const auto stream = stream_of(settings_.fleet);
    jsConsumerInfoList* list = nullptr;
    jsErrCode code{};
    auto status = nats().js_Consumers(&list, stream_, stream.c_str(), nullptr, &code);
    const std::unique_ptr<jsConsumerInfoList, end_info> all(list);
    if (status == NATS_NOT_FOUND) {
        return {};  // there is none
    }
    for (int i = 0; status == NATS_OK && i < all->Count; ++i) {
        auto* const config = all->List[i]->Config;
        if (config == nullptr || config->Durable == nullptr ||
            !std::string_view(config->Durable).starts_with("share-")) {
            continue;
        }
        const auto limit = names.contains(config->Durable)
                               ? std::chrono::nanoseconds(settings_.keep_for).count()
                               : empty_limit.count();
        if (config->InactiveThreshold != limit) {
            config->InactiveThreshold = limit;
            jsConsumerInfo* info = nullptr;
            status =
                nats().js_UpdateConsumer(&info, stream_, stream.c_str(), config, nullptr, &code);
            const consumer_handle changed(info);
        }
    }
    return status == NATS_OK ? result<void>() : nats_failed("shared subscriptions", status);
}

void nats_shares::look(bool again) {
    {
        const auto now = mono::now();
        const std::lock_guard hold(ledger_->mutex);
        for (auto& [id, each] : ledger_->all) {
            if (now - each.said_at >= between_words) {
                ledger_->say(each.reply, at_work);
                each.said_at = now;
            }
        }
    }
    if (!again) {
        return;
    }
    // The server may have forgotten those of which it heard nothing for long.
    std::vector<std::pair<std::string, bool>> members;
    {
        const std::lock_guard hold(mutex_);
        for (const auto& [filter, who] : members_) {
            members.emplace_back(filter, who->kept);
        }
    }
    for (const auto& [filter, kept] : members) {
        if (auto made = make_consumer(filter, kept); !made) {
            log_.warn("A shared subscription may be without messages.", {{"error", made.error()}});
        }
    }
}

void nats_shares::stop() {
    std::map<std::string, std::shared_ptr<member>> members;
    {
        const std::lock_guard hold(mutex_);
        members.swap(members_);
    }
    for (const auto& [filter, who] : members) {
        who->end();
    }
    const std::lock_guard hold(ledger_->mutex);
    ledger_->link = nullptr;
}

bool nats_shares::is_quiet() {
    std::unique_lock hold(counting_);
    return changed_.wait_for(hold, quiet_limit, [this] { return subscriptions_ == 0; });
}

}  // namespace evergrass::cloud
