// The trees of spec/on-disk.md §13, by their letters.
#include "libs/v1_core/old_core.hpp"

#include "libs/v1_core/backup_archive.hpp"
#include "libs/v1_core/import_request.hpp"
#include "libs/v1_core/package.hpp"
#include "libs/v1_core/test_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>

namespace evergrass::v1 {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

old_core must_read(const test_tree& tree) {
    auto core = read_old_core({.root = tree.root});
    EXPECT_TRUE(core) << core.error().message();
    return core ? std::move(*core) : old_core();
}

bool tells(const findings& found, severity how_bad, std::string_view text) {
    return std::ranges::any_of(found.problems, [&](const auto& p) {
        return p.how_bad == how_bad && (p.where + " " + p.text).find(text) != std::string::npos;
    });
}

TEST(old_core, a_whole_tree) {
    const test_tree tree;
    tree.make_whole();
    const auto core = must_read(tree);
    EXPECT_THAT(core.versions, ElementsAre("1.9.2"));
    EXPECT_EQ(core.certificate_id, tree.certificate_id);
    ASSERT_TRUE(core.group);
    EXPECT_EQ(core.code.size(), 1u);
    EXPECT_TRUE(core.leftovers.empty());
    EXPECT_FALSE(core.found.has_error());
    EXPECT_FALSE(core.of_another_core);
}

TEST(old_core, b_nothing_deployed_and_no_file) {
    for (const auto* text : {"", "{}", initial_group.data()}) {
        const test_tree tree;
        tree.add_credentials();
        tree.write("config/config.json", tree.legacy_config());
        if (*text != '\0') {
            tree.write("ggc/deployment/group/group.json", text);
        }
        const auto core = must_read(tree);
        EXPECT_FALSE(core.group);
        const auto plan = plan_import(core, {});
        ASSERT_TRUE(plan);
        EXPECT_EQ(plan->group_name, "Pump7");
    }
}

TEST(old_core, f_dots_and_colons_and_an_old_version) {
    const test_tree tree;
    tree.make_whole();
    tree.add_code("arn.aws.lambda.eu-north-1.111122223333.function.pump-control.6");
    const auto core = must_read(tree);
    EXPECT_THAT(core.leftovers,
                ElementsAre("arn.aws.lambda.eu-north-1.111122223333.function.pump-control.6"));
    EXPECT_EQ(arn_of_folder("arn.aws.lambda.r.111122223333.function.f.3"),
              "arn:aws:lambda:r:111122223333:function:f:3");
    EXPECT_EQ(arn_of_folder("arn:aws:lambda:r:111122223333:function:f"), std::nullopt);
    EXPECT_EQ(arn_of_folder("stuff"), std::nullopt);
}

TEST(old_core, g_a_write_directory_wins_over_the_stale_copy_in_the_root) {
    const test_tree tree;
    tree.make_whole();
    auto config = tree.legacy_config();
    config.insert(1, "\"writeDirectory\": \"" + (tree.root / "write").string() + "\", ");
    tree.write("config/config.json", config);
    auto newer = tree.group();
    newer.replace(newer.find("\"Timeout\": 25"), 13, "\"Timeout\": 26");
    tree.write("write/deployment/group/group.json", newer);
    const auto core = must_read(tree);
    ASSERT_TRUE(core.group);
    EXPECT_EQ(core.group->functions.at(0).timeout_seconds, 26);
    EXPECT_TRUE(tells(core.found, severity::warning, "holds a group too"));
    EXPECT_TRUE(tells(core.found, severity::error, "is missing"));
}

TEST(old_core, h_crypto_wins_and_its_absolute_paths_are_found_in_an_image) {
    const test_tree tree;
    tree.make_whole();
    auto config = tree.legacy_config();
    config.insert(1, R"("crypto": {"caPath": "file:///greengrass/certs/root.ca.pem", "principals":
        {"IoTCertificate": {"privateKeyPath": "file:///greengrass/certs/c1.private.key",
        "certificatePath": "file:///greengrass/certs/c1.cert.pem"}}}, )");
    tree.write("config/config.json", config);
    const auto core = must_read(tree);
    EXPECT_TRUE(core.config->by_crypto);
    EXPECT_EQ(core.certificate_id, tree.certificate_id);
    EXPECT_FALSE(core.found.has_error());
}

