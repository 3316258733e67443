#pragma once

#include "libs/base/log.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::cloud {

// What `evergrass-cloud` was told on its command line.
struct service_options {
    std::filesystem::path data;
    std::string listen = "127.0.0.1";
    // AWS's own ports, which clients assume; 0: the system picks one.
    std::uint16_t api_port = 443;
    std::uint16_t http_port = 8080;
    std::uint16_t mqtt_port = 8883;
    std::uint16_t iot_https_port = 8443;
    std::string region = "us-east-1";
    std::string account = "123456789012";
    std::vector<std::string> hosts;  // more names of this machine for the certificate
    // Seconds that an MQTT session may outlive its connection.
    std::uint32_t mqtt_session_expiry = 60 * 60;
    std::size_t mqtt_queue_bytes = 32 * 1024 * 1024;  // hub_settings::max_queued_bytes
    bool allow_reset = false;
    // AWS STS for groups whose credentials come from there; no keys file: none.
    std::filesystem::path aws_credentials;
    std::string sts_region;    // empty: `region`
    std::string sts_endpoint;  // empty: AWS's of the region
    std::filesystem::path sts_ca_file;
    std::filesystem::path upstream;  // settings of APIs that are elsewhere; empty: none is
    std::string software_updates;    // s3://BUCKET/KEY of the list of packages; empty: none
    log_level level = log_level::info;
    std::filesystem::path ready_file;  // empty: none
    std::filesystem::path master_key;  // empty: master.key in `data`
    std::string store;                 // postgresql://...; empty: service.db in `data`
    std::string bus;                   // nats://...: others serve from `store` too; empty: none
    std::string bus_ca;                // PEM file; empty: the system's CAs
    bool standby = false;              // wait while another serves from `store`
    int audit_days = 365;
    std::int64_t audit_entries = 500'000;
    std::uint32_t key_rate = 50'000;  // requests a second; 0: no limit
    std::uint32_t address_rate = 50'000;
    std::uint32_t connections_per_address = 1'024;
    // At each of the ports for devices: MQTT, and HTTPS over mutual TLS.
    std::uint32_t device_connections = 20'000;
};

struct keys_options {
    std::filesystem::path data;
    std::filesystem::path master_key;
    std::string store;
    std::string role = "admin";
    std::string name;
    bool json = false;
};

struct restore_options {
    std::filesystem::path file;
    std::filesystem::path data;
    std::filesystem::path master_key;
    bool force = false;
    bool json = false;
};

}  // namespace evergrass::cloud
