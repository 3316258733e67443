#include "apps/doctor/checks.hpp"
#include "apps/doctor/core_facts.hpp"
#include "apps/doctor/disk_look.hpp"
#include "apps/doctor/port_look.hpp"
#include "apps/doctor/report.hpp"

#include <gmock/gmock.h>

namespace evergrass::doctor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const auto today = *parse_basic_iso8601("20261128T120000Z");
constexpr std::chrono::hours day{24};

certificate_file file_with(wall_time from, wall_time until) {
    pki::certificate_info info;
    info.common_name = "CN";
    info.not_before = from;
    info.not_after = until;
    return {"/greengrass/certs/a.pem", "", {info}};
}

// A core on which all is well, and which doesn't run.
core_facts good_core() {
    core_facts core;
    core.root = "/greengrass";
    core.config_file = "/greengrass/config/config.json";
    core.config.emplace();
    core.config->thing_name = "core";
    core.socket_path_length = 40;
    core.ca = file_with(today - 100 * day, today + 3650 * day);
    core.certificate = file_with(today - 100 * day, today + 3650 * day);
    core.key.path = "/greengrass/certs/a.key";
    core.key.matches = true;
    core.server = file_with(today - day, today + 10 * day);
    core.disk.directory = "/greengrass/ggc";
    core.disk.free_bytes = 10ULL << 30;
    core.disk.inodes = 1'000'000;
    core.disk.free_inodes = 900'000;
    core.disk.sync = std::chrono::milliseconds(3);
    core.disk.used_tenths = 2;
    core.mqtt = {"0.0.0.0", 8883, port_state::open, "", false};
    core.ipc = {"127.0.0.1", 8000, port_state::open, "", false};
    core.running = 4711;
    core.now = today;
    return core;
}

std::vector<finding_group> judged(const core_facts& core) {
    return {judge_all("core", "The core", core, core_checks())};
}

judgement of(const core_facts& core, std::string_view id) {
    const auto groups = judged(core);
    for (const auto& finding : groups.front().findings) {
        if (finding.id == id) {
            return finding.of;
        }
    }
    ADD_FAILURE() << "no check " << id;
    return {};
}

void expect_only(const core_facts& core, std::string_view id, verdict is) {
    const auto groups = judged(core);
    for (const auto& finding : groups.front().findings) {
        const auto wanted = finding.id == id ? is : verdict::ok;
        EXPECT_EQ(finding.of.is, wanted) << finding.id << ": " << finding.of.found;
        EXPECT_EQ(finding.of.remedy.empty(), wanted == verdict::ok || wanted == verdict::skipped)
            << finding.id;
    }
    EXPECT_EQ(status_of(groups), is == verdict::failed ? 2 : 0);
}

TEST(core_checks, pass_a_good_core) {
    expect_only(good_core(), "", verdict::ok);
}

TEST(core_checks, quote_what_is_wrong_with_config_json_and_skip_what_it_names) {
    core_facts core;
    core.config_error = "'coreThing.thingArn' is missing";
    core.disk = good_core().disk;
    const auto groups = judged(core);
    EXPECT_EQ(status_of(groups), 2);
    EXPECT_THAT(of(core, "core.config").found, HasSubstr("thingArn"));
    for (const auto& finding : groups.front().findings) {
        if (finding.id != "core.config" && !finding.id.starts_with("core.disk")) {
            EXPECT_EQ(finding.of.is, verdict::skipped) << finding.id;
        }
    }
}

TEST(core_checks, warn_of_misspelt_members_but_not_of_those_that_v1_had) {
    auto core = good_core();
    core.config->without_effect = {"managedRespawn", "runtime.cgroup.useSystemd"};
    expect_only(core, "", verdict::ok);
    core.config->without_effect.emplace_back("coreThing.keepAliv (did you mean 'keepAlive'?)");
    expect_only(core, "core.config", verdict::warning);
}

