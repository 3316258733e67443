#include "apps/evergrass/up_session.hpp"

#include "apps/evergrass/core_config.hpp"
#include "apps/evergrass/provision.hpp"
#include "apps/evergrass/sample_flows.hpp"
#include "edge/isolation/host_isolation.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/rt/stream.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace evergrass::cli {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Making RSA keys takes a slow machine many seconds at the first start.
constexpr auto ready_limit = 120s;
constexpr auto ready_poll = 10ms;

// Waits for the file that a child renames into place when it is ready. One of an earlier process
// has another pid. A child that dies meanwhile ends `up` by the supervisor.
template <class Info>
asio::awaitable<result<Info>> wait_until_ready(std::filesystem::path file, pid_t pid,
                                               result<Info> (*parse)(std::string_view),
                                               std::filesystem::path log_file) {
    const auto deadline = std::chrono::steady_clock::now() + ready_limit;
    std::string last = "it has not written " + file.string();
    while (std::chrono::steady_clock::now() < deadline) {
        const auto text = read_file(file);
        if (text) {
            auto info = parse(*text);
            if (info && info->pid == pid) {
                co_return info;
            }
            last = info ? file.string() + " is of process " + std::to_string(info->pid)
                        : file.string() + ": " + info.error().message();
        }
        co_await rt::sleep_for(ready_poll);
    }
    co_return error{{}, "Not ready after 120 s: " + last + ". See " + log_file.string()};
}

std::string url_of(const std::string& address) {
    return address.starts_with("https://") ? address : "https://" + address;
}

}  // namespace

up_paths::up_paths(const std::filesystem::path& directory)
    : directory(directory),
      state(directory / "up.json"),
      endpoints(directory / "endpoints.json"),
      log(directory / "log"),
      service(directory / "service"),
      service_info(service / "service.json"),
      core_root(directory / "core" / "greengrass"),
      core_certs(core_root / "certs"),
      core_info(core_root / "ggc" / "var" / "state" / "ready.json"),
      devices(directory / "devices") {}

up_session::up_session(asio::any_io_executor executor, up_options options, supervisor& children,
                       progress& shown)
    : executor_(executor),
      options_(std::move(options)),
      paths_(options_.directory),
      children_(children),
      progress_(shown) {}

asio::awaitable<result<void>> up_session::run() {
    progress_.title("data in " + paths_.directory.string());
    std::error_code ignored;
    std::filesystem::remove(paths_.endpoints, ignored);  // it is there when all is ready
    auto ports = plan_ports(options_);
    if (!ports) {
        co_return ports.error();
    }
    ports_ = std::move(*ports);
    auto state = load_up_state(paths_.state, options_.region, options_.account);
    if (!state) {
        co_return state.error();
    }
    state_ = std::move(*state);
    auto started = co_await start_service();
    if (!started) {
        co_return started.error();
    }
    auto keyed = make_access_key();
    if (!keyed) {
        co_return keyed.error();
    }
    if (!options_.sample) {
        auto published = publish_endpoints();
        if (published) {
            progress_.ready(paths_.endpoints.string(), options_.once);
        }
        if (!published || options_.once) {
            co_return published;
        }
        co_return co_await wait_for_ever();
    }
    auto ca = read_file(service_.ca_file);
    if (!ca) {
        co_return ca.error();
    }
    auto api = api_client::make(executor_,
                                {.url = service_.api,
                                 .ca_pem = *ca,
                                 .credentials = {state_.access_key_id, state_.secret_access_key},
                                 .region = options_.region});
    if (!api) {
        co_return api.error();
    }
    auto sample = co_await bring_up_sample(*api);
    if (!sample) {
        co_return sample.error();
    }
    co_return co_await show_flows();
}

result<std::filesystem::path> up_session::program(const char* name) const {
    auto folder = own_folder();
    if (!folder) {
        return folder.error();
    }
    const auto path = *folder / name;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        return error{{},
                     "There is no " + path.string() +
                         ": `evergrass up` needs it beside its own program. "
                         "Build or install all of Evergrass"};
    }
    return path;
}

