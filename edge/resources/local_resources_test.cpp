#include "edge/resources/local_resources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::edge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class local_resources : public ::testing::Test {
protected:
    local_resources() {
        std::string name = "/tmp/local_resources.XXXXXX";
        directory_ = ::mkdtemp(name.data());
        ::chmod(directory_.c_str(), 0755);
    }
    ~local_resources() override { std::filesystem::remove_all(directory_); }

    std::string file(const char* name, mode_t mode) const {
        const auto path = directory_ / name;
        std::ofstream(path) << "x";
        ::chmod(path.c_str(), mode);
        return path;
    }

    static local_resource volume(std::string id, std::string source, std::string to = "/data") {
        local_resource r;
        r.id = std::move(id);
        r.source = std::move(source);
        r.destination = std::move(to);
        return r;
    }

    std::string refusal(const local_resource& r, bool writable, bool allowed = true,
                        const std::vector<std::string>& hidden = {}) const {
        const auto granted = grant_resources({{r.id, writable}}, {r}, {1001, 1002}, hidden,
                                             [&](auto&&...) { return allowed; });
        return granted ? "granted" : granted.error().message();
    }

    std::filesystem::path directory_;
};

TEST_F(local_resources, are_read_from_the_manifests_and_others_left_out) {
    const auto parsed = parse_json(R"([
        {"Id": "spool", "Name": "n", "ResourceDataContainer": {"LocalVolumeResourceData": {
            "SourcePath": "/srv/spool", "DestinationPath": "/spool",
            "GroupOwnerSetting": {"AutoAddGroupOwner": true}}}},
        {"Id": "port", "ResourceDataContainer": {"LocalDeviceResourceData": {
            "SourcePath": "/dev/ttyS0", "GroupOwnerSetting": {"GroupOwner": "dialout"}}}},
        {"Id": "key", "ResourceDataContainer": {"SecretsManagerSecretResourceData": {"ARN": "a"}}}
    ])")
                            .value()
                            .as_array();
    const auto all = read_local_resources(parsed).value();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0], (local_resource{"spool", false, "/srv/spool", "/spool", true, ""}));
    EXPECT_EQ(all[1], (local_resource{"port", true, "/dev/ttyS0", "", false, "dialout"}));
}

TEST_F(local_resources, with_a_faulty_member_are_refused_by_its_name) {
    const auto fault = [](const char* text) {
        const auto read = read_local_resources(parse_json(text).value().as_array());
        return read ? std::string("read") : read.error().message();
    };
    EXPECT_THAT(fault(R"([1])"), HasSubstr("resources[0]"));
    EXPECT_THAT(fault(R"([{"ResourceDataContainer": {"LocalVolumeResourceData":
        {"SourcePath": "srv", "DestinationPath": "/a"}}}])"),
                HasSubstr("SourcePath"));
    EXPECT_THAT(fault(R"([{"ResourceDataContainer": {"LocalVolumeResourceData":
        {"SourcePath": "/srv"}}}])"),
                HasSubstr("DestinationPath"));
    EXPECT_THAT(fault(R"([{"ResourceDataContainer": {"LocalVolumeResourceData":
        {"SourcePath": "/srv\u0000/x", "DestinationPath": "/a"}}}])"),
                AllOf(HasSubstr("SourcePath"), HasSubstr("NUL")));
    EXPECT_THAT(fault(R"([{"ResourceDataContainer": {"LocalVolumeResourceData":
        {"SourcePath": "/srv", "DestinationPath": "/\u0000"}}}])"),
                AllOf(HasSubstr("DestinationPath"), HasSubstr("NUL")));
    EXPECT_THAT(fault(R"([{"ResourceDataContainer": {"LocalDeviceResourceData":
        {"SourcePath": "/dev/x", "GroupOwnerSetting": {"AutoAddGroupOwner": 7}}}}])"),
                HasSubstr("AutoAddGroupOwner"));
}

TEST_F(local_resources, are_mounted_for_those_who_ask_and_ids_of_others_are_left_out) {
    const auto path = file("f", 0644);
    const auto granted = grant_resources({{"a", true}, {"a-secret", false}}, {volume("a", path)},
                                         {1001, 1002}, {}, [](auto&&...) { return true; })
                             .value();
    EXPECT_THAT(granted.mounts, ElementsAre(isolation::jail_mount{path, "/data", true}));
    EXPECT_TRUE(granted.devices.empty());
}

