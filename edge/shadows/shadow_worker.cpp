#include "edge/shadows/shadow_worker.hpp"

#include "libs/base/errors.hpp"
#include "libs/shadow/errors.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace evergrass::edge {

// The store as the engine and requests change it; what is to be said of it goes to the report.
class shadow_worker::documents final : public sync_store {
public:
    documents(shadow_store& store, const clock& time) : store_(store), time_(time) {}

    void report_to(shadow_report* where) { report_ = where; }

    result<shadow::document> document(const shadow::shadow_id& which) override {
        return store_.load(which, time_.now());
    }
    result<sync_record> record(const shadow::shadow_id& which) override {
        return store_.record(which);
    }
    result<void> keep(const shadow::shadow_id& which, const sync_record& what) override {
        return store_.keep(which, what);
    }
    result<void> update(const shadow::shadow_id& which,
                        const shadow::update_request& change) override {
        const auto before = document(which);
        if (!before) {
            return before.error();
        }
        return take(which,
                    shadow::carry_out(which, change, *before, seconds(), shadow::asked_over::call));
    }
    result<void> remove(const shadow::shadow_id& which) override {
        const auto before = document(which);
        if (!before) {
            return before.error();
        }
        return take(which, shadow::carry_out(which, shadow::operation::remove, "", *before,
                                             seconds(), shadow::asked_over::call));
    }
    result<void> together(const std::function<result<void>()>& work) override {
        const auto said = report_->said.size();
        const auto changed = report_->changed.size();
        auto done = store_.db().transaction(work);
        if (!done) {
            report_->said.resize(said);
            report_->changed.resize(changed);
        }
        return done;
    }

    // Keeps what an operation has made. An error is the refusal, or the store's.
    result<void> take(const shadow::shadow_id& which, shadow::outcome came) {
        if (came.after) {
            if (auto saved = store_.save(which, *came.after, time_.now()); !saved) {
                return saved;
            }
            report_->changed.push_back(which);
        }
        std::move(came.said.begin(), came.said.end(), std::back_inserter(report_->said));
        if (!came.body) {
            return came.body.error();
        }
        return {};
    }
    std::int64_t seconds() const { return to_epoch_seconds(time_.now()); }

private:
    shadow_store& store_;
    const clock& time_;
    shadow_report* report_ = nullptr;
};

namespace {

bool only_reads(const std::vector<shadow_job>& batch) {
    return std::all_of(batch.begin(), batch.end(), [](const auto& job) {
        return job.what == shadow_job::kind::ask && job.operation == shadow::operation::get;
    });
}

bool is_refusal(const error& why) {
    return why.code.category() == shadow::shadow_category();
}

}  // namespace

shadow_worker::shadow_worker(shadow_worker_settings settings, std::unique_ptr<shadow_store> store,
                             const clock& time, logger log)
    : settings_(std::move(settings)),
      store_(std::move(store)),
      time_(time),
      log_(std::move(log)),
      documents_(std::make_unique<documents>(*store_, time)),
      engine_(settings_.sync, *documents_) {}

shadow_worker::~shadow_worker() = default;

shadow_report shadow_worker::run(const std::vector<shadow_job>& batch) {
    shadow_report made;
    const auto done = try_all(batch, made);
    if (done) {
        made.for_cloud = engine_.take_messages();
    } else {
        engine_.undo(time_.mono_now());
        made = {};
        for (const auto& job : batch) {
            if (batch.size() == 1) {
                give_up(job, done.error(), made);
                break;
            }
            auto alone = run({job});
            std::move(alone.said.begin(), alone.said.end(), std::back_inserter(made.said));
            std::move(alone.for_cloud.begin(), alone.for_cloud.end(),
                      std::back_inserter(made.for_cloud));
            std::move(alone.answers.begin(), alone.answers.end(), std::back_inserter(made.answers));
            std::move(alone.changed.begin(), alone.changed.end(), std::back_inserter(made.changed));
        }
    }
    log_troubles();
    made.wake_at = engine_.next_deadline();
    made.synced = engine_.count();
    return made;
}

result<void> shadow_worker::try_all(const std::vector<shadow_job>& batch, shadow_report& into) {
    documents_->report_to(&into);
    const auto work = [&]() -> result<void> {
        for (const auto& job : batch) {
            if (auto done = try_one(job, into); !done) {
                return done;
            }
        }
        return {};
    };
    // Reading needs no room on the disk.
    return only_reads(batch) ? work() : store_->db().transaction(work);
}

