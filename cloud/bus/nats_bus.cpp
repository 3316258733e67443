#include "cloud/bus/nats_bus.hpp"

#include "cloud/bus/bus_subjects.hpp"
#include "cloud/bus/keep_answer.hpp"
#include "cloud/bus/nats_handles.hpp"
#include "cloud/bus/nats_shares.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;
using mono = std::chrono::steady_clock;

constexpr std::size_t most_pending_bytes = 64U * 1024 * 1024;
constexpr std::size_t most_pending = 100'000;
// An answer takes milliseconds; what was lost on the way is sent again, with the same id.
constexpr auto answer_limit = 2s;
constexpr auto between_looks = 500ms;
constexpr auto heartbeat = 5s;
constexpr auto stop_limit = 5s;
constexpr auto last_words_limit = 2s;
constexpr std::int64_t ping_interval_ms = 2'000;
constexpr int unanswered_pings = 2;
constexpr std::int64_t connect_limit_ms = 5'000;
constexpr std::chrono::milliseconds reconnect_wait = 250ms;
constexpr int heard_bytes_waiting = 256 * 1024 * 1024;

}  // namespace

std::string shown_nats(const std::string& url) {
    std::string shown;
    for (std::size_t at = 0; at < url.size();) {
        const auto end = std::min(url.find(',', at), url.size());
        auto one = url.substr(at, end - at);
        const auto user = one.find("://");
        const auto host = one.rfind('@');
        if (user != std::string::npos && host != std::string::npos) {
            one.erase(user + 3, host + 1 - user - 3);
        }
        shown += shown.empty() ? one : "," + one;
        at = end + 1;
    }
    return shown;
}

struct nats_bus::implementation {
    implementation(nats_settings s, logger l) : settings(std::move(s)), log(std::move(l)) {}

    struct waiting {
        std::string subject;
        std::string bytes;
        kept call;
        std::string id;
        mono::time_point sent_at{};
    };

    result<void> open();
    result<void> find_or_make_stream();
    result<info_handle> stream_info() const;
    result<void> watch(subscription_handle& into, const char* subject, natsMsgHandler call);
    result<void> listen();
    void count_until_complete(natsSubscription* what);
    void send(std::uint64_t id, waiting& one);
    void look_until_stopped();
    void look_after_stream();
    void send_again(bool all);
    void answered(const natsMsg* message);
    struct consumer;
    void heard_kept(consumer& by, natsMsg* message);

    // One consumer of the stream. libnats has ordered ones, but its thread that sets them up again
    // after a reconnect frees what who ends one still reads (3.4.1).
    struct consumer {
        implementation* of;
        std::uint64_t last = 0;  // of its own messages; under `hearing`
        bool broken = false;     // one is missing
    };
    static void on_kept(natsConnection*, natsSubscription*, natsMsg* message, void* from) {
        const message_handle holder(message);
        auto& by = *static_cast<consumer*>(from);
        by.of->heard_kept(by, message);
    }
    static void on_said(natsConnection*, natsSubscription*, natsMsg* message, void* self) {
        const message_handle holder(message);
        auto& me = *static_cast<implementation*>(self);
        const std::lock_guard hold(me.hearing);
        if (me.hear && !me.deaf) {
            me.hear(0, bytes_of(message));
        }
    }
    static void on_answer(natsConnection*, natsSubscription*, natsMsg* message, void* self) {
        const message_handle holder(message);
        static_cast<implementation*>(self)->answered(message);
    }
    static void on_complete(void* self) {
        auto& me = *static_cast<implementation*>(self);
        const std::lock_guard hold(me.mutex);
        --me.subscriptions;
        me.changed.notify_all();
    }
    static void on_disconnected(natsConnection*, void* self) {
        auto& me = *static_cast<implementation*>(self);
        me.connected = false;
        me.log.warn("The bus is gone; looking for it.", {{"bus", shown_nats(me.settings.url)}});
    }
    // The last call of the connection.
    static void on_closed(natsConnection*, void* self) {
        auto& me = *static_cast<implementation*>(self);
        const std::lock_guard hold(me.mutex);
        me.closed = true;
        me.changed.notify_all();
    }
    static void on_reconnected(natsConnection*, void* self) {
        auto& me = *static_cast<implementation*>(self);
        me.log.info("The bus is back.", {{"bus", shown_nats(me.settings.url)}});
        const std::lock_guard hold(me.mutex);
        me.connected = true;
        me.came_back = true;
        me.changed.notify_all();
    }

