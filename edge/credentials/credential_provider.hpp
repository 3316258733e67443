#pragma once

#include "edge/credentials/credential_source.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge {

struct credential_timing {
    // Fetched anew so long before their end; until that end the old ones are good.
    std::chrono::seconds renew_before{5 * 60};
    std::chrono::milliseconds limit{30'000};  // how long a caller waits (spec/lambda-ipc.md §7)
    std::chrono::milliseconds first_retry{1'000};
    std::chrono::milliseconds max_retry{30'000};
};

// The credentials of the group's role, for those who ask at the credentials endpoint. In memory
// only: a restart fetches them anew. Nobody asks, nothing is fetched.
//
// One fetch is in flight for all who wait. After a failure the next fetch waits for a growing time,
// in which callers get that failure at once, or what is still unexpired. One executor.
class credential_provider : public std::enable_shared_from_this<credential_provider> {
public:
    credential_provider(boost::asio::any_io_executor executor, const clock& time, logger log,
                        credential_timing timing = {});

    // From now on credentials come from here: another deployment. `key` says what they are for, the
    // group and the setting: where it is as before they are kept; a failure is forgotten in any
    // case. Null: there is no group, and no credentials.
    void use(std::shared_ptr<credential_source> source, std::string key);

    // errc::not_found: no group or no role; errc::timed_out: none within the limit; else why the
    // last fetch failed.
    static boost::asio::awaitable<result<aws_credentials>> get(
        std::shared_ptr<credential_provider> self);

    // Whoever waits is told, and so is everybody afterwards. A fetch in flight is not waited for.
    void stop();

private:
    struct flight {  // one fetch, with those who wait for it
        std::vector<std::shared_ptr<boost::asio::steady_timer>> waiters;
        std::optional<result<aws_credentials>> outcome;
    };

    std::optional<result<aws_credentials>> at_hand() const;
    bool may_fetch() const;
    void begin();
    static boost::asio::awaitable<void> fly(std::shared_ptr<credential_provider> self,
                                            std::shared_ptr<credential_source> source,
                                            std::shared_ptr<flight> own);
    void land(flight& own, result<aws_credentials> outcome);
    void note(const result<aws_credentials>& outcome);
    void abandon();

    boost::asio::any_io_executor executor_;
    const clock& time_;
    logger log_;
    credential_timing timing_;
    std::shared_ptr<credential_source> source_;
    std::string key_;
    std::optional<aws_credentials> kept_;
    std::optional<error> failure_;  // of the last fetch
    mono_time retry_at_{};
    std::chrono::milliseconds retry_;
    std::shared_ptr<flight> flight_;
    std::string told_;  // the failure that the log has
    bool stopped_ = false;
};

}  // namespace evergrass::edge
