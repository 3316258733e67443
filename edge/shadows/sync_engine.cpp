#include "edge/shadows/sync_engine.hpp"

#include "libs/shadow/change.hpp"
#include "libs/shadow/errors.hpp"
#include "libs/shadow/print.hpp"

#include <algorithm>
#include <functional>

namespace evergrass::edge {
namespace {

using shadow::operation;

const json::object no_state;

const json::object& section_of(const json::object& state, std::string_view name) {
    const auto* section = object_member(state, name);
    return section != nullptr ? *section : no_state;
}

// What both sides changed: applications write `desired`, mostly in the cloud; devices `reported`,
// at the core.
json::object merge_states(const json::object& base, const json::object& local,
                          const json::object& cloud, sync_direction way) {
    json::object merged;
    for (const std::string_view name : {"desired", "reported"}) {
        const bool core_wins = name == "reported" && way == sync_direction::both;
        auto section = shadow::merge_changes(
            section_of(base, name), section_of(local, name), section_of(cloud, name),
            core_wins ? shadow::winner::local : shadow::winner::remote);
        if (!section.empty()) {
            merged[name] = std::move(section);
        }
    }
    return merged;
}

json::object arrived_states(const json::object& base, const json::object& sent,
                            const json::object& cloud) {
    const auto candidate = shadow::with_change(base, sent);
    json::object known;
    for (const std::string_view name : {"desired", "reported"}) {
        auto section = shadow::arrived(section_of(base, name), section_of(candidate, name),
                                       section_of(cloud, name));
        if (!section.empty()) {
            known[name] = std::move(section);
        }
    }
    return known;
}

bool is_refusal(const error& why) {
    return why.code.category() == shadow::shadow_category();
}

}  // namespace

sync_engine::sync_engine(sync_settings settings, sync_store& store)
    : settings_(std::move(settings)), store_(store) {}

// --- Which, and when -----------------------------------------------------------------------------

void sync_engine::follow(const std::map<shadow_id, sync_direction>& wanted, mono_time now) {
    for (auto at = entries_.begin(); at != entries_.end();) {
        if (wanted.contains(at->first)) {
            ++at;
            continue;
        }
        finish(at->first, at->second);
        std::erase(ready_, at->first);
        touched_.erase(at->first);
        at = entries_.erase(at);
    }
    for (const auto& [which, way] : wanted) {
        auto& e = entries_[which];
        e.behind = e.behind || (e.way != way);
        e.way = way;
        enqueue(which, e);
    }
    pump(now);
}

void sync_engine::link_up(mono_time now) {
    link_down();
    linked_ = true;
    for (auto& [which, e] : entries_) {
        enqueue(which, e);
    }
    pump(now);
}

void sync_engine::link_down() {
    linked_ = false;
    ready_.clear();
    for (auto& [which, e] : entries_) {
        finish(which, e);
        e.behind = true;
        e.queued = false;
        e.stuck = false;
        e.failures = 0;
    }
    messages_.clear();
}

void sync_engine::local_changed(const shadow_id& which, mono_time now) {
    const auto found = entries_.find(which);
    if (found != entries_.end()) {
        found->second.stuck = false;
        enqueue(which, found->second);
        pump(now);
    }
}

void sync_engine::hear(const cloud_message& said, mono_time now) {
    const auto found = entries_.find(said.which);
    if (found == entries_.end()) {
        return;
    }
    auto& e = found->second;
    if (const auto judged = judge(said, e, now); !judged) {
        note(said.which, e, judged.error(), now);
    }
    pump(now);
}

void sync_engine::tick(mono_time now) {
    while (!timers_.empty() && timers_.begin()->first <= now) {
        const auto which = timers_.begin()->second;
        auto& e = entries_.at(which);
        set_timer(which, e, std::nullopt);
        if (e.asked == request::none) {  // the pause is over
            enqueue(which, e);
            continue;
        }
        finish(which, e);
        e.behind = true;
        pause(which, e, now);
    }
    pump(now);
}

std::optional<mono_time> sync_engine::next_deadline() const {
    return timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first);
}

std::vector<shadow::message> sync_engine::take_messages() {
    touched_.clear();
    return std::exchange(messages_, {});
}

void sync_engine::undo(mono_time now) {
    messages_.clear();
    for (const auto& which : std::exchange(touched_, {})) {
        auto& e = entries_.at(which);
        finish(which, e);
        e.behind = true;
        e.stuck = false;
        pause(which, e, now);
    }
}