TEST(old_core, h_a_key_in_a_token_stays_there) {
    const test_tree tree;
    tree.make_whole();
    auto config = tree.legacy_config();
    config.insert(1, R"("crypto": {"caPath": "file:///c", "principals": {"IoTCertificate":
        {"privateKeyPath": "pkcs11:token=gg;object=k;type=private",
        "certificatePath": "file:///greengrass/certs/c1.cert.pem"}}}, )");
    tree.write("config/config.json", config);
    const auto core = must_read(tree);
    EXPECT_TRUE(core.config->key_in_token());
    EXPECT_TRUE(tells(core.found, severity::note, "in a token"));
}

TEST(old_core, h_the_place_of_the_first_release) {
    const test_tree tree;
    tree.add_credentials("configuration/certs");
    tree.write("configuration/config.json", tree.legacy_config());
    tree.write("ggc/deployment/group/group.json", tree.group());
    tree.add_code(tree.function_arn("pump-control") + ":7");
    const auto core = must_read(tree);
    EXPECT_EQ(core.certificate_id, tree.certificate_id);
    EXPECT_FALSE(core.found.has_error());
}

TEST(old_core, i_another_partition_keeps_its_arns) {
    test_tree tree;
    tree.partition = "aws-cn";
    tree.make_whole();
    const auto core = must_read(tree);
    const auto plan = plan_import(core, {});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->request.at("partition"), "aws-cn");
    EXPECT_THAT(json::serialize(plan->request), HasSubstr("arn:aws-cn:greengrass:"));
    EXPECT_EQ(json::serialize(plan->request).find("arn:aws:"), std::string::npos);
}

TEST(old_core, k_a_group_of_another_certificate_is_not_taken_without_force) {
    const test_tree tree;
    const test_tree other;
    tree.make_whole();
    tree.write("ggc/deployment/group/group.json", other.group());
    const auto core = must_read(tree);
    EXPECT_TRUE(core.of_another_core);
    EXPECT_TRUE(tells(core.found, severity::error, "is not the certificate that is installed"));
}

TEST(old_core, l_a_core_that_was_reset_is_recognised) {
    const test_tree tree;
    tree.add_credentials();
    tree.write("config/config.json", tree.legacy_config());
    tree.write("ggc/deployment/group/group.json", "{}");
    tree.write("ggc/var/log/system/runtime.log", "[INFO]-Greengrass Version: 1.11.6\n");
    EXPECT_TRUE(must_read(tree).was_reset);
}

TEST(old_core, m_shadows_are_found_in_a_database_of_any_name_and_others_are_told) {
    const test_tree tree;
    tree.make_whole();
    const auto make = [&](const std::string& name, const std::string& sql) {
        const auto path = tree.root / "ggc/var/state" / name;
        fs::create_directories(path.parent_path());
        sqlite3* db = nullptr;
        ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(db);
    };
    make("x/what.bin",
         "CREATE TABLE t(k TEXT, v BLOB); INSERT INTO t VALUES('shadow/Valve1',"
         " '{\"state\": {\"desired\": {\"open\": 1}}, \"version\": 9}')");
    make("other.db", "CREATE TABLE jobs(a); INSERT INTO jobs VALUES(1), (2)");
    const auto core = must_read(tree);
    ASSERT_EQ(core.shadows.size(), 1u);
    EXPECT_EQ(core.shadows[0].thing, "Valve1");
    EXPECT_TRUE(tells(core.found, severity::note, "table 'jobs' with 2 rows"));
    EXPECT_TRUE(core.found.has_guess());
}

TEST(old_core, n_a_program_whose_file_is_absent_is_an_error) {
    const test_tree tree;
    tree.make_whole();
    auto text = tree.group();
    text.replace(text.find("python3.7"), 9, "arn:aws:greengrass:::runtime/function/executable");
    tree.write("ggc/deployment/group/group.json", text);
    EXPECT_TRUE(tells(must_read(tree).found, severity::error, "the program 'pump.handler'"));
}

