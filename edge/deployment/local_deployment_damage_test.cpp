#include "contract/bundle.hpp"
#include "edge/deployment/agent.hpp"
#include "edge/deployment/test_directory.hpp"
#include "edge/deployment/test_target.hpp"
#include "edge/deployment/test_zip.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"
#include "libs/rt/test_run.hpp"

#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string one_file() {
    test_entry file;
    file.name = "pump.py";
    file.content = "def handler(): pass";
    return zip_bytes({file});
}

// A core that no service is there for.
struct lone_core : ::testing::Test {
    asio::io_context io;
    test_directory dir;
    noted_target target;
    clock time;
    std::string services_key = pki::generate_ed25519_key();
    std::string package = one_file();

    struct parts {
        deployment_store store;
        signing_key key;
        service_client client;
        server_certificate certificate;
        asio::thread_pool disk{1};
        denied_certificates denied;
        deployment_agent agent;

        explicit parts(lone_core& f)
            : store(f.dir.path() / "ggc"),
              key(f.dir.path() / "service.pub.pem", {}, f.dir.path() / "ggc/owner.key"),
              client(f.io.get_executor(), {}),
              certificate(f.dir.path() / "ggc/server", {}, logger()),
              denied(f.dir.path() / "denied.json", logger()),
              agent(settings(), store, key, client, certificate, f.target, denied,
                    disk.get_executor(), f.time, logger()) {
            key.load().value();
        }
        static agent_settings settings() {
            agent_settings to;
            to.thing = "Core";
            to.listen_address = "127.0.0.1";
            return to;
        }
    };
    std::unique_ptr<parts> core;

    lone_core() {
        write_file_atomically(dir.path() / "service.pub.pem", *pki::public_key_of(services_key))
            .value();
        restart();
    }

    std::vector<part_failure> restart() {
        core = std::make_unique<parts>(*this);
        return rt::testing::run(io, core->agent.boot());
    }

    contract::manifest manifest(std::string id, std::string created_at) const {
        contract::manifest m;
        m.deployment_id = std::move(id);
        m.created_at = std::move(created_at);
        m.account = "123456789012";
        m.region = "us-east-1";
        m.group_id = "g-1";
        m.core = {"c", "arn:aws:iot:us-east-1:123456789012:thing/Core",
                  "arn:aws:iot:us-east-1:123456789012:cert/" + std::string(64, 'c'), false};
        contract::function f;
        f.id = "f";
        f.arn = "arn:aws:lambda:us-east-1:123456789012:function:pump:7";
        f.runtime = "python3.7";
        f.handler = "pump.handler";
        f.artifact = sha256_hex(package);
        m.functions.push_back(f);
        return m;
    }

    std::string bundle_of(const contract::signed_manifest& sealed) const {
        return contract::bundle_head(sealed) +
               contract::bundle_artifact_line(sha256_hex(package), package.size()) + package +
               std::string(contract::bundle_artifact_end) + std::string(contract::bundle_end);
    }
    std::string signed_bundle(const contract::manifest& m, const std::string& key) const {
        const auto text = contract::to_json_text(m);
        return bundle_of(
            {text, *pki::sign_ed25519(key, text), sha256_hex(*pki::public_key_of(key))});
    }
    std::string unsigned_bundle(const contract::manifest& m) const {
        return bundle_of({contract::to_json_text(m), std::string(64, '\0'),
                          std::string(contract::unsigned_key_id)});
    }

    result<local_outcome> deploy(const std::string& bundle, bool unsigned_too = false) {
        write_file_atomically(dir.path() / "bundle", bundle).value();
        return rt::testing::run(io, core->agent.deploy_bundle(dir.path() / "bundle", unsigned_too));
    }
    result<local_outcome> undo() { return rt::testing::run(io, core->agent.undo_deployment()); }
    std::string running() const { return core->key.open(**core->store.current())->deployment_id; }
    std::string refusal_of(const std::string& bundle, bool unsigned_too = false) {
        const auto outcome = deploy(bundle, unsigned_too);
        return outcome ? "taken" : outcome.error().context;
    }
    // What runs first in most tests.
    std::string first_bundle() const {
        return signed_bundle(manifest("d-1", "2026-01-02T00:00:00.000Z"), services_key);
    }
};

TEST_F(lone_core, a_bundle_of_the_service_runs_also_after_a_restart) {
    const auto outcome = deploy(first_bundle());
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->message, "");
    EXPECT_FALSE(outcome->unchanged);
    EXPECT_THAT(restart(), IsEmpty());
    EXPECT_THAT(target.applied, ElementsAre("d-1", "d-1"));
    EXPECT_TRUE(deploy(first_bundle())->unchanged);
}