    const nats_settings settings;
    const logger log;
    std::atomic<bool> connected = false;
    std::unique_ptr<natsConnection, end_connection> link;
    std::unique_ptr<jsCtx, end_context> stream;
    std::string inbox;

    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::uint64_t, waiting> pending;  // by id: in the order of the calls
    std::size_t pending_bytes = 0;
    std::uint64_t last_id = 0;
    bool came_back = false;
    bool closed = false;
    bool stopping = false;
    int subscriptions = 0;  // whose threads may still call
    bool is_quiet = true;   // after stop(): none of libnats's threads calls any more

    // Of begin(). One call at a time; `deaf` after stop().
    std::mutex hearing;
    hearer hear;
    bool deaf = false;
    std::atomic<position> heard = 0;
    position behind_at = 0;  // the looking thread's: where it was while more was there

    subscription_handle answers;
    subscription_handle live;
    std::mutex listening;           // for `kept_ones`
    std::list<consumer> consumers;  // all that there have been: their threads may still call
    subscription_handle kept_ones;
    std::thread looker;
    nats_shares shares{settings, log};
};

result<void> nats_bus::implementation::open() {
    if (auto loaded = load_libnats(); !loaded) {
        return loaded;
    }
    natsOptions* made = nullptr;
    if (const auto status = nats().natsOptions_Create(&made); status != NATS_OK) {
        return nats_failed("NATS's options", status);
    }
    const std::unique_ptr<natsOptions, end_options> options(made);
    auto* const o = options.get();
    auto status = nats().natsOptions_SetURL(o, settings.url.c_str());
    if (status != NATS_OK) {
        return error{errc::invalid_input, "--bus " + shown_nats(settings.url) +
                                              " is no URL of NATS; nats://HOST:4222 is one"};
    }
    if (settings.url.starts_with("tls://") || !settings.ca_file.empty()) {
        status = nats().natsOptions_SetSecure(o, true);
        if (status == NATS_OK && !settings.ca_file.empty()) {
            status = nats().natsOptions_LoadCATrustedCertificates(o, settings.ca_file.c_str());
        }
        if (status != NATS_OK) {
            return nats_failed("TLS to the bus with the CAs of " +
                                   (settings.ca_file.empty() ? "the system" : settings.ca_file),
                               status);
        }
    }
    nats().natsOptions_SetName(o, ("evergrass-cloud " + settings.node).c_str());
    nats().natsOptions_SetTimeout(o, connect_limit_ms);
    nats().natsOptions_SetMaxReconnect(o, -1);
    nats().natsOptions_SetReconnectWait(o, reconnect_wait.count());
    nats().natsOptions_SetPingInterval(o, ping_interval_ms);
    nats().natsOptions_SetMaxPingsOut(o, unanswered_pings);
    nats().natsOptions_SetClosedCB(o, on_closed, this);
    nats().natsOptions_SetDisconnectedCB(o, on_disconnected, this);
    nats().natsOptions_SetReconnectedCB(o, on_reconnected, this);
    natsConnection* opened = nullptr;
    status = nats().natsConnection_Connect(&opened, o);
    if (status != NATS_OK) {
        return nats_failed("the bus " + shown_nats(settings.url) + " cannot be reached", status);
    }
    link.reset(opened);
    connected = true;
    jsCtx* context = nullptr;
    status = nats().natsConnection_JetStream(&context, opened, nullptr);
    if (status != NATS_OK) {
        return nats_failed("JetStream", status);
    }
    stream.reset(context);
    shares.begin(link.get(), context);
    if (auto found = find_or_make_stream(); !found) {
        return found;
    }
    natsInbox* box = nullptr;
    status = nats().natsInbox_Create(&box);
    if (status != NATS_OK) {
        return nats_failed("an inbox of NATS", status);
    }
    inbox = box;
    nats().natsInbox_Destroy(box);
    if (auto watched = watch(answers, (inbox + ".*").c_str(), on_answer); !watched) {
        return watched;
    }
    looker = std::thread([this] { look_until_stopped(); });
    return {};
}

result<info_handle> nats_bus::implementation::stream_info() const {
    jsStreamInfo* info = nullptr;
    jsErrCode code{};
    const auto status = nats().js_GetStreamInfo(&info, stream.get(),
                                                stream_of(settings.fleet).c_str(), nullptr, &code);
    if (status == NATS_NOT_FOUND) {
        return error{errc::not_found, "there is no stream " + stream_of(settings.fleet)};
    }
    if (status != NATS_OK) {
        return nats_failed("the stream " + stream_of(settings.fleet) + " of " +
                               shown_nats(settings.url) +
                               " (nats-server has to run with JetStream: -js)",
                           status);
    }
    return info_handle(info);
}

