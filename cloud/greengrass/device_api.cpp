#include "cloud/greengrass/device_api.hpp"

#include "cloud/greengrass/device_path.hpp"
#include "cloud/greengrass/device_routes.hpp"
#include "cloud/greengrass/upstream_sts.hpp"
#include "libs/rt/run_on.hpp"

#include <boost/asio/this_coro.hpp>

#include <functional>
#include <utility>

namespace evergrass::cloud {
namespace {

namespace asio = boost::asio;
using greengrass::device_path;
using greengrass::device_request;
using greengrass::device_route;

using blocking_work = std::function<std::optional<http::response>()>;

http::response answer_now(const greengrass::device_routes& in, device_route route,
                          const device_request& from) {
    switch (route) {
        case device_route::discover:
            return greengrass::discover(in, from);
        case device_route::artifact:
            return greengrass::get_artifact(in, from);
        case device_route::deployment_status:
            return greengrass::put_deployment_status(in, from);
        case device_route::server_certificate:
            return greengrass::post_server_certificate(in, from);
        case device_route::local_authority:
            return greengrass::post_local_authority(in, from);
        case device_route::connectivity:
            return greengrass::put_connectivity(in, from);
        case device_route::secrets:
            return greengrass::get_secrets(in, from);
        case device_route::denied_certificates:
            return greengrass::get_denied_certificates(in, from);
        case device_route::signing_key:
            return greengrass::get_signing_key(in, from);
        case device_route::invocation_outcome:
            return greengrass::post_invocation_outcome(in, from);
        case device_route::deployment:
        case device_route::credentials:
        case device_route::invocations:
            break;  // wait: long_poll(), credentials(), invocations()
    }
    return greengrass::device_error(404, "No such path.");
}

}  // namespace

struct device_api::implementation {
    greengrass::device_routes routes;
    asio::any_io_executor blocking;

    asio::awaitable<std::optional<http::response>> long_poll(device_request from);
    asio::awaitable<std::optional<http::response>> credentials(device_request from);
    asio::awaitable<std::optional<http::response>> invocations(device_request from);
};

asio::awaitable<std::optional<http::response>> device_api::implementation::long_poll(
    device_request from) {
    const auto poll = greengrass::read_deployment_poll(from.asked);
    const auto until = routes.services.time.mono_now() + poll.wait;
    const auto executor = co_await asio::this_coro::executor;
    deployment_notifier::watch watch(routes.services.notifier, from.thing, executor);
    for (;;) {
        const bool called = poll.invocations && greengrass::call_for_invocations(routes, from);
        const bool last_look = called || routes.services.time.mono_now() >= until;
        blocking_work look = [&] {
            return greengrass::look_for_deployment(routes, from, poll, last_look);
        };
        auto answer = co_await rt::run_on(blocking, std::move(look));
        if (answer) {
            if (called) {
                answer->headers.set("x-evergrass-invocations", "1");
            }
            co_return answer;
        }
        co_await watch.wait(until);
    }
}

asio::awaitable<std::optional<http::response>> device_api::implementation::invocations(
    device_request from) {
    const auto until =
        routes.services.time.mono_now() + greengrass::read_deployment_poll(from.asked).wait;
    const auto executor = co_await asio::this_coro::executor;
    deployment_notifier::watch watch(routes.services.notifier, from.thing, executor);
    for (;;) {
        const bool last_look = routes.services.time.mono_now() >= until;
        blocking_work look = [&] { return greengrass::take_invocation(routes, from, last_look); };
        auto answer = co_await rt::run_on(blocking, std::move(look));
        if (answer) {
            co_return answer;
        }
        co_await watch.wait(until);
    }
}

asio::awaitable<std::optional<http::response>> device_api::implementation::credentials(
    device_request from) {
    greengrass::sts_wish wish;
    blocking_work look = [&] { return greengrass::get_credentials(routes, from, wish); };
    auto answer = co_await rt::run_on(blocking, std::move(look));
    if (answer) {
        co_return answer;
    }
    const auto issued = co_await routes.services.sts->assume_role(blocking, &routes.services.time,
                                                                  wish.role_arn, from.thing);
    co_return greengrass::answer_of_sts(routes, from, wish, issued);
}

device_api::device_api(greengrass_services& services, const device_authority& authority,
                       asio::any_io_executor blocking)
    : implementation_(new implementation{{services, authority}, std::move(blocking)}) {}

device_api::~device_api() = default;

asio::awaitable<std::optional<http::response>> device_api::handle(http::request asked) {
    const auto path = greengrass::parse_device_path(asked.method, asked.path());
    if (!path) {
        co_return std::nullopt;
    }
    const device_request from{asked, asked.peer ? asked.peer->id : std::string(), path->thing,
                              path->part};
    auto& self = *implementation_;
    if (path->route == device_route::deployment) {
        auto polled = co_await self.long_poll(from);
        co_return polled;
    }
    if (path->route == device_route::credentials) {
        auto issued = co_await self.credentials(from);
        co_return issued;
    }
    if (path->route == device_route::invocations) {
        auto taken = co_await self.invocations(from);
        co_return taken;
    }
    const auto route = path->route;
    blocking_work work = [&self, &from, route]() -> std::optional<http::response> {
        return answer_now(self.routes, route, from);
    };
    auto answer = co_await rt::run_on(self.blocking, std::move(work));
    co_return answer;
}

}  // namespace evergrass::cloud
