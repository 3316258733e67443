#include "edge/deployment/agent.hpp"

#include "edge/deployment/test_directory.hpp"
#include "edge/deployment/test_target.hpp"
#include "edge/deployment/test_zip.hpp"
#include "libs/base/digest.hpp"
#include "libs/http/server.hpp"
#include "libs/pki/pki.hpp"
#include "libs/rt/test_run.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string zip_with(const std::string& name, const std::string& content) {
    std::string bytes(64 * 1024, '\0');
    std::size_t used = 0;
    archive* a = archive_write_new();
    archive_write_set_format_zip(a);
    archive_write_open_memory(a, bytes.data(), bytes.size(), &used);
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_write_header(a, entry);
    archive_write_data(a, content.data(), content.size());
    archive_entry_free(entry);
    archive_write_close(a);
    archive_write_free(a);
    bytes.resize(used);
    return bytes;
}

// The service's side of the protocol, as far as an agent sees it.
struct fake_service {
    std::string key = pki::generate_ed25519_key();
    std::optional<std::pair<std::string, std::string>> newest;  // id and signed manifest
    std::map<std::string, std::string> artifacts;
    std::vector<std::string> reports;  // "id status"
    std::vector<std::string> messages;
    int refused_reports = 0;  // that many are answered 503
    int polls = 0;
    std::vector<std::string> denied;  // certificates
    std::string denied_version;
    std::string denied_by;       // a key; empty: the service's
    std::string answered_nonce;  // empty: the question's
    int denied_asked = 0;
    std::vector<std::string> told_addresses;
    std::string connectivity;                     // the record's version; empty: there is none
    std::vector<std::string> connectivity_asked;  // of each poll

    void deploy(const contract::manifest& m, std::string with_key = {}) {
        const auto& signer = with_key.empty() ? key : with_key;
        const auto text = contract::to_json_text(m);
        newest = {m.deployment_id, contract::to_json_text(contract::signed_manifest{
                                       text, pki::sign_ed25519(signer, text).value(),
                                       sha256_hex(pki::public_key_of(signer).value())})};
    }

    static asio::awaitable<http::response> handle(fake_service* self, http::request asked) {
        http::response answer;
        const std::string path(asked.path());
        if (path == "/evergrass/v1/signing-key") {
            answer.body =
                json::serialize(json::object{{"publicKey", pki::public_key_of(self->key).value()}});
        } else if (path.ends_with("/deployment")) {
            ++self->polls;
            const auto after = http::parse_query(asked.query())[0].second;
            std::string connectivity;
            for (const auto& [name, value] : http::parse_query(asked.query())) {
                connectivity = name == "connectivity" ? value : connectivity;
            }
            self->connectivity_asked.push_back(connectivity);
            if (!self->connectivity.empty()) {
                answer.headers.set("x-evergrass-connectivity-version", self->connectivity);
            }
            if (self->newest && self->newest->first != after) {
                answer.body = self->newest->second;
            } else if (const auto query = http::parse_query(asked.query());
                       query.back().first == "denied" &&
                       query.back().second != self->denied_version) {
                answer.status = 204;
                answer.headers.set("x-evergrass-denied", "1");
            } else if (connectivity != self->connectivity) {
                answer.status = 204;
            } else {
                co_await rt::sleep_for(1h);
                answer.status = 204;
            }
        } else if (path.ends_with("/denied-certificates")) {
            answer.body = self->say_denied(http::parse_query(asked.query())[0].second);
        } else if (path.ends_with("/connectivity")) {
            self->told_addresses.push_back(asked.body);
            self->connectivity = "1";
            answer.body = R"({"version":"1"})";
        } else if (path.ends_with("/status")) {
            self->take_report(path, asked.body, answer);
        } else if (const auto found = self->artifacts.find(path.substr(path.rfind('/') + 1));
                   found != self->artifacts.end()) {
            answer.body = found->second;
        } else {
            answer.status = 404;
            answer.body = R"({"message":"no such thing"})";
        }
        co_return answer;
    }

