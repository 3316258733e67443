#include "edge/spooler/spooler.hpp"

#include "edge/spooler/spooler_implementation.hpp"
#include "libs/base/errors.hpp"

#include <boost/asio/post.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace evergrass::edge {

namespace asio = boost::asio;

// --- Coming in -----------------------------------------------------------------------------------

bool spooler::implementation::push(std::string topic, std::shared_ptr<const std::string> payload,
                                   std::shared_ptr<void> receipt) {
    const auto size = topic.size() + payload->size();
    if (stopped_ || size > settings_.max_bytes) {
        return false;
    }
    make_room(size);
    if (!on_files()) {
        receipt.reset();
    }
    entry e{0, time_.now(), static_cast<std::uint32_t>(size), false, nullptr};
    e.held = std::make_unique<spool_queue::content>(
        spool_queue::content{std::move(topic), std::move(payload)});
    if (on_files()) {
        e.saved_as = saved(e);
    }
    // What the disk did not take is in memory whatever the limit is.
    if (e.saved_as != 0 && !queue_.has_memory_for(size)) {
        e.held.reset();
    }
    if (on_files()) {
        receipts_.hold(queue_.end(), e.saved_as, std::move(receipt));
    } else {
        receipts_.forget_given_way();
    }
    queue_.push(std::move(e));
    return true;
}

// The log's number for it; 0: the files did not take it.
std::uint64_t spooler::implementation::saved(const entry& e) {
    if (!files_) {
        return 0;
    }
    const auto number = files_->append(e.at, *e.held, gave_way_, queue_);
    if (!number && number.error().code != errc::too_large) {  // no connection takes such a one
        failed(number.error());
    }
    return number ? *number : 0;
}

void spooler::implementation::make_room(std::uint64_t wanted) {
    while (!queue_.empty() && queue_.bytes() + wanted > settings_.max_bytes) {
        const auto number = queue_.first();
        const auto& oldest = queue_.at(number);
        if (!oldest.done) {
            ++gave_way_;
            if (!queue_.front_is_taken()) {
                ++overwritten_;
                lose(loss::overwritten, oldest.held ? std::string_view(oldest.held->topic) : "");
            } else {
                // What is on its way to the cloud is known to who sent it, and may arrive yet: but
                // not after a kill, so the files count it until then.
                gave_way_in_flight_.insert(number);
            }
            receipts_.note_gave_way(number);
        }
        pop_front();
    }
    note_overwritten();
}

// The first loss of a run is said, then each thousandth.
void spooler::implementation::note_overwritten() {
    if (overwritten_ != overwritten_logged_ &&
        (overwritten_logged_ == 0 || overwritten_ - overwritten_logged_ >= 1000)) {
        log_.warn("The queue for the cloud is full: the oldest messages are overwritten.",
                  {{"lost", overwritten_}, {"queueBytes", settings_.max_bytes}});
        overwritten_logged_ = overwritten_;
    }
}

void spooler::implementation::pop_front() {
    const auto& oldest = queue_.at(queue_.first());
    if (oldest.saved_as != 0 && files_) {
        files_->note_gone(oldest.bytes);
    }
    receipts_.let_go(queue_.first());
    queue_.pop_front();
}

// --- Going out -----------------------------------------------------------------------------------

std::optional<spooled_message> spooler::implementation::next() {
    if (stopped_) {
        return std::nullopt;
    }
    auto taken = queue_.take();
    read_ahead();
    return taken;
}

void spooler::implementation::put_back() {
    queue_.put_back();
}

void spooler::implementation::done(std::uint64_t number) {
    if (!queue_.has(number)) {  // it gave way while it was on its way
        if (gave_way_in_flight_.erase(number) != 0) {
            --gave_way_;
            remove_delivered_later();
        }
        return;
    }
    queue_.note_done(number);
    receipts_.let_go(number);
    while (queue_.front_is_done()) {
        pop_front();
    }
    if (!files_) {
        return;
    }
    if (!on_files() && !stopped_) {
        close_empty_log();
    }
    if (files_ && files_->unremoved_bytes() >= limits_.removal_bytes) {
        remove_delivered();
    } else {
        remove_delivered_later();
    }
    read_ahead();
}

void spooler::implementation::remove_delivered_later() {
    if (!files_ || !files_->is_behind(gave_way_)) {
        return;
    }
    if (std::exchange(removal_armed_, true)) {
        return;
    }
    removal_.expires_after(limits_.removal_delay);
    removal_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
        if (const auto self = weak.lock()) {
            self->removal_armed_ = false;
            if (!cancelled) {
                self->remove_delivered();
            }
        }
    });
}

void spooler::implementation::remove_delivered() {
    if (!files_) {
        return;
    }
    if (const auto told = files_->catch_up(gave_way_, time_.now(), queue_); !told) {
        failed(told.error());
    }
}

// --- The disk ------------------------------------------------------------------------------------

void spooler::implementation::read_ahead() {
    if (reading_ || !files_ || stopped_) {
        return;
    }
    const auto from = queue_.wants_from();
    if (!from) {
        return;
    }
    reading_ = true;
    files_->read(*from, limits_.memory_bytes / 2,
                 [weak = weak_from_this(), executor = executor_, from = *from,
                  upto = files_->newest()](result<std::vector<log_store::record>> found) {
                     asio::post(executor, [weak, from, upto, found = std::move(found)] {
                         if (const auto self = weak.lock(); self && self->owner_ != nullptr) {
                             self->take_read(from, upto, found);
                         }
                     });
                 });
}

