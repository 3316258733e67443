#include "cloud/greengrass/device_api.hpp"

#include "cloud/gateway/session_credentials.hpp"
#include "cloud/greengrass/denied_certificates.hpp"
#include "cloud/greengrass/greengrass_fixture.hpp"
#include "libs/base/json.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/private_key.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>

#include <map>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;

class fake_authority final : public device_authority {
public:
    bool is_active(std::string_view id) const override { return active_.contains(id); }
    bool is_attached(std::string_view id, std::string_view thing) const override {
        const auto found = active_.find(id);
        return found != active_.end() && found->second == thing;
    }
    bool allows(std::string_view, std::string_view action, std::string_view arn,
                std::string_view) const override {
        asked_ = std::string(action) + " " + std::string(arn);
        return allowed_;
    }

    std::map<std::string, std::string, std::less<>> active_;  // certificate to thing
    bool allowed_ = true;
    mutable std::string asked_;
};

class device_api_test : public greengrass_fixture {
protected:
    void SetUp() override {
        greengrass_fixture::SetUp();
        api_ = std::make_unique<device_api>(*services_, authority_, pool_.get_executor());
        authority_.active_ = {{certificate_id('c'), "core"}, {certificate_id('d'), "lamp"}};
        register_member("core", 'c');
        register_member("lamp", 'd');
    }
    void TearDown() override {
        pool_.join();
        greengrass_fixture::TearDown();
    }

