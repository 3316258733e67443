#include "libs/base/errors.hpp"
#include "libs/db/postgres.hpp"
#include "libs/db/postgres_link.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace evergrass::db {
namespace {

constexpr std::chrono::seconds between_looks{1};

// Nobody has a version's lock alone: it is not waited for.
std::string lock_statement(claim_kind what, std::size_t version) {
    const auto known = "SELECT pg_advisory_lock_shared(" + std::string(version_lock) + ", " +
                       std::to_string(version) + "); ";
    switch (what) {
        case claim_kind::alone:
            return known + "SELECT pg_try_advisory_lock(" + std::string(serving_lock) + ")";
        case claim_kind::with_others:
            return known + "SELECT pg_try_advisory_lock_shared(" + std::string(serving_lock) + ")";
        case claim_kind::lead:
            break;
    }
    return "SELECT pg_try_advisory_lock(" + std::string(leading_lock) + ")";
}

enum class claim_outcome { ours, taken, other_version };

}  // namespace

struct serving_claim::implementation {
    std::string url;
    claim_kind what = claim_kind::alone;
    std::size_t version = 0;
    std::string shown;
    std::function<void()> lost;
    link_handle link;
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    std::thread watcher;

    // Whether the lock is ours now; an error when nobody can say.
    result<claim_outcome> claim() {
        auto made = link_to_postgres(url);
        if (!made) {
            return made.error();
        }
        auto answer = ask_postgres(made->get(), shown, "db.claim", lock_statement(what, version));
        if (!answer) {
            return answer.error();
        }
        if (pq().PQgetvalue(answer->get(), 0, 0)[0] != 't') {
            return claim_outcome::taken;
        }
        if (what == claim_kind::with_others) {
            const auto others =
                ask_postgres(made->get(), shown, "db.versions", count_of_other_versions(version));
            if (!others) {
                return others.error();
            }
            if (std::string_view(pq().PQgetvalue(others->get(), 0, 0)) != "0") {
                return claim_outcome::other_version;
            }
        }
        link = std::move(*made);
        return claim_outcome::ours;
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
            if (again && *again != claim_outcome::ours) {
                lost();
                return;
            }
        }
    }
};

serving_claim::serving_claim(std::unique_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

result<std::unique_ptr<serving_claim>> serving_claim::take(const std::string& url, claim_kind what,
                                                           std::function<void()> lost,
                                                           std::size_t version) {
    auto made = std::make_unique<implementation>();
    made->url = url;
    made->what = what;
    made->version = version;
    made->shown = shown_postgres(url);
    made->lost = std::move(lost);
    const auto ours = made->claim();
    if (!ours) {
        return ours.error();
    }
    if (*ours == claim_outcome::taken) {
        return error{errc::conflict, "another evergrass-cloud serves from " + made->shown};
    }
    if (*ours == claim_outcome::other_version) {
        return error{errc::unsupported,
                     "an evergrass-cloud of another version serves from " + made->shown +
                         ", and the two do not serve together; stop all services, then start all "
                         "with the new version (docs/scale.md, Upgrading)"};
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