    std::string say_denied(const std::string& nonce) {
        ++denied_asked;
        const auto text = json::serialize(
            json::object{{"deniedOfDeployment", newest->first},
                         {"deniedVersion", denied_version},
                         {"deniedCertificates", json::array(denied.begin(), denied.end())},
                         {"nonce", answered_nonce.empty() ? nonce : answered_nonce}});
        const auto& signer = denied_by.empty() ? key : denied_by;
        return contract::to_json_text(
            contract::signed_manifest{text, pki::sign_ed25519(signer, text).value(),
                                      sha256_hex(pki::public_key_of(signer).value())});
    }

    void take_report(const std::string& path, const std::string& body, http::response& answer) {
        const auto document = parse_json(body).value();
        const auto& report = document.get_object();
        const auto status = string_member(report, "status").value();
        if (status != "InProgress" && refused_reports > 0) {
            --refused_reports;
            answer.status = 503;
            return;
        }
        const auto begin = path.find("deployments/") + 12;
        reports.push_back(path.substr(begin, path.rfind('/') - begin) + " " + status);
        messages.push_back(string_member(report, "errorMessage").value_or(""));
        answer.body = "{}";
    }
};

contract::manifest manifest_of(std::string id) {
    contract::manifest m;
    m.deployment_id = std::move(id);
    m.account = "123456789012";
    m.region = "us-east-1";
    m.group_id = "g-1";
    m.group_version_arn =
        "arn:aws:greengrass:us-east-1:123456789012:/greengrass/groups/g-1/versions/v-1";
    m.core = {"c", "arn:aws:iot:us-east-1:123456789012:thing/Core",
              "arn:aws:iot:us-east-1:123456789012:cert/" + std::string(64, 'c'), false};
    return m;
}

contract::function function_of(const std::string& package) {
    contract::function f;
    f.id = "f";
    f.arn = "arn:aws:lambda:us-east-1:123456789012:function:pump:7";
    f.runtime = "python3.7";
    f.handler = "pump.handler";
    f.artifact = sha256_hex(package);
    f.pinned = true;
    return f;
}

struct agent_fixture : ::testing::Test {
    asio::io_context io;
    test_directory dir;
    fake_service service;
    noted_target target;
    clock time;
    std::unique_ptr<http::server> serving;
    std::unique_ptr<rt::listener> listening;

    // One life of the core's program.
    struct core {
        deployment_store store;
        signing_key key;
        service_client client;
        server_certificate certificate;
        asio::thread_pool disk{1};
        denied_certificates denied;
        deployment_agent agent;
        asio::cancellation_signal cancel;
        bool ended = false;

        core(agent_fixture& f, std::uint16_t port)
            : store(f.dir.path()),
              key({}, f.dir.path() / "var/state/deployment-signing.pub.pem"),
              client(f.io.get_executor(), settings(port)),
              certificate(f.dir.path() / "var/state/server", {}, logger()),
              denied(f.dir.path() / "var/state/deployment/denied.json", logger()),
              agent(quick(), store, key, client, certificate, f.target, denied, disk.get_executor(),
                    f.time, logger()) {}

        static service_settings settings(std::uint16_t port) {
            service_settings to;
            to.host = "127.0.0.1";
            to.port = port;
            to.thing = "Core";
            to.tls = [] { return std::shared_ptr<rt::tls_context>(); };  // plain HTTP
            return to;
        }
        static agent_settings quick() {
            agent_settings settings;
            settings.thing = "Core";
            settings.listen_address = "127.0.0.1";
            settings.first_retry = 1ms;
            settings.max_retry = 2ms;
            return settings;
        }
    };
    std::unique_ptr<core> running;

    agent_fixture() {
        auto* fake = &service;
        serving = std::make_unique<http::server>(
            http::server_options{},
            [fake](http::request asked) { return fake_service::handle(fake, std::move(asked)); },
            logger());
        listening = rt::listener::open_plain(
                        io.get_executor(), {},
                        [this](rt::plain_connection c) { serving->serve(std::move(c)); }, logger())
                        .value();
    }