sync_engine::numbers sync_engine::count() const {
    numbers now;
    now.followed = entries_.size();
    for (const auto& [which, e] : entries_) {
        const bool known = e.way == sync_direction::to_cloud || !e.behind;
        now.stuck += e.stuck ? 1 : 0;
        now.settled += linked_ && known && !e.stuck && !e.queued && !e.timer ? 1 : 0;
    }
    return now;
}

// --- One request a shadow ------------------------------------------------------------------------

void sync_engine::enqueue(const shadow_id& which, entry& e) {
    if (linked_ && !e.queued && e.asked == request::none && !e.timer) {
        e.queued = true;
        ready_.push_back(which);
    }
}

void sync_engine::pump(mono_time now) {
    while (linked_ && !ready_.empty() && under_way_ < settings_.window) {
        const auto which = std::move(ready_.front());
        ready_.pop_front();
        auto& e = entries_.at(which);
        e.queued = false;
        if (e.asked != request::none || e.timer) {
            continue;
        }
        if (const auto advanced = advance(which, e, now); !advanced) {
            note(which, e, advanced.error(), now);
        }
    }
}

result<void> sync_engine::advance(const shadow_id& which, entry& e, mono_time now) {
    if (e.stuck) {
        return {};
    }
    if (e.way == sync_direction::to_cloud || !e.behind) {
        return push(which, e, now);
    }
    const auto known = store_.record(which);
    if (!known) {
        return known.error();
    }
    e.asked_at = known->cloud_version;
    e.told = 0;
    e.deleted = 0;
    send(which, e, request::get, "", now);
    return {};
}

// Sends what the core has and the cloud hasn't, if anything.
result<void> sync_engine::push(const shadow_id& which, entry& e, mono_time now) {
    if (e.way == sync_direction::to_device) {
        e.failures = 0;
        return {};
    }
    auto known = store_.record(which);
    if (!known) {
        return known.error();
    }
    const auto local = store_.document(which);
    if (!local) {
        return local.error();
    }
    if (!local->exists) {
        if (known->in_cloud) {
            send(which, e, request::remove, "", now);
        } else {
            e.failures = 0;
        }
        return {};
    }
    auto change = shadow::change_between(known->base, local->state);
    if (known->in_cloud && change.empty()) {
        e.failures = 0;
        return {};
    }
    auto members = R"("state":)" + shadow::print(change) + ",";
    if (known->in_cloud && e.way == sync_direction::both) {
        members += R"("version":)" + std::to_string(known->cloud_version) + ",";
    }
    known->sent = std::move(change);
    if (auto kept = store_.keep(which, *known); !kept) {
        return kept;
    }
    send(which, e, request::update, std::move(members), now);
    return {};
}

void sync_engine::send(const shadow_id& which, entry& e, request what, std::string payload_members,
                       mono_time now) {
    e.asked = what;
    e.token = ++last_token_;
    ++under_way_;
    touched_.insert(which);
    set_timer(which, e, now + settings_.answer_limit);
    const auto asked = what == request::get      ? operation::get
                       : what == request::update ? operation::update
                                                 : operation::remove;
    messages_.push_back({shadow::topic_of_request(which, asked),
                         "{" + payload_members + R"("clientToken":")" + token_of(e) + "\"}"});
}

void sync_engine::finish(const shadow_id& which, entry& e) {
    if (e.asked != request::none) {
        e.asked = request::none;
        --under_way_;
        touched_.insert(which);
    }
    set_timer(which, e, std::nullopt);
}

void sync_engine::set_timer(const shadow_id& which, entry& e, std::optional<mono_time> at) {
    if (e.timer) {
        timers_.erase({*e.timer, which});
    }
    e.timer = at;
    if (at) {
        timers_.insert({*at, which});
    }
}

// Longer after each failure; shadows that failed together don't come back together.
void sync_engine::pause(const shadow_id& which, entry& e, mono_time now) {
    const auto doubled = settings_.first_pause * (1LL << std::min(e.failures, 20U));
    const auto whole = std::min<std::chrono::milliseconds>(doubled, settings_.longest_pause);
    ++e.failures;
    const auto scatter = std::hash<std::string>()(which.thing + which.name) + e.failures * 7919U;
    set_timer(which, e, now + whole * (75 + static_cast<int>(scatter % 50)) / 100);
}