result<void> nats_bus::implementation::find_or_make_stream() {
    const auto there = stream_info();
    if (there || there.error().code != errc::not_found) {
        return there ? result<void>() : result<void>(there.error());
    }
    const auto name = stream_of(settings.fleet);
    const auto kept = kept_subjects(settings.fleet);
    const char* subjects[] = {kept.c_str()};
    jsStreamConfig wanted;
    nats().jsStreamConfig_Init(&wanted);
    wanted.Name = name.c_str();
    wanted.Subjects = subjects;
    wanted.SubjectsLen = 1;
    wanted.Storage = js_FileStorage;
    wanted.MaxAge = std::chrono::nanoseconds(settings.keep_for).count();
    wanted.AllowDirect = true;
    jsStreamInfo* info = nullptr;
    jsErrCode code{};
    const auto status = nats().js_AddStream(&info, stream.get(), &wanted, nullptr, &code);
    const info_handle made(info);
    // Another service may have made it meanwhile.
    if (status != NATS_OK && !stream_info()) {
        return nats_failed("the stream " + name + " cannot be made", status);
    }
    return {};
}

void nats_bus::implementation::count_until_complete(natsSubscription* what) {
    {
        const std::lock_guard hold(mutex);
        ++subscriptions;
    }
    if (nats().natsSubscription_SetOnCompleteCB(what, on_complete, this) != NATS_OK) {
        on_complete(this);
    }
}

result<void> nats_bus::implementation::watch(subscription_handle& into, const char* subject,
                                             natsMsgHandler call) {
    natsSubscription* made = nullptr;
    const auto status = nats().natsConnection_Subscribe(&made, link.get(), subject, call, this);
    if (status != NATS_OK) {
        return nats_failed("NATS's subscription", status);
    }
    count_until_complete(made);
    nats().natsSubscription_SetPendingLimits(made, -1, heard_bytes_waiting);
    into.reset(made);
    return {};
}

// From what was heard last; again where the server has forgotten who listens.
result<void> nats_bus::implementation::listen() {
    const std::lock_guard hold(listening);
    kept_ones.reset();
    jsSubOptions wanted;
    nats().jsSubOptions_Init(&wanted);
    const auto name = stream_of(settings.fleet);
    wanted.Stream = name.c_str();
    wanted.Config.AckPolicy = js_AckNone;
    wanted.Config.FlowControl = true;
    wanted.Config.Heartbeat = std::chrono::nanoseconds(heartbeat).count();
    wanted.Config.DeliverPolicy = js_DeliverByStartSequence;
    wanted.Config.OptStartSeq = heard + 1;
    natsSubscription* made = nullptr;
    jsErrCode code{};
    const auto all = kept_subjects(settings.fleet);
    auto& fresh = consumers.emplace_back(consumer{this});
    const auto status = nats().js_Subscribe(&made, stream.get(), all.c_str(), on_kept, &fresh,
                                            nullptr, &wanted, &code);
    if (status != NATS_OK) {
        return nats_failed("the stream " + name + " cannot be listened to", status);
    }
    count_until_complete(made);
    nats().natsSubscription_SetPendingLimits(made, -1, heard_bytes_waiting);
    kept_ones.reset(made);
    return {};
}

void nats_bus::implementation::heard_kept(consumer& by, natsMsg* message) {
    jsMsgMetaData* about = nullptr;
    if (nats().natsMsg_GetMetaData(&about, message) != NATS_OK) {
        return;
    }
    const auto at = about->Sequence.Stream;
    const auto number = about->Sequence.Consumer;
    nats().jsMsgMetaData_Destroy(about);
    std::unique_lock hold(hearing);
    if (deaf || by.broken || at <= heard) {
        by.last = number;
        return;
    }
    if (number != by.last + 1) {
        by.broken = true;  // some were lost on the way: another consumer gets them
        hold.unlock();
        const std::lock_guard tell(mutex);
        came_back = true;
        changed.notify_all();
        return;
    }
    by.last = number;
    if (at != heard + 1) {
        log.error("The bus gave up what was not heard yet; who is connected here did not get it.",
                  {{"first", heard + 1}, {"last", at - 1}});
    }
    heard = at;
    hear(at, bytes_of(message));
}