TEST(core_checks, warn_of_a_config_json_with_a_secret_that_others_may_read) {
    auto core = good_core();
    core.others_may_read_config = true;
    expect_only(core, "", verdict::ok);
    core.config_has_secrets = true;
    expect_only(core, "core.config-mode", verdict::warning);
}

TEST(core_checks, fail_a_path_that_is_too_long_for_a_socket) {
    auto core = good_core();
    core.socket_path_length = 107;
    expect_only(core, "", verdict::ok);
    core.socket_path_length = 108;
    expect_only(core, "core.path-length", verdict::failed);
}

TEST(core_checks, name_the_folders_that_functions_cannot_pass) {
    auto core = good_core();
    core.closed_folders = {"/root", "/root/gg"};
    expect_only(core, "core.folders", verdict::warning);
    EXPECT_THAT(of(core, "core.folders").found, HasSubstr("/root, /root/gg"));
}

TEST(core_checks, take_one_valid_ca_of_several) {
    auto core = good_core();
    const auto ended = file_with(today - 100 * day, today - day).certificates.front();
    core.ca.certificates.insert(core.ca.certificates.begin(), ended);
    expect_only(core, "", verdict::ok);
    core.ca.certificates = {ended};
    expect_only(core, "core.ca", verdict::failed);
    core.ca.certificates.clear();
    core.ca.error = "there is no certificate in it";
    expect_only(core, "core.ca", verdict::failed);
}

TEST(core_checks, judge_a_certificate_by_its_days) {
    auto core = good_core();
    core.certificate = file_with(today - day, today + 31 * day);
    EXPECT_THAT(of(core, "core.certificate").found, HasSubstr("31 days left"));
    expect_only(core, "", verdict::ok);
    core.certificate = file_with(today - day, today + 29 * day);
    expect_only(core, "core.certificate", verdict::warning);
    core.certificate = file_with(today - 2 * day, today);  // its last moment is over
    expect_only(core, "core.certificate", verdict::failed);
    core.certificate = file_with(today + day, today + 365 * day);
    expect_only(core, "core.certificate", verdict::failed);
    EXPECT_THAT(of(core, "core.certificate").remedy, HasSubstr("clock"));
}

TEST(core_checks, tell_a_wrong_key_an_open_one_and_one_in_a_token_apart) {
    auto core = good_core();
    core.key.matches = false;
    expect_only(core, "core.key", verdict::failed);
    core = good_core();
    core.key.error = "Permission denied";
    expect_only(core, "core.key", verdict::failed);
    core = good_core();
    core.key.others_may_read = true;
    expect_only(core, "core.key", verdict::warning);
    EXPECT_THAT(of(core, "core.key").remedy, HasSubstr("chmod 600 /greengrass/certs/a.key"));
    core = good_core();
    core.key = {};
    core.key.in_token = true;
    expect_only(core, "core.key", verdict::skipped);
}

TEST(core_checks, fail_without_the_signing_key_that_config_json_names) {
    auto core = good_core();
    core.config->signing_key_path = "/etc/signing.pem";
    expect_only(core, "", verdict::ok);
    core.signing_key_error = "/etc/signing.pem: No such file or directory";
    expect_only(core, "core.signing-key", verdict::failed);
}

TEST(core_checks, warn_of_a_server_certificate_that_ended_while_the_core_stood_still) {
    auto core = good_core();
    core.server = file_with(today - 20 * day, today - day);
    expect_only(core, "core.local-certificate", verdict::warning);
    core.server = {};
    expect_only(core, "core.local-certificate", verdict::skipped);
}

TEST(core_checks, name_interpreters_that_are_not_there) {
    auto core = good_core();
    core.missing_interpreters = {"python3.7: /opt/py37/bin/python3.7"};
    expect_only(core, "core.interpreters", verdict::warning);
}

TEST(core_checks, fail_without_a_folder_for_the_pid_file) {
    auto core = good_core();
    core.pid_directory_error = "/var/run: Permission denied";
    expect_only(core, "core.pid-directory", verdict::failed);
}