    http::request request(std::string method, std::string target, char certificate,
                          std::string body = "") {
        http::request asked;
        asked.method = std::move(method);
        asked.target = std::move(target);
        asked.body = std::move(body);
        asked.peer = rt::peer_certificate{certificate_id(certificate), "pem"};
        return asked;
    }
    static boost::asio::awaitable<void> put_answer(device_api& api, http::request asked,
                                                   std::optional<http::response>& into) {
        auto answer = co_await api.handle(std::move(asked));
        into = std::move(answer);
    }
    // Begins a request; run() goes on with it.
    std::shared_ptr<std::optional<http::response>> begin(http::request asked) {
        auto answer = std::make_shared<std::optional<http::response>>();
        boost::asio::co_spawn(io_, put_answer(*api_, std::move(asked), *answer),
                              [answer](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
        return answer;
    }
    std::optional<http::response> ask(http::request asked) {
        const auto answer = begin(std::move(asked));
        io_.restart();
        io_.run();
        return *answer;
    }
    http::response must_answer(http::request asked) {
        auto answer = ask(std::move(asked));
        EXPECT_TRUE(answer);
        return answer.value_or(http::response());
    }
    json::object body_of(const http::response& answer) {
        auto parsed = parse_json(answer.body);
        EXPECT_TRUE(parsed && parsed->is_object()) << answer.body;
        return parsed && parsed->is_object() ? parsed->get_object() : json::object();
    }

    // A group with the core and a device, and a function where wanted, deployed.
    json::object deploy_group(bool with_function = false) {
        json::object references;
        json::array cores;
        cores.emplace_back(member("core", 'c'));
        references["CoreDefinitionVersionArn"] = define("Core", "Cores", std::move(cores));
        json::array devices;
        devices.emplace_back(member("lamp", 'd'));
        references["DeviceDefinitionVersionArn"] = define("Device", "Devices", std::move(devices));
        if (with_function) {
            json::array functions;
            functions.emplace_back(
                json::object{{"Id", "f"}, {"FunctionArn", function_arn("f", "7")}});
            references["FunctionDefinitionVersionArn"] =
                define("Function", "Functions", std::move(functions));
        }
        group_ = make_group(std::move(references));
        return deploy(group_);
    }
    std::string status_path(const json::object& deployment) {
        return "/evergrass/v1/cores/core/deployments/" + text(deployment, "DeploymentId") +
               "/status";
    }

    boost::asio::io_context io_{1};
    boost::asio::thread_pool pool_{1};
    fake_authority authority_;
    std::unique_ptr<device_api> api_;
    json::object group_;
};

TEST_F(device_api_test, other_paths_are_left_to_others) {
    EXPECT_FALSE(ask(request("POST", "/topics/a", 'c')));
}

TEST_F(device_api_test, discovery_answers_as_the_device_sdks_read_it) {
    deploy_group();
    json::array entries;
    entries.emplace_back(json::object{{"Id", "a"}, {"HostAddress", "h"}, {"PortNumber", 8883}});
    output_of("UpdateConnectivityInfo", {{"ThingName", "core"}, {"ConnectivityInfo", entries}});

    const auto answer = must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd'));

    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(authority_.asked_, "greengrass:Discover " + thing_arn("lamp"));
    auto body = body_of(answer);
    auto& found = body.at("GGGroups").at(0).as_object();
    EXPECT_THAT(std::string(found.at("CAs").at(0).as_string()),
                ::testing::StartsWith("-----BEGIN CERTIFICATE-----\n"));
    found.erase("CAs");
    EXPECT_EQ(json::serialize(body),
              R"({"GGGroups":[{"GGGroupId":")" + text(group_, "Id") +
                  R"(","Cores":[{"thingArn":"arn:aws:iot:us-east-1:123456789012:thing/core",)"
                  R"("Connectivity":[{"Id":"a","HostAddress":"h","PortNumber":8883,)"
                  R"("Metadata":""}]}]}]})");
}

TEST_F(device_api_test, a_core_that_nobody_can_reach_yet_is_discovered_with_no_address) {
    deploy_group();
    const auto body = body_of(must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd')));
    EXPECT_TRUE(body.at("GGGroups").at(0).at("Cores").at(0).at("Connectivity").as_array().empty());
}

TEST_F(device_api_test, a_device_of_no_deployed_group_discovers_nothing) {
    EXPECT_EQ(must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd')).status, 404);
    deploy_group();
    output_of("ResetDeployments", {{"GroupId", text(group_, "Id")}});
    EXPECT_EQ(must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd')).status, 404);
}

TEST_F(device_api_test, a_device_of_several_groups_discovers_each_with_its_core_and_all_its_cas) {
    deploy_group();
    register_member("core2", 'e');
    json::array cores;
    cores.emplace_back(member("core2", 'e'));
    json::array devices;
    devices.emplace_back(member("lamp", 'd'));
    const auto second = make_group(
        {{"CoreDefinitionVersionArn", define("Core", "Cores", std::move(cores))},
         {"DeviceDefinitionVersionArn", define("Device", "Devices", std::move(devices))}});
    deploy(second);
    output_of("CreateGroupCertificateAuthority", {{"GroupId", text(second, "Id")}});

    const auto body = body_of(must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd')));

    std::map<std::string, std::pair<std::string, std::size_t>> seen;  // group to core and its CAs
    for (const auto& each : body.at("GGGroups").as_array()) {
        const auto& group = each.as_object();
        ASSERT_EQ(group.at("Cores").as_array().size(), 1u);
        seen[text(group, "GGGroupId")] = {text(group.at("Cores").at(0).as_object(), "thingArn"),
                                          group.at("CAs").as_array().size()};
    }
    EXPECT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[text(group_, "Id")], std::pair(thing_arn("core"), std::size_t{1}));
    EXPECT_EQ(seen[text(second, "Id")], std::pair(thing_arn("core2"), std::size_t{2}));
}

TEST_F(device_api_test, a_device_of_eleven_groups_is_told_that_these_are_too_many) {
    for (int group = 1; group <= 11; ++group) {
        for (const auto* role : {"core", "device"}) {
            write(
                "INSERT INTO group_members(group_id, thing, role, certificate_id)"
                " VALUES(?1, ?2, ?3, 'c')",
                {"g" + std::to_string(group),
                 std::string(role == std::string("core") ? "core" : "lamp"), std::string(role)});
        }
        const auto status =
            must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd')).status;
        EXPECT_EQ(status, group <= 10 ? 200 : 400) << group;
    }
    const auto answer = must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd'));
    EXPECT_EQ(text(body_of(answer), "message"),
              "Device is a member of too many groups, devices may not be in more than 10 groups");
}

TEST_F(device_api_test, who_may_not_is_told_why) {
    deploy_group();
    const auto other = must_answer(request("GET", "/greengrass/discover/thing/lamp", 'c'));
    EXPECT_EQ(other.status, 401);
    EXPECT_THAT(text(body_of(other), "message"), HasSubstr("is not attached to thing 'lamp'"));
    const auto unknown = must_answer(request("GET", "/greengrass/discover/thing/lamp", 'e'));
    EXPECT_EQ(unknown.status, 401);
    EXPECT_THAT(text(body_of(unknown), "message"), HasSubstr("not ACTIVE"));
    authority_.allowed_ = false;
    const auto refused = must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd'));
    EXPECT_EQ(refused.status, 401);
    EXPECT_THAT(text(body_of(refused), "message"), HasSubstr("allows greengrass:Discover"));
    auto bare = request("GET", "/greengrass/discover/thing/lamp", 'd');
    bare.peer.reset();
    EXPECT_EQ(must_answer(std::move(bare)).status, 401);
}

TEST_F(device_api_test, a_core_gets_its_newest_deployment_until_it_has_it) {
    const auto made = deploy_group();
    const auto answer = must_answer(request("GET", "/evergrass/v1/cores/core/deployment", 'c'));
    EXPECT_EQ(answer.status, 200);
    const auto manifest = contract::parse_signed_manifest(answer.body);
    ASSERT_TRUE(manifest);
    const auto id = text(made, "DeploymentId");
    EXPECT_EQ(contract::parse_manifest(manifest->manifest_text)->deployment_id, id);
    EXPECT_EQ(
        must_answer(request("GET", "/evergrass/v1/cores/core/deployment?after=" + id, 'c')).status,
        204);
}

TEST_F(device_api_test, a_core_that_was_never_deployed_to_gets_404) {
    EXPECT_EQ(must_answer(request("GET", "/evergrass/v1/cores/core/deployment", 'c')).status, 404);
}

TEST_F(device_api_test, a_deployment_ends_the_long_poll_of_its_core) {
    const auto answer = begin(request("GET", "/evergrass/v1/cores/core/deployment?wait=60", 'c'));
    io_.restart();
    while (notifier_.watchers() == 0) {
        io_.run_one();
    }
    EXPECT_FALSE(*answer);
    deploy_group();
    io_.run();
    ASSERT_TRUE(*answer);
    EXPECT_EQ((*answer)->status, 200);
    EXPECT_EQ(notifier_.watchers(), 0U);
}

TEST_F(device_api_test, another_record_of_its_addresses_ends_the_poll_of_its_core) {
    const auto made = deploy_group();
    const auto poll = "/evergrass/v1/cores/core/deployment?after=" + text(made, "DeploymentId");
    const auto version_in = [](const http::response& answer) {
        return std::string(answer.headers.get("x-evergrass-connectivity-version").value_or(""));
    };
    const auto update = [&](const std::string& host) {
        return text(output_of("UpdateConnectivityInfo",
                              {{"ThingName", "core"},
                               {"ConnectivityInfo",
                                json::array{json::object{
                                    {"Id", "1"}, {"HostAddress", host}, {"PortNumber", 8883}}}}}),
                    "Version");
    };
    std::string known = version_in(must_answer(request("GET", poll, 'c')));
    for (const std::string host : {"first.example", "second.example"}) {
        const auto waiting = begin(request("GET", poll + "&wait=60&connectivity=" + known, 'c'));
        io_.restart();
        while (notifier_.watchers() == 0) {
            io_.run_one();
        }
        EXPECT_FALSE(*waiting) << host;
        const auto version = update(host);
        io_.run();
        ASSERT_TRUE(*waiting) << host;
        EXPECT_EQ((*waiting)->status, 204);
        EXPECT_EQ(version_in(**waiting), version);
        known = version;
    }
    EXPECT_EQ(version_in(must_answer(request("GET", poll, 'c'))), known)
        << "those who do not ask for it hear of it at the end";
}

TEST_F(device_api_test, other_services_hear_of_another_record_of_addresses) {
    std::vector<std::string> told;
    notifier_.tell_others = [&](const std::string& core) { told.push_back(core); };
    output_of("UpdateConnectivityInfo",
              {{"ThingName", "core"}, {"ConnectivityInfo", json::array()}});
    EXPECT_EQ(told, std::vector<std::string>{"core"});
    EXPECT_FALSE(run("UpdateConnectivityInfo",
                     {{"ThingName", "core"}, {"ConnectivityInfo", json::array{json::object()}}}));
    EXPECT_EQ(told.size(), 1U);
}

constexpr const char* denied_path = "/evergrass/v1/cores/core/denied-certificates?nonce=n";

TEST_F(device_api_test, a_device_that_lost_its_certificate_ends_the_poll_of_its_core) {
    const auto made = deploy_group();
    const auto id = text(made, "DeploymentId");
    const auto poll = "/evergrass/v1/cores/core/deployment?after=" + id + "&wait=60&denied=";
    const auto waiting = begin(request("GET", poll, 'c'));
    io_.restart();
    while (notifier_.watchers() == 0) {
        io_.run_one();
    }
    write("UPDATE certificates SET status = 'REVOKED' WHERE id = ?1", {certificate_id('d')});
    EXPECT_TRUE(notifier_.notify("core"));
    io_.run();
    ASSERT_TRUE(*waiting);
    EXPECT_EQ((*waiting)->status, 204);
    EXPECT_TRUE((*waiting)->headers.get("x-evergrass-denied"));

    const auto answer = must_answer(request("GET", denied_path, 'c'));
    ASSERT_EQ(answer.status, 200);
    const auto sealed = contract::parse_signed_manifest(answer.body);
    ASSERT_TRUE(sealed);
    EXPECT_TRUE(pki::verify_ed25519(services_->signer.public_key_pem(), sealed->manifest_text,
                                    sealed->signature));
    const auto told = parse_json(sealed->manifest_text).value().get_object();
    EXPECT_EQ(text(told, "deniedOfDeployment"), id);
    EXPECT_EQ(text(told, "nonce"), "n");
    EXPECT_EQ(told.at("deniedCertificates"), json::array({certificate_id('d')}));

    const auto version = text(told, "deniedVersion");
    const auto again = "/evergrass/v1/cores/core/deployment?after=" + id + "&denied=" + version;
    EXPECT_FALSE(must_answer(request("GET", again, 'c')).headers.get("x-evergrass-denied"))
        << "it has that";
    write("UPDATE certificates SET status = 'ACTIVE' WHERE id = ?1", {certificate_id('d')});
    EXPECT_TRUE(must_answer(request("GET", again, 'c')).headers.get("x-evergrass-denied"))
        << "reactivated";
    write("DELETE FROM certificates WHERE id = ?1", {certificate_id('d')});
    const auto deleted = must_answer(request("GET", denied_path, 'c'));
    EXPECT_THAT(contract::parse_signed_manifest(deleted.body).value().manifest_text,
                HasSubstr(certificate_id('d')));
}

TEST_F(device_api_test, a_device_whose_certificate_was_detached_is_denied_by_its_thing) {
    const auto id = text(deploy_group(), "DeploymentId");
    const auto poll = "/evergrass/v1/cores/core/deployment?after=" + id + "&denied=";
    EXPECT_FALSE(must_answer(request("GET", poll, 'c')).headers.get("x-evergrass-denied"));
    write("DELETE FROM thing_certificates WHERE thing = 'lamp'");
    EXPECT_TRUE(must_answer(request("GET", poll, 'c')).headers.get("x-evergrass-denied"));
    const auto answer = must_answer(request("GET", denied_path, 'c'));
    const auto told = parse_json(contract::parse_signed_manifest(answer.body).value().manifest_text)
                          .value()
                          .get_object();
    EXPECT_EQ(told.at("deniedThings"), json::array({"lamp"}));
    EXPECT_EQ(told.at("deniedCertificates"), json::array()) << "it may be another device's too";
    EXPECT_NE(text(told, "deniedVersion"), "");
    write("UPDATE certificates SET status = 'INACTIVE' WHERE id = ?1", {certificate_id('d')});
    const auto both = must_answer(request("GET", denied_path, 'c'));
    EXPECT_THAT(
        contract::parse_signed_manifest(both.body).value().manifest_text,
        HasSubstr(R"("deniedCertificates":[")" + certificate_id('d') + R"("],"deniedThings":[])"));
}

TEST_F(device_api_test, the_polls_of_a_certificate_are_its_things_and_its_devices_cores) {
    deploy_group();
    const auto polls = [&](char digit) {
        const auto hold = state_->db().lock();
        return greengrass::polls_of_certificate(*state_, certificate_id(digit)).value();
    };
    EXPECT_THAT(polls('d'), testing::UnorderedElementsAre("core", "lamp"));
    EXPECT_THAT(polls('c'), testing::ElementsAre("core"));
    EXPECT_THAT(polls('e'), testing::IsEmpty());
    write("DELETE FROM thing_certificates");
    EXPECT_THAT(polls('d'), testing::ElementsAre("core"));
    EXPECT_THAT(polls('c'), testing::ElementsAre("core")) << "its own poll is refused then";
}

TEST_F(device_api_test, a_core_that_does_not_ask_for_denied_certificates_is_not_told) {
    const auto id = text(deploy_group(), "DeploymentId");
    write("UPDATE certificates SET status = 'INACTIVE' WHERE id = ?1", {certificate_id('d')});
    const auto answer = must_answer(
        request("GET", "/evergrass/v1/cores/core/deployment?after=" + id + "&wait=0", 'c'));
    EXPECT_EQ(answer.status, 204);
    EXPECT_FALSE(answer.headers.get("x-evergrass-denied"));
}

TEST_F(device_api_test, denied_certificates_need_a_deployment_and_a_nonce) {
    EXPECT_EQ(must_answer(request("GET", denied_path, 'c')).status, 404);
    deploy_group();
    const std::string path = "/evergrass/v1/cores/core/denied-certificates";
    EXPECT_EQ(must_answer(request("GET", path, 'c')).status, 400);
    EXPECT_EQ(must_answer(request("GET", path + "?nonce=" + std::string(129, 'n'), 'c')).status,
              400);
    EXPECT_EQ(must_answer(request("GET", denied_path, 'd')).status, 401) << "another's core";
}

TEST_F(device_api_test, a_failed_deployment_is_not_offered_again) {
    const auto made = deploy_group();
    const auto told =
        must_answer(request("PUT", status_path(made), 'c',
                            R"({"status":"Failure","errorMessage":"no","errorDetails":)"
                            R"([{"detailedErrorCode":"1","detailedErrorMessage":"why"}]})"));
    EXPECT_EQ(told.status, 200);
    EXPECT_EQ(told.body, "{}");
    const auto status = status_of(group_, made);
    EXPECT_EQ(text(status, "DeploymentStatus"), "Failure");
    EXPECT_EQ(text(status, "ErrorMessage"), "no");
    EXPECT_EQ(json::serialize(status.at("ErrorDetails")),
              R"([{"DetailedErrorCode":"1","DetailedErrorMessage":"why"}])");
    EXPECT_EQ(must_answer(request("GET", "/evergrass/v1/cores/core/deployment", 'c')).status, 204);
}

TEST_F(device_api_test, after_a_failure_the_former_members_are_in_force) {
    const auto first = deploy_group();
    must_answer(request("PUT", status_path(first), 'c', R"({"status":"Success"})"));
    json::array cores;
    cores.emplace_back(member("core", 'c'));
    const auto version =
        output_of("CreateGroupVersion",
                  {{"GroupId", text(group_, "Id")},
                   {"CoreDefinitionVersionArn", define("Core", "Cores", std::move(cores))}});
    const auto second = output_of("CreateDeployment", {{"GroupId", text(group_, "Id")},
                                                       {"GroupVersionId", version.at("Version")},
                                                       {"DeploymentType", "NewDeployment"}});
    const auto discover = [&] {
        return must_answer(request("GET", "/greengrass/discover/thing/lamp", 'd')).status;
    };
    EXPECT_EQ(discover(), 404);
    must_answer(request("PUT", status_path(second), 'c', R"({"status":"Failure"})"));
    EXPECT_EQ(discover(), 200);
}

TEST_F(device_api_test, how_a_deployment_ended_stays_when_the_core_starts_again) {
    const auto made = deploy_group();
    must_answer(request("PUT", status_path(made), 'c', R"({"status":"Success"})"));
    must_answer(request("PUT", status_path(made), 'c', R"({"status":"InProgress"})"));
    EXPECT_EQ(text(status_of(group_, made), "DeploymentStatus"), "Success");
}

TEST_F(device_api_test, a_report_that_makes_no_sense_is_refused) {
    const auto made = deploy_group();
    for (const auto* body : {"", "[]", R"({"status":"Done"})"}) {
        EXPECT_EQ(must_answer(request("PUT", status_path(made), 'c', body)).status, 400) << body;
    }
    EXPECT_EQ(must_answer(request("PUT", "/evergrass/v1/cores/core/deployments/x/status", 'c',
                                  R"({"status":"Success"})"))
                  .status,
              404);
}

TEST_F(device_api_test, a_core_fetches_the_packages_of_its_deployments_alone) {
    publish_function("f");
    const auto path = "/evergrass/v1/cores/core/artifacts/" + package_;
    EXPECT_EQ(must_answer(request("GET", path, 'c')).status, 404);
    deploy_group(true);
    const auto whole = must_answer(request("GET", path, 'c'));
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.body, "the package");
    auto rest = request("GET", path, 'c');
    rest.headers.add("Range", "bytes=4-");
    const auto part = must_answer(std::move(rest));
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, "package");
    EXPECT_EQ(part.headers.get("content-range"), "bytes 4-10/11");
    auto beyond = request("GET", path, 'c');
    beyond.headers.add("Range", "bytes=11-");
    EXPECT_EQ(must_answer(std::move(beyond)).status, 416);
}

TEST_F(device_api_test, the_groups_authority_signs_the_cores_server_certificate) {
    deploy_group();
    const auto key = pki::generate_rsa_key();
    const auto csr = pki::make_csr("core", {}, key);
    ASSERT_TRUE(csr);
    json::array names;
    names.emplace_back("127.0.0.1");
    names.emplace_back("core.local");
    const json::object body{{"groupId", text(group_, "Id")}, {"csr", *csr}, {"names", names}};
    const auto answer = must_answer(
        request("POST", "/evergrass/v1/cores/core/server-certificate", 'c', json::serialize(body)));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto info = pki::read_certificate(text(body_of(answer), "chain"));
    ASSERT_TRUE(info);
    EXPECT_THAT(info->issuer_common_name, HasSubstr(text(group_, "Id")));
    EXPECT_THAT(info->names, ::testing::UnorderedElementsAre("127.0.0.1", "core.local"));
    EXPECT_EQ(text(body_of(answer), "notAfter"), "2026-11-30T19:30:00.000Z");
}

TEST_F(device_api_test, a_certificate_is_for_the_core_of_the_group_only) {
    deploy_group();
    const auto csr = pki::make_csr("core", {}, pki::generate_ec_key());
    json::array names;
    names.emplace_back("h");
    const auto ask_for = [&](const std::string& group, const std::string& request_text) {
        const json::object body{{"groupId", group}, {"csr", request_text}, {"names", names}};
        return must_answer(request("POST", "/evergrass/v1/cores/core/server-certificate", 'c',
                                   json::serialize(body)))
            .status;
    };
    EXPECT_EQ(ask_for("another", *csr), 404);
    EXPECT_EQ(ask_for(text(group_, "Id"), "no csr"), 400);
    names.emplace_back("not a name");
    EXPECT_EQ(ask_for(text(group_, "Id"), *csr), 400);
}

TEST_F(device_api_test, a_core_gets_an_authority_of_its_own_below_the_groups) {
    deploy_group();
    output_of(
        "UpdateConnectivityInfo",
        {{"ThingName", "core"},
         {"ConnectivityInfo",
          json::array{json::object{{"Id", "a"}, {"HostAddress", "10.1.2.3"}, {"PortNumber", 1}},
                      json::object{{"Id", "b"}, {"HostAddress", "no name"}, {"PortNumber", 1}}}}});
    const auto key = pki::generate_rsa_key();
    const json::object body{{"groupId", text(group_, "Id")},
                            {"csr", pki::make_csr("any", {}, key).value()}};
    const auto ask = [&] {
        return must_answer(request("POST", "/evergrass/v1/cores/core/local-authority", 'c',
                                   json::serialize(body)));
    };
    const auto given = body_of(ask());
    const auto pem = text(given, "certificate");
    const auto info = pki::read_certificate(pem).value();
    EXPECT_TRUE(info.is_ca);
    EXPECT_TRUE(pki::matches(pem, key).value());
    EXPECT_EQ(format_iso8601(info.not_after), "2049-12-31T23:59:59.000Z") << "as the group's CA";
    EXPECT_EQ(given.at("addresses"), json::value(json::array{"10.1.2.3"}))
        << "what is no name cannot stand in a certificate";

    const auto tag = [&](std::string_view setting) {
        output_of("TagResource", {{"ResourceArn", text(group_, "Arn")},
                                  {"tags", {{"evergrass:local-authority", setting}}}});
        return ask();
    };
    EXPECT_EQ(text(body_of(tag("100")), "notAfter"), "2027-03-03T19:30:00.000Z");
    EXPECT_EQ(body_of(tag("none")).at("delegated"), json::value(false));
    const auto wrong = tag("1");
    EXPECT_EQ(wrong.status, 409);
    EXPECT_THAT(wrong.body, HasSubstr("30 to 36500"));
}

TEST_F(device_api_test, an_authority_is_for_the_core_of_the_group_only) {
    deploy_group();
    const auto csr = pki::make_csr("any", {}, pki::generate_ec_key()).value();
    const auto ask = [&](const std::string& group, const std::string& signed_request, char by) {
        const json::object body{{"groupId", group}, {"csr", signed_request}};
        return must_answer(request("POST", "/evergrass/v1/cores/core/local-authority", by,
                                   json::serialize(body)))
            .status;
    };
    EXPECT_EQ(ask("another", csr, 'c'), 404);
    EXPECT_EQ(ask(text(group_, "Id"), "no csr", 'c'), 400);
    EXPECT_EQ(ask(text(group_, "Id"), csr, 'd'), 401);
    authority_.allowed_ = false;
    EXPECT_EQ(ask(text(group_, "Id"), csr, 'c'), 401);
    EXPECT_THAT(authority_.asked_, HasSubstr("greengrass:CreateCertificate"));
}

TEST_F(device_api_test, a_core_says_where_it_is_reached) {
    const auto answer =
        must_answer(request("PUT", "/evergrass/v1/cores/core/connectivity", 'c',
                            R"({"entries":[{"Id":"a","HostAddress":"h","PortNumber":1}]})"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(text(body_of(answer), "version").empty());
    const auto ids = [&] {
        std::vector<std::string> all;
        const auto got = output_of("GetConnectivityInfo", {{"ThingName", "core"}});
        for (const auto& entry : got.at("ConnectivityInfo").as_array()) {
            all.emplace_back(entry.at("Id").as_string());
        }
        return all;
    };
    EXPECT_EQ(ids(), std::vector<std::string>{"a"});
    const auto detected = [&](const std::string& address) {
        return text(body_of(must_answer(request("PUT", "/evergrass/v1/cores/core/connectivity", 'c',
                                                R"({"entries":[{"Id":"AUTOIP_)" + address +
                                                    R"(_0","HostAddress":")" + address +
                                                    R"(","PortNumber":8883}]})"))),
                    "version");
    };
    const auto first = detected("192.0.2.1");
    EXPECT_EQ(ids(), (std::vector<std::string>{"a", "AUTOIP_192.0.2.1_0"})) << "the owner's stays";
    EXPECT_EQ(detected("192.0.2.1"), first) << "nothing changed";
    EXPECT_NE(detected("192.0.2.2"), first);
    EXPECT_EQ(ids(), (std::vector<std::string>{"a", "AUTOIP_192.0.2.2_0"}));
    EXPECT_EQ(
        must_answer(request("PUT", "/evergrass/v1/cores/core/connectivity", 'c', "{}")).status,
        400);
}

TEST_F(device_api_test, any_active_certificate_gets_the_signing_key) {
    const auto answer = must_answer(request("GET", "/evergrass/v1/signing-key", 'd'));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(text(body_of(answer), "publicKey"), signer_.public_key_pem());
}

TEST_F(device_api_test, a_core_gets_credentials_for_its_groups_role) {
    const auto ask = [&] {
        return must_answer(request("GET", "/evergrass/v1/cores/core/credentials", 'c'));
    };
    EXPECT_EQ(ask().status, 404) << "nothing is deployed";
    deploy_group();
    const auto none = ask();
    EXPECT_EQ(none.status, 404);
    EXPECT_THAT(none.body, HasSubstr("associate-role-to-group"));

    output_of("AssociateRoleToGroup", {{"GroupId", text(group_, "Id")},
                                       {"RoleArn", "arn:aws:iam::123456789012:role/Greengrass"}});
    const auto answer = ask();
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(authority_.asked_, "greengrass:AssumeRoleForGroup " + thing_arn("core"));
    const auto body = body_of(answer);
    const auto& issued = body.at("credentials").as_object();
    EXPECT_EQ(text(issued, "expiration"), "2026-11-23T20:30:00Z");
    const auto opened =
        open_session(*state_, text(issued, "accessKeyId"), text(issued, "sessionToken"));
    ASSERT_TRUE(opened && *opened);
    EXPECT_EQ((*opened)->secret, text(issued, "secretAccessKey"));
    EXPECT_EQ((*opened)->who.to_arn(), "arn:aws:sts::123456789012:assumed-role/Greengrass/core");

    EXPECT_EQ(must_answer(request("GET", "/evergrass/v1/cores/core/credentials", 'd')).status, 401);
    output_of("ResetDeployments", {{"GroupId", text(group_, "Id")}});
    EXPECT_EQ(ask().status, 404) << "a reset core has no group";
}

TEST_F(device_api_test, secrets_are_sealed_for_the_key_that_the_core_names) {
    const auto key = pki::private_key::from_pem(pki::generate_ec_key()).value();
    const std::string path = "/evergrass/v1/cores/core/secrets?have=";
    const auto ask_for = [&](std::string body) {
        return must_answer(request("POST", path, 'c', std::move(body)));
    };
    const auto named = json::serialize(json::object{{"sealFor", pki::public_key_of(key)}});
    EXPECT_EQ(ask_for(named).status, 404) << "nothing is deployed";
    deploy_group();
    EXPECT_EQ(ask_for(named).status, 204) << "the group has none";
    for (const auto* wrong : {"", "[]", "{}", R"({"sealFor": 7})", R"({"sealFor": ""})"}) {
        EXPECT_EQ(ask_for(wrong).status, 400) << wrong;
    }
    EXPECT_THAT(ask_for("{}").body, HasSubstr("'sealFor' is missing"));
    EXPECT_EQ(must_answer(request("POST", path, 'd', named)).status, 401);
}

}  // namespace
}  // namespace evergrass::cloud