asio::awaitable<result<void>> up_session::start_service() {
    progress_.begin("service", "starting");
    auto path = program("evergrass-cloud");
    if (!path) {
        co_return path.error();
    }
    std::error_code ignored;
    std::filesystem::remove(paths_.service_info, ignored);
    std::vector<std::string> arguments{path->string(),
                                       "--data",
                                       paths_.service.string(),
                                       "--listen",
                                       ports_.address,
                                       "--api-port",
                                       std::to_string(ports_.api),
                                       "--http-port",
                                       std::to_string(ports_.api_http),
                                       "--mqtt-port",
                                       std::to_string(ports_.iot_mqtt),
                                       "--iot-https-port",
                                       std::to_string(ports_.iot_https),
                                       "--region",
                                       options_.region,
                                       "--account",
                                       options_.account};
    if (options_.allow_reset) {
        arguments.emplace_back("--allow-reset");
    }
    const auto log_file = paths_.log / "service.log";
    auto pid = children_.start({"service", std::move(arguments), log_file});
    if (!pid) {
        co_return pid.error();
    }
    auto info = co_await wait_until_ready(paths_.service_info, *pid, &parse_service_info, log_file);
    if (!info) {
        co_return with_context(info.error(), "The service");
    }
    service_ = std::move(*info);
    progress_.done(service_.api);
    co_return result<void>{};
}

result<void> up_session::make_access_key() {
    if (!state_.access_key_id.empty()) {
        return {};
    }
    progress_.begin("access key", "making");
    auto path = program("evergrass-cloud");
    if (!path) {
        return path.error();
    }
    auto text = run_command(
        {path->string(), "keys", "create", "--data", paths_.service.string(), "--json"});
    if (!text) {
        return with_context(text.error(), "No access key was made");
    }
    auto value = parse_json(*text);
    const auto* members = value ? value->if_object() : nullptr;
    auto id = members ? string_member(*members, "access_key_id") : std::nullopt;
    auto secret = members ? string_member(*members, "secret_access_key") : std::nullopt;
    if (!id || !secret) {
        return error{errc::invalid_input, "`evergrass-cloud keys create` gave no access key"};
    }
    state_.access_key_id = *id;
    state_.secret_access_key = *secret;
    auto saved = save_up_state(paths_.state, state_);
    if (saved) {
        progress_.done(*id);
    }
    return saved;
}

asio::awaitable<result<void>> up_session::bring_up_sample(api_client& api) {
    const auto host = look_at_host();
    if (!host) {
        co_return host.error();
    }
    host_ = *host;
    provisioner make(api, state_, paths_.state, paths_.core_certs, paths_.devices, host_,
                     progress_);
    progress_.begin("things", "making keys, certificates and policies");
    auto done = co_await make.check_group();
    if (done) {
        done = co_await make.make_things();
    }
    if (!done) {
        co_return done.error();
    }
    progress_.done("core " + state_.core.name + ", 2 devices");
    progress_.begin("function", "uploading");
    done = co_await make.make_function();
    if (!done) {
        co_return done.error();
    }
    const auto name = state_.function_arn.substr(state_.function_arn.find("function:") + 9);
    progress_.done(name + ", Python 3, long-lived");
    progress_.begin("group", "defining");
    done = co_await make.make_group();
    if (!done) {
        co_return done.error();
    }
    progress_.done("EvergrassSample " + state_.group_id);
    done = co_await start_core();
    if (!done) {
        co_return done.error();
    }
    auto mqtt = parse_host_port(core_->mqtt);
    if (!mqtt) {
        co_return with_context(mqtt.error(), paths_.core_info.string());
    }
    done = co_await make.update_connectivity(mqtt->host, mqtt->port);
    if (done) {
        done = co_await make.deploy();
    }
    co_return done;
}

result<void> up_session::write_core_files() {
    auto ca = read_file(service_.ca_file);
    if (!ca) {
        return ca.error();
    }
    const auto ca_file = paths_.core_certs / "root.ca.pem";
    auto mqtt = parse_host_port(service_.iot_mqtt);
    auto https = parse_host_port(service_.iot_https);
    if (!mqtt || !https) {
        return with_context(mqtt ? https.error() : mqtt.error(), "The service's service.json");
    }
    core_places places{.iot_mqtt = *mqtt,
                       .iot_https = *https,
                       .address = ports_.address,
                       .core_mqtt = ports_.core_mqtt,
                       .ipc = ports_.ipc,
                       .root = paths_.core_root,
                       .ca_file = ca_file,
                       .allow_root = sample::runs_as_root(host_)};
    auto written = write_file_atomically(ca_file, *ca, 0600);
    if (written) {
        written = make_directories(paths_.core_root / "config");
    }
    if (written) {
        written = write_file_atomically(paths_.core_root / "config" / "config.json",
                                        to_pretty_json(core_config(state_, places)), 0600);
    }
    return written;
}