    ~agent_fixture() override {
        stop_core();
        listening.reset();
        serving.reset();
        io.restart();
        io.poll();
    }

    std::vector<part_failure> start_core() {
        running = std::make_unique<core>(*this, listening->port());
        running->key.load().value();
        running->denied.load();
        auto failures = rt::testing::run(io, running->agent.boot());
        auto* one = running.get();
        asio::co_spawn(io, one->agent.run(),
                       asio::bind_cancellation_slot(
                           one->cancel.slot(), [one](std::exception_ptr) { one->ended = true; }));
        return failures;
    }

    void stop_core() {
        if (running) {
            running->cancel.emit(asio::cancellation_type::terminal);
            rt::testing::run_until(io, [this] { return running->ended; });
            running.reset();
        }
    }

    // What is in a directory of the core, in order.
    std::vector<std::string> names_in(const char* directory) {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(dir.path() / directory)) {
            names.push_back(entry.path().filename().string());
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    void run_until_reported(std::string report) {
        rt::testing::run_until(io, [&] {
            return std::find(service.reports.begin(), service.reports.end(), report) !=
                   service.reports.end();
        });
    }
};

contract::manifest with_ip_detector(const std::string& id) {
    auto m = manifest_of(id);
    contract::function detector;
    detector.id = "d";
    detector.arn = "arn:aws:lambda:::function:GGIPDetector:1";
    m.functions = {detector};
    return m;
}

TEST_F(agent_fixture, a_group_with_the_ip_detector_has_its_cores_addresses_told_once) {
    auto m = with_ip_detector("d1");
    service.deploy(m);
    start_core();
    running->agent.mqtt_port = [] { return std::uint16_t(8883); };
    run_until_reported("d1 Success");
    m.deployment_id = "d2";
    service.deploy(m);
    stop_core();
    start_core();
    run_until_reported("d2 Success");
    ASSERT_EQ(service.told_addresses.size(), 1U) << "the second run serves no devices";
    EXPECT_THAT(service.told_addresses.front(), HasSubstr(R"("PortNumber":8883)"));
}

TEST_F(agent_fixture, the_addresses_are_told_again_when_the_port_is_another) {
    service.deploy(with_ip_detector("d1"));
    start_core();
    std::uint16_t port = 8883;
    running->agent.mqtt_port = [&port] { return port; };
    run_until_reported("d1 Success");
    rt::testing::run_until(io, [&] { return service.told_addresses.size() == 1; });
    port = 8884;
    rt::testing::run_until(io, [&] { return service.told_addresses.size() == 2; });
    EXPECT_THAT(service.told_addresses.back(), HasSubstr(R"("PortNumber":8884)"));
}

TEST_F(agent_fixture, the_version_of_its_addresses_is_what_the_next_poll_waits_to_change) {
    service.connectivity = "v1";
    service.deploy(manifest_of("d1"));
    start_core();
    run_until_reported("d1 Success");
    rt::testing::run_until(io, [&] { return service.connectivity_asked.back() == "v1"; });
    EXPECT_EQ(service.connectivity_asked.front(), "") << "nothing was known yet";
    const auto polls = service.polls;
    stop_core();
    service.connectivity = "v2";
    start_core();
    rt::testing::run_until(io, [&] { return service.connectivity_asked.back() == "v2"; });
    EXPECT_GT(service.polls, polls);
}

TEST_F(agent_fixture, a_group_without_it_is_the_owners_to_describe) {
    service.deploy(manifest_of("d1"));
    start_core();
    running->agent.mqtt_port = [] { return std::uint16_t(8883); };
    run_until_reported("d1 Success");
    EXPECT_TRUE(service.told_addresses.empty());
}

TEST_F(agent_fixture, a_deployment_is_fetched_placed_run_and_reported) {
    const auto package = zip_with("pump.py", "print('hello')");
    auto m = manifest_of("d1");
    m.functions = {function_of(package)};
    service.artifacts[m.functions[0].artifact] = package;
    service.deploy(m);
    EXPECT_TRUE(start_core().empty());
    run_until_reported("d1 Success");
    EXPECT_THAT(service.reports, ElementsAre("d1 InProgress", "d1 Success"));
    EXPECT_THAT(target.applied, ElementsAre("d1"));
    EXPECT_EQ(read_file(dir.path() / "deployment/lambda" / m.functions[0].arn / "pump.py").value(),
              "print('hello')");
    EXPECT_THAT(read_file(dir.path() / "deployment/group/group.json").value(), HasSubstr("pump:7"));
}

TEST_F(agent_fixture, without_the_service_the_last_deployment_runs_at_once) {
    service.deploy(manifest_of("d1"));
    start_core();
    run_until_reported("d1 Success");
    stop_core();
    listening->stop();
    EXPECT_TRUE(start_core().empty());
    EXPECT_THAT(target.applied, ElementsAre("d1", "d1"));
}

TEST_F(agent_fixture, a_failed_deployment_is_rolled_back_and_reported_with_its_reason) {
    service.deploy(manifest_of("d1"));
    start_core();
    run_until_reported("d1 Success");
    stop_core();
    target.fails_on = "d2";
    service.deploy(manifest_of("d2"));
    start_core();
    run_until_reported("d2 Failure");
    EXPECT_THAT(target.applied, ElementsAre("d1", "d1", "d2", "d1"));
    EXPECT_THAT(service.messages.back(), HasSubstr("pump: import failed"));
    stop_core();
    start_core();
    EXPECT_EQ(target.applied.back(), "d1");
}

TEST_F(agent_fixture, a_first_deployment_that_fails_leaves_an_empty_core) {
    target.fails_on = "d1";
    service.deploy(manifest_of("d1"));
    start_core();
    run_until_reported("d1 Failure");
    EXPECT_THAT(target.applied, ElementsAre("d1", "clear"));
    EXPECT_FALSE(running->store.current().value());
}

TEST_F(agent_fixture, after_a_power_cut_past_the_switch_a_failure_goes_back_to_the_one_before) {
    service.deploy(manifest_of("d1"));
    start_core();
    run_until_reported("d1 Success");
    service.deploy(manifest_of("d2"));
    const auto d2 = contract::parse_signed_manifest(service.newest->second).value();
    running->store.switch_to(d2).value();  // and then the power went
    stop_core();
    target.fails_on = "d2";
    start_core();
    run_until_reported("d2 Failure");
    EXPECT_EQ(target.applied.back(), "d1");
    const auto current = running->store.current().value();
    EXPECT_THAT(current.value().manifest_text, HasSubstr("d1"));
}

TEST_F(agent_fixture, a_report_that_was_not_delivered_is_sent_when_the_service_is_back) {
    service.refused_reports = 3;
    service.deploy(manifest_of("d1"));
    start_core();
    rt::testing::run_until(io, [this] { return service.refused_reports == 2; });
    stop_core();
    start_core();
    run_until_reported("d1 Success");
    EXPECT_EQ(service.refused_reports, 0);
}

TEST_F(agent_fixture, a_package_with_other_bytes_is_a_failure_and_is_not_run) {
    const auto package = zip_with("pump.py", "good");
    auto m = manifest_of("d1");
    m.functions = {function_of(package)};
    service.artifacts[m.functions[0].artifact] = zip_with("pump.py", "evil");
    service.deploy(m);
    start_core();
    run_until_reported("d1 Failure");
    EXPECT_TRUE(target.applied.empty());
    EXPECT_THAT(service.messages.back(), HasSubstr("SHA-256"));
}

TEST_F(agent_fixture, a_damaged_part_of_a_download_is_fetched_anew) {
    const auto package = zip_with("pump.py", "good");
    auto m = manifest_of("d1");
    m.functions = {function_of(package)};
    service.artifacts[m.functions[0].artifact] = package;
    service.deploy(m);
    make_directories(dir.path() / "var/state/artifacts").value();
    write_file_atomically(
        dir.path() / "var/state/artifacts" / (m.functions[0].artifact + ".zip.part"),
        std::string(package.size(), 'x'))
        .value();
    start_core();
    run_until_reported("d1 Success");
}

TEST_F(agent_fixture, a_deployment_of_another_key_is_refused_and_the_old_one_goes_on) {
    service.deploy(manifest_of("d1"));
    start_core();
    run_until_reported("d1 Success");
    stop_core();
    service.deploy(manifest_of("d2"), pki::generate_ed25519_key());
    const int polls = service.polls;
    start_core();
    rt::testing::run_until(io, [&] { return service.polls > polls + 1; });
    EXPECT_THAT(target.applied, ElementsAre("d1", "d1"));
    EXPECT_THAT(service.reports, ::testing::Each(StartsWith("d1 ")));
}

struct denied_device : agent_fixture {
    contract::manifest m = manifest_of("d1");
    std::vector<std::size_t> admitted;  // how many devices, each time it changed