// The store's error.
void sync_engine::note(const shadow_id& which, entry& e, const error& failed, mono_time now) {
    errors_.push_back(with_context(failed, "shadow of " + which.thing));
    finish(which, e);
    e.behind = true;
    pause(which, e, now);
}

void sync_engine::get_stuck(const shadow_id& which, entry& e, std::string why) {
    e.stuck = true;
    e.behind = true;
    stuck_.push_back({which, std::move(why)});
}

std::string sync_engine::token_of(const entry& e) const {
    return settings_.token_prefix + std::to_string(e.token);
}

bool sync_engine::is_ours(const std::string& token) const {
    return token.starts_with(settings_.token_prefix);
}

// --- What the cloud says -------------------------------------------------------------------------

result<void> sync_engine::judge(const cloud_message& said, entry& e, mono_time now) {
    const auto request_of = said.asked == operation::get      ? request::get
                            : said.asked == operation::update ? request::update
                                                              : request::remove;
    const bool mine = e.asked == request_of && said.token == token_of(e);
    touched_.insert(said.which);
    if (!said.accepted) {
        return mine ? rejected(said, e, now) : result<void>();
    }
    switch (said.asked) {
        case operation::get:
            return mine ? got(said, e) : result<void>();
        case operation::update:
            return updated(said, e, mine);
        case operation::remove:
            break;
    }
    return removed(said, e, mine);
}

result<void> sync_engine::updated(const cloud_message& said, entry& e, bool mine) {
    auto known = store_.record(said.which);
    if (!known) {
        return known.error();
    }
    if (mine) {
        finish(said.which, e);
        auto taken = mine_accepted(said, e, std::move(*known));
        enqueue(said.which, e);
        return taken;
    }
    if (e.way == sync_direction::to_cloud ||
        (known->in_cloud && said.version <= known->cloud_version)) {
        return {};  // known
    }
    e.stuck = false;
    e.told = std::max(e.told, said.version);
    if (said.version != known->cloud_version + 1) {
        e.behind = true;
        enqueue(said.which, e);
        return {};
    }
    // It took the version that ours was for, so ours is refused, if it was for one.
    if (e.asked == request::update) {
        finish(said.which, e);
    }
    if (is_ours(said.token)) {
        // One that was given up came late: it changed the cloud, and the core has said it already.
        // After somebody's delete it made the shadow again, with this alone in it.
        auto taken = mine_accepted(said, e, std::move(*known));
        enqueue(said.which, e);
        return taken;
    }
    cloud_state cloud{true, {}, said.version};
    if (!said.empties) {
        cloud.state = shadow::with_change(known->base, said.state);
    }
    auto taken = take(said.which, e, std::move(*known), std::move(cloud));
    enqueue(said.which, e);
    return taken;
}

result<void> sync_engine::mine_accepted(const cloud_message& said, entry& e, sync_record known) {
    if (e.way != sync_direction::to_cloud && said.version != known.cloud_version + 1) {
        e.behind = true;  // others were there before, or the versions have begun anew
        return {};
    }
    e.failures = 0;
    known.base = shadow::with_change(std::move(known.base), said.state);
    known.in_cloud = true;
    known.cloud_version = said.version;
    known.sent.reset();
    return store_.keep(said.which, known);
}

result<void> sync_engine::got(const cloud_message& said, entry& e) {
    finish(said.which, e);
    auto known = store_.record(said.which);
    if (!known) {
        return known.error();
    }
    // Older than what was told meanwhile. If nothing was told, the versions have begun anew.
    const bool is_old = said.version < e.deleted ||
                        (said.version < known->cloud_version && known->cloud_version != e.asked_at);
    result<void> taken;
    if (!is_old) {
        e.behind = e.told > said.version;
        taken = take(said.which, e, std::move(*known), {true, said.state, said.version});
    }
    enqueue(said.which, e);
    return taken;
}