TEST_F(lone_core, what_nobody_signed_runs_when_the_owner_is_asked_and_is_signed_then) {
    const auto bundle = unsigned_bundle(manifest("d-1", "2026-01-02T00:00:00.000Z"));
    EXPECT_THAT(refusal_of(bundle), HasSubstr("nobody signed this bundle"));
    const auto outcome = deploy(bundle, true);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->message, "");
    EXPECT_THAT(outcome->group_cas, SizeIs(1));
    const auto runs = core->store.current();
    ASSERT_TRUE(runs && *runs);
    EXPECT_EQ(core->key.open(**runs)->group_id, contract::owner_group_id);
    EXPECT_THAT(restart(), IsEmpty());
    // Devices of the next one trust the same authority.
    const auto next = deploy(unsigned_bundle(manifest("d-2", "2026-01-03T00:00:00.000Z")), true);
    EXPECT_EQ(next->group_cas, outcome->group_cas);
}

TEST_F(lone_core, an_edited_local_deployment_does_not_run_after_a_restart) {
    deploy(unsigned_bundle(manifest("d-1", "2026-01-02T00:00:00.000Z")), true).value();
    auto sealed = **core->store.current();
    sealed.manifest_text.replace(sealed.manifest_text.find("d-1"), 3, "d-9");
    core->store.switch_to(sealed).value();
    target.applied.clear();
    EXPECT_THAT(restart(), SizeIs(1));
    EXPECT_THAT(target.applied, IsEmpty());
}

TEST_F(lone_core, a_failed_deployment_is_rolled_back) {
    deploy(first_bundle()).value();
    target.fails_on = "d-2";
    const auto outcome =
        deploy(signed_bundle(manifest("d-2", "2026-01-03T00:00:00.000Z"), services_key));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->message, "pump: import failed");
    EXPECT_THAT(target.applied, ElementsAre("d-1", "d-2", "d-1"));
    EXPECT_EQ(core->key.open(**core->store.current())->deployment_id, "d-1");
}

TEST_F(lone_core, undo_brings_back_what_ran_before_and_again_what_ran_then) {
    EXPECT_THAT(undo().error().context, HasSubstr("nothing to go back to"));
    deploy(first_bundle()).value();
    EXPECT_THAT(undo().error().context, HasSubstr("nothing to go back to"));
    deploy(unsigned_bundle(manifest("d-2", "2026-01-03T00:00:00.000Z")), true).value();
    const auto back = undo();
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back->deployment_id, "d-1");
    EXPECT_EQ(running(), "d-1");
    EXPECT_THAT(restart(), IsEmpty());
    EXPECT_EQ(undo()->deployment_id, "d-2");
    EXPECT_EQ(running(), "d-2");
}

TEST_F(lone_core, a_deployment_that_failed_or_was_refused_leaves_the_way_back) {
    deploy(first_bundle()).value();
    deploy(signed_bundle(manifest("d-2", "2026-01-03T00:00:00.000Z"), services_key)).value();
    target.fails_on = "d-3";
    deploy(signed_bundle(manifest("d-3", "2026-01-04T00:00:00.000Z"), services_key)).value();
    EXPECT_EQ(running(), "d-2");
    // One whose package cannot be unpacked.
    auto m = manifest("d-4", "2026-01-05T00:00:00.000Z");
    m.functions[0].arn = "arn:aws:lambda:us-east-1:123456789012:function:pump:8";
    package = "no zip";
    m.functions[0].artifact = sha256_hex(package);
    EXPECT_NE(deploy(signed_bundle(m, services_key))->message, "");
    const auto back = undo();
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(running(), "d-1");
}

TEST_F(lone_core, an_undo_that_fails_leaves_what_runs) {
    deploy(first_bundle()).value();
    deploy(signed_bundle(manifest("d-2", "2026-01-03T00:00:00.000Z"), services_key)).value();
    target.fails_on = "d-1";
    EXPECT_EQ(undo()->message, "pump: import failed");
    EXPECT_EQ(running(), "d-2");
    target.fails_on.clear();
    EXPECT_EQ(undo()->deployment_id, "d-1");
}

TEST_F(lone_core, an_edited_previous_json_does_not_come_back) {
    deploy(first_bundle()).value();
    deploy(signed_bundle(manifest("d-2", "2026-01-03T00:00:00.000Z"), services_key)).value();
    const auto file = dir.path() / "ggc/var/state/deployment/previous.json";
    auto sealed = **core->store.previous();
    sealed.manifest_text.replace(sealed.manifest_text.find("d-1"), 3, "d-9");
    write_file_atomically(file, contract::to_json_text(sealed)).value();
    EXPECT_THAT(undo().error().context, HasSubstr("not signed with the key"));
    write_file_atomically(file, "{\"manifest\": ").value();
    EXPECT_THAT(undo().error().context, HasSubstr("is damaged"));
    EXPECT_EQ(running(), "d-2");
}

TEST_F(lone_core, an_undo_whose_packages_are_gone_says_which) {
    deploy(first_bundle()).value();
    auto m = manifest("d-2", "2026-01-03T00:00:00.000Z");
    m.functions.clear();
    deploy(unsigned_bundle(m), true).value();
    std::filesystem::remove(core->store.artifact_path(sha256_hex(package)));
    EXPECT_THAT(undo().error().context, HasSubstr(sha256_hex(package) + " is gone"));
    EXPECT_EQ(running(), "d-2");
}

