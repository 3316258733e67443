#include "edge/deployment/deployment_store.hpp"
#include "edge/deployment/signing_key.hpp"
#include "edge/deployment/test_directory.hpp"
#include "edge/deployment/test_zip.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/pki/pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

contract::signed_manifest sealed(const std::string& text) {
    return {text, std::string(64, 's'), "key"};
}

class damaged_deployment_store : public testing::Test {
protected:
    fs::path state(const char* name) { return dir.path() / "var/state/deployment" / name; }
    void write(const char* name, std::string_view content) {
        ASSERT_TRUE(write_file_atomically(state(name), content));
    }

    test_directory dir;
    deployment_store store{dir.path()};
};

TEST_F(damaged_deployment_store, nothing_there_is_nothing_deployed) {
    EXPECT_FALSE(store.current().value());
    EXPECT_EQ(store.load_progress().last_deployment_id, "");
}

TEST_F(damaged_deployment_store, the_switch_keeps_what_was_current) {
    ASSERT_TRUE(store.switch_to(sealed("one")));
    EXPECT_FALSE(store.previous().value());
    ASSERT_TRUE(store.switch_to(sealed("two")));
    EXPECT_EQ(store.current().value()->manifest_text, "two");
    EXPECT_EQ(store.previous().value()->manifest_text, "one");
    ASSERT_TRUE(store.switch_back());
    EXPECT_EQ(store.current().value()->manifest_text, "one");
    ASSERT_TRUE(store.switch_back());
    EXPECT_FALSE(store.current().value());
}

TEST_F(damaged_deployment_store, a_switch_back_keeps_the_way_back_before_it) {
    ASSERT_TRUE(store.switch_to(sealed("one")));
    ASSERT_TRUE(store.switch_to(sealed("two")));
    ASSERT_TRUE(store.switch_to(sealed("fails")));
    ASSERT_TRUE(store.switch_back());
    EXPECT_EQ(store.current().value()->manifest_text, "two");
    EXPECT_EQ(store.previous().value()->manifest_text, "one");
}

TEST_F(damaged_deployment_store, a_truncated_before_previous_json_costs_the_way_back_alone) {
    ASSERT_TRUE(store.switch_to(sealed("one")));
    ASSERT_TRUE(store.switch_to(sealed("two")));
    ASSERT_TRUE(store.switch_to(sealed("fails")));
    write("before-previous.json", "{\"manif");
    ASSERT_TRUE(store.switch_back());
    EXPECT_EQ(store.current().value()->manifest_text, "two");
    EXPECT_THAT(store.previous().error().context, HasSubstr("previous.json is damaged"));
}

TEST_F(damaged_deployment_store, truncated_current_json_is_reported) {
    ASSERT_TRUE(store.switch_to(sealed("one")));
    const auto whole = read_file(state("current.json")).value();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        write("current.json", std::string_view(whole).substr(0, size));
        const auto read = store.current();
        ASSERT_FALSE(read) << size;
        EXPECT_EQ(read.error().code, errc::corrupt);
        EXPECT_THAT(read.error().context, HasSubstr("current.json is damaged"));
    }
}

TEST_F(damaged_deployment_store, an_interrupted_write_leaves_current_json_whole) {
    ASSERT_TRUE(store.switch_to(sealed("one")));
    // What a power cut within write_file_atomically leaves beside the file.
    write("current.json.new-0011223344ff", "{\"manif");
    EXPECT_EQ(store.current().value()->manifest_text, "one");
}

TEST_F(damaged_deployment_store, garbage_progress_json_counts_as_no_progress) {
    deployment_progress progress{"d-1", status_report{"d-1", "Failure", "why", {{"f", "r"}}}};
    ASSERT_TRUE(store.save_progress(progress));
    const auto read = store.load_progress();
    EXPECT_EQ(read.last_deployment_id, "d-1");
    ASSERT_TRUE(read.report);
    EXPECT_EQ(read.report->details[0].reason, "r");
    write("progress.json", "[");
    EXPECT_EQ(store.load_progress().last_deployment_id, "");
}

TEST_F(damaged_deployment_store, a_package_with_a_flipped_byte_is_removed) {
    const std::string package = "package";
    const auto sha = sha256_hex(package);
    ASSERT_TRUE(make_directories(store.artifact_path(sha).parent_path()));
    ASSERT_TRUE(write_file_atomically(store.artifact_path(sha), package));
    EXPECT_TRUE(store.has_artifact(sha));
    ASSERT_TRUE(write_file_atomically(store.artifact_path(sha), "pAckage"));
    EXPECT_FALSE(store.has_artifact(sha));
    EXPECT_FALSE(fs::exists(store.artifact_path(sha)));
}