result<void> sync_engine::removed(const cloud_message& said, entry& e, bool mine) {
    auto known = store_.record(said.which);
    if (!known) {
        return known.error();
    }
    e.deleted = std::max(e.deleted, said.version + 1);
    if (mine) {
        finish(said.which, e);
        e.failures = 0;
    }
    result<void> done;
    if (mine || is_ours(said.token)) {
        // Told of a later version, it has been made again since, or was read in the wrong order.
        e.behind = e.behind || said.version < known->cloud_version;
        done = forget_cloud(said.which, std::move(*known), said.version);
    } else if (e.way == sync_direction::to_cloud ||
               (!known->in_cloud && said.version <= known->cloud_version)) {
        return {};  // known
    } else if (!known->in_cloud) {
        // It was made and deleted again. The updates before the delete may come after it: by the
        // version they are known as old. An update of ours under way is for no version and stands.
        e.stuck = false;
        known->cloud_version = said.version;
        done = store_.keep(said.which, *known);
    } else if (said.version != 0 && said.version < known->cloud_version) {
        e.behind = true;
    } else {
        e.stuck = false;
        if (e.asked == request::update) {
            finish(said.which, e);
        }
        done = take(said.which, e, std::move(*known), {false, {}, said.version});
    }
    enqueue(said.which, e);
    return done;
}

result<void> sync_engine::rejected(const cloud_message& said, entry& e, mono_time now) {
    const auto asked = e.asked;
    finish(said.which, e);
    auto known = store_.record(said.which);
    if (!known) {
        return known.error();
    }
    const auto code = static_cast<shadow::errc>(said.code);
    result<void> done;
    if (code == shadow::errc::not_found && asked == request::get) {
        if (e.told > 0) {  // it was made meanwhile: asked again
            enqueue(said.which, e);
            return {};
        }
        e.behind = false;
        const auto version = known->cloud_version;
        done = take(said.which, e, std::move(*known), {false, {}, version});
    } else if (code == shadow::errc::not_found && asked == request::remove) {
        done = forget_cloud(said.which, std::move(*known), 0);
    } else if (asked == request::update &&
               (code == shadow::errc::bad_request || code == shadow::errc::too_large ||
                code == shadow::errc::unsupported_encoding ||
                code == shadow::errc::unprocessable)) {
        known->sent.reset();
        done = store_.keep(said.which, *known);
        get_stuck(said.which, e,
                  "the cloud refuses it: " + std::to_string(said.code) + " " + said.message);
    } else {
        e.behind = true;
        // The first time somebody was faster, which is no reason to wait.
        if (code != shadow::errc::version_conflict || e.failures != 0) {
            pause(said.which, e, now);
        } else {
            e.failures = 1;
        }
    }
    enqueue(said.which, e);
    return done;
}

result<void> sync_engine::forget_cloud(const shadow_id& which, sync_record known,
                                       std::int64_t version) {
    known.in_cloud = false;
    known.base.clear();
    known.cloud_version = std::max(known.cloud_version, version);
    known.sent.reset();
    return store_.keep(which, known);
}

// --- Both together -------------------------------------------------------------------------------

// The cloud's document is this now.
result<void> sync_engine::take(const shadow_id& which, entry& e, sync_record known,
                               cloud_state cloud) {
    const auto local = store_.document(which);
    if (!local) {
        return local.error();
    }
    if (cloud.exists) {
        return merge(which, e, std::move(known), std::move(cloud), *local);
    }
    const bool was_deleted = known.in_cloud && local->exists;
    return store_.together([&]() -> result<void> {
        if (was_deleted) {  // what the core has changed meanwhile goes with it
            if (auto gone = store_.remove(which); !gone) {
                return gone;
            }
        }
        return forget_cloud(which, std::move(known), cloud.version);
    });
}

result<void> sync_engine::merge(const shadow_id& which, entry& e, sync_record known,
                                cloud_state cloud, const shadow::document& local) {
    const bool deleted_here = !local.exists && known.in_cloud && e.way == sync_direction::both;
    json::object change;
    if (local.exists) {
        const auto base =
            known.sent ? arrived_states(known.base, *known.sent, cloud.state) : known.base;
        change = shadow::change_between(local.state,
                                        merge_states(base, local.state, cloud.state, e.way));
    } else {
        change = cloud.state;
    }
    known.in_cloud = true;
    known.cloud_version = cloud.version;
    known.base = std::move(cloud.state);
    known.sent.reset();
    const auto done = store_.together([&]() -> result<void> {
        if (!deleted_here && (!local.exists || !change.empty())) {
            shadow::update_request update;
            update.state = std::move(change);
            if (auto changed = store_.update(which, update); !changed) {
                return changed;
            }
        }
        return store_.keep(which, known);
    });
    if (!done && is_refusal(done.error())) {
        get_stuck(which, e,
                  "what the cloud and this core have changed does not go together: " +
                      done.error().message());
        return {};
    }
    return done;
}

}  // namespace evergrass::edge
