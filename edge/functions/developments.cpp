#include "edge/functions/developments.hpp"

#include "libs/base/errors.hpp"
#include "libs/rt/run_on.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <sys/stat.h>

namespace evergrass::edge::functions {

namespace {

namespace asio = boost::asio;

constexpr std::size_t longest_name = 64;  // Lambda's

error wrong(std::string what) {
    return {errc::invalid_input, std::move(what)};
}

bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= longest_name &&
           text.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "-_") == std::string::npos;
}

// Files of a developer are read, and __pycache__ written, by the folder's owner. Root's folder says
// nothing where functions may not be root: the function runs as one without RunAs does.
contract::run_as owner_of(const struct stat& folder, bool allow_root) {
    contract::run_as owner;
    if (folder.st_uid != 0 || allow_root) {
        owner.uid = folder.st_uid;
        owner.gid = folder.st_gid;
    }
    return owner;
}

}  // namespace

class developments::handle : public development {
public:
    handle(std::weak_ptr<developments> all, std::shared_ptr<one> o)
        : all_(std::move(all)), one_(std::move(o)) {}
    ~handle() override {
        one_->tell = nullptr;
        if (const auto all = all_.lock()) {
            all->end(one_);
        }
    }
    const std::string& arn() const override { return one_->f.arn; }
    const std::string& runtime() const override { return one_->f.runtime; }
    const std::string& handler() const override { return one_->f.handler; }
    bool takes_a_place() const override { return one_->deployed.has_value(); }
    void restart() override {
        if (const auto all = all_.lock()) {
            all->start(one_);
        }
    }

private:
    std::weak_ptr<developments> all_;
    std::shared_ptr<one> one_;
};

developments::developments(asio::any_io_executor executor, const function_settings& settings,
                           worker_pool& pool, std::shared_ptr<event> changed, logger log)
    : executor_(std::move(executor)),
      settings_(settings),
      pool_(pool),
      changed_(std::move(changed)),
      log_(std::move(log)) {}

result<std::unique_ptr<development>> developments::begin(
    development_request asked, std::function<void(development_news)> tell) {
    auto made = make(asked);
    if (!made) {
        return made.error();
    }
    const auto& o = *made;
    if (stopped_) {
        return error{errc::unavailable, "the core is stopping"};
    }
    if (holds(o->f.arn)) {
        return error{errc::conflict, "somebody works on " + o->f.arn +
                                         " already: end that `evergrass dev`, or give this one "
                                         "another --name"};
    }
    o->tell = std::move(tell);
    by_arn_.emplace(o->f.arn, o);
    log_.info("A function is run from a folder.",
              {{"function", o->f.arn}, {"directory", o->directory.string()}});
    start(o);
    return std::unique_ptr<development>(std::make_unique<handle>(weak_from_this(), o));
}

result<std::shared_ptr<developments::one>> developments::make(
    const development_request& asked) const {
    struct stat folder {};
    if (!asked.directory.is_absolute() || ::stat(asked.directory.c_str(), &folder) != 0 ||
        !S_ISDIR(folder.st_mode)) {
        return wrong("'" + asked.directory.string() + "' is no folder that the core can see");
    }
    const auto o = std::make_shared<one>();
    o->directory = asked.directory;
    auto& f = o->f;
    if (!asked.instead_of.empty()) {
        const auto arn = pool_.resolve_name(asked.instead_of);
        const auto* deployed = arn.empty() ? nullptr : pool_.find(arn);
        if (deployed == nullptr) {
            return error{errc::not_found,
                         "'" + asked.instead_of +
                             "' is no function of the deployed group, or more than one version of "
                             "it is: `evergrass functions` lists them with their ARNs"};
        }
        f = *deployed;
        o->deployed = f;
    } else {
        if (!is_name(asked.name)) {
            return wrong("'" + asked.name +
                         "' is no name of a function: 1 to 64 letters, digits, - and _ (--name)");
        }
        f.arn = "arn:aws:lambda:" + settings_.region + ":" + settings_.account +
                ":function:" + asked.name + ":dev";
        f.id = asked.name;
        f.pinned = asked.pinned;
        f.isolation_mode = contract::isolation::no_container;
        f.identity = owner_of(folder, settings_.allow_root);
    }
    f.artifact = "dev";  // no package's hash, so it is never taken for the deployed one
    if (!asked.runtime.empty()) {
        f.runtime = asked.runtime;
    }
    if (!asked.handler.empty()) {
        f.handler = asked.handler;
        f.executable.clear();
    }
    // Python takes a file for unchanged that changed within a second and kept its size.
    f.variables.emplace_back("PYTHONDONTWRITEBYTECODE", "1");
    f.timeout_seconds = asked.timeout_seconds.value_or(f.timeout_seconds);
    if (f.handler.empty() || f.runtime.empty()) {
        return wrong(
            "which function of which runtime is to be run? Name them with --handler "
            "FILE.FUNCTION and --runtime, as python3.8 and nodejs12.x are");
    }
    if (kind_of_runtime(f.runtime) == runtime_kind::unknown) {
        return error{errc::unsupported, "'" + f.runtime +
                                            "' is no runtime of this core: docs/functions.md lists "
                                            "them (--runtime)"};
    }
    return o;
}