result<sample::function_host> up_session::look_at_host() const {
    const auto jail = program("evergrass-jail");
    if (!jail) {
        return jail.error();
    }
    sample::function_host host;
    host.isolates = edge::isolation::probe_isolation(*jail, paths_.directory).available;
    host.core_is_root = ::geteuid() == 0;
    host.has_default_user = ::getpwnam("ggc_user") != nullptr && ::getgrnam("ggc_group") != nullptr;
    return host;
}

asio::awaitable<result<void>> up_session::start_core() {
    progress_.begin("core", "starting");
    auto path = program("greengrassd");
    if (!path) {
        co_return path.error();
    }
    auto written = write_core_files();
    if (!written) {
        co_return written.error();
    }
    std::error_code ignored;
    std::filesystem::remove(paths_.core_info, ignored);
    const auto log_file = paths_.log / "core.log";
    auto pid = children_.start(
        {"core", {path->string(), "run", "--root", paths_.core_root.string()}, log_file});
    if (!pid) {
        co_return pid.error();
    }
    auto info = co_await wait_until_ready(paths_.core_info, *pid, &parse_core_info, log_file);
    if (!info) {
        co_return with_context(info.error(), "The core");
    }
    core_ = std::move(*info);
    progress_.done("MQTT " + core_->mqtt + ", IPC " + core_->ipc);
    co_return result<void>{};
}

result<void> up_session::publish_endpoints() {
    endpoints e{.api = service_.api,
                .api_http = service_.api_http,
                .iot_mqtt = service_.iot_mqtt,
                .iot_https = service_.iot_https,
                .discovery = url_of(service_.discovery),
                .ca_file = service_.ca_file,
                .access_key_id = state_.access_key_id,
                .secret_access_key = state_.secret_access_key,
                .region = options_.region,
                .account = options_.account,
                .core_mqtt = {},
                .ipc = {},
                .core_thing = {},
                .core_root = {},
                .devices = {}};
    if (core_) {
        e.core_mqtt = core_->mqtt;
        e.ipc = core_->ipc;
        e.core_thing = state_.core.name;
        e.core_root = paths_.core_root.string();
        for (const auto* device : {&state_.sensor, &state_.display}) {
            e.devices.push_back({device->name, device->cert_file, device->key_file});
        }
    }
    return write_endpoints(paths_.endpoints, e);
}

asio::awaitable<result<void>> up_session::show_flows() {
    auto iot_mqtt = parse_host_port(service_.iot_mqtt);
    if (!iot_mqtt) {
        co_return iot_mqtt.error();
    }
    sample_flows flows(executor_,
                       {.discovery_url = url_of(service_.discovery),
                        .iot_mqtt = *iot_mqtt,
                        .service_ca_file = service_.ca_file,
                        .core_logs = (paths_.core_root / "ggc" / "var" / "log").string()},
                       state_, progress_);
    // Everything can be used from here on, whether or not a user's own group leaves the sample
    // wired.
    auto published = publish_endpoints();
    if (!published) {
        co_return published.error();
    }
    progress_.begin("devices", "finding the core by discovery");
    auto connected = co_await flows.connect();
    if (!connected && options_.once) {
        co_return connected.error();
    }
    progress_.done(connected ? "found the core by discovery and connected"
                             : "no sample messages: " + connected.error().message());
    progress_.ready(paths_.endpoints.string(), options_.once);
    if (!connected) {
        co_return co_await wait_for_ever();
    }
    co_return co_await flows.show(options_.once);
}

asio::awaitable<result<void>> up_session::wait_for_ever() {
    event never(executor_);
    co_await never.wait([] { return false; }, mono_time::max());
    co_return result<void>{};
}

}  // namespace evergrass::cli