TEST_F(lone_core, the_same_secrets_sealed_anew_are_the_same_deployment) {
    const auto with_secrets = [&](const std::string& id, const std::string& sealed) {
        auto m = manifest(id, "2026-01-02T00:00:00.000Z");
        m.files.push_back({contract::delivery::secrets, "", sha256_hex(sealed),
                           static_cast<std::int64_t>(sealed.size())});
        auto bundle = unsigned_bundle(m);
        bundle.resize(bundle.size() - contract::bundle_end.size());
        return bundle + contract::bundle_artifact_line(sha256_hex(sealed), sealed.size()) + sealed +
               std::string(contract::bundle_artifact_end) + std::string(contract::bundle_end);
    };
    deploy(with_secrets("d-1", "sealed once"), true).value();
    target.serves_them = true;
    const auto again = deploy(with_secrets("d-2", "sealed twice"), true);
    EXPECT_TRUE(again->unchanged);
    EXPECT_EQ(again->deployment_id, "d-1");
    EXPECT_FALSE(core->store.has_artifact(sha256_hex("sealed twice")));
    // Other values are another deployment.
    target.serves_them = false;
    EXPECT_FALSE(deploy(with_secrets("d-3", "other values"), true)->unchanged);
    EXPECT_EQ(running(), "d-3");
}

TEST_F(lone_core, steps_are_told_as_they_begin) {
    deploy(first_bundle()).value();
    target.fails_on = "d-2";
    write_file_atomically(dir.path() / "bundle",
                          signed_bundle(manifest("d-2", "2026-01-03T00:00:00.000Z"), services_key))
        .value();
    std::vector<std::string> steps;
    rt::testing::run(
        io, core->agent.deploy_bundle(dir.path() / "bundle", false,
                                      [&](std::string step) { steps.push_back(std::move(step)); }))
        .value();
    EXPECT_THAT(steps,
                ElementsAre("reading the bundle's manifest", "reading 1 package of deployment d-2",
                            "unpacking", "changing over: functions 1, devices 0, subscriptions 0",
                            "going back to deployment d-1"));
}

TEST_F(lone_core, a_bundle_of_another_key_is_refused) {
    EXPECT_THAT(refusal_of(signed_bundle(manifest("d-1", "2026-01-02T00:00:00.000Z"),
                                         pki::generate_ed25519_key())),
                HasSubstr("not signed with the key that this core trusts"));
    EXPECT_THAT(target.applied, IsEmpty());
}

TEST_F(lone_core, a_bundle_older_than_what_runs_is_refused) {
    deploy(first_bundle()).value();
    EXPECT_THAT(
        refusal_of(signed_bundle(manifest("d-0", "2026-01-01T00:00:00.000Z"), services_key)),
        HasSubstr("before the deployment that runs"));
    EXPECT_THAT(target.applied, ElementsAre("d-1"));
    // The owner at the machine may.
    EXPECT_TRUE(deploy(unsigned_bundle(manifest("d-0", "2026-01-01T00:00:00.000Z")), true));
}

TEST_F(lone_core, a_bundle_for_another_core_is_refused) {
    auto m = manifest("d-1", "2026-01-02T00:00:00.000Z");
    m.core.thing_arn = "arn:aws:iot:us-east-1:123456789012:thing/Other";
    EXPECT_THAT(refusal_of(signed_bundle(m, services_key)), HasSubstr("for the core 'Other'"));
}

TEST_F(lone_core, a_cut_bundle_changes_nothing_wherever_it_is_cut) {
    const auto whole = first_bundle();
    for (std::size_t length = 0; length < whole.size(); length += 97) {
        EXPECT_THAT(refusal_of(whole.substr(0, length)),
                    ::testing::AnyOf(HasSubstr("is cut"), HasSubstr("no bundle")))
            << length;
    }
    EXPECT_THAT(target.applied, IsEmpty());
    EXPECT_FALSE(core->store.has_artifact(sha256_hex(package)) && *core->store.current());
}

TEST_F(lone_core, a_flipped_byte_changes_nothing_wherever_it_is) {
    const auto whole = first_bundle();
    // The key's id only says which key to look for: the signature says whether it is.
    const auto hint = whole.find("keyId");
    for (std::size_t at = 0; at < whole.size(); at += 53) {
        if (at >= hint && at < whole.find('\n', hint)) {
            continue;
        }
        auto flipped = whole;
        flipped[at] ^= 1;
        EXPECT_NE(refusal_of(flipped), "taken") << at;
    }
    EXPECT_THAT(target.applied, IsEmpty());
}

TEST_F(lone_core, a_bundle_without_a_package_is_refused) {
    const auto text = contract::to_json_text(manifest("d-1", "2026-01-02T00:00:00.000Z"));
    const contract::signed_manifest sealed{text, *pki::sign_ed25519(services_key, text), "k"};
    EXPECT_THAT(refusal_of(contract::bundle_head(sealed) + std::string(contract::bundle_end)),
                HasSubstr("lacks the artifact " + sha256_hex(package)));
}

}  // namespace
}  // namespace evergrass::edge