TEST_F(local_resources, without_permission_are_refused_in_v1s_words) {
    const auto path = file("f", 0600);
    auto r = volume("a", path);
    EXPECT_THAT(
        refusal(r, true, false),
        HasSubstr("group config is invalid: 1001 or [1002] don't have rw permission on the file: " +
                  path));
    r.group_owner = "7";
    EXPECT_THAT(refusal(r, false, false),
                HasSubstr("1001 or [1002 7] don't have ro permission on the file: " + path));
}

TEST_F(local_resources, add_the_owning_group_when_it_is_asked_for) {
    auto r = volume("a", file("f", 0640));
    r.auto_add_group_owner = true;
    r.group_owner = "ignored";
    const auto granted =
        grant_resources({{"a", false}}, {r}, {1001, 1002}, {}, [](auto&&...) { return true; });
    EXPECT_THAT(granted->groups, ElementsAre(::getegid()));
}

TEST_F(local_resources, of_an_unknown_group_are_refused) {
    auto r = volume("a", file("f", 0640));
    r.group_owner = "no_such_group_here";
    EXPECT_THAT(refusal(r, false), HasSubstr("unknown group no_such_group_here"));
}

TEST_F(local_resources, that_are_missing_or_no_device_are_refused) {
    EXPECT_THAT(refusal(volume("a", directory_ / "none"), false), HasSubstr("there is no"));
    auto r = volume("a", file("f", 0644));
    r.is_device = true;
    EXPECT_THAT(refusal(r, false), HasSubstr("neither a character nor a block device"));
}

TEST_F(local_resources, that_would_show_the_cores_own_files_are_refused) {
    const auto root = directory_ / "greengrass";
    std::filesystem::create_directories(root / "certs");
    std::filesystem::create_directory_symlink(root, directory_ / "link");
    for (const auto& source : {directory_, root, root / "certs", directory_ / "link",
                               directory_ / "greengrass/../greengrass/certs"}) {
        EXPECT_THAT(refusal(volume("a", source), false, true, {root}),
                    HasSubstr("would show the core's own files"))
            << source;
    }
    std::filesystem::create_directories(directory_ / "greengrass-data");
    EXPECT_EQ(refusal(volume("a", directory_ / "greengrass-data"), true, true, {root}), "granted");
}

TEST_F(local_resources, that_came_with_the_deployment_lie_among_the_cores_files_and_are_read_only) {
    auto model = volume("model", directory_.string(), "/model");
    EXPECT_THAT(refusal(model, false, true, {directory_}), HasSubstr("the core's own files"));
    model.is_delivered = true;
    EXPECT_EQ(refusal(model, false, true, {directory_}), "granted");
    EXPECT_THAT(refusal(model, true, true, {directory_}), HasSubstr("'ro' only"));
}

TEST_F(local_resources, of_proc_are_read_only_and_stand_elsewhere) {
    EXPECT_THAT(refusal(volume("a", "/proc", "/host-proc"), true), HasSubstr("'ro' only"));
    EXPECT_EQ(refusal(volume("a", "/proc", "/host-proc"), false), "granted");
    EXPECT_THAT(refusal(volume("a", "/proc", "/proc"), false), HasSubstr("must not be /proc"));
    EXPECT_THAT(refusal(volume("a", directory_, "/lambda/"), false), HasSubstr("must not be"));
}

TEST_F(local_resources, are_checked_by_the_file_and_not_by_the_way_to_it) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can ask as somebody else";
    }
    const auto path = file("f", 0640);
    ::chmod(directory_.c_str(), 0700);
    ASSERT_EQ(::chown(path.c_str(), 0, 4242), 0);
    EXPECT_TRUE(may_access(path, {1001, 4242}, {}, false));
    EXPECT_TRUE(may_access(path, {1001, 1002}, {4242}, false));
    EXPECT_FALSE(may_access(path, {1001, 4242}, {}, true));
    EXPECT_FALSE(may_access(path, {1001, 1002}, {}, false));
    EXPECT_TRUE(may_access(path, {0, 0}, {}, true));
}

}  // namespace
}  // namespace evergrass::edge
