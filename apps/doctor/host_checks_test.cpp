#include "apps/doctor/checks.hpp"
#include "apps/doctor/host_facts.hpp"
#include "apps/doctor/report.hpp"

#include <gmock/gmock.h>

namespace evergrass::doctor {
namespace {

using testing::HasSubstr;

// A machine on which all is well.
host_facts good_host() {
    host_facts host;
    host.kernel_release = "6.1.0-25-arm64";
    host.machine = "aarch64";
    host.is_root = true;
    host.memory_bytes = 1ULL << 30;
    host.namespaces = {"ipc", "mnt", "pid", "user", "uts"};
    host.has_seccomp = true;
    host.has_overlayfs = true;
    host.cgroups.memory.directory = "/sys/fs/cgroup/memory";
    host.isolation.available = true;
    host.protects_hardlinks = true;
    host.protects_symlinks = true;
    host.has_default_user = true;
    host.has_default_group = true;
    host.interpreters = {"/usr/bin/python3.11"};
    host.now = *parse_basic_iso8601("20261128T120000Z");
    host.clock_is_synchronised = true;
    host.most_open_files = 524'288;
    return host;
}

std::vector<finding_group> judged(const host_facts& host) {
    return {judge_all("host", "This machine", host, host_checks())};
}

judgement of(const host_facts& host, std::string_view id) {
    const auto groups = judged(host);
    for (const auto& finding : groups.front().findings) {
        if (finding.id == id) {
            return finding.of;
        }
    }
    ADD_FAILURE() << "no check " << id;
    return {};
}

// Only this check is not well, and it leaves this much.
void expect_only(const host_facts& host, std::string_view id, verdict is, ability leaves) {
    const auto groups = judged(host);
    for (const auto& finding : groups.front().findings) {
        const auto wanted = finding.id == id ? is : verdict::ok;
        EXPECT_EQ(finding.of.is, wanted) << finding.id << ": " << finding.of.found;
        EXPECT_EQ(finding.of.remedy.empty(), wanted == verdict::ok) << finding.id;
    }
    EXPECT_EQ(status_of(groups), static_cast<int>(leaves));
}

TEST(host_checks, pass_a_good_machine) {
    expect_only(good_host(), "", verdict::ok, ability::containers);
}

TEST(host_checks, ask_4_4_of_the_kernel_for_containers_and_3_17_at_all) {
    auto host = good_host();
    for (const auto* enough : {"4.4.0", "4.14.98-v7+", "10.0-rc1"}) {
        host.kernel_release = enough;
        EXPECT_EQ(of(host, "host.kernel").is, verdict::ok) << enough;
    }
    host.kernel_release = "4.3.9";
    expect_only(host, "host.kernel", verdict::failed, ability::reduced);
    for (const auto* older : {"3.16.84", "2.6.32", "", "x"}) {
        host.kernel_release = older;
        expect_only(host, "host.kernel", verdict::failed, ability::nothing);
    }
}

TEST(host_checks, warn_of_a_machine_that_nobody_tested) {
    auto host = good_host();
    host.machine = "riscv64";
    expect_only(host, "host.architecture", verdict::warning, ability::containers);
}

TEST(host_checks, leave_a_user_that_is_not_root_a_rootless_core) {
    auto host = good_host();
    host.is_root = false;
    EXPECT_EQ(of(host, "host.privileges").is, verdict::warning);
    EXPECT_EQ(of(host, "host.default-user").is, verdict::skipped);
    EXPECT_EQ(status_of(judged(host)), 1);
}

TEST(host_checks, ask_for_v1s_memory_less_what_the_kernel_keeps) {
    auto host = good_host();
    host.memory_bytes = 120ULL << 20;
    EXPECT_EQ(of(host, "host.memory").is, verdict::ok);
    host.memory_bytes = 64ULL << 20;
    expect_only(host, "host.memory", verdict::warning, ability::containers);
    host.memory_bytes = 0;
    EXPECT_EQ(of(host, "host.memory").is, verdict::skipped);
}

TEST(host_checks, name_the_namespaces_that_are_missing) {
    auto host = good_host();
    host.namespaces = {"mnt", "uts", "user"};
    expect_only(host, "host.namespaces", verdict::failed, ability::reduced);
    EXPECT_THAT(of(host, "host.namespaces").found, HasSubstr("ipc, pid"));
    host.namespaces = {"ipc", "mnt", "pid", "uts"};
    expect_only(host, "host.namespaces", verdict::warning, ability::containers);
}

TEST(host_checks, leave_no_container_without_seccomp_or_overlayfs) {
    auto host = good_host();
    host.has_seccomp = false;
    expect_only(host, "host.seccomp", verdict::failed, ability::reduced);
    host = good_host();
    host.has_overlayfs = false;
    expect_only(host, "host.overlayfs", verdict::failed, ability::reduced);
}

TEST(host_checks, quote_why_no_container_could_be_made) {
    auto host = good_host();
    host.isolation = {false, "unshare: Operation not permitted", {}};
    const auto judged_one = of(host, "host.isolation");
    EXPECT_EQ(judged_one.is, verdict::failed);
    EXPECT_EQ(judged_one.leaves, ability::reduced);
    EXPECT_THAT(judged_one.found, HasSubstr("unshare: Operation not permitted"));
}

TEST(host_checks, tell_the_raspberry_pis_boot_arguments_when_memory_cannot_be_limited) {
    auto host = good_host();
    host.isolation.lacks = {"memory"};
    expect_only(host, "host.cgroup-memory", verdict::failed, ability::reduced);
    EXPECT_THAT(of(host, "host.cgroup-memory").remedy,
                HasSubstr("cgroup_enable=memory cgroup_memory=1"));
}

TEST(host_checks, warn_of_missing_limits_of_processes_and_devices) {
    auto host = good_host();
    host.isolation.lacks = {"pids"};
    expect_only(host, "host.cgroup-pids", verdict::warning, ability::containers);
    host.isolation.lacks = {"devices"};
    expect_only(host, "host.cgroup-devices", verdict::warning, ability::containers);
    host.isolation.lacks = {"user"};
    expect_only(host, "host.isolation", verdict::warning, ability::containers);
}

TEST(host_checks, look_at_what_is_mounted_where_no_container_told) {
    auto host = good_host();
    host.isolation = {false, "no", {}};
    host.cgroups = {};
    EXPECT_EQ(of(host, "host.cgroup-memory").is, verdict::failed);
    host.cgroups.memory = {"/sys/fs/cgroup", true};
    EXPECT_THAT(of(host, "host.cgroup-memory").found, HasSubstr("version 2"));
}

TEST(host_checks, say_which_of_the_two_link_protections_is_off) {
    auto host = good_host();
    host.protects_symlinks = false;
    expect_only(host, "host.link-protection", verdict::failed, ability::nothing);
    EXPECT_THAT(of(host, "host.link-protection").remedy, HasSubstr("fs.protected_symlinks=1'"));
    host.protects_hardlinks = std::nullopt;
    EXPECT_THAT(of(host, "host.link-protection").remedy,
                HasSubstr("fs.protected_hardlinks=1 fs.protected_symlinks=1"));
    host.starts_insecure = true;
    expect_only(host, "host.link-protection", verdict::warning, ability::containers);
}

TEST(host_checks, name_the_missing_user_or_group) {
    auto host = good_host();
    host.has_default_user = false;
    expect_only(host, "host.default-user", verdict::warning, ability::containers);
    EXPECT_THAT(of(host, "host.default-user").found, HasSubstr("ggc_user"));
    host = good_host();
    host.has_default_group = false;
    EXPECT_THAT(of(host, "host.default-user").found, HasSubstr("ggc_group"));
}

TEST(host_checks, warn_of_no_interpreters_missing_devices_and_few_files) {
    auto host = good_host();
    host.interpreters.clear();
    expect_only(host, "host.interpreters", verdict::warning, ability::containers);
    host = good_host();
    host.missing_devices = {"/dev/stderr"};
    expect_only(host, "host.standard-devices", verdict::warning, ability::containers);
    host = good_host();
    host.most_open_files = 1024;
    expect_only(host, "host.open-files", verdict::warning, ability::containers);
}

TEST(host_checks, fail_in_1970_and_warn_of_a_clock_that_nobody_sets) {
    auto host = good_host();
    host.clock_is_synchronised = false;
    expect_only(host, "host.clock", verdict::warning, ability::containers);
    host.now = wall_time{};
    expect_only(host, "host.clock", verdict::failed, ability::nothing);
}

}  // namespace
}  // namespace evergrass::doctor