void nats_bus::implementation::send(std::uint64_t id, waiting& one) {
    one.sent_at = mono::now();
    natsMsg* made = nullptr;
    const auto reply = inbox + "." + std::to_string(id);
    if (nats().natsMsg_Create(&made, one.subject.c_str(), reply.c_str(), one.bytes.data(),
                              static_cast<int>(one.bytes.size())) != NATS_OK) {
        return;  // sent again later
    }
    const message_handle holder(made);
    nats().natsMsgHeader_Set(
        made, "Nats-Msg-Id",
        one.id.empty() ? (settings.node + "-" + std::to_string(id)).c_str() : one.id.c_str());
    nats().natsConnection_PublishMsg(link.get(), made);
}

void nats_bus::implementation::answered(const natsMsg* message) {
    const std::string_view subject = nats().natsMsg_GetSubject(message);
    std::uint64_t id = 0;
    const auto dot = subject.rfind('.') + 1;
    std::from_chars(subject.data() + dot, subject.data() + subject.size(), id);
    const auto at = parse_keep_answer(bytes_of(message));
    kept call;
    {
        const std::lock_guard hold(mutex);
        const auto found = pending.find(id);
        if (found == pending.end()) {
            return;
        }
        if (!at) {
            // The stream may be without a leader, or full: tried again when its time is over.
            log.warn("The bus does not keep a message; trying again.", {{"error", at.error()}});
            return;
        }
        pending_bytes -= found->second.bytes.size();
        call = std::move(found->second.call);
        pending.erase(found);
        if (pending.empty()) {
            changed.notify_all();
        }
    }
    if (call) {
        call(*at);
    }
}

// With the lock.
void nats_bus::implementation::send_again(bool all) {
    const auto now = mono::now();
    for (auto& [id, one] : pending) {
        if (all || now - one.sent_at >= answer_limit) {
            send(id, one);
        }
    }
}

// A consumer lives in the server's memory, and the server may forget it: whoever does not get on
// although there is more asks for another one.
void nats_bus::implementation::look_after_stream() {
    const auto info = stream_info();
    if (!info) {
        return;
    }
    const position here = heard;
    const bool is_behind = (*info)->State.LastSeq > here;
    if (is_behind && behind_at == here + 1) {
        static_cast<void>(listen());
        behind_at = 0;
        return;
    }
    behind_at = is_behind ? here + 1 : 0;
}

void nats_bus::implementation::look_until_stopped() {
    std::unique_lock hold(mutex);
    while (!stopping) {
        changed.wait_for(hold, between_looks, [this] { return stopping || came_back; });
        if (stopping) {
            return;
        }
        if (!connected) {
            came_back = false;
            continue;
        }
        if (came_back) {
            // Before JetStream is there, the first would be refused and the next ones perhaps not.
            hold.unlock();
            const bool is_there = stream_info().has_value();
            hold.lock();
            if (!is_there) {
                changed.wait_for(hold, reconnect_wait, [this] { return stopping; });
                continue;
            }
        }
        const bool again = std::exchange(came_back, false);
        send_again(again);
        hold.unlock();
        shares.look(again);
        bool begun = false;
        {
            const std::lock_guard listen_now(hearing);
            begun = hear != nullptr;
        }
        if (begun && again) {
            static_cast<void>(listen());
        } else if (begun) {
            look_after_stream();
        }
        hold.lock();
    }
}

