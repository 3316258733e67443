#pragma once

#include "edge/functions/event.hpp"
#include "edge/functions/function_manager.hpp"
#include "edge/functions/worker_pool.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge::functions {

// The functions that somebody works on (function_manager::develop). One executor, the pool's.
class developments : public std::enable_shared_from_this<developments> {
public:
    // `changed` is woken when a worker has ended.
    developments(boost::asio::any_io_executor executor, const function_settings& settings,
                 worker_pool& pool, std::shared_ptr<event> changed, logger log);

    result<std::unique_ptr<development>> begin(development_request asked,
                                               std::function<void(development_news)> tell);

    // Is this ARN's place taken? Deployments leave such a function alone …
    bool holds(const std::string& arn) const { return by_arn_.contains(arn); }
    // … and say what comes back.
    void note_deployed(const std::vector<contract::function>& wanted);

    // From the pool.
    void tell(const std::string& arn, development_news news);

    // The core stops: nothing comes back.
    void stop() { stopped_ = true; }

private:
    struct one {
        contract::function f;
        std::filesystem::path directory;
        std::optional<contract::function> deployed;  // whose place it has
        std::function<void(development_news)> tell;
        std::uint64_t start = 0;  // counts; a newer one ends an older one's wait
        bool over = false;
    };
    class handle;

    result<std::shared_ptr<one>> make(const development_request& asked) const;
    void start(const std::shared_ptr<one>& o);
    void end(const std::shared_ptr<one>& o);
    static boost::asio::awaitable<void> put_in_place(std::shared_ptr<developments> self,
                                                     std::shared_ptr<one> o, std::uint64_t start);

    boost::asio::any_io_executor executor_;
    const function_settings& settings_;
    worker_pool& pool_;
    std::shared_ptr<event> changed_;
    logger log_;
    std::map<std::string, std::shared_ptr<one>> by_arn_;
    bool stopped_ = false;
};

}  // namespace evergrass::edge::functions
