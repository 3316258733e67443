#pragma once

#include "edge/config/config.hpp"
#include "libs/base/time.hpp"
#include "libs/pki/pki.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace evergrass::doctor {

struct certificate_file {
    std::filesystem::path path;
    std::string error;  // why nothing could be read from it; empty: something was
    std::vector<pki::certificate_info> certificates;
};

struct key_file {
    std::filesystem::path path;
    std::string error;
    bool in_token = false;  // a pkcs11: URI, of which token_facts tells
    bool others_may_read = false;
    bool matches = false;  // the certificate
};

struct disk_facts {
    std::filesystem::path directory;  // of what the core writes, or the nearest parent there is
    std::string write_error;          // why a file could not be written there; empty: it could
    std::uint64_t free_bytes = 0;
    std::uint64_t inodes = 0;  // in all; 0: this file system doesn't count them
    std::uint64_t free_inodes = 0;
    // The median of a few writes of 4 KiB, each brought to the disk.
    std::chrono::microseconds sync{0};
    // Of eMMC, as the device says it: tenths of its life that are used, 1 to 11 (over). 0: unknown.
    int used_tenths = 0;
};

enum class port_state { open, taken, denied, no_address };

struct port_facts {
    std::string address;
    std::uint16_t port = 0;  // 0: the system picks one
    port_state state = port_state::open;
    std::string holder;  // "mosquitto, PID 812"; empty: not known
    bool by_this_core = false;
};

// Of a core's folder, whether the core runs or not.
struct core_facts {
    std::filesystem::path root;
    std::filesystem::path config_file;
    std::string config_error;  // then nothing below is filled in, but for the disk
    std::optional<edge::core_config> config;
    bool config_has_secrets = false;  // a token's PIN, or a proxy's password
    bool others_may_read_config = false;
    std::vector<std::string> closed_folders;  // on the way to the core's: without x for everyone
    std::size_t socket_path_length = 0;

    certificate_file ca;
    certificate_file certificate;
    key_file key;
    std::string signing_key_error;
    certificate_file server;  // of the local MQTT server; without a path: not made yet
    std::vector<std::string> missing_interpreters;  // "python3.7: /opt/py37/bin/python3.7"
    std::string pid_directory_error;

    disk_facts disk;
    port_facts mqtt;
    port_facts ipc;
    std::optional<pid_t> running;  // the core of this folder
    wall_time now;
};

// Reads what config.json names. Writes one file of 4 KiB into the core's write directory and
// removes it; changes nothing else. Binds the core's ports for a moment when they are free.
core_facts look_at_core(const std::filesystem::path& root);

// The nearest folder to `directory` that is there: itself, or a parent.
std::filesystem::path nearest_existing(std::filesystem::path directory);

}  // namespace evergrass::doctor
