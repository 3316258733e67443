#include "edge/credentials/credential_provider.hpp"

#include "libs/base/errors.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace evergrass::edge {

namespace asio = boost::asio;

credential_provider::credential_provider(asio::any_io_executor executor, const clock& time,
                                         logger log, credential_timing timing)
    : executor_(std::move(executor)),
      time_(time),
      log_(std::move(log)),
      timing_(timing),
      retry_(timing.first_retry) {}

void credential_provider::use(std::shared_ptr<credential_source> source, std::string key) {
    if (!source || key != key_) {
        kept_.reset();
        abandon();
    }
    source_ = std::move(source);
    key_ = std::move(key);
    failure_.reset();
    told_.clear();
    retry_ = timing_.first_retry;
}

// What can be answered without waiting.
std::optional<result<aws_credentials>> credential_provider::at_hand() const {
    if (stopped_) {
        return error{errc::closed, "the core is stopping"};
    }
    if (!source_) {
        return error{errc::not_found,
                     "No group is deployed to this core, so there is no role whose credentials it "
                     "could have."};
    }
    if (kept_ && kept_->expires > time_.now()) {
        return result<aws_credentials>(*kept_);
    }
    if (!flight_ && failure_) {
        return *failure_;
    }
    return std::nullopt;
}

bool credential_provider::may_fetch() const {
    return !failure_ || time_.mono_now() >= retry_at_;
}

asio::awaitable<result<aws_credentials>> credential_provider::get(
    std::shared_ptr<credential_provider> self) {
    const auto now = self->time_.now();
    const bool fresh = self->kept_ && self->kept_->expires - self->timing_.renew_before > now;
    if (!self->stopped_ && self->source_ && !fresh && !self->flight_ && self->may_fetch()) {
        self->begin();
    }
    if (auto known = self->at_hand()) {
        co_return std::move(*known);
    }
    const auto own = self->flight_;
    const auto waiter = std::make_shared<asio::steady_timer>(self->executor_, self->timing_.limit);
    own->waiters.push_back(waiter);
    co_await waiter->async_wait(asio::as_tuple(asio::use_awaitable));
    if (own->outcome) {
        co_return *own->outcome;
    }
    std::erase(own->waiters, waiter);
    co_return error{errc::timed_out,
                    "no credentials within " + std::to_string(self->timing_.limit.count()) + " ms"};
}

void credential_provider::begin() {
    flight_ = std::make_shared<flight>();
    asio::co_spawn(executor_, fly(shared_from_this(), source_, flight_),
                   [self = shared_from_this(), own = flight_](const std::exception_ptr& broken) {
                       if (broken && self->flight_ == own) {
                           self->abandon();
                       }
                   });
}

asio::awaitable<void> credential_provider::fly(std::shared_ptr<credential_provider> self,
                                               std::shared_ptr<credential_source> source,
                                               std::shared_ptr<flight> own) {
    auto outcome = co_await source->fetch();
    if (self->flight_ != own) {
        co_return;  // abandoned
    }
    if (outcome && outcome->expires <= self->time_.now()) {
        outcome =
            error{errc::invalid_input,
                  "the credentials that came have expired already: look at this host's clock"};
    }
    if (!outcome) {
        outcome = with_context(outcome.error(), source->name());
    }
    self->note(outcome);
    self->flight_.reset();
    self->land(*own, std::move(outcome));
}

// What came is kept; a failure puts the next fetch off.
void credential_provider::note(const result<aws_credentials>& outcome) {
    if (outcome) {
        kept_ = *outcome;
        failure_.reset();
        retry_ = timing_.first_retry;
        log_.info("Credentials of the group's role were fetched.",
                  {{"from", source_->name()}, {"expires", format_iso8601(outcome->expires)}});
        told_.clear();
        return;
    }
    failure_ = outcome.error();
    retry_at_ = time_.mono_now() + retry_;
    retry_ = std::min(retry_ * 2, timing_.max_retry);
    auto reason = outcome.error().message();
    if (reason != told_) {
        log_.warn("Credentials of the group's role could not be fetched.",
                  {{"reason", reason}, {"stillUnexpired", kept_ && kept_->expires > time_.now()}});
        told_ = std::move(reason);
    }
}

void credential_provider::land(flight& own, result<aws_credentials> outcome) {
    own.outcome = std::move(outcome);
    for (const auto& waiter : own.waiters) {
        waiter->cancel();
    }
}

void credential_provider::abandon() {
    if (const auto own = std::move(flight_)) {
        flight_.reset();
        land(*own, error{errc::closed, "the fetch was given up; ask again"});
    }
}

void credential_provider::stop() {
    stopped_ = true;
    abandon();
}

}  // namespace evergrass::edge