TEST(old_core, o_a_link_that_leaves_the_folder_is_refused) {
    const test_tree tree;
    tree.make_whole();
    const auto folder =
        tree.root / "ggc/deployment/lambda" / (tree.function_arn("pump-control") + ":7");
    fs::create_symlink("pump.py", folder / "inside.py");
    ASSERT_TRUE(pack_folder(folder));
    fs::create_symlink("../../../../certs/c1.private.key", folder / "stolen");
    const auto packed = pack_folder(folder);
    ASSERT_FALSE(packed);
    EXPECT_THAT(packed.error().message(), HasSubstr("leaves the function's folder"));
}

TEST(old_core, p_streams_are_found_where_their_manager_kept_them) {
    const test_tree tree;
    tree.make_whole();
    tree.write("ggc/var/state/stream_manager/Pumps/0.log", "not read");
    auto core = must_read(tree);
    EXPECT_THAT(core.streams, ElementsAre("Pumps"));
    const auto plan = plan_import(core, {});
    ASSERT_TRUE(plan);
    EXPECT_TRUE(std::ranges::any_of(plan->unknown, [](const auto& text) {
        return text.find("what the streams in ") != std::string::npos;
    }));
    auto text = tree.group();
    const std::string lambdas = R"("Lambdas": {"ref": null, "Content": [)";
    text.insert(text.find(lambdas) + lambdas.size(), R"({
      "FunctionArn": "arn:aws:lambda:::function:GGStreamManager:1", "DeploymentConfiguration": {
        "Pinned": true, "Environment": {"Variables": {
          "STREAM_MANAGER_STORE_ROOT_DIR": "/srv/streams"}}}},)");
    tree.write("ggc/deployment/group/group.json", text);
    tree.write("srv/streams/Valves/0.log", "not read");  // in an image of the core's disk
    EXPECT_THAT(must_read(tree).streams, ElementsAre("Valves"));
}

TEST(import_request, a_model_is_put_where_its_resource_names_it) {
    const test_tree tree;
    tree.make_whole();
    auto text = tree.group();
    const std::string resources = R"("Resources": {"ref": null, "Content": [)";
    const auto with = [&](const std::string& data) {
        auto changed = text;
        changed.insert(changed.find(resources) + resources.size(),
                       R"({"Id": "net", "Data": )" + data + "},");
        tree.write("ggc/deployment/group/group.json", changed);
    };
    with(R"({"type": "S3MachineLearningModelResourceData", "DestinationPath": "/net",
             "S3Uri": "https://s3.amazonaws.com/models/net.zip"})");
    auto plan = plan_import(must_read(tree), {});
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->models.empty());  // nothing is there
    tree.write("ggc/deployment/mlmodel/0a1b2c3d/net.bin", "weights");
    plan = plan_import(must_read(tree), {});
    ASSERT_EQ(plan->models.size(), 1u);
    EXPECT_EQ(plan->models[0].source, tree.root / "ggc/deployment/mlmodel/0a1b2c3d");
    EXPECT_EQ(plan->models[0].bucket + " " + plan->models[0].key, "models net.zip");
    with(R"({"type": "SageMakerMachineLearningModelResourceData", "DestinationPath": "/net",
             "SageMakerJobArn": "arn:aws:sagemaker:eu-north-1:111122223333:training-job/x"})");
    plan = plan_import(must_read(tree), {});
    ASSERT_EQ(plan->models.size(), 1u);
    EXPECT_TRUE(plan->models[0].key.ends_with(".tar.gz"));
    const auto sent = json::serialize(plan->request.at("definitions"));
    EXPECT_THAT(sent, HasSubstr("s3://greengrass-v1-adopted/" + plan->models[0].key));
    EXPECT_EQ(sent.find("SageMaker"), std::string::npos);
    import_choices choices;
    choices.models["net"] = "/elsewhere/net.tar.gz";
    plan = plan_import(must_read(tree), choices);
    EXPECT_EQ(plan->models[0].source, "/elsewhere/net.tar.gz");
}