void spooler::implementation::take_read(std::uint64_t from, std::uint64_t upto,
                                        const result<std::vector<log_store::record>>& found) {
    reading_ = false;
    if (!found) {
        failed(found.error());
        read_retry_.expires_after(limits_.retry_delay);
        read_retry_.async_wait(
            [weak = weak_from_this()](const boost::system::error_code& cancelled) {
                if (const auto self = weak.lock(); self && !cancelled) {
                    self->read_ahead();
                }
            });
        return;
    }
    const auto [lost, ready] = queue_.fill(from, upto, *found);
    for (const auto number : lost) {
        lost_on_disk(number);
    }
    while (queue_.front_is_done()) {
        pop_front();
    }
    if (ready && owner_->on_ready) {
        owner_->on_ready();
    }
}

void spooler::implementation::lost_on_disk(std::uint64_t number) {
    ++damaged_;
    receipts_.let_go(number);
    log_.error("A message for the cloud is lost on the disk.",
               {{"directory", log_directory()}, {"record", queue_.at(number).saved_as}});
    lose(loss::damaged, "");
}

void spooler::implementation::durable(std::uint64_t upto) {
    if (disk_error_) {
        log_.info("Messages for the cloud are saved again.", {{"directory", log_directory()}});
        disk_error_.reset();
    }
    receipts_.let_go_saved(upto);
}

void spooler::implementation::failed(const error& why) {
    if (!disk_error_) {
        log_.error(
            "Messages for the cloud are not saved; QoS 1 publishers wait until the cloud has "
            "them. Make room on the disk, or make it writable.",
            {{"directory", log_directory()}, {"reason", why}});
    }
    disk_error_ = why.message();
    if (files_) {
        files_->note_failure();
    }
}

// --- The end -------------------------------------------------------------------------------------

void spooler::implementation::stop() {
    if (stopped_) {
        return;
    }
    removal_.cancel();
    read_retry_.cancel();
    remove_delivered();
    stopped_ = true;
    if (files_) {
        if (const auto saved = files_->flush_and_stop(); !saved) {
            log_.error("Not all messages for the cloud could be saved.",
                       {{"directory", log_directory()}, {"reason", saved.error()}});
        }
    }
    std::size_t kept = 0;
    std::size_t lost = 0;
    for (const auto& e : queue_.entries()) {
        if (e.done) {
            continue;
        }
        if (is_saved(e)) {
            ++kept;
        } else {
            ++lost;
            lose(loss::stopped, e.held ? std::string_view(e.held->topic) : "");
        }
    }
    // They are in nobody's files, and who sent them hears no answer any more.
    for (; !gave_way_in_flight_.empty(); gave_way_in_flight_.erase(gave_way_in_flight_.begin())) {
        ++overwritten_;
        lose(loss::overwritten, "");
    }
    if (lost != 0) {
        log_.warn("Messages for the cloud are lost, for the core stops.", {{"messages", lost}});
    }
    if (kept != 0) {
        log_.info("Messages for the cloud wait on the disk for the next start.",
                  {{"messages", kept}, {"directory", log_directory()}});
    }
    set_memory_mark(false);
}

spooler_numbers spooler::implementation::numbers() const {
    spooler_numbers now;
    now.settings = settings_;
    now.bytes = queue_.bytes();
    now.messages = queue_.size();
    now.unsaved = queue_.unsaved();
    if (!queue_.empty()) {
        now.oldest = queue_.entries().front().at;
    }
    now.overwritten = overwritten_;
    now.overwritten_ever = gave_way_;
    now.damaged = damaged_;
    now.unknown_loss = unknown_loss_;
    now.disk_error = disk_error_;
    return now;
}

// --- The public face -----------------------------------------------------------------------------

spooler::spooler(asio::any_io_executor executor, log_store::file_system& disk,
                 std::string directory, const clock& time, logger log, spooler_limits limits)
    : implementation_(std::make_shared<implementation>(
          *this, std::move(executor), disk, std::move(directory), time, std::move(log), limits)) {}

spooler::~spooler() {
    implementation_->abandon();
}

result<void> spooler::open(const spool_settings& settings) {
    return implementation_->open(settings);
}

result<void> spooler::use(const spool_settings& settings) {
    return implementation_->use(settings);
}

bool spooler::push(std::string topic, std::shared_ptr<const std::string> payload,
                   std::shared_ptr<void> receipt) {
    return implementation_->push(std::move(topic), std::move(payload), std::move(receipt));
}

std::optional<spooled_message> spooler::next() {
    return implementation_->next();
}

void spooler::put_back() {
    implementation_->put_back();
}

void spooler::done(std::uint64_t number) {
    implementation_->done(number);
}

void spooler::stop() {
    implementation_->stop();
}

bool spooler::stopped() const {
    return implementation_->stopped();
}

spooler_numbers spooler::numbers() const {
    return implementation_->numbers();
}

}  // namespace evergrass::edge
