#include "cloud/lambda/code.hpp"
#include "cloud/lambda/operations.hpp"
#include "cloud/lambda/package.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace evergrass::cloud {
namespace {

struct zip_entry {
    std::string path;
    std::string content;
};

std::string make_zip(const std::vector<zip_entry>& entries, bool store_only = false) {
    std::vector<char> buffer(4 * 1024 * 1024);
    std::size_t used = 0;
    auto* writer = archive_write_new();
    archive_write_set_format_zip(writer);
    if (store_only) {
        archive_write_set_options(writer, "zip:compression=store");
    }
    archive_write_open_memory(writer, buffer.data(), buffer.size(), &used);
    for (const auto& each : entries) {
        auto* entry = archive_entry_new();
        archive_entry_set_pathname(entry, each.path.c_str());
        archive_entry_set_size(entry, static_cast<la_int64_t>(each.content.size()));
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_write_header(writer, entry);
        archive_write_data(writer, each.content.data(), each.content.size());
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    return std::string(buffer.data(), used);
}

TEST(function_package, a_zip_with_files_is_taken) {
    EXPECT_TRUE(lambda::check_package(make_zip({{"a.py", "x"}, {"lib/b.py", "y"}})));
}

TEST(function_package, what_is_no_zip_or_is_empty_is_refused) {
    for (const std::string text : {"", "hello", "PK\x03\x04", "PK\x05\x06"}) {
        EXPECT_EQ(lambda::check_package(text).error().code, errc::invalid_input) << text;
    }
    EXPECT_FALSE(lambda::check_package(make_zip({})));
}

TEST(function_package, a_zip_that_is_cut_anywhere_in_its_files_is_refused) {
    const auto zip = make_zip({{"a.py", "some content that is stored as it is"}}, true);
    for (std::size_t length = 0; length < 60; ++length) {
        EXPECT_FALSE(lambda::check_package(zip.substr(0, length))) << length;
    }
}

TEST(function_package, content_that_fails_its_checksum_is_refused) {
    auto zip = make_zip({{"a.py", "some content"}}, true);
    zip[zip.find("some content")] = 'S';
    EXPECT_FALSE(lambda::check_package(zip));
}

TEST(function_package, an_entry_that_would_land_outside_is_refused) {
    for (const auto* path : {"../a", "/etc/passwd", "a/../../b", ".."}) {
        EXPECT_FALSE(lambda::check_package(make_zip({{path, "x"}}))) << path;
    }
    EXPECT_TRUE(lambda::check_package(make_zip({{"a..b/..c", "x"}})));
}

TEST(function_package, a_zip_that_unpacks_to_more_than_the_limit_is_refused) {
    const zip_entry zeros{"zeros", std::string(64 * 1024 * 1024, '\0')};
    const auto bomb = make_zip(
        {zeros, {"1", zeros.content}, {"2", zeros.content}, {"3", "x"}, {"4", zeros.content}});
    EXPECT_EQ(lambda::check_package(bomb).error().code, errc::too_large);
}

class lambda_service : public ::testing::Test {
protected:
    lambda_service() { add_lambda_operations(table_, functions_); }
    ~lambda_service() override { std::filesystem::remove_all(directory_); }

    api_result run(std::string_view name, json::object input) {
        call made;
        made.input = std::move(input);
        return (*table_.find("lambda", name))(made);
    }
    json::object ok(std::string_view name, json::object input) {
        auto done = run(name, std::move(input));
        EXPECT_TRUE(done) << name << ": " << (done ? "" : done.error().message);
        return done ? done->output : json::object();
    }
    std::string code(std::string_view name, json::object input) {
        const auto done = run(name, std::move(input));
        return done ? "success" : done.error().code;
    }
    static std::string zip(std::string_view content) {
        return base64_encode(make_zip({{"main.py", std::string(content)}}));
    }
    static json::object function(bool publish = false) {
        return {{"FunctionName", "f"},
                {"Runtime", "python3.7"},
                {"Handler", "main.handler"},
                {"Role", "arn:aws:iam::123456789012:role/r"},
                {"Code", {{"ZipFile", zip("one")}}},
                {"Publish", publish}};
    }

    std::filesystem::path directory_ = [] {
        std::string pattern = std::filesystem::temp_directory_path() / "lambda_XXXXXX";
        return std::filesystem::path(::mkdtemp(pattern.data()));
    }();
    std::unique_ptr<store> state_ = store::open((directory_ / "service.db").string()).value();
    service_identity identity_;
    clock clock_;
    lambda::function_registry functions_{*state_, identity_, clock_};
    operation_table table_;
};

constexpr auto function_arn = "arn:aws:lambda:us-east-1:123456789012:function:f";

TEST_F(lambda_service, a_new_function_has_lambdas_defaults) {
    const auto made = ok("CreateFunction", function());
    EXPECT_EQ(made.at("FunctionArn"), function_arn);
    EXPECT_EQ(made.at("Version"), "$LATEST");
    EXPECT_EQ(made.at("Timeout"), 3);
    EXPECT_EQ(made.at("MemorySize"), 128);
    EXPECT_EQ(made.at("State"), "Active");
    EXPECT_EQ(made.at("PackageType"), "Zip");
    const auto modified = std::string(made.at("LastModified").as_string());
    EXPECT_EQ(modified.substr(modified.size() - 5), "+0000");
    EXPECT_EQ(code("CreateFunction", function()), "ResourceConflictException");
}

TEST_F(lambda_service, publishing_without_a_change_gives_the_same_version) {
    EXPECT_EQ(ok("CreateFunction", function(true)).at("Version"), "1");
    EXPECT_EQ(ok("PublishVersion", {{"FunctionName", "f"}}).at("Version"), "1");
    ok("UpdateFunctionCode", {{"FunctionName", "f"}, {"ZipFile", zip("one")}});
    EXPECT_EQ(ok("PublishVersion", {{"FunctionName", "f"}}).at("Version"), "1");
    ok("UpdateFunctionConfiguration", {{"FunctionName", "f"}, {"Timeout", 9}});
    const auto second = ok("PublishVersion", {{"FunctionName", "f"}, {"Description", "two"}});
    EXPECT_EQ(second.at("Version"), "2");
    EXPECT_EQ(second.at("Description"), "two");
    EXPECT_EQ(second.at("FunctionArn"), json::value(std::string(function_arn) + ":2"));
    const auto third = ok("UpdateFunctionCode",
                          {{"FunctionName", "f"}, {"ZipFile", zip("two")}, {"Publish", true}});
    EXPECT_EQ(third.at("Version"), "3");
}

TEST_F(lambda_service, a_version_stays_as_it_was_published) {
    const auto first = ok("CreateFunction", function(true));
    ok("UpdateFunctionCode", {{"FunctionName", "f"}, {"ZipFile", zip("two")}});
    const auto now = ok("GetFunctionConfiguration", {{"FunctionName", "f"}});
    const auto then = ok("GetFunctionConfiguration", {{"FunctionName", "f"}, {"Qualifier", "1"}});
    EXPECT_EQ(then.at("CodeSha256"), first.at("CodeSha256"));
    EXPECT_NE(now.at("CodeSha256"), then.at("CodeSha256"));
}

TEST_F(lambda_service, a_function_is_named_by_name_part_or_whole_of_its_arn) {
    ok("CreateFunction", function(true));
    for (const auto& name :
         {std::string("f"), std::string("f:1"), std::string("123456789012:function:f"),
          std::string("function:f"), std::string(function_arn), std::string(function_arn) + ":1"}) {
        EXPECT_EQ(
            ok("GetFunction", {{"FunctionName", name}}).at("Configuration").at("FunctionName"), "f")
            << name;
    }
    EXPECT_EQ(code("GetFunction", {{"FunctionName", "f:1"}, {"Qualifier", "2"}}),
              "InvalidParameterValueException");
    EXPECT_EQ(
        code("GetFunction", {{"FunctionName", "arn:aws:lambda:us-east-1:999999999999:function:f"}}),
        "ResourceNotFoundException");
    EXPECT_EQ(code("GetFunction", {{"FunctionName", "g"}}), "ResourceNotFoundException");
}

TEST_F(lambda_service, an_alias_points_at_a_version_and_moves) {
    ok("CreateFunction", function(true));
    const json::object alias = {{"FunctionName", "f"}, {"Name", "live"}, {"FunctionVersion", "1"}};
    EXPECT_EQ(ok("CreateAlias", alias).at("AliasArn"),
              json::value(std::string(function_arn) + ":live"));
    EXPECT_EQ(code("CreateAlias", alias), "ResourceConflictException");
    const auto by_alias = ok("GetFunctionConfiguration", {{"FunctionName", "f:live"}});
    EXPECT_EQ(by_alias.at("Version"), "1");
    EXPECT_EQ(by_alias.at("FunctionArn"), json::value(std::string(function_arn) + ":live"));
    EXPECT_EQ(
        code("UpdateAlias", {{"FunctionName", "f"}, {"Name", "live"}, {"FunctionVersion", "9"}}),
        "ResourceNotFoundException");
    ok("UpdateAlias", {{"FunctionName", "f"}, {"Name", "live"}, {"FunctionVersion", "$LATEST"}});
    EXPECT_EQ(ok("GetAlias", {{"FunctionName", "f"}, {"Name", "live"}}).at("FunctionVersion"),
              "$LATEST");
    EXPECT_EQ(code("CreateAlias", {{"FunctionName", "f"}, {"Name", "7"}, {"FunctionVersion", "1"}}),
              "InvalidParameterValueException");
    EXPECT_EQ(ok("ListAliases", {{"FunctionName", "f"}}).at("Aliases").as_array().size(), 1u);
    ok("DeleteAlias", {{"FunctionName", "f"}, {"Name", "live"}});
    ok("DeleteAlias", {{"FunctionName", "f"}, {"Name", "live"}});
    EXPECT_EQ(code("GetAlias", {{"FunctionName", "f"}, {"Name", "live"}}),
              "ResourceNotFoundException");
}

TEST_F(lambda_service, a_version_with_an_alias_and_latest_are_not_deleted_alone) {
    ok("CreateFunction", function(true));
    ok("CreateAlias", {{"FunctionName", "f"}, {"Name", "live"}, {"FunctionVersion", "1"}});
    EXPECT_EQ(code("DeleteFunction", {{"FunctionName", "f"}, {"Qualifier", "1"}}),
              "ResourceConflictException");
    EXPECT_EQ(code("DeleteFunction", {{"FunctionName", "f"}, {"Qualifier", "$LATEST"}}),
              "InvalidParameterValueException");
    ok("DeleteAlias", {{"FunctionName", "f"}, {"Name", "live"}});
    ok("DeleteFunction", {{"FunctionName", "f"}, {"Qualifier", "1"}});
    ok("DeleteFunction", {{"FunctionName", "f"}});
    EXPECT_EQ(code("DeleteFunction", {{"FunctionName", "f"}}), "ResourceNotFoundException");
}

TEST_F(lambda_service, a_number_is_not_given_twice) {
    ok("CreateFunction", function(true));
    ok("DeleteFunction", {{"FunctionName", "f"}, {"Qualifier", "1"}});
    EXPECT_EQ(ok("PublishVersion", {{"FunctionName", "f"}}).at("Version"), "2");
}

TEST_F(lambda_service, wrong_packages_and_settings_are_refused_by_name) {
    auto input = function();
    input["Code"] = {{"ZipFile", base64_encode("no zip")}};
    const auto refused = run("CreateFunction", input);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "Could not unzip uploaded file. Please check your file, then try to upload again. "
              "(it is no zip file. Pack the function again, publish a version and deploy that)");
    for (const auto& [member, value] : {std::pair<std::string, json::value>{"Runtime", "cobol"},
                                        {"Timeout", 901},
                                        {"MemorySize", 1},
                                        {"Code", json::object{{"S3Bucket", "b"}}},
                                        {"Runtime", nullptr}}) {
        input = function();
        input[member] = value;
        EXPECT_EQ(code("CreateFunction", input), "InvalidParameterValueException") << member;
    }
}

TEST_F(lambda_service, the_runtimes_of_v1_and_later_ones_are_taken) {
    for (const auto* runtime : {"python2.7", "python3.7", "python3.8", "nodejs6.10", "nodejs8.10",
                                "nodejs12.x", "java8", "python3.13", "nodejs22.x", "java21",
                                "arn:aws:greengrass:::runtime/function/executable"}) {
        auto input = function();
        input["FunctionName"] = "f-" + std::to_string(std::hash<std::string_view>()(runtime));
        input["Runtime"] = runtime;
        ok("CreateFunction", input);
    }
}

TEST_F(lambda_service, an_old_revision_is_refused) {
    const auto made = ok("CreateFunction", function());
    const auto old = made.at("RevisionId");
    ok("UpdateFunctionConfiguration", {{"FunctionName", "f"}, {"RevisionId", old}});
    for (const auto* name : {"UpdateFunctionConfiguration", "PublishVersion"}) {
        EXPECT_EQ(code(name, {{"FunctionName", "f"}, {"RevisionId", old}}),
                  "PreconditionFailedException");
    }
}

TEST_F(lambda_service, functions_and_versions_are_listed_in_pages) {
    for (const auto* name : {"a", "b", "c"}) {
        auto input = function(true);
        input["FunctionName"] = name;
        ok("CreateFunction", input);
    }
    const auto first = ok("ListFunctions", {{"MaxItems", 2}});
    EXPECT_EQ(first.at("Functions").as_array().size(), 2u);
    const auto second = ok("ListFunctions", {{"MaxItems", 2}, {"Marker", first.at("NextMarker")}});
    EXPECT_EQ(second.at("Functions").as_array().size(), 1u);
    EXPECT_EQ(ok("ListFunctions", {{"FunctionVersion", "ALL"}}).at("Functions").as_array().size(),
              6u);
    const auto versions = ok("ListVersionsByFunction", {{"FunctionName", "b"}});
    ASSERT_EQ(versions.at("Versions").as_array().size(), 2u);
    EXPECT_EQ(versions.at("Versions").as_array()[0].at("Version"), "$LATEST");
    EXPECT_EQ(versions.at("Versions").as_array()[1].at("Version"), "1");
}

TEST_F(lambda_service, an_empty_environment_removes_the_variables) {
    auto input = function();
    input["Environment"] = {{"Variables", {{"A", "1"}}}};
    EXPECT_EQ(ok("CreateFunction", input).at("Environment").at("Variables").at("A"), "1");
    const auto updated =
        ok("UpdateFunctionConfiguration",
           {{"FunctionName", "f"}, {"Environment", {{"Variables", json::object()}}}});
    EXPECT_FALSE(updated.contains("Environment"));
}

}  // namespace
}  // namespace evergrass::cloud