TEST(old_core, reading_writes_nothing_below_the_root) {
    const test_tree tree;
    tree.make_whole();
    sqlite3* db = nullptr;
    tree.write("ggc/var/state/marker", "");
    ASSERT_EQ(sqlite3_open((tree.root / "ggc/var/state/x.db").c_str(), &db), SQLITE_OK);
    // With a journal beside it, which a reader that opened it in place would roll back.
    ASSERT_EQ(
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(a)", nullptr, nullptr, nullptr),
        SQLITE_OK);
    const auto looks = [&] {
        std::map<std::string, std::pair<fs::file_time_type, std::string>> all;
        for (const auto& one : fs::recursive_directory_iterator(tree.root)) {
            all[one.path().string()] = {one.last_write_time(), one.is_regular_file()
                                                                   ? *read_file(one.path())
                                                                   : std::string()};
        }
        return all;
    };
    const auto before = looks();
    must_read(tree);
    EXPECT_EQ(looks(), before);
    sqlite3_close(db);
}

TEST(old_core, a_folder_that_is_no_root_says_what_is_missing) {
    const test_tree tree;
    const auto core = read_old_core({.root = tree.root});
    ASSERT_FALSE(core);
    EXPECT_THAT(core.error().message(), HasSubstr("no root of a Greengrass V1 core"));
}

TEST(import_request, the_same_tree_gives_the_same_request) {
    const test_tree tree;
    tree.make_whole();
    const auto core = must_read(tree);
    const auto one = plan_import(core, {});
    const auto other = plan_import(must_read(tree), {});
    ASSERT_TRUE(one);
    EXPECT_EQ(json::serialize(one->request), json::serialize(other->request));
    EXPECT_EQ(one->group_id, group_id);
    EXPECT_EQ(one->request.at("functions").get_array().at(0).at("version"), 7);
}

TEST(import_request, a_secret_without_value_is_asked_for_and_one_with_it_is_taken) {
    const test_tree tree;
    tree.make_whole();
    auto text = tree.group();
    const std::string arn = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:api-key-AbCdEf";
    text.replace(text.find("[{\"Id\": \"spool-dir\""), 2,
                 "[{\"Id\": \"key\", \"Type\": \"x\", \"Data\": {\"ARN\": \"" + arn + "\"}}, {");
    tree.write("ggc/deployment/group/group.json", text);
    const auto core = must_read(tree);
    const auto without = plan_import(core, {});
    ASSERT_TRUE(without);
    EXPECT_THAT(without->missing_secrets, ElementsAre(arn));
    import_choices choices;
    choices.secrets["api-key"] = "hush hush";
    const auto with = plan_import(core, choices);
    ASSERT_TRUE(with);
    EXPECT_TRUE(with->missing_secrets.empty());
    const auto& secret = with->request.at("secrets").get_array().at(0).get_object();
    EXPECT_EQ(string_member(secret, "arn"), arn);
    EXPECT_FALSE(secret.contains("value")) << "reports are made of it";
    auto sent = parse_json(request_text(*with)).value();
    EXPECT_EQ(sent.at("secrets").get_array().at(0).at("value"), "aHVzaCBodXNo");
    sent.at("secrets").get_array().at(0).get_object().erase("value");
    EXPECT_EQ(sent, json::value(with->request));
}

TEST(backup_archive, a_damaged_one_is_reported_and_a_zip_of_a_folder_comes_back) {
    const test_tree tree;
    tree.make_whole();
    const auto zip = pack_folder(tree.root);
    ASSERT_TRUE(zip);
    tree.write("../" + tree.root.filename().string() + ".copy/backup.zip", *zip);
    const auto copy = fs::path(tree.root.string() + ".copy");
    fs::create_directory(copy / "out");
    ASSERT_TRUE(unpack_archive(copy / "backup.zip", copy / "out"));
    EXPECT_TRUE(read_old_core({.root = copy / "out"})->group);
    ASSERT_TRUE(write_file_atomically(copy / "half.zip", zip->substr(0, zip->size() / 2)));
    fs::create_directory(copy / "half");
    EXPECT_FALSE(unpack_archive(copy / "half.zip", copy / "half"));
    fs::remove_all(copy);
}

}  // namespace
}  // namespace evergrass::v1
