#include "apps/evergrass/group_secrets.hpp"

#include "apps/evergrass/group_manifest.hpp"
#include "edge/secrets/deployed_secrets.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/envelope.hpp"
#include "libs/pki/pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

struct secret_folder : testing::Test {
    fs::path path = fs::temp_directory_path() / ("evergrass-" + hex_encode(random_bytes(6)));
    secret_folder() { fs::create_directories(path); }
    ~secret_folder() override { fs::remove_all(path); }

    static file_secret from(const std::string& source, bool binary = false) {
        file_secret of;
        of.id = "db";
        of.name = "pump-db";
        of.value = group_file::parse_value_source(source).value();
        of.binary = binary;
        return of;
    }
    std::string value_of(const std::string& source, bool binary = false) const {
        const auto value = read_value(from(source, binary), path);
        return value ? std::string(value->view()) : "refused: " + value.error().context;
    }
    wanted_group read(const std::string& text) const {
        std::ofstream(path / "group.yaml") << "format: evergrass-group-1\ngroup: g\n"
                                              "core: {thing: c}\n"
                                           << text;
        auto wanted = read_wanted(path / "group.yaml");
        EXPECT_TRUE(wanted) << wanted.error().message();
        return wanted ? *wanted : wanted_group();
    }
    static deployment_frame frame() {
        deployment_frame made;
        made.whose = {"aws", "eu-west-1", "210987654321"};
        made.group_id = "owner";
        made.certificates["c"] = std::string(64, 'c');
        made.now = wall_time(std::chrono::seconds(1'600'000'000));
        return made;
    }
};

TEST_F(secret_folder, a_value_is_of_the_environment_or_of_a_file_that_others_cannot_read) {
    ::setenv("EVERGRASS_TEST_SECRET", "h0rse", 1);
    EXPECT_EQ(value_of("env:EVERGRASS_TEST_SECRET"), "h0rse");
    ::unsetenv("EVERGRASS_TEST_SECRET");
    EXPECT_THAT(value_of("env:EVERGRASS_TEST_SECRET"),
                HasSubstr("resource 'db': secret.valueFrom: the environment has no "
                          "EVERGRASS_TEST_SECRET"));

    const auto file = path / "db.txt";
    write_file_atomically(file, "st@ple\n", 0600).value();
    EXPECT_EQ(value_of("file:db.txt"), "st@ple\n");
    fs::permissions(file, fs::perms(0640));
    EXPECT_THAT(value_of("file:db.txt"), HasSubstr("chmod 600 " + file.string()));
    EXPECT_THAT(value_of("file:db.txt"), Not(HasSubstr("st@ple")));
    EXPECT_THAT(value_of("file:none"), HasSubstr("cannot read"));
    EXPECT_THAT(value_of("file:."), HasSubstr("is no file"));
}

TEST_F(secret_folder, a_value_has_the_limits_of_secrets_manager) {
    const auto put = [&](const std::string& text) {
        write_file_atomically(path / "v", text, 0600).value();
    };
    put("");
    EXPECT_THAT(value_of("file:v"), HasSubstr("is empty"));
    put(std::string(65536, 'x'));
    EXPECT_EQ(value_of("file:v").size(), 65536U);
    put(std::string(65537, 'x'));
    EXPECT_THAT(value_of("file:v"), HasSubstr("larger than 65536 bytes"));
    put("\xff\xfe");
    EXPECT_THAT(value_of("file:v"), HasSubstr("say 'binary: true'"));
    EXPECT_EQ(value_of("file:v", true), "\xff\xfe");
}

TEST_F(secret_folder, the_core_s_key_alone_opens_what_a_deployment_brings) {
    const auto key = pki::generate_ec_key();
    pki::certificate_request wanted_certificate;
    wanted_certificate.common_name = "core";
    wanted_certificate.not_before = wall_time(std::chrono::hours(24 * 365 * 50));
    wanted_certificate.not_after = wall_time(std::chrono::hours(24 * 365 * 90));
    auto in = frame();
    in.core_certificate = pki::make_self_signed(wanted_certificate, key).value();

    write_file_atomically(path / "db.txt", "st@ple", 0600).value();
    const auto wanted =
        read("resources: [{id: db, secret: {name: pump-db, valueFrom: 'file:db.txt'}}]\n");
    const auto of = secrets_of(wanted.group).at(0);
    const auto arn = arn_of_name(in.whose, "pump-db");
    EXPECT_THAT(arn, testing::MatchesRegex("arn:aws:secretsmanager:eu-west-1:210987654321:secret:"
                                           "pump-db-[0-9a-f]{6}"));
    in.secret_arns["db"] = arn;
    in.secrets.push_back(as_secret(of, arn, read_value(of, path).value(), in.now));
    const auto made = make_deployment(wanted, in);
    ASSERT_TRUE(made) << made.error().message();

    ASSERT_EQ(made->manifest.files.size(), 1U);
    const auto& file = made->manifest.files[0];
    EXPECT_EQ(file.what, contract::delivery::secrets);
    const auto& sealed = made->artifacts.at(file.artifact);
    const auto whole = bundle_text(*made, {contract::to_json_text(made->manifest), "", "k"});
    EXPECT_EQ(whole.find("st@ple"), std::string::npos);
    EXPECT_EQ(whole.find(base64_encode("st@ple")), std::string::npos);
    const auto opened =
        edge::parse_deployed_secrets(pki::open_envelope(sealed, in.core_certificate, key).value());
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->at(0).arn, arn);
    EXPECT_EQ(opened->at(0).name, "pump-db");
    EXPECT_EQ(opened->at(0).versions.at(0).value.view(), "st@ple");
    EXPECT_THAT(json::serialize(made->manifest.resources), HasSubstr("\"ARN\":\"" + arn + "\""));
}

TEST_F(secret_folder, a_model_goes_along_by_its_path) {
    std::ofstream(path / "net.tar.gz") << "\x1f\x8b packed";
    fs::create_directories(path / "net");
    std::ofstream(path / "net/weights") << "1 2 3";
    const std::string functions =
        "functions: [{name: f, code: code, runtime: python3.8, handler: main.h, resources: {m: "
        "ro}}]\n";
    fs::create_directories(path / "code");
    std::ofstream(path / "code/main.py") << "x";
    for (const auto* name : {"net.tar.gz", "net"}) {
        const auto wanted = read(functions + "resources: [{id: m, model: {path: " + name +
                                 ", destination: /net}}]\n");
        const auto made = make_deployment(wanted, frame());
        ASSERT_TRUE(made) << made.error().message();
        ASSERT_EQ(made->manifest.files.size(), 1U);
        EXPECT_EQ(made->manifest.files[0].what, contract::delivery::model);
        EXPECT_EQ(made->manifest.files[0].resource_id, "m");
        const auto& archive = made->artifacts.at(made->manifest.files[0].artifact);
        EXPECT_EQ(sha256_hex(archive), made->manifest.files[0].artifact);
    }
    const auto refusal_of = [&](const std::string& text) {
        const auto made = make_deployment(read(text), frame());
        return made ? "made" : made.error().context;
    };
    const std::string resource = "resources: [{id: m, model: {path: net, destination: /net}}]\n";
    EXPECT_THAT(refusal_of("defaults: {isolation: NoContainer}\n" + functions + resource),
                HasSubstr("function 'f' has isolation NoContainer and the model 'm'"));
    auto written = functions;
    written.replace(written.find("ro}"), 2, "rw");
    EXPECT_THAT(refusal_of(written + resource), HasSubstr("models are 'ro'"));
}

}  // namespace
}  // namespace evergrass::cli