nats_bus::nats_bus(std::unique_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

nats_bus::~nats_bus() {
    stop();
    if (!implementation_->is_quiet) {
        // A thread of libnats may still call; what it calls stays.
        static_cast<void>(implementation_.release());
    }
}

result<std::unique_ptr<nats_bus>> nats_bus::connect(const nats_settings& settings, logger log) {
    std::unique_ptr<nats_bus> made(
        new nats_bus(std::make_unique<implementation>(settings, std::move(log))));
    if (auto opened = made->implementation_->open(); !opened) {
        return opened.error();
    }
    return made;
}

result<void> nats_bus::begin(position after, hearer hear) {
    auto& self = *implementation_;
    {
        const std::lock_guard hold(self.hearing);
        self.heard = after;
        self.hear = std::move(hear);
    }
    if (auto watched = self.watch(self.live, all_live_subjects(self.settings.fleet).c_str(),
                                  implementation::on_said);
        !watched) {
        return watched;
    }
    return self.listen();
}

void nats_bus::keep(const std::string& subject, std::string bytes, kept call, std::string its_id) {
    auto& self = *implementation_;
    std::unique_lock hold(self.mutex);
    if (self.stopping || self.pending.size() >= most_pending ||
        self.pending_bytes + bytes.size() > most_pending_bytes) {
        const bool stopped = self.stopping;
        hold.unlock();
        if (call) {
            call(stopped ? error{errc::closed, "the bus was stopped"}
                         : error{errc::too_large, "too much waits for the bus"});
        }
        return;
    }
    const auto id = ++self.last_id;
    self.pending_bytes += bytes.size();
    auto& one = self.pending[id];
    one.subject = subject;
    one.bytes = std::move(bytes);
    one.call = std::move(call);
    one.id = std::move(its_id);
    if (self.connected && !self.came_back) {
        self.send(id, one);
    }
}

void nats_bus::say(const std::string& subject, std::string_view bytes) {
    auto& self = *implementation_;
    if (self.connected) {
        nats().natsConnection_Publish(self.link.get(), subject.c_str(), bytes.data(),
                                      static_cast<int>(bytes.size()));
    }
}

result<void> nats_bus::share(const std::string& filter, bool kept, turn_hearer hear) {
    return implementation_->shares.share(filter, kept, std::move(hear));
}

void nats_bus::unshare(const std::string& filter) {
    implementation_->shares.unshare(filter);
}

result<void> nats_bus::keep_shares(const std::vector<std::string>& filters) {
    return implementation_->shares.keep(filters);
}

result<std::vector<bus::record>> nats_bus::read(position after, position upto,
                                                const std::string& subject_filter) {
    auto& self = *implementation_;
    std::vector<record> found;
    const auto name = stream_of(self.settings.fleet);
    while (after < upto) {
        jsDirectGetMsgOptions wanted;
        nats().jsDirectGetMsgOptions_Init(&wanted);
        wanted.Sequence = after + 1;
        wanted.NextBySubject = subject_filter.c_str();
        natsMsg* got = nullptr;
        const auto status =
            nats().js_DirectGetMsg(&got, self.stream.get(), name.c_str(), nullptr, &wanted);
        if (status == NATS_NOT_FOUND) {
            break;
        }
        if (status != NATS_OK) {
            return nats_failed("the stream " + name + " cannot be read", status);
        }
        const message_handle holder(got);
        after = nats().natsMsg_GetSequence(got);
        if (after == 0 || after > upto) {
            break;
        }
        found.push_back({after, std::string(bytes_of(got))});
    }
    return found;
}

result<bus::extent> nats_bus::ends() {
    const auto info = implementation_->stream_info();
    if (!info) {
        return info.error();
    }
    return extent{std::max<position>((*info)->State.FirstSeq, 1), (*info)->State.LastSeq};
}

bool nats_bus::is_connected() const {
    return implementation_->connected;
}

void nats_bus::stop() {
    auto& self = *implementation_;
    {
        std::unique_lock hold(self.mutex);
        if (self.stopping) {
            return;
        }
        // What has been said is kept, if that can be soon.
        self.changed.wait_for(hold, last_words_limit,
                              [&] { return self.pending.empty() || !self.connected; });
        self.stopping = true;
        self.changed.notify_all();
    }
    if (self.looker.joinable()) {
        self.looker.join();
    }
    {
        const std::lock_guard hold(self.hearing);
        self.deaf = true;
    }
    self.answers.reset();
    self.live.reset();
    self.kept_ones.reset();
    self.shares.stop();
    if (self.link) {
        nats().natsConnection_Close(self.link.get());
    }
    std::map<std::uint64_t, implementation::waiting> given_up;
    {
        std::unique_lock hold(self.mutex);
        const bool was_open = self.link != nullptr;
        const bool is_quiet = self.changed.wait_for(hold, stop_limit, [&] {
            return self.subscriptions == 0 && (self.closed || !was_open);
        });
        self.is_quiet = is_quiet && self.shares.is_quiet();
        given_up.swap(self.pending);
    }
    for (auto& [id, one] : given_up) {
        if (one.call) {
            one.call(error{errc::closed, "the bus was stopped"});
        }
    }
    {
        const std::lock_guard hold(self.hearing);
        self.hear = nullptr;
    }
    self.stream.reset();
    self.link.reset();
}

}  // namespace evergrass::cloud
