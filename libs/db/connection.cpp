#include "libs/db/engine.hpp"
#include "libs/db/postgres.hpp"
#include "libs/db/sqlite.hpp"

#include <utility>

namespace evergrass::db {
namespace {

const row_source& source_of(void* held) {
    return *static_cast<const row_source*>(held);
}

// Others need not wait while the disk does its work.
template <class Work>
result<void> settled(session& on, Work work) {
    bool is_over = false;
    auto done = [&] {
        const std::lock_guard guard(on.mutex);
        auto worked = work();
        is_over = on.depth == 0;  // looked at here: of a shared session it is another's next
        return worked;
    }();
    return done && is_over ? on.settle() : done;
}

}  // namespace

std::string row::text(int column) const {
    return source_of(statement_).text(column);
}

std::int64_t row::integer(int column) const {
    return source_of(statement_).integer(column);
}

bool row::is_null(int column) const {
    return source_of(statement_).is_null(column);
}

struct connection::implementation {
    std::unique_ptr<engine> on;
    std::function<result<void>()> before_commit;
};

connection::connection(std::unique_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

connection::~connection() = default;

result<std::unique_ptr<connection>> connection::open(const std::string& path) {
    auto opened = is_postgres(path) ? open_postgres(path) : open_sqlite(path);
    if (!opened) {
        return opened.error();
    }
    auto made = std::make_unique<implementation>();
    made->on = std::move(*opened);
    return std::unique_ptr<connection>(new connection(std::move(made)));
}

result<void> connection::run(std::string_view name, std::string_view sql,
                             const std::vector<value>& bound) {
    auto& on = implementation_->on->here();
    return settled(on, [&] { return on.run(name, sql, bound); });
}

result<void> connection::query(std::string_view name, std::string_view sql,
                               const std::vector<value>& bound,
                               const std::function<void(const row&)>& each) {
    auto& on = implementation_->on->here();
    const std::lock_guard guard(on.mutex);
    if (!each) {
        return on.step(name, sql, bound, nullptr);
    }
    return on.step(name, sql, bound, [&each](const row_source& source) {
        each(row(const_cast<row_source*>(&source)));  // only read through
    });
}

std::int64_t connection::changes() const {
    return implementation_->on->here().changes();
}

std::int64_t connection::last_inserted() const {
    return implementation_->on->here().last_inserted();
}

void connection::set_before_commit(std::function<result<void>()> work) {
    implementation_->before_commit = std::move(work);
}

result<void> connection::transaction(const std::function<result<void>()>& work) {
    auto& on = implementation_->on->here();
    return settled(on, [&] { return in_transaction(on, work, implementation_->before_commit); });
}

result<void> in_transaction(session& on, const std::function<result<void>()>& work,
                            const std::function<result<void>()>& before_commit) {
    const int level = on.depth;
    if (auto begun = on.begin(level); !begun) {
        return begun;
    }
    ++on.depth;
    auto done = [&]() -> result<void> {
        try {
            auto worked = work();
            if (worked && level == 0 && before_commit) {
                worked = before_commit();
            }
            return worked;
        } catch (...) {
            --on.depth;
            on.undo(level);
            throw;
        }
    }();
    --on.depth;
    if (done) {
        done = on.commit(level);
    }
    if (!done) {
        on.undo(level);
    }
    return done;
}

result<void> connection::migrate(const std::vector<std::string_view>& migrations) {
    return implementation_->on->migrate(migrations);
}

result<void> connection::back_up(const std::string& to) {
    return implementation_->on->back_up(to);
}

std::unique_lock<fair_mutex> connection::lock() {
    return std::unique_lock(implementation_->on->here().mutex);
}

connection::reading::reading(reading&& other) noexcept
    : hold_(std::move(other.hold_)), on_(std::exchange(other.on_, nullptr)) {}

connection::reading::~reading() {
    if (on_ != nullptr) {
        on_->end_reading();
    }
}

std::optional<connection::reading> connection::try_reading() {
    if (!can_read_at_once()) {
        return std::nullopt;
    }
    auto& on = implementation_->on->here();
    std::unique_lock hold(on.mutex, std::try_to_lock);
    if (!hold || on.depth != 0 || !on.begin_reading()) {
        return std::nullopt;
    }
    return reading(std::move(hold), on);
}

bool connection::can_read_at_once() const {
    return implementation_->on->is_here();
}

bool connection::is_wanted() const {
    return implementation_->on->here().mutex.waiting() != 0;
}

void connection::give_way() {
    implementation_->on->here().mutex.give_way();
}

}  // namespace evergrass::db
