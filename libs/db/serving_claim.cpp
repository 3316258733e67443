#include "libs/base/errors.hpp"
#include "libs/db/postgres.hpp"
#include "libs/db/postgres_link.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace evergrass::db {
namespace {

constexpr std::chrono::seconds between_looks{1};

std::string lock_statement(claim_kind what) {
    switch (what) {
        case claim_kind::alone:
            return "SELECT pg_try_advisory_lock(" + std::string(serving_lock) + ")";
        case claim_kind::with_others:
            return "SELECT pg_try_advisory_lock_shared(" + std::string(serving_lock) + ")";
        case claim_kind::lead:
            break;
    }
    return "SELECT pg_try_advisory_lock(" + std::string(leading_lock) + ")";
}

}  // namespace

struct serving_claim::implementation {
    std::string url;
    claim_kind what = claim_kind::alone;
    std::string shown;
    std::function<void()> lost;
    link_handle link;
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    std::thread watcher;

    // Whether the lock is ours now; an error when nobody can say.
    result<bool> claim() {
        auto made = link_to_postgres(url);
        if (!made) {
            return made.error();
        }
        auto answer = ask_postgres(made->get(), shown, "db.claim", lock_statement(what));
        if (!answer) {
            return answer.error();
        }
        const bool ours = pq().PQgetvalue(answer->get(), 0, 0)[0] == 't';
        if (ours) {
            link = std::move(*made);
        }
        return ours;
    }

    bool is_held() {
        return !is_lost(link) && ask_postgres(link.get(), shown, "db.claimed", "SELECT 1");
    }

    void watch() {
        std::unique_lock hold(mutex);
        while (!changed.wait_for(hold, between_looks, [this] { return stopping; })) {
            if (is_held()) {
                continue;
            }
            const auto again = claim();
            if (again && !*again) {
                lost();
                return;
            }
        }
    }
};

serving_claim::serving_claim(std::unique_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

result<std::unique_ptr<serving_claim>> serving_claim::take(const std::string& url, claim_kind what,
                                                           std::function<void()> lost) {
    auto made = std::make_unique<implementation>();
    made->url = url;
    made->what = what;
    made->shown = shown_postgres(url);
    made->lost = std::move(lost);
    const auto ours = made->claim();
    if (!ours) {
        return ours.error();
    }
    if (!*ours) {
        return error{errc::conflict, "another evergrass-cloud serves from " + made->shown};
    }
    made->watcher = std::thread([watching = made.get()] { watching->watch(); });
    return std::unique_ptr<serving_claim>(new serving_claim(std::move(made)));
}

serving_claim::~serving_claim() {
    {
        const std::lock_guard hold(implementation_->mutex);
        implementation_->stopping = true;
    }
    implementation_->changed.notify_all();
    implementation_->watcher.join();
}

}  // namespace evergrass::db