// An error is the store's; a refusal is an answer.
result<void> shadow_worker::try_one(const shadow_job& job, shadow_report& into) {
    const auto now = time_.mono_now();
    switch (job.what) {
        case shadow_job::kind::ask:
            return ask(job, into);
        case shadow_job::kind::list:
            return list(job, into);
        case shadow_job::kind::hear:
            if (const auto said = parse_cloud_message(job.topic, job.payload)) {
                engine_.hear(*said, now);
            }
            break;
        case shadow_job::kind::link_up:
            engine_.link_up(now);
            break;
        case shadow_job::kind::link_down:
            engine_.link_down();
            break;
        case shadow_job::kind::follow:
            engine_.follow(job.followed, now);
            break;
        case shadow_job::kind::tick:
            engine_.tick(now);
            break;
        case shadow_job::kind::clear:
            engine_.follow({}, now);
            return store_->clear();
    }
    return {};
}

result<void> shadow_worker::ask(const shadow_job& job, shadow_report& into) {
    const auto way = job.answered ? shadow::asked_over::call : shadow::asked_over::mqtt;
    const auto seconds = documents_->seconds();
    const auto refuse = [&](error why) {
        return shadow::refuse(job.which, job.operation, std::move(why), seconds, way);
    };
    shadow::outcome came;
    const auto before = documents_->document(job.which);
    if (job.is_too_many) {
        came = refuse(shadow::refused(shadow::errc::too_many_requests));
    } else if (!before) {
        return before.error();
    } else {
        came = shadow::carry_out(job.which, job.operation, job.payload, *before, seconds, way);
    }
    if (came.after && came.after->exists && !before->exists) {
        const auto exist = store_->count();
        if (!exist) {
            return exist.error();
        }
        if (*exist >= settings_.most_shadows) {
            came = refuse({shadow::errc::too_many_requests,
                           "The core has " + std::to_string(*exist) +
                               " shadows, which is as many as it keeps: delete some "
                               "(evergrass shadow list, evergrass shadow delete)"});
        }
    }
    if (came.after && !came.after->exists) {
        if (auto forgotten = store_->forget_deleted(time_.now()); !forgotten) {
            return forgotten;
        }
    }
    const bool changes = came.after.has_value();
    auto body = came.body;
    if (const auto taken = documents_->take(job.which, std::move(came));
        !taken && !is_refusal(taken.error())) {
        return taken;
    }
    if (job.answered) {
        into.answers.push_back({job.answered, std::move(body)});
    }
    if (changes) {
        engine_.local_changed(job.which, time_.mono_now());
    }
    return {};
}

result<void> shadow_worker::list(const shadow_job& job, shadow_report& into) {
    const auto all = store_->list();
    if (!all) {
        return all.error();
    }
    json::array listed;
    for (const auto& each : *all) {
        listed.push_back(json::object{{"thing", each.thing}, {"name", each.name}});
    }
    into.answers.push_back({job.answered, json::serialize(listed)});
    return {};
}

// The disk failed, and nothing of the job was kept.
void shadow_worker::give_up(const shadow_job& job, const error& why, shadow_report& into) {
    log_.error("Shadows cannot be read or written.",
               {{"thing", job.which.thing}, {"shadow", job.which.name}, {"reason", why}});
    if (job.what == shadow_job::kind::list) {
        into.answers.push_back({job.answered, why});
    }
    if (job.what != shadow_job::kind::ask) {
        return;
    }
    const auto way = job.answered ? shadow::asked_over::call : shadow::asked_over::mqtt;
    auto came = shadow::refuse(job.which, job.operation, why, documents_->seconds(), way);
    std::move(came.said.begin(), came.said.end(), std::back_inserter(into.said));
    if (job.answered) {
        into.answers.push_back({job.answered, std::move(came.body)});
    }
}

void shadow_worker::log_troubles() {
    for (const auto& one : engine_.take_stuck()) {
        log_.warn("A shadow is not the same here and in the cloud until one of them changes.",
                  {{"thing", one.which.thing}, {"reason", one.why}});
    }
    for (const auto& one : engine_.take_errors()) {
        log_.error("A shadow could not be synced with the cloud; it is tried again.",
                   {{"reason", one}});
    }
}

}  // namespace evergrass::edge