TEST(core_checks, judge_the_disk_by_space_files_and_time) {
    auto core = good_core();
    core.disk.free_bytes = 100ULL << 20;
    expect_only(core, "core.disk-space", verdict::warning);
    core.disk.free_bytes = 15ULL << 20;
    expect_only(core, "core.disk-space", verdict::failed);
    core = good_core();
    core.disk.free_inodes = 5'000;
    expect_only(core, "core.disk-inodes", verdict::warning);
    core.disk.free_inodes = 0;
    expect_only(core, "core.disk-inodes", verdict::failed);
    core.disk.inodes = 0;  // btrfs counts none
    expect_only(core, "core.disk-inodes", verdict::skipped);
    core = good_core();
    core.disk.sync = std::chrono::milliseconds(250);
    expect_only(core, "core.disk-sync", verdict::warning);
    EXPECT_THAT(of(core, "core.disk-sync").found, HasSubstr("250.0 ms"));
}

TEST(core_checks, fail_a_disk_that_takes_no_writes_whatever_it_has_free) {
    auto core = good_core();
    core.disk.write_error = "Read-only file system";
    EXPECT_EQ(of(core, "core.disk-writable").is, verdict::failed);
    EXPECT_EQ(of(core, "core.disk-sync").is, verdict::skipped);
    EXPECT_EQ(status_of(judged(core)), 2);
}

TEST(core_checks, warn_of_flash_that_is_nearly_used_up) {
    auto core = good_core();
    core.disk.used_tenths = 9;
    expect_only(core, "core.disk-wear", verdict::warning);
    EXPECT_THAT(of(core, "core.disk-wear").found, HasSubstr("80 to 90 %"));
    core.disk.used_tenths = 0;
    expect_only(core, "core.disk-wear", verdict::skipped);
}

TEST(core_checks, tell_whose_a_taken_port_is) {
    auto core = good_core();
    core.mqtt = {"0.0.0.0", 8883, port_state::taken, "mosquitto, PID 812", false};
    expect_only(core, "core.mqtt-port", verdict::failed);
    EXPECT_THAT(of(core, "core.mqtt-port").found, HasSubstr("mosquitto, PID 812"));
    core.mqtt.holder = "greengrassd, PID 4711";
    core.mqtt.by_this_core = true;
    expect_only(core, "", verdict::ok);
    core.mqtt = {"0.0.0.0", 883, port_state::denied, "", false};
    expect_only(core, "core.mqtt-port", verdict::failed);
    core.mqtt = {"10.9.8.7", 8883, port_state::no_address, "", false};
    expect_only(core, "core.mqtt-port", verdict::failed);
    core = good_core();
    core.running.reset();
    core.ipc = {"127.0.0.1", 8000, port_state::taken, "", false};
    EXPECT_EQ(of(core, "core.ipc-port").is, verdict::failed);
}

TEST(port_look, finds_listeners_by_port_and_no_connections) {
    constexpr std::string_view table =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout "
        "inode\n"
        "   0: 00000000:22B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "101 1 0\n"
        "   1: 0100007F:22B3 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "102 1 0\n"
        "   2: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "103 1 0\n";
    EXPECT_THAT(listeners_in(table, 8883), ElementsAre("101"));
    EXPECT_THAT(listeners_in(table, 8000), ElementsAre("103"));
    EXPECT_THAT(listeners_in(table, 80), IsEmpty());
    EXPECT_THAT(listeners_in("", 80), IsEmpty());
    EXPECT_THAT(listeners_in("head\nrubbish\n 1: x:zz y 0A\n", 80), IsEmpty());
}

TEST(disk_look, reads_the_worse_of_an_emmcs_two_estimates) {
    EXPECT_EQ(used_tenths_of("0x01 0x03\n"), 3);
    EXPECT_EQ(used_tenths_of("0x0b 0x01\n"), 11);
    EXPECT_EQ(used_tenths_of(""), 0);
    EXPECT_EQ(used_tenths_of("no idea"), 0);
}

}  // namespace
}  // namespace evergrass::doctor