    // A core whose device has lost its certificate.
    void lose_certificate() {
        const std::string id(64, 'd');
        m.devices = {{"lamp", "arn:aws:iot:us-east-1:123456789012:thing/lamp",
                      "arn:aws:iot:us-east-1:123456789012:cert/" + id, false}};
        service.deploy(m);
        start_core();
        run_until_reported("d1 Success");
        stop_core();
        service.denied = {id};
        service.denied_version = "v1";
        start();
    }
    void start() {
        start_core();
        running->agent.on_denied = [this](const contract::manifest& now) {
            admitted.push_back(running->denied.admitted(now).size());
        };
    }
};

TEST_F(denied_device, is_cut_off_without_a_deployment_and_admitted_when_the_service_says_so) {
    lose_certificate();
    rt::testing::run_until(io, [&] { return !admitted.empty(); });
    EXPECT_THAT(admitted, ElementsAre(0U));
    EXPECT_THAT(target.applied, ElementsAre("d1", "d1")) << "nothing was deployed for it";
    stop_core();
    service.denied.clear();
    service.denied_version.clear();
    start();
    EXPECT_TRUE(running->denied.admitted(m).empty()) << "nobody has said otherwise yet";
    rt::testing::run_until(io, [&] { return admitted.size() == 2; });
    EXPECT_THAT(admitted, ElementsAre(0U, 1U));
}

TEST_F(denied_device, is_not_said_by_another_key_or_by_an_answer_of_before) {
    service.denied_by = pki::generate_ed25519_key();
    lose_certificate();
    rt::testing::run_until(io, [&] { return service.denied_asked == 3 || !admitted.empty(); });
    EXPECT_TRUE(admitted.empty());
    service.denied_by.clear();
    service.answered_nonce = "of before";
    rt::testing::run_until(io, [&] { return service.denied_asked == 6 || !admitted.empty(); });
    EXPECT_TRUE(admitted.empty());
    service.answered_nonce.clear();
    rt::testing::run_until(io, [&] { return !admitted.empty(); });
}

TEST_F(agent_fixture, a_deployment_for_another_core_is_refused) {
    auto m = manifest_of("d1");
    m.core.thing_arn = "arn:aws:iot:us-east-1:123456789012:thing/Other";
    service.deploy(m);
    start_core();
    run_until_reported("d1 Failure");
    EXPECT_TRUE(target.applied.empty());
}

TEST_F(agent_fixture, a_reset_empties_the_core_and_stays_after_a_restart) {
    service.deploy(manifest_of("d1"));
    start_core();
    run_until_reported("d1 Success");
    stop_core();
    auto reset = manifest_of("d2");
    reset.type = contract::deployment_type::reset;
    service.deploy(reset);
    start_core();
    run_until_reported("d2 Success");
    EXPECT_EQ(target.applied.back(), "clear");
    EXPECT_EQ(read_file(dir.path() / "deployment/group/group.json").value(), "{}\n");
    stop_core();
    const auto before = target.applied.size();
    start_core();
    EXPECT_EQ(target.applied.size(), before);
}

TEST_F(agent_fixture, a_damaged_current_json_is_replaced_by_the_services_newest) {
    service.deploy(manifest_of("d1"));
    start_core();
    run_until_reported("d1 Success");
    stop_core();
    write_file_atomically(dir.path() / "var/state/deployment/current.json", "{\"mani").value();
    service.reports.clear();
    const auto failures = start_core();
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_THAT(failures[0].reason, HasSubstr("damaged"));
    run_until_reported("d1 Success");
}

// A package whose hash is right, but which may not be unpacked.
TEST_F(agent_fixture, a_bad_package_fails_the_deployment_and_leaves_nothing) {
    const auto good = zip_with("pump.py", "print('hello')");
    auto m = manifest_of("d1");
    m.functions = {function_of(good)};
    service.artifacts[m.functions[0].artifact] = good;
    service.deploy(m);
    start_core();
    run_until_reported("d1 Success");

    const auto fine = zip_with("fan.py", "print('fan')");
    const auto bad = zip_bytes({file_entry("../evil.py")});
    auto next = manifest_of("d2");
    next.functions = {function_of(good), function_of(fine), function_of(bad)};
    next.functions[1].arn = "arn:aws:lambda:us-east-1:123456789012:function:fan:1";
    next.functions[2].arn = "arn:aws:lambda:us-east-1:123456789012:function:bad:1";
    service.artifacts[next.functions[1].artifact] = fine;
    service.artifacts[next.functions[2].artifact] = bad;
    service.deploy(next);
    run_until_reported("d2 Failure");
    EXPECT_THAT(service.messages.back(),
                AllOf(HasSubstr("function:bad:1"), HasSubstr("'../evil.py'"),
                      HasSubstr("leaves the package"), HasSubstr("Pack the function again")));
    EXPECT_THAT(target.applied, ElementsAre("d1"));
    const auto pump = m.functions[0].arn;
    EXPECT_THAT(names_in("deployment/lambda"), ElementsAre("." + pump + ".sha256", pump));
    EXPECT_THAT(names_in("var/state/artifacts"), ElementsAre(m.functions[0].artifact + ".zip"));
}

// After a reset of the service a version's ARN may stand for another package.
TEST_F(agent_fixture, a_failed_deployment_gives_the_running_one_its_code_back) {
    const auto first = zip_with("pump.py", "first");
    auto m = manifest_of("d1");
    m.functions = {function_of(first)};
    service.artifacts[m.functions[0].artifact] = first;
    service.deploy(m);
    start_core();
    run_until_reported("d1 Success");
    const auto code = dir.path() / "deployment/lambda" / m.functions[0].arn / "pump.py";

    const auto second = zip_with("pump.py", "second");
    const auto bad = zip_bytes({file_entry("../evil.py")});
    auto next = manifest_of("d2");
    next.functions = {function_of(second), function_of(bad)};
    next.functions[1].arn = "arn:aws:lambda:us-east-1:123456789012:function:bad:1";
    service.artifacts[next.functions[0].artifact] = second;
    service.artifacts[next.functions[1].artifact] = bad;
    service.deploy(next);
    run_until_reported("d2 Failure");
    EXPECT_EQ(read_file(code).value(), "first");

    next.deployment_id = "d3";
    next.functions.pop_back();
    target.fails_on = "d3";
    service.deploy(next);
    run_until_reported("d3 Failure");
    EXPECT_EQ(read_file(code).value(), "first");
    EXPECT_THAT(target.applied, ElementsAre("d1", "d3", "d1"));
}

}  // namespace
}  // namespace evergrass::edge