void developments::note_deployed(const std::vector<contract::function>& wanted) {
    for (auto& [arn, o] : by_arn_) {
        const auto found = std::find_if(wanted.begin(), wanted.end(),
                                        [&arn = arn](const auto& f) { return f.arn == arn; });
        o->deployed = found == wanted.end() ? std::nullopt : std::optional(*found);
    }
}

void developments::tell(const std::string& arn, development_news news) {
    const auto found = by_arn_.find(arn);
    if (found != by_arn_.end() && found->second->tell) {
        found->second->tell(std::move(news));
    }
}

void developments::start(const std::shared_ptr<one>& o) {
    if (stopped_) {
        return;
    }
    asio::co_spawn(executor_, put_in_place(shared_from_this(), o, ++o->start), asio::detached);
}

void developments::end(const std::shared_ptr<one>& o) {
    o->over = true;
    log_.info("A function is no longer run from a folder.", {{"function", o->f.arn}});
    start(o);
}

// Puts the folder's code, or after its end the deployed function, in place of what is there.
asio::awaitable<void> developments::put_in_place(std::shared_ptr<developments> self,
                                                 std::shared_ptr<one> o, std::uint64_t start) {
    auto& pool = self->pool_;
    const auto arn = o->f.arn;
    const auto is_newest = [&] { return o->start == start && !self->stopped_; };
    worker_pool::add_options options;
    options.held = true;
    std::optional<contract::function> f;
    result<launch_plan> plan = launch_plan{};
    // A deployment may say meanwhile that something else comes back.
    do {
        f = o->over ? o->deployed : o->f;
        if (!f) {
            break;
        }
        options.tended = !o->over;
        options.directory = o->over ? pool.directory_of(*f) : o->directory;
        pool.find_interpreters_anew();
        std::function<result<launch_plan>()> work =
            [f = *f, directory = options.directory, host = pool.host(),
             who = pool.users_of({*f}).front()] { return plan_launch(f, directory, host, who); };
        plan = co_await rt::run_on(
            self->settings_.blocking ? self->settings_.blocking : self->executor_, std::move(work));
        if (!is_newest()) {
            co_return;
        }
    } while (o->over && !(o->deployed == f));
    // A folder's code is cut; the deployed one, which knows nothing of this, finishes.
    pool.retire(arn, pool.is_tended(arn));
    if (o->over) {
        self->by_arn_.erase(arn);
    }
    if (!f) {
        pool.remove(arn);
        co_return;
    }
    if (auto added = pool.add(*f, std::move(plan), options); !added) {
        self->log_.error("A function cannot run.", {{"function", arn}, {"reason", added.error()}});
        self->tell(arn, {development_news::kind::ended, log_level::error, added.error().message()});
        co_return;
    }
    while (pool.has_former_workers_of(arn)) {
        co_await event::wait(self->changed_);
        if (!is_newest()) {
            co_return;
        }
    }
    pool.release(arn);
}

}  // namespace evergrass::edge::functions
