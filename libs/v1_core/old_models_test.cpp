#include "libs/v1_core/old_models.hpp"

#include "libs/v1_core/test_tree.hpp"

#include <gtest/gtest.h>

namespace evergrass::v1 {
namespace {

const std::string uuid = "0a1b2c3d-0000-4000-8000-0000000000e1";

group_resource model(const std::string& id, json::object data = {}) {
    return {id, id, "S3MachineLearningModelResourceData", std::move(data)};
}

TEST(old_models, are_found_below_both_folders) {
    const test_tree tree;
    tree.write("mlmodel/a/net.bin", "1");
    tree.write("mlmodel_public/b/net.bin", "2");
    tree.write("mlmodel/no-folder", "3");
    const auto found = find_model_folders(tree.root);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found.at("a"), tree.root / "mlmodel/a");
    EXPECT_EQ(found.at("b"), tree.root / "mlmodel_public/b");
}

TEST(old_models, a_folder_belongs_to_the_resource_that_has_its_name) {
    findings found;
    const model_folders two{{"net", "/m/net"}, {uuid, "/m/" + uuid}};
    const auto by_id = model("net");
    EXPECT_EQ(folder_of_model(by_id, {by_id, model("other")}, two, found), "/m/net");
    const auto by_data =
        model("other", {{"ArtifactArn", "arn:aws:greengrass:::/artifacts/mlmodel/" + uuid}});
    EXPECT_EQ(folder_of_model(by_data, {by_id, by_data}, two, found), "/m/" + uuid);
    EXPECT_TRUE(found.has_guess());
}

TEST(old_models, part_of_a_longer_name_is_no_name) {
    findings found;
    const model_folders two{{"detector", "/m/detector"}, {"x", "/m/x"}};
    const auto longer = model("r", {{"S3Uri", "s3://bucket/detector-2.zip"}});
    EXPECT_EQ(folder_of_model(longer, {longer}, two, found), std::nullopt);
    const auto whole = model("r", {{"S3Uri", "s3://bucket/detector.zip"}});
    EXPECT_EQ(folder_of_model(whole, {whole}, two, found), "/m/detector");
    const auto letter = model("r", {{"S3Uri", "s3://bucket/x.zip"}});
    EXPECT_EQ(folder_of_model(letter, {letter}, two, found), std::nullopt);
}

TEST(old_models, the_only_folder_is_the_only_models_and_nobody_elses) {
    findings found;
    const model_folders one{{uuid, "/m/" + uuid}};
    const auto a = model("a");
    const auto b = model("b");
    EXPECT_EQ(folder_of_model(a, {a}, one, found), "/m/" + uuid);
    EXPECT_EQ(folder_of_model(a, {a, b}, one, found), std::nullopt);
    EXPECT_EQ(folder_of_model(a, {a}, {}, found), std::nullopt);
}

}  // namespace
}  // namespace evergrass::v1
