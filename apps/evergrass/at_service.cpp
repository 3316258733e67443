#include "apps/evergrass/at_service.hpp"

#include "libs/base/errors.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

result<void> run_at_service(const api_client_options& service,
                            const std::function<asio::awaitable<result<void>>(api_client&)>& work) {
    asio::io_context io;
    auto api = api_client::make(io.get_executor(), service);
    if (!api) {
        return api.error();
    }
    std::optional<result<void>> outcome;
    asio::co_spawn(io, work(*api), [&](const std::exception_ptr& failed, result<void> done) {
        if (failed) {
            std::rethrow_exception(failed);
        }
        outcome = std::move(done);
        io.stop();
    });
    io.run();
    return outcome.value_or(error{errc::closed, "The work at the service did not end"});
}

}  // namespace evergrass::cli