TEST_F(damaged_deployment_store, a_group_json_edited_by_hand_is_noticed_and_replaced) {
    EXPECT_FALSE(store.write_group_file(nullptr).value().edited);
    EXPECT_FALSE(store.write_group_file(nullptr).value().edited);
    const auto path = dir.path() / "deployment/group/group.json";
    ASSERT_TRUE(write_file_atomically(path, "{\"mine\": true}"));
    EXPECT_TRUE(store.write_group_file(nullptr).value().edited);
    EXPECT_EQ(read_file(path).value(), "{}\n");
}

TEST_F(damaged_deployment_store, a_reset_removes_code_logs_and_server_certificate) {
    for (const auto* name : {"deployment/lambda/f/x.py", "var/log/user/r/a/f.log",
                             "var/state/server/server.crt", "var/state/server/authority.json",
                             "var/state/server/authority.key", "var/log/system/runtime.log"}) {
        ASSERT_TRUE(make_directories((dir.path() / name).parent_path()));
        ASSERT_TRUE(write_file_atomically(dir.path() / name, "x"));
    }
    ASSERT_TRUE(store.switch_to(sealed("one")));
    ASSERT_TRUE(store.forget());
    EXPECT_FALSE(store.current().value());
    EXPECT_FALSE(fs::exists(dir.path() / "deployment/lambda"));
    EXPECT_FALSE(fs::exists(dir.path() / "var/log/user"));
    EXPECT_TRUE(fs::is_empty(dir.path() / "var/state/server"));
    EXPECT_TRUE(fs::exists(dir.path() / "var/log/system/runtime.log"));
}

class trusted_key : public testing::Test {
protected:
    test_directory dir;
    fs::path kept = dir.path() / "state/deployment-signing.pub.pem";
    std::string private_key = pki::generate_ed25519_key();
    std::string public_key = pki::public_key_of(private_key).value();
};

TEST_F(trusted_key, a_key_that_was_taken_once_stays) {
    signing_key first(std::nullopt, kept);
    EXPECT_FALSE(first.load().value());
    ASSERT_TRUE(first.keep(public_key));
    signing_key second(std::nullopt, kept);
    EXPECT_TRUE(second.load().value());
    const auto other = pki::public_key_of(pki::generate_ed25519_key()).value();
    EXPECT_EQ(second.keep(other).error().code, errc::conflict);
}

TEST_F(trusted_key, another_keys_signature_is_refused_with_the_way_out) {
    signing_key key(std::nullopt, kept);
    ASSERT_TRUE(key.keep(public_key));
    contract::signed_manifest m{"{}", "", ""};
    m.signature = pki::sign_ed25519(pki::generate_ed25519_key(), m.manifest_text).value();
    const auto opened = key.open(m);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::denied);
    EXPECT_THAT(opened.error().context, HasSubstr("deployment-signing.pub.pem"));
    m.signature = pki::sign_ed25519(private_key, m.manifest_text).value();
    EXPECT_NE(key.open(m).error().code,
              errc::denied);  // the signature is right, "{}" is no manifest
}

TEST_F(trusted_key, damaged_key_file_trusts_nobody) {
    ASSERT_TRUE(make_directories(kept.parent_path()));
    ASSERT_TRUE(write_file_atomically(kept, public_key.substr(4)));
    signing_key key(std::nullopt, kept);
    const auto loaded = key.load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, errc::corrupt);
}

TEST_F(damaged_deployment_store, a_package_that_cannot_be_unpacked_leaves_the_former_code) {
    const auto place = [&](const std::string& package) {
        contract::manifest m;
        contract::function f;
        f.arn = "arn:aws:lambda:us-east-1:123456789012:function:pump:7";
        f.artifact = sha256_hex(package);
        m.functions = {f};
        make_directories(dir.path() / "var/state/artifacts").value();
        write_file_atomically(store.artifact_path(f.artifact), package).value();
        return store.place_code(m);
    };
    ASSERT_TRUE(place(zip_bytes({file_entry("pump.py", "first")})));
    const auto lambda = dir.path() / "deployment/lambda";
    const auto code = lambda / "arn:aws:lambda:us-east-1:123456789012:function:pump:7";
    const auto whole = zip_bytes({file_entry("pump.py", "second"), file_entry("other.py")});
    for (const auto& bad : {std::string(), whole.substr(0, whole.size() / 2),
                            zip_bytes({file_entry("pump.py", "second"), file_entry("/evil")})}) {
        const auto refused = place(bad);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message(), HasSubstr("function:pump:7: the package"));
        EXPECT_EQ(read_file(code / "pump.py").value(), "first");
        EXPECT_EQ(std::distance(fs::directory_iterator(lambda), {}), 2);  // and its mark
    }
    ASSERT_TRUE(place(whole));
    EXPECT_EQ(read_file(code / "pump.py").value(), "second");
}

}  // namespace
}  // namespace evergrass::edge
